// zahl disasm PROGRAM: its instructions, each with its layer.
#include <fmt/format.h>

#include <memory>

#include "analysis/listing.h"
#include "cli/verbs.h"

namespace zahl::cli {

Verb add_disasm(CLI::App& zahl) {
  const auto program = std::make_shared<std::string>();
  auto* verb = zahl.add_subcommand("disasm", "Print the instructions of a program");
  verb->add_option("PROGRAM", *program, "Program (.zprog)")->required();
  verb->footer(R"(
Examples:
  zahl disasm model.zprog
)");
  return {verb, [program] {
            fmt::print("{}", analysis::listing(load_program(*program)));
            return 0;
          }};
}

}  // namespace zahl::cli
