// What a run says: JSON for scripts (docs/report.md), a table for people.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/energy.h"
#include "contract/program.h"
#include "contract/run.h"
#include "host/npy.h"
#include "host/times.h"

namespace zahl::analysis {

inline constexpr const char* kReportSchema = "zahl.report/2";

// Reports of the reference engine have no cycles: those keys are null.
nlohmann::ordered_json report_json(const Program& program, const MemoryConfig& memory,
                                   const std::string& engine, const RunResult& run,
                                   const EnergyTable& energy);

// Multiply-accumulates over what the machine could have done in these cycles.
inline double utilisation(int64_t macs, int64_t cycles, const hw::Config& config) {
  return cycles > 0
             ? static_cast<double>(macs) / (static_cast<double>(cycles) * config.multipliers())
             : 0.0;
}

// A layer a row, at most 120 columns wide; with `has_detail` also what bounds each layer.
std::string report_table(const Program& program, const MemoryConfig& memory,
                         const std::string& engine, const RunResult& run, bool has_detail = false);

// A line an output: shape, and the largest elements where it is a vector.
std::string outputs_text(const std::map<std::string, host::Array>& outputs);

// What a report has of the host, where a run is repeated.
nlohmann::ordered_json host_json(const host::HostTimes& times);

// JSON as all files of it are written; bytes that are no UTF-8 are replaced.
std::string json_text(const nlohmann::ordered_json& json);

// To a file, or to standard output for "-". The file appears only when complete.
void write_text(const std::string& path, const std::string& text);

}  // namespace zahl::analysis
