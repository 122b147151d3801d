#include "tests/support/random_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "isa/config.h"
#include "isa/round.h"

namespace zahl::test {

hw::Config smallest_machine() {
  hw::Config config = hw::load_config("tiny8");
  for (const auto& p : hw::kParameters) config.*p.member = p.minimum;
  config.burst_bytes = 64;
  config.name = "smallest";
  hw::check_config(config);
  return config;
}

hw::Config random_machine(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); };
  hw::Config config = smallest_machine();
  config.name = fmt::format("random machine {}", seed);
  for (const auto& p : hw::kParameters) {
    const int doublings = std::min(below(4), below(4));
    for (int i = 0; i < doublings && config.*p.member * 2 <= p.maximum; ++i) config.*p.member *= 2;
  }
  config.line_bytes = std::max({config.line_bytes, config.rows, config.columns, config.bus_bytes});
  config.fetch_depth = std::max(config.fetch_depth, config.fetch_burst);
  while (ceil_div(config.weight_tile_bytes(), config.scratchpad_bank_bytes) + 2 >
         config.scratchpad_banks) {
    config.scratchpad_bank_bytes *= 2;
  }
  hw::check_config(config);
  return config;
}

}  // namespace zahl::test
