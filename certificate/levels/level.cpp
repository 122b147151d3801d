#include "certificate/levels/level.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>

#include "isa/error.h"

namespace zahl::certificate {

bool Level::holds() const {
  return !checks.empty() && std::ranges::all_of(checks, [](const Check& c) { return c.holds; });
}

Json Level::json() const {
  Json list = Json::array();
  for (const Check& c : checks) {
    list.push_back(
        {{"name", c.name}, {"holds", c.holds}, {"detail", c.detail}, {"evidence", c.evidence}});
  }
  return {{"level", number}, {"title", title},   {"holds", holds()},  {"checks", list},
          {"tools", tools},  {"hashes", hashes}, {"seconds", seconds}};
}

void add_check(Level& level, std::string name, const std::vector<std::string>& failures,
               std::string detail, Json evidence) {
  constexpr size_t kMost = 20;
  if (failures.empty()) {
    level.checks.push_back({std::move(name), true, std::move(detail), std::move(evidence)});
    return;
  }
  const std::string more =
      failures.size() > 1 ? fmt::format(" (and {} more)", failures.size() - 1) : "";
  evidence["failures"] = std::vector<std::string>(
      failures.begin(),
      failures.begin() + static_cast<ptrdiff_t>(std::min(kMost, failures.size())));
  level.checks.push_back({std::move(name), false, failures.front() + more, std::move(evidence)});
}

Level absent_level(int number, std::string title, std::string why) {
  Level level{.number = number, .title = std::move(title)};
  level.checks.push_back({"the level was run", false, std::move(why), Json::object()});
  return level;
}

Level level_from(const Json& json) {
  try {
    Level level{.number = json.at("level").get<int>(),
                .title = json.at("title").get<std::string>()};
    for (const Json& c : json.at("checks")) {
      level.checks.push_back({c.at("name").get<std::string>(), c.at("holds").get<bool>(),
                              c.at("detail").get<std::string>(),
                              c.value("evidence", Json::object())});
    }
    level.tools = json.value("tools", level.tools);
    level.hashes = json.value("hashes", level.hashes);
    level.seconds = json.value("seconds", 0.0);
    // What the script itself concluded must follow from its checks.
    if (json.at("holds").get<bool>() != level.holds()) {
      level.checks.push_back({"the level's verdict follows from its checks", false,
                              "the script's verdict contradicts its own checks", Json::object()});
    }
    return level;
  } catch (const Json::exception& error) {
    throw UserError(fmt::format("it is no level of a certificate ({})", error.what()));
  }
}

std::string sha256_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UserError(fmt::format("{}: cannot be read", path));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
  std::array<char, 1 << 16> block;
  while (in.read(block.data(), block.size()), in.gcount() > 0)
    EVP_DigestUpdate(context, block.data(), static_cast<size_t>(in.gcount()));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context, digest.data(), &size);
  EVP_MD_CTX_free(context);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace zahl::certificate
