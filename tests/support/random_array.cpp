#include <algorithm>
#include <limits>

#include "engines/reference/instruction_accesses.h"
#include "tests/support/random_instructions.h"

namespace zahl::test {
namespace {

namespace limits = isa::limits;

constexpr int kTries = 16;

int64_t cycle_limit(Random& random) {
  return random.pick<int64_t>({60, 200, 200, 500, 500, 1200, 4000});
}

// Places the input: source, such that every access of a vector lies in a filled window of the left
// side.
template <class X>
bool place_source(ProgramBuilder& builder, X& x) {
  constexpr int64_t kProbe = 1 << 22;  // far above any weights
  X probe = x;
  probe.source = kProbe;
  probe.weights = 0;
  int64_t low = std::numeric_limits<int64_t>::max(), high = 0;
  reference::for_each_access(builder.config(), probe, [&](const reference::Access& access) {
    if (access.space != reference::Space::Scratchpad || access.address < kProbe) return;
    low = std::min(low, access.address - kProbe);
    high = std::max(high, access.address + access.size - kProbe);
  });
  if (low >= high) {  // nothing but padding: any address will do
    x.source = static_cast<int32_t>(builder.random().corner(X::Limit::source));
    return true;
  }
  const auto address = builder.place(builder.filled_window(Side::Left), high - low);
  if (!address || !X::Limit::source.holds(*address - low)) return false;
  x.source = static_cast<int32_t>(*address - low);
  return true;
}

// Where the valid input lies around the positions 0..x_extent and rows 0..y_extent that the taps
// reach.
template <class X>
void set_padding(Random& random, X& x, int64_t x_extent, int64_t y_extent) {
  x.pad_value = static_cast<int32_t>(random.corner(-128, 127));
  x.input_row_limit = X::Limit::input_row_limit.max;
  x.input_y_limit = X::Limit::input_y_limit.max;
  if (random.one_in(3)) return;  // no padding
  if (random.one_in(12)) {       // nothing but padding, at the fields' ends
    x.input_x = static_cast<int32_t>(random.pick({X::Limit::input_x.min, X::Limit::input_x.max}));
    x.input_row_limit = random.u32(0, 1);
    x.input_y = static_cast<int32_t>(random.pick({X::Limit::input_y.min, X::Limit::input_y.max}));
    x.input_y_limit = random.u32(0, 1);
    return;
  }
  x.input_x = static_cast<int32_t>(random.between(-std::min<int64_t>(x_extent, 200), 40));
  x.input_y = static_cast<int32_t>(random.between(-std::min<int64_t>(y_extent, 40), 3));
  if (random.one_in(2)) x.input_x = 0;
  if (random.one_in(2)) x.input_y = 0;
  if (random.one_in(2))
    x.input_row_limit =
        random.u32(0, std::min<int64_t>(x_extent + 40, X::Limit::input_row_limit.max));
  if (random.one_in(2))
    x.input_y_limit = random.u32(0, std::min<int64_t>(y_extent + 3, X::Limit::input_y_limit.max));
}

// The accumulator that the array's latest instruction writes last.
std::optional<int64_t> latest_accumulator(const ProgramBuilder& builder) {
  const auto& program = builder.program();
  const auto latest = std::find_if(program.rbegin(), program.rend(), [](const isa::Instruction& x) {
    return isa::unit_of(x) == isa::Unit::Array;
  });
  if (latest == program.rend()) return std::nullopt;
  return footprint_of(builder.config(), *latest).accumulator_writes.end() - 1;
}

template <class X>
bool place_accumulators(ProgramBuilder& builder, X& x) {
  const int64_t vectors = int64_t{x.out_rows} * x.out_columns * x.blocks;
  const int64_t all = builder.config().accumulator_vectors();
  if (vectors > all) return false;
  x.accumulator = static_cast<uint32_t>(builder.random().corner(0, all - vectors));
  x.accumulate = 0;
  // Adding at once to what has just been written shows whether the sum arrives in time.
  const auto latest = latest_accumulator(builder);
  if (latest && builder.random().one_in(3) &&
      builder.defined().accumulators().contains(*latest, *latest + vectors)) {
    x.accumulator = static_cast<uint32_t>(*latest);
    x.accumulate = 1;
    return true;
  }
  const auto defined = builder.defined_accumulators(vectors);
  if (defined && builder.random().one_in(2)) {
    x.accumulator = static_cast<uint32_t>(*defined);
    x.accumulate = 1;
  }
  return true;
}

int64_t step(Random& random, int64_t unit) {
  return random.pick({int64_t{0}, int64_t{1}, unit, unit, 2 * unit, random.between(0, 3 * unit)});
}

// A second stream near the first one, far away in the padding, or none with fields that must not
// matter.
void set_second_stream(Random& random, const hw::Config& config, isa::Conv& x) {
  const int64_t r = config.rows;
  x.split = random.one_in(2) ? 0 : static_cast<uint32_t>(random.corner(1, r - 1));
  x.second_y =
      static_cast<uint32_t>(random.pick<int64_t>({0, 1, random.corner(limits::Conv::second_y)}));
  x.second_step =
      static_cast<int32_t>(random.pick({int64_t{0}, r, -r, 8 * r, random.between(-200, 200)}));
  x.second_x =
      static_cast<int32_t>(random.pick<int64_t>({0, x.second_step, random.between(-200, 200)}));
  if (x.split != 0 && !random.one_in(8)) return;
  x.second_x =
      static_cast<int32_t>(random.pick({limits::Conv::second_x.min, limits::Conv::second_x.min + 1,
                                        limits::Conv::second_x.max, int64_t{0}}));
  x.second_step = static_cast<int32_t>(random.corner(limits::Conv::second_step));
}

bool try_conv(ProgramBuilder& builder) {
  Random& random = builder.random();
  const hw::Config& config = builder.config();
  const int64_t limit = cycle_limit(random);
  isa::Conv x;
  x.kernel_rows = random.u32(1, random.pick({1, 3, 3, 5}));
  x.kernel_columns = random.u32(1, random.pick({1, 3, 3, 5}));
  x.chunks = static_cast<uint32_t>(random.size(5));
  x.blocks = static_cast<uint32_t>(random.size(5));
  const int64_t tiles = int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks;
  if (tiles * config.weight_tile_lines() > limit) return false;
  x.out_columns = static_cast<uint32_t>(random.size(limit / tiles));
  x.out_rows = static_cast<uint32_t>(random.size(limit / tiles / x.out_columns));

  const int64_t r = config.rows;
  x.pixel_step = static_cast<uint32_t>(x.out_columns == 1 ? random.corner(limits::Conv::pixel_step)
                                                          : step(random, r));
  x.kernel_column_step = static_cast<uint32_t>(
      x.kernel_columns == 1 ? random.corner(limits::Conv::kernel_column_step) : step(random, r));
  x.row_step = static_cast<uint32_t>(x.out_rows == 1 ? random.corner(limits::Conv::row_step)
                                                     : step(random, 8 * r));
  x.kernel_row_step = static_cast<uint32_t>(
      x.kernel_rows == 1 ? random.corner(limits::Conv::kernel_row_step) : step(random, 8 * r));
  x.y_step = static_cast<uint32_t>(random.corner(limits::Conv::y_step));
  x.kernel_y_step = static_cast<uint32_t>(random.corner(limits::Conv::kernel_y_step));
  if (random.one_in(2)) x.y_step = random.u32(1, 2), x.kernel_y_step = random.u32(1, 2);
  set_padding(
      random, x,
      (int64_t{x.out_columns} - 1) * x.pixel_step +
          (int64_t{x.kernel_columns} - 1) * x.kernel_column_step + x.chunks * r,
      (int64_t{x.out_rows} - 1) * x.y_step + (int64_t{x.kernel_rows} - 1) * x.kernel_y_step + 1);
  x.weight_zero =
      static_cast<int32_t>(random.pick<int64_t>({0, 0, -128, 127, random.between(-128, 127)}));
  set_second_stream(random, config, x);
  if (!place_accumulators(builder, x) || !place_source(builder, x)) return false;
  const auto weights = builder.place(builder.filled_window(Side::Right),
                                     tiles * config.weight_tile_bytes(), config.line_bytes);
  if (!weights) return false;
  x.weights = static_cast<uint32_t>(*weights);
  return builder.add(x);
}

// Weight tiles whose lanes beyond the taps do nothing.
std::vector<uint8_t> window_weights(ProgramBuilder& builder, const Blob& blob, int64_t tiles) {
  const hw::Config& config = builder.config();
  std::vector<uint8_t> bytes(static_cast<size_t>(tiles * config.weight_tile_bytes()));
  for (size_t m = 0; m < bytes.size(); ++m) {
    const int64_t within = static_cast<int64_t>(m) % config.weight_tile_bytes();
    const int64_t lane = within / (4 * config.columns) * 4 + within % 4;
    if (lane >= blob.tap_rows * blob.tap_columns) {
      bytes[m] = static_cast<uint8_t>(blob.is_maximum ? 0 : blob.weight_zero);
    } else {
      bytes[m] = builder.random().one_in(4) ? 0 : builder.random().byte();
    }
  }
  return bytes;
}

// The latest window that has left rows in the line memory.
const isa::Depthwise* latest_window(const ProgramBuilder& builder) {
  const auto& program = builder.program();
  for (auto i = program.rbegin(); i != program.rend(); ++i) {
    const auto* x = std::get_if<isa::Depthwise>(&*i);
    if (x != nullptr && x->tap_rows > 1) return x;
  }
  return nullptr;
}

// The most columns that a window may have: what the line memory holds, or the latest window, if it
// goes on below that.
int64_t widest(const hw::Config& config, const isa::Depthwise& x, const isa::Depthwise* above) {
  if (x.tap_rows < 2) return 1 << 20;
  return x.resume != 0 ? reference::streamed_columns(*above)
                       : config.line_buffer_pixels - int64_t{x.pairs};
}

// Places in the line memory: anywhere, or within those of the window above. False: no room.
bool set_places(Random& random, const hw::Config& config, isa::Depthwise& x,
                const isa::Depthwise* above) {
  const int64_t unit = x.pairs != 0 ? 2 : 1, width = reference::streamed_columns(x);
  if (x.tap_rows < 2) {
    x.line_base =
        static_cast<uint32_t>(random.corner(0, limits::Depthwise::line_base.max / unit) * unit);
    x.line_step =
        static_cast<uint32_t>(random.corner(0, limits::Depthwise::line_step.max / unit) * unit);
    return true;
  }
  const int64_t odd = x.pairs != 0 ? width % 2 : 0, used = (width + odd + unit - 1) / unit * unit;
  const int64_t others = int64_t{x.blocks} - 1;
  int64_t base = 0, step = 0;
  if (x.resume != 0) {
    const int64_t first = reference::first_place(*above, 0) - odd;
    base = std::max<int64_t>(
               0, first + random.corner(0, reference::streamed_columns(*above) - width)) /
           unit * unit;
    step = above->line_step / unit * unit;
  } else {
    const int64_t room = config.line_buffer_pixels - used;
    if (room < 0) return false;
    step = random.pick({int64_t{0}, unit, used, used, random.between(0, 2 * used) / unit * unit});
    if (others != 0) step = std::min(step, room / others / unit * unit);
    base = random.corner(0, (room - others * step) / unit) * unit;
  }
  if (others == 0 && random.one_in(2))
    step = random.corner(0, limits::Depthwise::line_step.max / unit) * unit;
  x.line_base = static_cast<uint32_t>(base);
  x.line_step = static_cast<uint32_t>(step);
  return true;
}

bool try_depthwise(ProgramBuilder& builder) {
  Random& random = builder.random();
  const hw::Config& config = builder.config();
  const int64_t limit = cycle_limit(random);
  isa::Depthwise x;
  Blob blob;
  const auto loaded =
      builder.find_blob([](const Blob& b) { return b.kind == Blob::Kind::Weights; });
  if (loaded && random.one_in(2)) {
    blob = *loaded;
  } else {
    blob.kind = Blob::Kind::Weights;
    blob.side = Side::Right;
    blob.tap_rows = random.between(1, 3);
    blob.tap_columns = random.corner(1, config.rows / blob.tap_rows);
    if (random.one_in(2)) {
      blob.tap_columns = std::min<int64_t>(random.pick({2, 3, 3, 4}), config.rows / blob.tap_rows);
    }
    blob.is_maximum = random.one_in(3);
    blob.weight_zero =
        static_cast<int32_t>(random.pick<int64_t>({0, 0, -128, 127, random.between(-128, 127)}));
    const auto bytes = window_weights(builder, blob, random.size(6));
    const auto placed = builder.load_blob(blob, bytes);
    if (!placed) return false;
    blob = *placed;
  }
  x.weights = static_cast<uint32_t>(blob.address);
  x.tap_rows = static_cast<uint32_t>(blob.tap_rows);
  x.tap_columns = static_cast<uint32_t>(blob.tap_columns);
  x.operation = blob.is_maximum ? isa::DepthwiseOp::Maximum : isa::DepthwiseOp::MultiplyAdd;
  x.weight_zero =
      blob.is_maximum ? static_cast<int32_t>(random.corner(-128, 127)) : blob.weight_zero;
  const int64_t tiles = blob.bytes / config.weight_tile_bytes();
  const isa::Depthwise* const above = latest_window(builder);
  x.resume = (x.tap_rows == 1 || above != nullptr) && random.one_in(3) ? 1 : 0;
  x.passes = static_cast<uint32_t>(x.resume != 0 ? 1 : random.size(tiles));
  x.blocks = static_cast<uint32_t>(random.size(tiles / x.passes));
  x.x_step = static_cast<uint32_t>(random.pick<int64_t>({1, 1, 2, 2, random.corner(1, 16)}));
  x.y_step = static_cast<uint32_t>(random.pick<int64_t>({1, 1, 2, 2, random.corner(1, 16)}));
  x.pairs = x.x_step == 2 && !random.one_in(3) ? 1 : 0;
  const int64_t streamed = limit / (int64_t{x.passes} * x.blocks);
  x.out_columns = static_cast<uint32_t>(random.size(std::max<int64_t>(1, streamed / x.x_step)));
  const int64_t most = widest(config, x, above);
  if (most < int64_t{x.tap_columns}) return false;
  if (reference::streamed_columns(x) > most ||
      (x.resume != 0 && x.tap_rows > 1 && random.one_in(2))) {
    x.out_columns = static_cast<uint32_t>(1 + (most - int64_t{x.tap_columns}) / x.x_step);
  }
  x.out_rows = static_cast<uint32_t>(
      random.size(std::max<int64_t>(1, streamed / reference::streamed_columns(x) / x.y_step)));
  if (reference::streamed_rows(x) * reference::streamed_columns(x) > 2 * streamed) return false;

  const int64_t c = config.columns;
  x.pixel_step = static_cast<uint32_t>(reference::streamed_columns(x) == 1
                                           ? random.corner(limits::Depthwise::pixel_step)
                                           : step(random, c));
  x.row_step = static_cast<uint32_t>(reference::streamed_rows(x) * x.passes == 1
                                         ? random.corner(limits::Depthwise::row_step)
                                         : step(random, 6 * c));
  set_padding(random, x, (reference::streamed_columns(x) - 1) * x.pixel_step + 1,
              reference::streamed_rows(x) + (int64_t{x.passes} - 1) * x.tap_rows);
  return set_places(random, config, x, above) && place_accumulators(builder, x) &&
         place_source(builder, x) && builder.add(x);
}

// The window of the latest instruction again, on the rows below.
bool try_depthwise_below(ProgramBuilder& builder) {
  Random& random = builder.random();
  const auto* latest = std::get_if<isa::Depthwise>(&builder.program().back());
  if (latest == nullptr || latest->tap_rows < 2) return false;
  const isa::Depthwise above = *latest;
  isa::Depthwise x = above;
  x.resume = x.passes = 1;
  if (random.one_in(3)) x.out_columns = random.u32(1, x.out_columns);
  if (random.one_in(3)) x.y_step = random.u32(1, 4);
  if (random.one_in(3)) x.pairs = x.x_step == 2 && random.one_in(2) ? 1 : 0;
  const int64_t rows = cycle_limit(random) / (reference::streamed_columns(x) * x.blocks * x.y_step);
  x.out_rows = static_cast<uint32_t>(random.size(std::max<int64_t>(1, rows)));
  set_padding(random, x, (reference::streamed_columns(x) - 1) * x.pixel_step + 1,
              reference::streamed_rows(x));
  return set_places(random, builder.config(), x, &above) && place_accumulators(builder, x) &&
         place_source(builder, x) && builder.add(x);
}

}  // namespace

bool add_random_conv(ProgramBuilder& builder) {
  for (int i = 0; i < kTries; ++i) {
    if (try_conv(builder)) return true;
  }
  return false;
}

bool add_random_depthwise(ProgramBuilder& builder) {
  for (int i = 0; i < kTries; ++i) {
    if (!try_depthwise(builder)) continue;
    for (int j = 0; j < kTries && !builder.random().one_in(2); ++j) try_depthwise_below(builder);
    return true;
  }
  return false;
}

}  // namespace zahl::test
