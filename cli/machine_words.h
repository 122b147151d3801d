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

// Opens `model` on that machine.
analysis::Job open_job(const MachineWords& words, const std::string& model);

}  // namespace zahl::cli
