// What a run says: JSON for scripts (docs/report.md), a table for people.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/npy.h"
#include "zahl/program.h"
#include "zahl/run.h"

namespace zahl::cli {

inline constexpr const char* kReportSchema = "zahl.report/1";

// Reports of the reference engine have no cycles: those keys are null.
nlohmann::ordered_json report_json(const Program& program, const MemoryConfig& memory, const std::string& engine,
                                   const RunResult& run);

// A layer a row, at most 110 columns wide.
std::string report_table(const Program& program, const MemoryConfig& memory, const std::string& engine,
                         const RunResult& run);

// A line an output: shape, and the largest elements where it is a vector.
std::string outputs_text(const std::map<std::string, Array>& outputs);

// To a file, or to standard output for "-". The file appears only when complete.
void write_text(const std::string& path, const std::string& text);

}  // namespace zahl::cli
