#include "explain/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace zahl::explain {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kColumns = 118;
constexpr size_t kMostPairs = 24;

std::string text(const Json& j) {
  return j.is_null() ? "-" : j.is_string() ? j.get<std::string>() : j.dump();
}

// The end of a long name tells more than its beginning does.
std::string cut(const std::string& s, size_t width) {
  if (s.size() <= width) return s;
  const size_t head = (width - 2) / 2;
  return fmt::format("{}..{}", s.substr(0, head), s.substr(s.size() - (width - 2 - head)));
}

// Lines of at most kColumns, the second and later ones indented.
std::string wrapped(const std::string& s, size_t indent = 0) {
  std::string result;
  const std::string margin(indent, ' ');
  size_t at = std::min(s.find_first_not_of(' '), s.size());
  std::string line(at, ' ');
  bool is_first = true;
  while (at < s.size()) {
    const size_t end = std::min(s.find(' ', at), s.size());
    const std::string word = s.substr(at, end - at);
    if (!is_first && line.size() + 1 + word.size() > kColumns) {
      result += fmt::format("{}\n", line);
      line = fmt::format("{}{}", margin, word);
    } else {
      line += fmt::format("{}{}", is_first ? "" : " ", word);
    }
    is_first = false;
    at = end + 1;
  }
  return result + line + "\n";
}

std::string heading(const std::string& title) {
  return fmt::format("\n{}\n{}\n", title, std::string(title.size(), '-'));
}

std::string some(const std::vector<std::string>& names) {
  constexpr size_t kMost = 8;
  const size_t shown = std::min(names.size(), kMost);
  const std::string list = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<ptrdiff_t>(shown), ", "));
  return names.size() > kMost ? fmt::format("{} and {} more", list, names.size() - kMost) : list;
}

std::string layer_table(const Json& json) {
  std::string out = heading("Layers: y = clamp(Zy + round((sum + b) * M0 * 2^-n), low, high)");
  out += fmt::format("{:<24} {:<12} {:<11} {:>4} {:>4} {:>13} {:>10} {:>2} {:>9} {:<10} {}\n",
                     "layer", "operator", "result", "Zx", "Zy", "M", "M0", "n", "rel.error",
                     "rounding", "clamp");
  for (const Json& l : json["layers"]) {
    const Json& edge = json["edges"][l["output"].get<size_t>()];
    const bool has_factor = l.contains("worst_factor");
    const Json factor = has_factor ? l["worst_factor"] : Json();
    const auto value = [&](const char* key) {
      return has_factor ? text(factor[key]) : std::string("-");
    };
    const std::string m = has_factor ? factor["short"].get<std::string>() : "-";
    const std::string clamp =
        l["rounding"].is_null()
            ? "-"
            : fmt::format("{}..{}", text(l["clamp"]["low"]), text(l["clamp"]["high"]));
    out += fmt::format("{:<24} {:<12} {:<11} {:>4} {:>4} {:>13} {:>10} {:>2} {:>9} {:<10} {}{}\n",
                       cut(text(l["title"]), 24), cut(text(l["operator"]), 12),
                       cut(text(edge["shape"]), 11), text(l["zero_points"]["Zx"]),
                       text(l["zero_points"]["Zy"]), cut(m, 13), value("m0"), value("shift"),
                       value("relative_error"), text(l["rounding"]), clamp,
                       l["table"].get<bool>() ? " T" : "");
  }
  return out + wrapped(
                   "M is Sx * Sw / Sy; of a layer with a factor for each channel, the one with the "
                   "largest error is "
                   "shown. T: then a table of "
                   "256 bytes. Every edge is int8.");
}

std::string pair_table(const Json& json) {
  const Json& pairs = json["pairs"];
  if (pairs.empty()) return "";
  const Json& s = json["summary"];
  std::string out = heading("What became of the Quantize and Dequantize nodes");
  out += fmt::format(
      "{} Quantize, {} Dequantize: {} are absorbed, {} are computed by the host at the edge, {} "
      "stay in float.\n\n",
      text(s["quantize_nodes"]), text(s["dequantize_nodes"]), text(s["absorbed"]),
      text(s["at_host"]), text(s["in_float"]));
  std::map<std::string, std::pair<size_t, std::string>> kinds;
  for (const Json& p : pairs) {
    auto& kind =
        kinds[fmt::format("{}, {}", text(p["operator"]),
                          p["role"].get<std::string>().empty() ? "unused" : text(p["role"]))];
    ++kind.first;
    kind.second = p["what"];
  }
  for (const auto& [name, kind] : kinds)
    out += fmt::format("{:>5}  {:<34} {}\n", kind.first, cut(name, 34), cut(kind.second, 76));
  out += fmt::format("\n{:<44} {:<16} {:<44} {:>4}\n", "node", "became", "of layer", "Z");
  size_t shown = 0;
  for (const Json& p : pairs) {
    if (++shown > kMostPairs) break;
    const std::string place = p["layer"].is_null() ? text(p["place"]) : text(p["layer_title"]);
    out += fmt::format("{:<44} {:<16} {:<44} {:>4}\n", cut(text(p["node"]), 44),
                       cut(text(p["role"]), 16), cut(place, 44), text(p["zero_point"]));
  }
  if (pairs.size() > kMostPairs)
    out += fmt::format("... and {} more; --json or --html has all\n", pairs.size() - kMostPairs);
  return out;
}

// Nodes with the same reason and remedy in one entry; those that only follow others by name.
std::string left_list(const Json& left) {
  if (left.empty()) return "No node of the network is left in float.\n";
  std::string out = fmt::format(
      "\n{} nodes are left in float; zahl compile refuses the model until they are not:\n",
      left.size());
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  std::vector<std::string> followers;
  for (const Json& l : left) {
    if (l["follows"].get<bool>()) {
      followers.push_back(text(l["node"]));
      continue;
    }
    const std::string why =
        fmt::format("{} ({}).\n{}", text(l["operator"]), text(l["reason"]), text(l["remedy"]));
    const auto known = std::ranges::find_if(groups, [&](const auto& g) { return g.first == why; });
    if (known != groups.end()) {
      known->second.push_back(text(l["node"]));
    } else {
      groups.push_back({why, {text(l["node"])}});
    }
  }
  constexpr size_t kMostGroups = 12;
  const size_t shown = std::min(groups.size(), kMostGroups);
  for (size_t i = 0; i < shown; ++i) {
    const auto& [why, nodes] = groups[i];
    const size_t line = why.find('\n');
    out += wrapped(fmt::format("- {}: {}", some(nodes), why.substr(0, line)), 4);
    out += wrapped(fmt::format("  What would work: {}.", why.substr(line + 1)), 4);
  }
  if (!followers.empty())
    out += wrapped(
        fmt::format("- and with them {} nodes next to them: {}", followers.size(), some(followers)),
        4);
  return out;
}

std::string float_list(const Json& json) {
  std::string out = heading("Where a float remains");
  for (const char* side : {"inputs", "outputs"}) {
    for (const Json& port : json["host"][side]) {
      if (port["is_users"].get<bool>()) {
        out += wrapped(fmt::format("{} {}: {} for the user, int8 on the device; the host {} it "
                                   "with scale {}, zero point {}",
                                   std::string_view(side) == "inputs" ? "input" : "output",
                                   text(port["name"]), text(port["user_type"]),
                                   port["user_type"] != "float32"       ? "hands over"
                                   : std::string_view(side) == "inputs" ? "quantizes"
                                                                        : "dequantizes",
                                   text(port["scale"]["text"]), text(port["zero_point"])),
                       4);
      }
    }
  }
  return out + left_list(json["left_in_float"]);
}

std::string forms_table(const Json& forms) {
  if (forms.is_null()) return "";
  std::string out = heading("One layer, three forms");
  out += wrapped(fmt::format("{}, input: {}. Every line is one element of the result.",
                             text(forms["layer"]), text(forms["input"])));
  out +=
      fmt::format("\n{:<18} {:>10} | {:>13} {:>5} | {:>15} {:>5} | {:>21} {:>3} {:>5}\n", "element",
                  "sum + b", "1. real, float", "y", "2. sum * M", "y", "3. sum * M0", "n", "y");
  for (const Json& r : forms["rows"]) {
    out += fmt::format(
        "{:<18} {:>10} | {:>14.6g} {:>5} | {:>15} {:>5} | {:>21} {:>3} {:>5}\n",
        fmt::format("({}, {}) channel {}", text(r["row"]), text(r["column"]), text(r["channel"])),
        text(r["sum"]), r["float"]["real"].get<float>(), text(r["float"]["y"]),
        text(r["exact"]["scaled"]), text(r["exact"]["y"]), text(r["fixed"]["product"]),
        text(r["fixed"]["shift"]), text(r["fixed"]["y"]));
  }
  const Json& d = forms["differences"];
  const auto line = [&](const char* what, const char* key) {
    return fmt::format("{:<52} {} of {} elements, by at most {}\n", what, text(d[key]["count"]),
                       text(forms["compared"]), text(d[key]["largest"]));
  };
  out += '\n';
  out += line("1 and 3 (float32 rounds on the way) differ in", "float_fixed");
  out += line("2 and 3 (M0 * 2^-n is not quite M) differ in", "exact_fixed");
  out += line("3 and what the run left in memory differ in", "fixed_run");
  return out;
}

}  // namespace

std::string explanation_text(const Json& json) {
  std::string out = fmt::format("{} ({})\n\n", text(json["network"]), text(json["model_format"]));
  out += wrapped(text(json["verdict"]));
  if (!json["layers"].empty()) out += layer_table(json);
  out += pair_table(json) + float_list(json) + forms_table(json["three_forms"]);
  out += heading(text(json["quantization"]["title"]));
  for (const Json& p : json["quantization"]["paragraphs"]) out += wrapped(text(p)) + "\n";
  out.pop_back();
  return out;
}

}  // namespace zahl::explain
