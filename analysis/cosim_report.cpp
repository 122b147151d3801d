#include "analysis/cosim_report.h"

#include <fmt/format.h>

#include "analysis/report.h"
#include "host/boundary.h"

namespace zahl::analysis {

nlohmann::ordered_json cosim_json(const Job& job, const engines::Cosim& cosim,
                                  const EnergyTable& energy) {
  auto json = report_json(job.program, job.memory, "cosim", cosim.model, energy);
  json["instructions"] = job.program.instructions.size();
  json["transactions"] = cosim.model.transactions.size();
  json["cycle_differences"] = cosim.cycle_differences;
  json["byte_differences"] = cosim.byte_differences;
  json["first_difference"] =
      cosim.is_equal ? nlohmann::ordered_json() : nlohmann::ordered_json(cosim.report);
  return json;
}

std::string cosim_text(const Job& job, const engines::Cosim& cosim, bool has_detail) {
  return fmt::format(
      "{}\n{}\nmodel and RTL: {} cycles, {} instructions, {} memory transactions; {} cycle "
      "differences, {} byte differences\n",
      report_table(job.program, job.memory, "cosim", cosim.model, has_detail),
      outputs_text(host::take_outputs(job.program, cosim.model.memory)), cosim.model.cycles,
      job.program.instructions.size(), cosim.model.transactions.size(), cosim.cycle_differences,
      cosim.byte_differences);
}

}  // namespace zahl::analysis
