// What model and RTL side by side say: the report of the model, and how the two compare.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "analysis/energy.h"
#include "analysis/job.h"
#include "engines/registry.h"

namespace zahl::analysis {

// The report of the model (docs/report.md) with the comparison's keys.
nlohmann::ordered_json cosim_json(const Job& job, const engines::Cosim& cosim,
                                  const EnergyTable& energy);

// The table, the outputs, and one line of the comparison.
std::string cosim_text(const Job& job, const engines::Cosim& cosim, bool has_detail);

}  // namespace zahl::analysis
