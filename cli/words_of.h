// The program's own words, as its parser knows them: what the completion and the man page are made
// from, so that they cannot differ from --help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace zahl::cli {

struct OptionWords {
  std::vector<std::string> names;  // "-o", "--output"; empty for what has no name
  std::string place;               // the name of what has none: "MODEL"
  std::string description, default_value;
  std::vector<std::string> choices;  // where only these are taken
  bool takes_value = false, takes_file = false, is_repeated = false;
};

struct VerbWords {
  std::string name, description, examples;
  std::vector<OptionWords> options;
};

// The verbs that --help lists.
std::vector<VerbWords> words_of(const CLI::App& zahl);

}  // namespace zahl::cli
