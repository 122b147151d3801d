// Values of post's instructions (docs/machine.md, section 8).
#include <algorithm>
#include <bit>

#include "engines/reference/instruction_accesses.h"
#include "engines/reference/interpreter_state.h"
#include "engines/reference/rounding.h"

namespace zahl::reference {
namespace {

// Zero point, clamp and table, as every drain and eltwise ends.
template <class X>
int8_t finish(const State& state, const X& x, Wide rounded) {
  const int8_t value = clamp_to_byte(x.zero_point + rounded, x.low, x.high);
  return x.use_table ? state.tables[x.table_slot][static_cast<size_t>(value + 128)] : value;
}

Wide combine(const isa::Eltwise& x, int32_t qa, int32_t qb) {
  if (x.operation == isa::EltwiseOp::Mul)
    return scale_and_round(x.rounding, qa * qb, x.m0, static_cast<int>(x.shift));
  const int sign = x.operation == isa::EltwiseOp::Sub ? -1 : 1;
  if (x.exact) {
    const Wide sum = Wide{qa} * x.a_m0 + sign * (Wide{qb} * x.b_m0);
    return round_once(x.rounding, sum, static_cast<int>(x.shift));
  }
  const auto scaled = [](int32_t q, uint32_t m0, uint32_t shift) {
    return static_cast<int32_t>(
        scale_and_round(isa::Rounding::TflDouble, q * (1 << 20), m0, 31 + static_cast<int>(shift)));
  };
  const int32_t a = scaled(qa, x.a_m0, x.a_shift);
  const int32_t b = scaled(qb, x.b_m0, x.b_shift);
  return scale_and_round(x.rounding, wrapping_add(a, sign * int64_t{b}), x.m0,
                         static_cast<int>(x.shift));
}

struct ChannelParameters {
  int32_t bias = 0;
  int64_t m0 = 0;
  int shift = 0;
};

std::vector<ChannelParameters> parameters_of(const State& state, const isa::Drain& x,
                                             int64_t block) {
  const int64_t begin = x.params + block * parameter_bytes(state.config, x.uniform != 0);
  const int64_t words = parameter_bytes(state.config, true);
  std::vector<ChannelParameters> result;
  for (int64_t c = 0; c < state.config.columns; ++c) {
    const int32_t bias = state.word(begin + 4 * c);
    if (x.uniform) {
      result.push_back({bias, x.m0, static_cast<int>(x.shift)});
    } else {
      result.push_back({bias, state.word(begin + words + 4 * c),
                        static_cast<uint8_t>(state.byte(begin + 2 * words + c))});
    }
  }
  return result;
}

}  // namespace

void execute(State& state, const isa::Drain& x) {
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    // All parameters of a block are read before its first result is written, which may overwrite
    // them.
    const std::vector<ChannelParameters> parameters = parameters_of(state, x, block);
    const int64_t channels =
        block + 1 == int64_t{x.blocks} ? int64_t{x.last_channels} : state.config.columns;
    for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
      for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox)
        for (int64_t c = 0; c < channels; ++c) {
          const auto& [bias, m0, shift] = parameters[static_cast<size_t>(c)];
          state.met_unspecified_data |= m0 < 0 || shift > 63;
          const int64_t vector = x.accumulator + (block * x.out_rows + oy) * x.out_columns + ox;
          const int32_t sum = wrapping_add(state.accumulator(vector, c), bias);
          state.set_byte(x.result + block * x.block_step + oy * x.row_step + ox * x.pixel_step + c,
                         finish(state, x, scale_and_round(x.rounding, sum, m0, shift)));
        }
  }
}

void execute(State& state, const isa::Eltwise& x) {
  for (int64_t row = 0; row < int64_t{x.rows}; ++row)
    for (int64_t begin = 0; begin < int64_t{x.row_bytes}; begin += state.config.columns) {
      const int64_t end = std::min<int64_t>(x.row_bytes, begin + state.config.columns);
      // A vector's operands are read before its results are written, which may overwrite them.
      std::vector<int8_t> results;
      for (int64_t i = begin; i < end; ++i) {
        const int32_t qa = state.byte(x.a + row * x.a_step + i) - x.a_zero;
        const int32_t qb = state.byte(x.b + row * x.b_step + i) - x.b_zero;
        results.push_back(finish(state, x, combine(x, qa, qb)));
      }
      for (int64_t i = begin; i < end; ++i) {
        state.set_byte(x.result + row * x.result_step + i, results[static_cast<size_t>(i - begin)]);
      }
    }
}

void execute(State& state, const isa::SetTable& x) {
  for (int64_t i = 0; i < 256; ++i)
    state.tables[x.slot][static_cast<size_t>(i)] = state.byte(x.source + i);
}

void execute(State& state, const isa::Softmax& x) {
  for (int64_t row = 0; row < int64_t{x.rows}; ++row) {
    const int64_t source = x.source + row * x.source_step;
    int32_t maximum = -128;
    for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i)
      maximum = std::max<int32_t>(maximum, state.byte(source + i));
    const auto exponential = [&](int64_t i) {
      return state.word(x.exponentials + 4 * (maximum - state.byte(source + i)));
    };

    uint32_t sum = 0;
    for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i) {
      state.met_unspecified_data |= exponential(i) < 0;
      sum += static_cast<uint32_t>(divide_by_power_of_two(exponential(i), 12));
    }
    state.met_unspecified_data |= sum == 0;
    const int headroom = std::countl_zero(sum);
    const uint32_t fraction =
        static_cast<uint32_t>(uint64_t{sum} << headroom) - (uint32_t{1} << 31);
    const int32_t scale = one_over_one_plus_x(static_cast<int32_t>(fraction));

    for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i) {
      const Wide product = Wide{doubling_high_multiply(scale, exponential(i))} * x.m0;
      const Wide rounded =
          round_once(isa::Rounding::HalfAway, product, static_cast<int>(x.shift) + 12 - headroom);
      state.set_byte(x.result + row * x.result_step + i,
                     clamp_to_byte(x.zero_point + rounded, -128, 127));
    }
  }
}

}  // namespace zahl::reference
