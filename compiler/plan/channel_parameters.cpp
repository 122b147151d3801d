#include "compiler/plan/channel_parameters.h"

#include <algorithm>

namespace zahl::plan {

bool is_uniform(const ir::Requant& requant) {
  const auto same = [](const auto& v) {
    return std::all_of(v.begin(), v.end(), [&](auto x) { return x == v[0]; });
  };
  return same(requant.m0) && same(requant.shift);
}

}  // namespace zahl::plan
