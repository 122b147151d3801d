// A program in words: its instructions, and where it stopped.
#pragma once

#include <string>

#include "contract/program.h"
#include "contract/run.h"

namespace zahl::analysis {

// An instruction a line, each with its index and its layer.
std::string listing(const Program& program);

// The sentence about a run that ended with an error. REQUIRES: run.error is one.
std::string stop_sentence(const RunResult& run, const Program& program);

}  // namespace zahl::analysis
