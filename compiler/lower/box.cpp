#include "compiler/lower/box.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "isa/error.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

constexpr int64_t kMostRows = isa::limits::Load::rows.max;  // a store has the same
static_assert(kMostRows == isa::limits::Store::rows.max);

}  // namespace

int64_t TensorBoxes::slot_bytes() const {
  return home_.is_on_chip ? int64_t{1} << 40 : region_.bytes / 2;
}

int64_t TensorBoxes::offset_of(const Box& box, int row) const {
  return ((int64_t{box.image} * shape_.h + box.y + int64_t{row} * box.every) * shape_.w + box.x) *
             shape_.c +
         box.c;
}

int64_t TensorBoxes::next_slot() {
  const int64_t slot = region_.begin + turn_ * (region_.bytes / 2);
  turn_ ^= 1;
  return slot;
}

BoxPlace TensorBoxes::place(int64_t slot, const Box& box, int64_t pixel_step) const {
  if (!home_.is_on_chip) return {slot, pixel_step, box.columns * pixel_step};
  return {home_.scratchpad + offset_of(box, 0), shape_.c, int64_t{box.every} * shape_.w * shape_.c};
}

BoxPlace TensorBoxes::open_for_reading_at(int64_t slot, const Box& box, int64_t pixel_step) {
  const BoxPlace place = this->place(slot, box, pixel_step);
  if (home_.is_on_chip) return place;
  context_.begin_loads();
  const bool is_run = box.channels == shape_.c && pixel_step == shape_.c;
  for (int row = 0; row < box.rows; ++row) {
    const int64_t from = home_.dram + offset_of(box, row),
                  to = place.address + row * place.row_step;
    if (is_run) {
      context_.load(from, to, place.row_step);
      continue;
    }
    for (int64_t x = 0; x < box.columns; x += kMostRows) {
      context_.load_rows(from + x * shape_.c, shape_.c, to + x * pixel_step, pixel_step,
                         std::min(kMostRows, box.columns - x), box.channels);
    }
  }
  return place;
}

BoxPlace TensorBoxes::open_for_writing(const Box& box) {
  return place(next_slot(), box, box.channels);
}

void TensorBoxes::finish(const Box& box, const BoxPlace& place) {
  if (home_.is_transient || (home_.is_on_chip && !home_.is_graph_output)) return;
  const bool is_run = box.channels == shape_.c && place.pixel_step == shape_.c;
  for (int row = 0; row < box.rows; ++row) {
    const int64_t from = place.address + row * place.row_step,
                  to = home_.dram + offset_of(box, row);
    if (is_run) {
      context_.store(from, to, int64_t{box.columns} * shape_.c);
      continue;
    }
    for (int64_t x = 0; x < box.columns; x += kMostRows) {
      context_.store_rows(from + x * place.pixel_step, place.pixel_step, to + x * shape_.c,
                          shape_.c, std::min(kMostRows, box.columns - x), box.channels);
    }
  }
}

int64_t bank_bytes_of_tile(const hw::Config& config) {
  return ceil_div(config.weight_tile_bytes(), config.scratchpad_banks - 2);
}

void refuse_scratchpad(const Context& context, const std::string& what, int64_t bank_bytes) {
  throw UserError(fmt::format(
      "node {}: {} do not fit a scratchpad of {} banks of {} bytes; scratchpad_bank_bytes = {} "
      "would do",
      context.layer_name(), what, context.config.scratchpad_banks,
      context.config.scratchpad_bank_bytes, std::bit_ceil(static_cast<uint64_t>(bank_bytes))));
}

}  // namespace zahl::lower
