// zahl prove MODEL|PROGRAM: the certificate (docs/certificate.md).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace zahl::cli {

// Adds the verb; the returned function runs it, if it was given, and returns the exit code.
std::function<int()> register_prove(CLI::App& app);

}  // namespace zahl::cli
