// The second stream of a conv instruction.
#include <algorithm>

#include "sim/array/conv.h"

namespace zahl::sim {

isa::Conv second_stream(const isa::Conv& x) {
  isa::Conv second = x;
  second.source += x.second_step;
  second.input_x += x.second_x;
  second.input_y += static_cast<int32_t>(x.second_y);
  return second;
}

void Conv::gather_inputs(const isa::Conv& x, const Storage& storage) {
  const int64_t bytes = gathered_bytes(x), count = vectors_of(x) * x.kernel_rows;
  inputs_.resize(static_cast<size_t>(count));
  const auto needed = static_cast<size_t>(count * bytes + 64);
  if (edges_.size() < needed) edges_.resize(needed);
  for (int64_t i = 0; i < count; ++i) inputs_[static_cast<size_t>(i)] = edges_.data() + i * bytes;
  std::memset(edges_.data(), x.pad_value, static_cast<size_t>(count * bytes));
  gather_stream(x, storage, 0, x.split);
  gather_stream(second_stream(x), storage, x.split, config_.rows - int64_t{x.split});
}

void Conv::gather_stream(const isa::Conv& x, const Storage& storage, int64_t first_lane,
                         int64_t lanes) {
  const auto* const base = reinterpret_cast<const int8_t*>(storage.scratchpad.data());
  for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr)
    for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy) {
      if (!row_is_valid(x, oy, kr)) continue;
      const int64_t address = row_address(x, oy, kr);
      int8_t* to = edges_.data() + (kr * vectors_of(x) + oy * x.out_columns) * gathered_bytes(x) +
                   first_lane;
      for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox)
        for (int64_t kc = 0; kc < int64_t{x.kernel_columns}; ++kc)
          for (int64_t chunk = 0; chunk < int64_t{x.chunks}; ++chunk, to += config_.rows) {
            const int64_t along =
                ox * x.pixel_step + kc * x.kernel_column_step + chunk * config_.rows;
            const int64_t first = std::clamp<int64_t>(-(x.input_x + along), 0, lanes);
            const int64_t end =
                std::clamp<int64_t>(int64_t{x.input_row_limit} - x.input_x - along, first, lanes);
            if (first < end)
              std::memcpy(to + first, base + address + along + first,
                          static_cast<size_t>(end - first));
          }
    }
}

}  // namespace zahl::sim
