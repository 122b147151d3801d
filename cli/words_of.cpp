#include "cli/words_of.h"

#include <algorithm>
#include <sstream>

namespace zahl::cli {
namespace {

// A set of choices is told in the type: "TEXT:{cycles,dram,energy}".
std::vector<std::string> choices_in(const std::string& type) {
  const size_t begin = type.find('{'), end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream in(type.substr(begin + 1, end - begin - 1));
  for (std::string word; std::getline(in, word, ',');) choices.push_back(word);
  return choices;
}

OptionWords words_of(const CLI::Option& option) {
  OptionWords words{.names = {},
                    .place = option.get_positional() ? option.get_name(true) : "",
                    .description = option.get_description(),
                    .default_value = option.get_default_str(),
                    .choices = choices_in(option.get_type_name()),
                    .takes_value = option.get_expected_max() > 0,
                    .takes_file = false,
                    .is_repeated = option.get_expected_max() > 1};
  for (const std::string& name : option.get_snames()) words.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) words.names.push_back("--" + name);
  words.takes_file = words.takes_value && words.choices.empty() &&
                     option.get_type_name().find("TEXT") != std::string::npos;
  return words;
}

}  // namespace

std::vector<VerbWords> words_of(const CLI::App& zahl) {
  std::vector<VerbWords> verbs;
  for (const CLI::App* verb : zahl.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_group().empty()) continue;
    VerbWords words{.name = verb->get_name(),
                    .description = verb->get_description(),
                    .examples = verb->get_footer(),
                    .options = {}};
    for (const CLI::Option* option : verb->get_options())
      words.options.push_back(words_of(*option));
    verbs.push_back(std::move(words));
  }
  return verbs;
}

}  // namespace zahl::cli
