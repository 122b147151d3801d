#include <algorithm>

#include "tests/support/random_instructions.h"

namespace zahl::test {
namespace {

constexpr int kTries = 12;

struct Shape {
  int64_t rows = 1, row_bytes = 1, scratchpad_step = 0, dram_step = 0;
  int64_t scratchpad_bytes() const { return (rows - 1) * scratchpad_step + row_bytes; }
  int64_t dram_bytes() const { return (rows - 1) * std::abs(dram_step) + row_bytes; }
};

Shape random_shape(ProgramBuilder& builder, int64_t largest) {
  Random& random = builder.random();
  Shape shape;
  switch (random.between(0, 4)) {
    case 0:  // single bytes
      shape.rows = random.size(40);
      break;
    case 1:  // one long row, across bursts
      shape.row_bytes = random.between(std::min<int64_t>(500, largest), largest);
      break;
    default:
      shape.rows = random.size(24);
      shape.row_bytes = random.size(std::max<int64_t>(1, largest / shape.rows));
  }
  shape.scratchpad_step =
      random.pick({shape.row_bytes, shape.row_bytes, int64_t{0}, random.between(0, 100),
                   shape.row_bytes + random.between(0, 40)});
  shape.dram_step =
      random.pick({shape.row_bytes, shape.row_bytes, int64_t{0}, -shape.row_bytes,
                   random.between(-300, 300), shape.row_bytes + random.between(0, 40)});
  if (shape.rows == 1) {  // steps that are never taken
    shape.scratchpad_step = random.corner(isa::limits::Load::scratchpad_step);
    shape.dram_step = random.corner(isa::limits::Load::dram_step);
  }
  return shape;
}

template <class Dma>
void set_shape(Dma& x, const Shape& shape, int64_t scratchpad, int64_t dram_lowest) {
  x.rows = static_cast<uint32_t>(shape.rows);
  x.row_bytes = static_cast<uint32_t>(shape.row_bytes);
  x.scratchpad_step = static_cast<uint32_t>(shape.scratchpad_step);
  x.dram_step = static_cast<int32_t>(shape.dram_step);
  x.scratchpad = static_cast<uint32_t>(scratchpad);
  const int64_t down = shape.dram_step < 0 ? (shape.rows - 1) * -shape.dram_step : 0;
  x.dram = static_cast<uint64_t>(dram_lowest + down);
}

}  // namespace

bool add_random_load(ProgramBuilder& builder) {
  for (int i = 0; i < kTries; ++i) {
    const Window& window = builder.any_window(Side::Any);
    const Shape shape = random_shape(builder, window.size());
    const auto scratchpad = builder.place(window, shape.scratchpad_bytes());
    const int64_t span = shape.rows == 1 ? shape.row_bytes : shape.dram_bytes();
    if (!scratchpad || span > builder.dram_bytes()) continue;
    isa::Load x;
    set_shape(x, shape, *scratchpad, builder.random().corner(0, builder.dram_bytes() - span));
    if (builder.add(x)) return true;
  }
  return false;
}

bool add_random_store(ProgramBuilder& builder) {
  for (int i = 0; i < kTries; ++i) {
    const Window& window = builder.filled_window(Side::Any);
    const Shape shape = random_shape(builder, std::min<int64_t>(1500, window.size()));
    const auto scratchpad = builder.place(window, shape.scratchpad_bytes());
    const auto dram = builder.result_place(shape.rows == 1 ? shape.row_bytes : shape.dram_bytes());
    if (!scratchpad || !dram) continue;
    isa::Store x;
    set_shape(x, shape, *scratchpad, *dram);
    if (builder.add(x)) return true;
  }
  return false;
}

}  // namespace zahl::test
