#include "compiler/check/footprint.h"

#include <algorithm>

#include "contract/tables.h"
#include "isa/round.h"

namespace zahl::check {
namespace {

using List = std::vector<Touched>;

void add(List& list, Store store, bool is_write, int64_t begin, int64_t bytes) {
  if (bytes > 0) list.push_back({store, is_write, begin, begin + bytes});
}

int64_t lines(int64_t bytes, const hw::Config& config) {
  return round_up(bytes, config.line_bytes);
}

// Hull of positions begin + i * step, 0 <= i < n, for steps of either sign.
struct Span {
  int64_t low = 0, high = 0;
  void extend(int64_t step, int64_t n) { (step < 0 ? low : high) += step * (n - 1); }
};

template <class Copy>
List copy_footprint(const Copy& x, bool is_load) {
  List list;
  Span dram;
  dram.extend(x.dram_step, x.rows);
  const int64_t row = x.row_bytes;
  add(list, Store::Dram, !is_load, static_cast<int64_t>(x.dram) + dram.low,
      dram.high - dram.low + row);
  add(list, Store::Scratchpad, is_load, x.scratchpad,
      int64_t{x.scratchpad_step} * (int64_t{x.rows} - 1) + row);
  return list;
}

List of(const isa::Load& x, const hw::Config&) { return copy_footprint(x, true); }
List of(const isa::Store& x, const hw::Config&) { return copy_footprint(x, false); }

// Bytes of the input that are not padding: rows and columns are clipped to the valid ones.
void add_source(List& list, int64_t origin, int64_t x, int64_t y, int64_t row_limit,
                int64_t y_limit, int64_t width, int64_t height, int64_t row_bytes) {
  const int64_t x0 = std::max<int64_t>(x, 0), x1 = std::min(x + width, row_limit);
  const int64_t y0 = std::max<int64_t>(y, 0), y1 = std::min(y + height, y_limit);
  if (x0 >= x1 || y0 >= y1) return;
  add(list, Store::Scratchpad, false, origin + (y0 - y) * row_bytes + (x0 - x),
      (y1 - 1 - y0) * row_bytes + (x1 - x0));
}

List of(const isa::Conv& c, const hw::Config& config) {
  List list;
  // Steps in bytes stand for steps in rows: one row is the step over the rows that it stands for.
  int64_t row_bytes = 0;
  if (c.out_rows > 1 && c.y_step > 0) row_bytes = int64_t{c.row_step} / c.y_step;
  if (c.kernel_rows > 1 && c.kernel_y_step > 0)
    row_bytes = int64_t{c.kernel_row_step} / c.kernel_y_step;
  const int64_t lanes = c.split != 0 ? int64_t{c.split} : config.rows;
  const int64_t steps = (int64_t{c.out_columns} - 1) * c.pixel_step +
                        (int64_t{c.kernel_columns} - 1) * c.kernel_column_step +
                        (int64_t{c.chunks} - 1) * config.rows;
  const int64_t height =
      (int64_t{c.out_rows} - 1) * c.y_step + (int64_t{c.kernel_rows} - 1) * c.kernel_y_step + 1;
  add_source(list, c.source, c.input_x, c.input_y, c.input_row_limit, c.input_y_limit,
             steps + lanes, height, row_bytes);
  if (c.split != 0) {
    add_source(list, int64_t{c.source} + c.second_step, int64_t{c.input_x} + c.second_x,
               int64_t{c.input_y} + c.second_y, c.input_row_limit, c.input_y_limit,
               steps + config.rows - lanes, height, row_bytes);
  }
  const int64_t tiles = int64_t{c.blocks} * c.kernel_rows * c.kernel_columns * c.chunks;
  add(list, Store::Scratchpad, false, c.weights, tiles * config.weight_tile_bytes());
  add(list, Store::Accumulator, true, c.accumulator,
      int64_t{c.blocks} * c.out_rows * c.out_columns);
  return list;
}

List of(const isa::Depthwise& d, const hw::Config& config) {
  List list;
  // What is resumed takes the rows above its first new one from the line memory.
  const int64_t height =
      d.resume != 0 ? int64_t{d.out_rows} * d.y_step
                    : (int64_t{d.out_rows} - 1) * d.y_step + int64_t{d.passes} * d.tap_rows;
  const int64_t columns = (int64_t{d.out_columns} - 1) * d.x_step + d.tap_columns;
  const int64_t y0 = std::max<int64_t>(d.input_y, 0),
                y1 = std::min<int64_t>(d.input_y + height, d.input_y_limit);
  const int64_t x = d.input_x, step = std::max<int64_t>(d.pixel_step, 1), limit = d.input_row_limit;
  const int64_t first = x < 0 ? (step - 1 - x) / step : 0,
                last = limit > x ? std::min(columns - 1, (limit - 1 - x) / step) : -1;
  if (y0 < y1 && first <= last) {
    const int64_t x0 = x + first * d.pixel_step, x1 = x + last * d.pixel_step;
    add(list, Store::Scratchpad, false,
        d.source + (y0 - d.input_y) * int64_t{d.row_step} + (x0 - x),
        (y1 - 1 - y0) * int64_t{d.row_step} + (x1 - x0) + int64_t{d.blocks} * config.columns);
  }
  add(list, Store::Scratchpad, false, d.weights,
      int64_t{d.blocks} * d.passes * config.weight_tile_bytes());
  add(list, Store::Accumulator, true, d.accumulator,
      int64_t{d.blocks} * d.out_rows * d.out_columns);
  return list;
}

List of(const isa::Drain& d, const hw::Config& config) {
  List list;
  const int64_t words = lines(int64_t{4} * config.columns, config);
  const int64_t block = d.uniform != 0 ? words : 2 * words + lines(config.columns, config);
  add(list, Store::Scratchpad, false, d.params, d.blocks * block);
  add(list, Store::Accumulator, false, d.accumulator,
      int64_t{d.blocks} * d.out_rows * d.out_columns);
  const int64_t last =
      (int64_t{d.out_rows} - 1) * d.row_step + (int64_t{d.out_columns} - 1) * d.pixel_step;
  const int64_t full = d.blocks > 1 ? (int64_t{d.blocks} - 2) * d.block_step + config.columns : 0;
  add(list, Store::Scratchpad, true, d.result,
      last + std::max(full, (int64_t{d.blocks} - 1) * d.block_step + d.last_channels));
  return list;
}

List of(const isa::Eltwise& e, const hw::Config&) {
  List list;
  const int64_t rows = int64_t{e.rows} - 1, bytes = e.row_bytes;
  add(list, Store::Scratchpad, false, e.a, rows * e.a_step + bytes);
  add(list, Store::Scratchpad, false, e.b, rows * e.b_step + bytes);
  add(list, Store::Scratchpad, true, e.result, rows * e.result_step + bytes);
  return list;
}

List of(const isa::SetTable& t, const hw::Config&) {
  List list;
  add(list, Store::Scratchpad, false, t.source, kTableBytes);
  return list;
}

List of(const isa::Softmax& s, const hw::Config&) {
  List list;
  add(list, Store::Scratchpad, false, s.source,
      (int64_t{s.rows} - 1) * s.source_step + s.row_bytes);
  add(list, Store::Scratchpad, false, s.exponentials, kExponentialBytes);
  add(list, Store::Scratchpad, true, s.result, (int64_t{s.rows} - 1) * s.result_step + s.row_bytes);
  return list;
}

}  // namespace

std::vector<Touched> footprint(const isa::Instruction& instruction, const hw::Config& config) {
  return std::visit([&](const auto& x) { return of(x, config); }, instruction);
}

}  // namespace zahl::check
