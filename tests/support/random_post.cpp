#include <algorithm>

#include "engines/reference/instruction_accesses.h"
#include "tests/support/random_instructions.h"

namespace zahl::test {
namespace {

namespace limits = isa::limits;

constexpr int kTries = 12;

uint32_t random_multiplier(Random& random) {
  constexpr int64_t kLargest = limits::Drain::m0.max;
  return static_cast<uint32_t>(
      random.pick<int64_t>({0, 1, kLargest, int64_t{1} << 30, int64_t{1} << random.between(0, 30),
                            random.between(0, kLargest), random.between(kLargest / 2, kLargest),
                            random.between(kLargest / 2, kLargest)}));
}

// Often near one of the shifts that bring the values into the range of a byte.
uint32_t random_shift(Random& random, std::initializer_list<int64_t> sensible) {
  if (random.one_in(3)) return static_cast<uint32_t>(random.corner(0, 63));
  return static_cast<uint32_t>(
      std::clamp<int64_t>(random.pick(sensible) + random.between(-3, 3), 0, 63));
}

struct Scale {
  uint32_t m0 = 0, shift = 0;
};

// One in four is a power of two not far below 1, which brings many values to the exact middle
// between two results.
Scale random_scale(Random& random, std::initializer_list<int64_t> sensible_shifts) {
  if (!random.one_in(4)) return {random_multiplier(random), random_shift(random, sensible_shifts)};
  const int64_t k = random.pick<int64_t>({30, 30, random.between(0, 30)});
  return {uint32_t{1} << k, static_cast<uint32_t>(k + random.between(1, 12))};
}

template <class X>
void set_output(ProgramBuilder& builder, X& x) {
  Random& random = builder.random();
  x.zero_point =
      static_cast<int32_t>(random.pick<int64_t>({0, -128, 127, random.between(-128, 127)}));
  x.low = -128, x.high = 127;
  if (random.one_in(3)) {
    const int64_t a = random.corner(-128, 127), b = random.corner(-128, 127);
    x.low = static_cast<int32_t>(std::min(a, b)), x.high = static_cast<int32_t>(std::max(a, b));
    if (random.one_in(4)) x.low = x.high;
  }
  x.table_slot = random.u32(0, 1);
  x.use_table = builder.defined().is_table_set(x.table_slot) && random.one_in(2) ? 1 : 0;
}

void put_word(std::vector<uint8_t>& bytes, int64_t at, int64_t value) {
  for (size_t i = 0; i < 4; ++i)
    bytes[static_cast<size_t>(at) + i] = static_cast<uint8_t>(value >> (8 * i));
}

std::optional<Blob> channel_parameters(ProgramBuilder& builder, bool is_uniform, int64_t blocks) {
  Random& random = builder.random();
  const hw::Config& config = builder.config();
  const int64_t block_bytes = reference::parameter_bytes(config, is_uniform);
  const auto loaded = builder.find_blob([&](const Blob& b) {
    return b.kind == Blob::Kind::Parameters && b.is_uniform == is_uniform &&
           b.bytes >= blocks * block_bytes;
  });
  if (loaded && random.one_in(2)) return loaded;
  std::vector<uint8_t> bytes(static_cast<size_t>(blocks * block_bytes));
  for (uint8_t& x : bytes) x = random.byte();
  for (int64_t block = 0; block < blocks; ++block)
    for (int64_t c = 0; c < config.columns; ++c) {
      const int64_t at = block * block_bytes, words = reference::parameter_bytes(config, true);
      const int64_t magnitude = int64_t{1} << random.pick({0, 8, 14, 18, 31});
      put_word(bytes, at + 4 * c, random.corner(-magnitude, magnitude - 1));
      if (is_uniform) continue;
      const Scale scale = random_scale(random, {33, 38, 42, 52});
      put_word(bytes, at + words + 4 * c, scale.m0);
      bytes[static_cast<size_t>(at + 2 * words + c)] = static_cast<uint8_t>(scale.shift);
    }
  Blob blob;
  blob.kind = Blob::Kind::Parameters;
  blob.side = Side::Any;
  blob.is_uniform = is_uniform;
  return builder.load_blob(blob, bytes);
}

bool try_drain(ProgramBuilder& builder) {
  Random& random = builder.random();
  const hw::Config& config = builder.config();
  const int64_t c = config.columns;
  isa::Drain x;
  const int64_t vectors = random.size(random.pick<int64_t>({16, 64, 64, 200}));
  x.blocks = static_cast<uint32_t>(random.size(std::min<int64_t>(3, vectors)));
  x.out_columns = static_cast<uint32_t>(random.size(vectors / x.blocks));
  x.out_rows = static_cast<uint32_t>(random.size(vectors / x.blocks / x.out_columns));
  const auto accumulator =
      builder.defined_accumulators(int64_t{x.blocks} * x.out_columns * x.out_rows);
  if (!accumulator) return false;
  x.accumulator = static_cast<uint32_t>(*accumulator);
  x.uniform = random.u32(0, 1);
  const Scale scale = random_scale(random, {33, 38, 42, 52});
  x.m0 = scale.m0, x.shift = scale.shift;
  x.rounding = static_cast<isa::Rounding>(random.between(0, 3));
  x.last_channels = static_cast<uint32_t>(random.corner(1, c));
  x.pixel_step = static_cast<uint32_t>(
      x.out_columns == 1
          ? random.corner(limits::Drain::pixel_step)
          : random.pick<int64_t>({c, c, c * x.blocks, 0, 1, random.between(0, 2 * c)}));
  x.row_step = static_cast<uint32_t>(
      x.out_rows == 1 ? random.corner(limits::Drain::row_step)
                      : random.pick<int64_t>(
                            {int64_t{x.out_columns} * x.pixel_step, c, random.between(0, 8 * c)}));
  x.block_step = static_cast<uint32_t>(
      x.blocks == 1 ? random.corner(limits::Drain::block_step)
                    : random.pick<int64_t>({c, 0, random.between(0, 20 * c)}));
  set_output(builder, x);
  const auto parameters = channel_parameters(builder, x.uniform != 0, x.blocks);
  if (!parameters) return false;
  x.params = static_cast<uint32_t>(parameters->address);
  const int64_t span =
      (int64_t{x.blocks} - 1) * x.block_step + (int64_t{x.out_rows} - 1) * x.row_step +
      (int64_t{x.out_columns} - 1) * x.pixel_step + (x.blocks == 1 ? int64_t{x.last_channels} : c);
  const auto result = builder.place(builder.any_window(Side::Any), span);
  if (!result) return false;
  x.result = static_cast<uint32_t>(*result);
  return builder.add(x);
}

bool try_eltwise(ProgramBuilder& builder) {
  Random& random = builder.random();
  isa::Eltwise x;
  const int64_t bytes = random.size(random.pick<int64_t>({40, 300, 300, 1500}));
  x.row_bytes = static_cast<uint32_t>(random.size(bytes));
  x.rows = static_cast<uint32_t>(random.size(std::min<int64_t>(40, bytes / x.row_bytes)));
  const auto random_step = [&] {
    if (x.rows == 1) return static_cast<uint32_t>(random.corner(limits::Eltwise::a_step));
    return static_cast<uint32_t>(
        random.pick<int64_t>({x.row_bytes, x.row_bytes, 0, x.row_bytes + random.between(0, 30)}));
  };
  const auto span = [&](uint32_t step) { return (int64_t{x.rows} - 1) * step + x.row_bytes; };
  x.a_step = random_step(), x.b_step = random_step(), x.result_step = random_step();
  const Side a_side = random.pick({Side::Left, Side::Right});
  const auto a = builder.place(builder.filled_window(a_side), span(x.a_step));
  const auto b = builder.place(builder.filled_window(other_side(a_side)), span(x.b_step));
  if (!a || !b) return false;
  x.a = static_cast<uint32_t>(*a), x.b = static_cast<uint32_t>(*b);
  if (random.one_in(4)) {
    x.result = x.a, x.result_step = x.a_step;
  } else if (random.one_in(4)) {
    x.result = x.b, x.result_step = x.b_step;
  } else {
    const auto result = builder.place(builder.any_window(Side::Any), span(x.result_step));
    if (!result) return false;
    x.result = static_cast<uint32_t>(*result);
  }
  x.operation = static_cast<isa::EltwiseOp>(random.between(0, 2));
  x.rounding = static_cast<isa::Rounding>(random.between(0, 3));
  x.exact = x.operation != isa::EltwiseOp::Mul && x.rounding != isa::Rounding::TflDouble
                ? random.u32(0, 1)
                : 0;
  x.a_zero = static_cast<int32_t>(random.corner(-128, 127)),
  x.b_zero = static_cast<int32_t>(random.corner(-128, 127));
  x.a_m0 = random_multiplier(random), x.b_m0 = random_multiplier(random);
  x.a_shift = static_cast<uint32_t>(random.pick<int64_t>({0, 1, 2, 3, random.corner(0, 31)}));
  x.b_shift = static_cast<uint32_t>(random.pick<int64_t>({0, 1, 2, 3, random.corner(0, 31)}));
  const Scale scale = random_scale(random, {x.operation == isa::EltwiseOp::Mul ? 37
                                            : x.exact                          ? 31
                                                                               : 50});
  x.shift = scale.shift, x.m0 = scale.m0;
  if (x.exact && random.one_in(3)) x.a_m0 = x.b_m0 = scale.m0;
  set_output(builder, x);
  return builder.add(x);
}

bool try_set_table(ProgramBuilder& builder) {
  isa::SetTable x;
  const auto source =
      builder.place(builder.filled_window(Side::Any), 256, builder.config().line_bytes);
  if (!source) return false;
  x.source = static_cast<uint32_t>(*source);
  x.slot = builder.random().u32(0, 1);
  return builder.add(x);
}

// Exponentials fall from nearly 1 at distance 0, at a random pace or by leaps.
std::vector<uint8_t> exponentials(Random& random) {
  std::vector<uint8_t> bytes(1024);
  const int64_t largest = (int64_t{1} << 31) - 1, keep = random.between(100, 255);
  int64_t value = largest;
  const bool by_leaps = random.one_in(3);
  if (by_leaps) value = random.corner(1 << 20, largest);
  for (int64_t d = 0; d < 256; ++d) {
    put_word(bytes, 4 * d, value);
    value = by_leaps ? random.corner(0, largest) : value * keep / 256;
  }
  return bytes;
}

bool try_softmax(ProgramBuilder& builder) {
  Random& random = builder.random();
  isa::Softmax x;
  const Side side = random.pick({Side::Left, Side::Right});
  auto table = builder.find_blob(
      [&](const Blob& b) { return b.kind == Blob::Kind::Exponentials && b.side == side; });
  if (!table || random.one_in(3)) {
    Blob blob;
    blob.kind = Blob::Kind::Exponentials;
    blob.side = side;
    table = builder.load_blob(blob, exponentials(random));
  }
  if (!table) return false;
  x.exponentials = static_cast<uint32_t>(table->address);
  x.row_bytes = static_cast<uint32_t>(random.size(random.pick<int64_t>({10, 40, 40, 300})));
  x.rows = static_cast<uint32_t>(random.size(std::max<int64_t>(1, 80 / x.row_bytes)));
  const auto random_step = [&] {
    if (x.rows == 1) return static_cast<uint32_t>(random.corner(limits::Softmax::source_step));
    return static_cast<uint32_t>(
        random.pick<int64_t>({x.row_bytes, x.row_bytes + random.between(0, 9), 0}));
  };
  const auto span = [&](uint32_t step) { return (int64_t{x.rows} - 1) * step + x.row_bytes; };
  x.source_step = random_step(), x.result_step = random_step();
  const auto source = builder.place(builder.filled_window(other_side(side)), span(x.source_step));
  if (!source) return false;
  x.source = static_cast<uint32_t>(*source);
  auto result = builder.place(builder.any_window(Side::Any), span(x.result_step));
  if (random.one_in(4)) result = source, x.result_step = x.source_step;
  if (!result) return false;
  x.result = static_cast<uint32_t>(*result);
  x.m0 = random_multiplier(random);
  x.shift = random_shift(random, {53, 53, 50});
  x.zero_point = static_cast<int32_t>(random.pick<int64_t>({-128, -128, random.corner(-128, 127)}));
  return builder.add(x);
}

bool any_try(ProgramBuilder& builder, bool (*attempt)(ProgramBuilder&)) {
  for (int i = 0; i < kTries; ++i) {
    if (attempt(builder)) return true;
  }
  return false;
}

}  // namespace

bool add_random_drain(ProgramBuilder& builder) { return any_try(builder, try_drain); }
bool add_random_eltwise(ProgramBuilder& builder) { return any_try(builder, try_eltwise); }
bool add_random_set_table(ProgramBuilder& builder) { return any_try(builder, try_set_table); }
bool add_random_softmax(ProgramBuilder& builder) { return any_try(builder, try_softmax); }

}  // namespace zahl::test
