#include "certificate/levels/certificate.h"

#include <fmt/format.h>

#include <algorithm>

#include "certificate_template.h"
#include "page/render.h"

namespace zahl::certificate {
namespace {

constexpr size_t kColumns = 118;

// Broken at spaces, continued behind `indent` spaces.
std::string wrapped(const std::string& text, size_t indent) {
  std::string out;
  size_t at = 0, column = indent;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (column + 1 + (end - at) > kColumns && column > indent) {
      out += fmt::format("\n{}", std::string(indent, ' '));
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += text.substr(at, end - at);
    column += end - at;
    at = end + 1;
  }
  return out;
}

const char* question_of(int level) {
  static constexpr std::array<const char*, 6> kQuestions = {
      "",
      "Is there an integer on every edge, and is every factor one?",
      "Is every bit of the program an integer that the instruction set knows?",
      "Does the hardware consist of nothing that could compute with floats, and does it compute "
      "the formula?",
      "Does the simulator's datapath contain no floating-point instruction?",
      "Do the engines give what integer arithmetic gives?"};
  return level >= 1 && level <= 5 ? kQuestions[static_cast<size_t>(level)] : "";
}

std::string left_out_text(const Certificate& c) {
  if (c.left_out.empty()) return "";
  return fmt::format("Not run on request: level {}.", fmt::join(c.left_out, ", "));
}

}  // namespace

bool Certificate::holds() const {
  return !levels.empty() && std::ranges::all_of(levels, [](const Level& l) { return l.holds(); });
}

Json certificate_json(const Certificate& c) {
  Json json = {{"schema", kCertificateSchema},
               {"subject", c.subject},
               {"network", c.network},
               {"holds", c.holds()}};
  json["levels"] = Json::array();
  for (const Level& l : c.levels) json["levels"].push_back(l.json());
  json["left_out"] = c.left_out;
  return json;
}

std::string certificate_text(const Certificate& c) {
  std::string out = fmt::format("{}\n", c.subject);
  for (const Level& l : c.levels) {
    out += fmt::format("\nlevel {}, {}: {} ({:.1f} s)\n", l.number, l.title,
                       l.holds() ? "holds" : "DOES NOT HOLD", l.seconds);
    for (const Check& check : l.checks) {
      out += fmt::format("  {} {}\n", check.holds ? "yes" : "NO ", wrapped(check.name, 6));
      out += fmt::format("      {}\n", wrapped(check.detail, 6));
    }
  }
  if (!c.left_out.empty()) out += fmt::format("\n{}\n", left_out_text(c));
  const char* whole =
      "The certificate holds: no float between the first input byte and the last output byte.";
  const char* part = "Every level that was run holds. The whole certificate has five.";
  const char* verdict = !c.holds()           ? "The certificate DOES NOT HOLD."
                        : c.left_out.empty() ? whole
                                             : part;
  return out + fmt::format("\n{}\n", verdict);
}

std::string certificate_page(const Certificate& c) {
  Json json = certificate_json(c);
  json["left_out_text"] = left_out_text(c);
  for (Json& level : json["levels"]) {
    level["question"] = question_of(level["level"].get<int>());
    level["time"] = fmt::format("{:.1f}", level["seconds"].get<double>());
    for (Json& check : level["checks"]) {
      const std::string evidence =
          check["evidence"].empty()
              ? ""
              : check["evidence"].dump(1, ' ', false, Json::error_handler_t::replace);
      constexpr size_t kMost = 20000;
      check["evidence_text"] = evidence.size() > kMost
                                   ? evidence.substr(0, kMost) + "\n... all of it is in the JSON"
                                   : evidence;
    }
    std::vector<std::string> tool_texts;
    for (const auto& [name, version] : level["tools"].items()) {
      tool_texts.push_back(fmt::format("{} {}", name, version.get<std::string>()));
    }
    Json hashes = Json::array();
    for (const auto& [path, hash] : level["hashes"].items())
      hashes.push_back({{"path", path}, {"hash", hash}});
    level["tools_text"] = fmt::format("{}", fmt::join(tool_texts, ", "));
    level["hashes"] = hashes;
  }
  return page::render_page(page::kCertificateTemplate, std::move(json));
}

}  // namespace zahl::certificate
