// zahl explain MODEL: what the Quantize and Dequantize nodes of a model become.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace zahl::cli {

// Adds the verb; the returned function runs it, if it was given, and returns the exit code.
std::function<int()> register_explain(CLI::App& app);

}  // namespace zahl::cli
