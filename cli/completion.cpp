// zahl completion SHELL: the shell's completion of this program's words.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <regex>

#include "cli/verbs.h"
#include "cli/words_of.h"

namespace zahl::cli {
namespace {

using Strings = std::vector<std::string>;

Strings names_of(const VerbWords& verb) {
  Strings names;
  for (const OptionWords& option : verb.options)
    names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// A choice by the word before, options by a dash, else a file.
std::string bash(const std::vector<VerbWords>& verbs) {
  Strings verb_names;
  std::string options, choices;
  for (const VerbWords& verb : verbs) {
    verb_names.push_back(verb.name);
    options +=
        fmt::format("    {}) options=\"{}\" ;;\n", verb.name, fmt::join(names_of(verb), " "));
    for (const OptionWords& option : verb.options) {
      if (option.choices.empty()) continue;
      const Strings keys = option.names.empty() ? Strings{verb.name} : option.names;
      choices += fmt::format("    {}:{}) choices=\"{}\" ;;\n", verb.name,
                             fmt::join(keys, fmt::format("|{}:", verb.name)),
                             fmt::join(option.choices, " "));
    }
  }
  return fmt::format(R"(# bash completion for zahl, made by `zahl completion bash`
_zahl() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local verb=${{COMP_WORDS[1]}} options= choices=
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$word"))
    return
  fi
  case $verb in
{}  esac
  case $verb:$before in
{}  esac
  if [ -n "$choices" ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _zahl zahl
)",
                     fmt::join(verb_names, " "), options, choices);
}

// Brackets, colons and quotes mean something to _arguments.
std::string quoted(const std::string& text) {
  const std::string escaped = std::regex_replace(text, std::regex(R"([\[\]:\\])"), R"(\$&)");
  return std::regex_replace(escaped, std::regex("'"), R"('\'')");
}

std::string value_of(const OptionWords& option) {
  if (!option.takes_value) return "";
  const std::string action = option.choices.empty()
                                 ? (option.takes_file ? "_files" : "")
                                 : fmt::format("({})", fmt::join(option.choices, " "));
  return fmt::format(":{}:{}", option.place.empty() ? "value" : option.place, action);
}

std::string zsh(const std::vector<VerbWords>& verbs) {
  std::string list, cases;
  for (const VerbWords& verb : verbs) {
    list += fmt::format("    '{}:{}'\n", verb.name, quoted(verb.description));
    cases += fmt::format("    {})\n      _arguments", verb.name);
    for (const OptionWords& option : verb.options) {
      for (const std::string& name : option.names) {
        cases += fmt::format(" \\\n        '{}{}[{}]{}'", option.is_repeated ? "*" : "", name,
                             quoted(option.description), value_of(option));
      }
      if (option.names.empty()) {
        cases +=
            fmt::format(" \\\n        '{}{}'", option.is_repeated ? "*" : "", value_of(option));
      }
    }
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef zahl
# zsh completion for zahl, made by `zahl completion zsh`
_zahl() {{
  local -a verbs=(
{}  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    _arguments '--help[Print help]' '--version[Print the version]'
    return
  fi
  local verb=$words[2]
  shift words
  ((CURRENT--))
  case $verb in
{}  esac
}}
if [ "$funcstack[1]" = _zahl ]; then _zahl "$@"; else compdef _zahl zahl; fi
)",
                     list, cases);
}

}  // namespace

Verb add_completion(CLI::App& zahl) {
  const auto shell = std::make_shared<std::string>();
  auto* verb = zahl.add_subcommand("completion", "Print a shell's completion of these words");
  verb->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  verb->footer(R"(
Examples:
  source <(zahl completion bash)
  zahl completion zsh > ~/.zsh/completions/_zahl
)");
  return {verb, [shell, &zahl] {
            const auto verbs = words_of(zahl);
            fmt::print("{}", *shell == "bash" ? bash(verbs) : zsh(verbs));
            return 0;
          }};
}

}  // namespace zahl::cli
