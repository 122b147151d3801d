#include "compiler/driver/search.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "compiler/driver/compile_graph.h"
#include "compiler/plan/options.h"
#include "isa/error.h"

namespace zahl::compiler {
namespace {

using plan::Options;

class Candidates {
 public:
  Candidates(const ir::Graph& graph, const hw::Config& config, const Measure& measure)
      : graph_(graph), config_(config), measure_(measure) {}

  // REQUIRES: once, before the others.
  void take_rule() {
    best_ = compile_graph(graph_, config_);
    cost_ = measure_(*best_);
    tried_.push_back({});
  }

  // Whether these choices are better than all before.
  bool take(const Options& options) {
    if (std::find(tried_.begin(), tried_.end(), options) != tried_.end()) return false;
    tried_.push_back(options);
    try {
      Program program = compile_graph(graph_, config_, options);
      const double cost = measure_(program);
      if (cost >= cost_) return false;
      best_ = std::move(program), cost_ = cost, options_ = options;
      return true;
    } catch (const UserError&) {
      return false;
    }
  }

  const Options& options() const { return options_; }
  Program best() { return std::move(*best_); }

 private:
  const ir::Graph& graph_;
  const hw::Config& config_;
  const Measure& measure_;
  std::optional<Program> best_;
  double cost_ = 0;
  Options options_;
  std::vector<Options> tried_;
};

// The choices that differ from `o` in one thing.
std::vector<Options> neighbours_of(const Options& o, const hw::Config& config) {
  std::vector<Options> found;
  const auto with = [&](auto member, auto value) {
    found.push_back(o);
    found.back().*member = value;
  };
  const int banks = o.weight_banks_of(config);
  for (int step : {-1, 1, 2}) {
    if (banks + step >= 1 && banks + step <= config.scratchpad_banks / 2)
      with(&Options::weight_banks, banks + step);
  }
  with(&Options::has_chains, !o.has_chains);
  for (int share : {2, 4, 8, 16}) with(&Options::small_share, share);
  for (int ahead : {4, 8, 16}) with(&Options::load_ahead, ahead);
  return found;
}

}  // namespace

Program search_program(const ir::Graph& graph, const hw::Config& config, const Search& search) {
  if (search.effort == Search::Effort::None) return compile_graph(graph, config);
  Candidates candidates(graph, config, search.measure);
  candidates.take_rule();
  for (int share : {8, 2}) {
    for (bool has_chains : {true, false})
      candidates.take({.small_share = share, .has_chains = has_chains});
  }
  if (search.effort == Search::Effort::Neighbours) {
    for (bool helps = true; helps;) {
      helps = false;
      for (const Options& options : neighbours_of(candidates.options(), config))
        helps |= candidates.take(options);
    }
  }
  return candidates.best();
}

}  // namespace zahl::compiler
