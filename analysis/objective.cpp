#include "analysis/objective.h"

#include "analysis/estimate.h"

namespace zahl::analysis {
namespace {

constexpr double kTie = 1e-12;  // a cycle counts less than any byte or picojoule

}  // namespace

compiler::Search make_search(const std::string& objective, const std::string& optimise,
                             const MemoryConfig& memory, const EnergyTable& energy) {
  using Effort = compiler::Search::Effort;
  compiler::Search search;
  const bool is_cycles = objective == "cycles";
  search.effort = optimise == "max" ? Effort::Neighbours
                  : is_cycles       ? Effort::None
                                    : Effort::Groups;
  search.measure = [=](const Program& program) {
    const auto cycles = static_cast<double>(cycles_of(program, memory));
    if (is_cycles) return cycles;
    const Events events = events_of(program);
    if (objective == "dram") return static_cast<double>(events.dram_bytes) + kTie * cycles;
    return energy_of(events, energy).total() + kTie * cycles;
  };
  return search;
}

}  // namespace zahl::analysis
