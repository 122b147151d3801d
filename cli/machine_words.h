// The words that name a machine, a memory and what the compiler is to make small: of compile, run
// and cosim.
#pragma once

#include <CLI/CLI.hpp>

#include "analysis/job.h"

namespace zahl::cli {

struct MachineWords {
  analysis::JobRequest request;  // its model is the verb's
  CLI::Option* config = nullptr;
};

void add_machine(CLI::App& verb, MachineWords& words);

// Open dimensions of a model.
void add_bindings(CLI::App& verb, std::vector<std::string>& bindings);

// What was taken for granted about a model, on standard error.
void tell(const std::string& model, const std::vector<std::string>& notes);

// Opens `model` on that machine; `shapes` are of the arrays that its inputs will be given.
analysis::Job open_job(const MachineWords& words, const std::string& model,
                       const std::map<std::string, std::vector<int64_t>>& shapes = {});

}  // namespace zahl::cli
