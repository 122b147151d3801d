// Operators that post does on its own, byte by byte: add, subtract, multiply, table look-up,
// softmax.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/box.h"
#include "compiler/lower/copy.h"
#include "compiler/lower/eltwise.h"
#include "compiler/lower/lower.h"
#include "compiler/lower/pieces.h"
#include "isa/error.h"

namespace zahl::lower {
namespace {

constexpr int64_t kPieceBytes =
    4096;  // small enough that the next layer starts early, large enough that starting costs little

// Calls piece(first, last) for stripes of rows that fit the workspace.
template <class F>
void for_each_stripe(int64_t rows, std::vector<TensorStripes*> windows, F&& piece) {
  int64_t stripe = rows;
  for (const TensorStripes* w : windows) stripe = std::min(stripe, w->largest_stripe());
  for (int64_t first = 0; first < rows; first += stripe)
    piece(first, std::min(first + stripe, rows));
}

int64_t row_bytes_of(const Context& c, ir::TensorId tensor) {
  const ir::Shape& shape = c.tensor(tensor).shape;
  return int64_t{shape.w} * shape.c;
}

}  // namespace

void emit_eltwise(Context& c, isa::Eltwise instruction, const EltwisePlaces& places,
                  const EltwiseRuns& runs, bool reads_b) {
  // Runs from `run` on, each from byte `done` on.
  const auto emit = [&](int64_t run, int64_t done, int64_t rows, int64_t row_bytes) {
    const auto at = [&](const EltwiseOperand& o) { return o.address + run * o.step + done; };
    const auto span = [&](int64_t step) { return (rows - 1) * step + row_bytes; };
    const auto row_step = [&](int64_t step) { return static_cast<uint32_t>(rows > 1 ? step : 0); };
    const EltwiseOperand result{places.result, runs.step};
    instruction.a = static_cast<uint32_t>(at(places.a)),
    instruction.a_step = row_step(places.a.step);
    instruction.b = static_cast<uint32_t>(at(places.b)),
    instruction.b_step = row_step(places.b.step);
    instruction.result = static_cast<uint32_t>(at(result)),
    instruction.result_step = row_step(runs.step);
    instruction.rows = static_cast<uint32_t>(rows),
    instruction.row_bytes = static_cast<uint32_t>(row_bytes);
    std::vector<Access> accesses = {reads(at(places.a), span(places.a.step)),
                                    writes(at(result), span(runs.step))};
    if (reads_b) accesses.push_back(reads(at(places.b), span(places.b.step)));
    c.emit(instruction, std::move(accesses));
  };
  if (runs.count > 1 && runs.bytes <= kPieceBytes) {
    const int64_t together = std::min(kPieceBytes / runs.bytes, isa::limits::Eltwise::rows.max);
    for (int64_t run = 0; run < runs.count; run += together)
      emit(run, 0, std::min(together, runs.count - run), runs.bytes);
    return;
  }
  for (int64_t run = 0; run < runs.count; ++run) {
    for (int64_t done = 0; done < runs.bytes; done += kPieceBytes)
      emit(run, done, 1, std::min(runs.bytes - done, kPieceBytes));
  }
}

isa::Eltwise eltwise_instruction(const ir::Eltwise& e) {
  isa::Eltwise instruction;
  instruction.a_zero = e.a_zero, instruction.b_zero = e.b_zero;
  instruction.a_m0 = e.a_m0, instruction.b_m0 = e.b_m0;
  instruction.a_shift = e.a_shift, instruction.b_shift = e.b_shift;
  instruction.m0 = e.m0, instruction.shift = e.shift;
  instruction.zero_point = e.zero_point, instruction.low = e.low, instruction.high = e.high;
  instruction.operation = e.operation, instruction.exact = e.exact ? 1 : 0,
  instruction.rounding = e.rounding;
  instruction.use_table = e.table ? 1 : 0;
  return instruction;
}

namespace {

// Each by runs of so many bytes, which the workspace is to hold.

void lower_runs(const ir::Eltwise& e, Context& c, int64_t run_bytes) {
  const auto regions = share_workspace(c, {e.a, e.b, e.output});
  TensorStripes a = TensorStripes::of_runs(c, e.a, regions[0], run_bytes),
                b = TensorStripes::of_runs(c, e.b, regions[1], run_bytes),
                result = TensorStripes::of_runs(c, e.output, regions[2], run_bytes);
  isa::Eltwise instruction = eltwise_instruction(e);
  bool is_first = true;
  for_each_stripe(c.tensor(e.output).shape.elements() / run_bytes, {&a, &b, &result},
                  [&](int64_t first, int64_t last) {
                    c.begin_step();
                    if (is_first && e.table) instruction.table_slot = c.set_table(*e.table);
                    is_first = false;
                    const int64_t at_a = a.open_for_reading(first, last),
                                  at_b = b.open_for_reading(first, last);
                    emit_eltwise(c, instruction,
                                 {{at_a, 0}, {at_b, 0}, result.open_for_writing(first)},
                                 {1, (last - first) * result.row_bytes(), 0}, true);
                    result.finish(first, last);
                  });
}

// The byte itself goes through the table.
void lower_runs(const ir::Lookup& l, Context& c, int64_t run_bytes) {
  const auto regions = share_workspace(c, {l.input, l.output});
  TensorStripes input = TensorStripes::of_runs(c, l.input, regions[0], run_bytes),
                result = TensorStripes::of_runs(c, l.output, regions[1], run_bytes);
  isa::Eltwise instruction = identity_instruction();
  instruction.use_table = 1;
  bool is_first = true;
  for_each_stripe(c.tensor(l.output).shape.elements() / run_bytes, {&input, &result},
                  [&](int64_t first, int64_t last) {
                    c.begin_step();
                    if (is_first) instruction.table_slot = c.set_table(l.table);
                    is_first = false;
                    const int64_t at = input.open_for_reading(first, last);
                    emit_eltwise(c, instruction, {{at, 0}, {at, 0}, result.open_for_writing(first)},
                                 {1, (last - first) * result.row_bytes(), 0}, false);
                    result.finish(first, last);
                  });
}

void lower_runs(const ir::Softmax& s, Context& c, int64_t run_bytes) {
  const auto regions = share_workspace(c, {s.input, s.output});
  TensorStripes input = TensorStripes::of_runs(c, s.input, regions[0], run_bytes),
                result = TensorStripes::of_runs(c, s.output, regions[1], run_bytes);
  std::vector<uint8_t> table;
  for (uint32_t entry : s.exponentials) {
    for (int byte = 0; byte < 4; ++byte) table.push_back(static_cast<uint8_t>(entry >> (8 * byte)));
  }
  const int64_t table_dram = c.add_data(table), table_bytes = static_cast<int64_t>(table.size());
  const ir::Shape shape = c.tensor(s.output).shape;
  isa::Softmax instruction;
  instruction.source_step = instruction.result_step = static_cast<uint32_t>(shape.c);
  instruction.row_bytes = static_cast<uint32_t>(shape.c);
  instruction.m0 = s.m0, instruction.shift = s.shift, instruction.zero_point = s.zero_point;
  int64_t table_at = -1;
  for_each_stripe(
      shape.elements() / run_bytes, {&input, &result}, [&](int64_t first, int64_t last) {
        c.begin_step();
        if (table_at < 0) {
          table_at = c.parameters.take(table_bytes);
          c.load(table_dram, table_at, table_bytes);
        }
        const int64_t at = input.open_for_reading(first, last), to = result.open_for_writing(first);
        const int64_t pixels = (last - first) * run_bytes / shape.c;
        for (int64_t done = 0; done < pixels; done += isa::limits::Softmax::rows.max) {
          const int64_t part = std::min(pixels - done, isa::limits::Softmax::rows.max);
          instruction.source = static_cast<uint32_t>(at + done * shape.c);
          instruction.result = static_cast<uint32_t>(to + done * shape.c);
          instruction.rows = static_cast<uint32_t>(part);
          instruction.exponentials = static_cast<uint32_t>(table_at);
          c.emit(instruction,
                 {reads(at + done * shape.c, part * shape.c), reads(table_at, table_bytes),
                  writes(to + done * shape.c, part * shape.c)});
        }
        result.finish(first, last);
      });
}

}  // namespace

void lower(const ir::Eltwise& e, Context& c) { lower_runs(e, c, row_bytes_of(c, e.output)); }
void lower(const ir::Lookup& l, Context& c) { lower_runs(l, c, row_bytes_of(c, l.output)); }
void lower(const ir::Softmax& s, Context& c) { lower_runs(s, c, row_bytes_of(c, s.output)); }

void lower_in_pieces(const ir::Eltwise& e, Context& c) { lower_runs(e, c, 1); }
void lower_in_pieces(const ir::Lookup& l, Context& c) { lower_runs(l, c, 1); }

// A pixel is what the instruction takes at once.
void lower_in_pieces(const ir::Softmax& s, Context& c) {
  const int64_t pixel = c.tensor(s.output).shape.c;
  constexpr int64_t kLongest = isa::limits::Softmax::row_bytes.max;
  if (pixel > kLongest) {
    throw UserError(
        fmt::format("node {}: softmax over {} values; the machine takes up to {}, whatever its "
                    "size: cut the model before it",
                    c.layer_name(), pixel, kLongest));
  }
  try {
    lower_runs(s, c, pixel);
  } catch (const TooLarge&) {
    refuse_scratchpad(c, fmt::format("rows of {} values", pixel), pixel);
  }
}

void lower(const ir::Reshape& /*reshape*/, Context& context) { context.begin_step(); }
void lower_in_pieces(const ir::Reshape& reshape, Context& context) { lower(reshape, context); }

}  // namespace zahl::lower
