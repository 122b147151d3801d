#include "compiler/plan/channel_parameters.h"

#include <algorithm>

#include "isa/round.h"

namespace zahl::plan {

bool is_uniform(const ir::Requant& requant) {
  const auto same = [](const auto& v) {
    return std::all_of(v.begin(), v.end(), [&](auto x) { return x == v[0]; });
  };
  return same(requant.m0) && same(requant.shift);
}

int parameter_lines(bool uniform, const hw::Config& config) {
  const int words = ceil_div(4 * config.columns, config.line_bytes);
  return uniform ? words : 2 * words + ceil_div(config.columns, config.line_bytes);
}

}  // namespace zahl::plan
