// The man page, from the words of --help: the build writes share/man/man1/zahl.1 with it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <regex>

#include "cli/verbs.h"
#include "cli/words_of.h"

namespace zahl::cli {
namespace {

// Text for roff: backslashes, dashes that are minus signs, and lines that begin with a dot or
// quote.
std::string roff(std::string text) {
  text = std::regex_replace(text, std::regex(R"(\\)"), R"(\e)");
  text = std::regex_replace(text, std::regex("-"), R"(\-)");
  return std::regex_replace(text, std::regex(R"((^|\n)([.']))"), R"($1\&$2)");
}

std::string option_entry(const OptionWords& option) {
  std::vector<std::string> heads;
  for (const std::string& name : option.names)
    heads.push_back(fmt::format("\\fB{}\\fR", roff(name)));
  if (heads.empty()) heads.push_back(fmt::format("\\fI{}\\fR", roff(option.place)));
  const std::string value = !option.names.empty() && option.takes_value ? " \\fIVALUE\\fR" : "";
  std::string text = roff(option.description);
  if (!option.choices.empty())
    text += roff(fmt::format(" (one of: {})", fmt::join(option.choices, ", ")));
  if (!option.default_value.empty()) text += roff(fmt::format(" [{}]", option.default_value));
  return fmt::format(".TP\n{}{}\n{}\n", fmt::join(heads, ", "), value, text);
}

std::string verb_section(const VerbWords& verb) {
  std::string text = fmt::format(".SS zahl {}\n{}.\n", roff(verb.name), roff(verb.description));
  for (const OptionWords& option : verb.options) text += option_entry(option);
  return text + fmt::format(".PP\n.nf\n{}\n.fi\n", roff(verb.examples));
}

std::string man_page(const CLI::App& zahl) {
  std::string text = fmt::format(
      ".TH ZAHL 1 \"\" \"zahl {}\" \"User Commands\"\n.SH NAME\nzahl \\- compile, run and prove "
      "quantized networks on an int8 NPU\n.SH SYNOPSIS\n.B zahl\n\\fIVERB\\fR [\\fIOPTION\\fR]... "
      "\\fIFILE\\fR...\n.SH DESCRIPTION\n{}.\n.SH VERBS\n",
      roff(ZAHL_VERSION), roff(zahl.get_description()));
  for (const VerbWords& verb : words_of(zahl)) text += verb_section(verb);
  return text +
         ".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nA check failed: engines differ, a certificate "
         "does not hold, or the machine stopped with an error.\n.TP\n2\nThe input is at fault; one "
         "sentence says what, where, and what would work.\n.TP\n3\nAn error inside Zahl.\n";
}

}  // namespace

Verb add_man(CLI::App& zahl) {
  auto* verb = zahl.add_subcommand("man", "Print the man page");
  verb->group("");  // for the build: not in the list
  return {verb, [&zahl] {
            fmt::print("{}", man_page(zahl));
            return 0;
          }};
}

}  // namespace zahl::cli
