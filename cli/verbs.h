// The verbs of `zahl`, a file each. Adding one gives the function that runs it once the words are
// parsed, and returns the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace zahl::cli {

struct Verb {
  CLI::App* app;
  std::function<int()> run;
};

Verb add_compile(CLI::App& zahl);
Verb add_run(CLI::App& zahl);
Verb add_cosim(CLI::App& zahl);
Verb add_disasm(CLI::App& zahl);
Verb add_explain(CLI::App& zahl);
Verb add_prove(CLI::App& zahl);
// Both read the words off `zahl` itself. The second is for the build alone, and not listed.
Verb add_completion(CLI::App& zahl);
Verb add_man(CLI::App& zahl);

}  // namespace zahl::cli
