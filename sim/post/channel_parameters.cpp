#include "sim/post/channel_parameters.h"

#include <algorithm>
#include <cstring>

#include "contract/timing.h"

namespace zahl::sim {

ParameterLayout parameter_layout(const isa::Drain& x, const hw::Config& config) {
  const int64_t line = config.line_bytes;
  return {line * timing::word_lines(config),
          line * timing::parameter_lines(x.uniform != 0, config)};
}

void set_parameters(kernels::DrainJob& job, const isa::Drain& x, const uint8_t* from,
                    const ParameterLayout& layout) {
  const auto channels = static_cast<size_t>(job.channels);
  std::memcpy(job.bias.data(), from, 4 * channels);
  if (x.uniform != 0) {
    std::fill_n(job.m0.begin(), channels, x.m0);
    std::fill_n(job.shift.begin(), channels, static_cast<uint8_t>(x.shift));
    return;
  }
  std::memcpy(job.m0.data(), from + layout.word_bytes, 4 * channels);
  std::memcpy(job.shift.data(), from + 2 * layout.word_bytes, channels);
  for (size_t c = 0; c < channels; ++c) {
    job.m0[c] &= 0x7fffffff;
    job.shift[c] &= 0x3f;
  }
}

}  // namespace zahl::sim
