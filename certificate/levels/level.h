// A level of the certificate (docs/certificate.md): checks, each with what was found, and what they
// were made with.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace zahl::certificate {

using Json = nlohmann::ordered_json;

struct Check {
  std::string name;  // a sentence that can be false
  bool holds = false;
  std::string detail;  // what was found: a count where it holds, the place where it does not
  Json evidence = Json::object();
};

struct Level {
  int number = 0;
  std::string title;
  std::vector<Check> checks{};
  std::map<std::string, std::string> tools{};   // name and version
  std::map<std::string, std::string> hashes{};  // path and SHA-256 of what was checked
  double seconds = 0;

  // A level without a check does not hold.
  bool holds() const;
  Json json() const;
};

// Adds a check from the places at which it fails: none means that it holds. `detail` is said where
// it holds.
void add_check(Level& level, std::string name, const std::vector<std::string>& failures,
               std::string detail, Json evidence = Json::object());

// A level that could not be run: one check that fails and says what would make it run.
Level absent_level(int number, std::string title, std::string why);

// A level from the JSON that a script wrote; throws UserError where it is no such object.
Level level_from(const Json& json);

std::string sha256_of_file(const std::string& path);

}  // namespace zahl::certificate
