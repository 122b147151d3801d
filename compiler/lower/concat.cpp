// Concatenations that exist as a whole: copies on chip. Most never come here (rewrite/arrange.cpp).
#include <algorithm>

#include "compiler/lower/copy.h"
#include "compiler/lower/lower.h"
#include "compiler/lower/pieces.h"

namespace zahl::lower {
namespace {

constexpr int64_t kLargestRun = 4096;  // small enough that what follows starts early

class ConcatLowering {
 public:
  ConcatLowering(const ir::Concat& concat, Context& context) : concat_(concat), context_(context) {
    std::vector<ir::TensorId> tensors = concat.inputs;
    tensors.push_back(concat.output);
    const auto regions = share_workspace(context_, tensors);
    for (size_t i = 0; i < tensors.size(); ++i)
      windows_.emplace_back(context_, tensors[i], regions[i]);
  }

  void run() { concat_.axis == 1 ? below_one_another() : side_by_side(); }

 private:
  const ir::Shape& shape(ir::TensorId id) const { return context_.tensor(id).shape; }
  TensorStripes& result() { return windows_.back(); }

  // Along the height: rows of one input after those of another.
  void below_one_another() {
    const ir::Shape& out = shape(concat_.output);
    int64_t to = 0;
    for (int image = 0; image < out.n; ++image) {
      for (size_t i = 0; i < concat_.inputs.size(); ++i) {
        const int64_t rows = shape(concat_.inputs[i]).h;
        const int64_t stripe =
            std::min({windows_[i].largest_stripe(), result().largest_stripe(), rows});
        for (int64_t first = 0; first < rows; first += stripe) {
          const int64_t count = std::min(stripe, rows - first), from = image * rows + first;
          context_.begin_step();
          const int64_t at = windows_[i].open_for_reading(from, from + count);
          emit_copy(context_, at, result().open_for_writing(to),
                    {count * result().row_bytes(), 1, 0, 0});
          result().finish(to, to + count);
          to += count;
        }
      }
    }
  }

  // Along the width or the channels: each row of the result holds a part of each input.
  void side_by_side() {
    const ir::Shape& out = shape(concat_.output);
    const int64_t rows = int64_t{out.n} * out.h;
    int64_t stripe = rows;
    for (const TensorStripes& window : windows_) stripe = std::min(stripe, window.largest_stripe());
    for (int64_t first = 0; first < rows; first += stripe) {
      const int64_t last = std::min(first + stripe, rows);
      context_.begin_step();
      int64_t to = result().open_for_writing(first);
      const int64_t runs = (last - first) * (concat_.axis == 2 ? 1 : out.w);
      const int64_t step = int64_t{out.c} * (concat_.axis == 2 ? out.w : 1);
      for (size_t i = 0; i < concat_.inputs.size(); ++i) {
        const ir::Shape& in = shape(concat_.inputs[i]);
        const int64_t run = int64_t{in.c} * (concat_.axis == 2 ? in.w : 1);
        emit_copy(context_, windows_[i].open_for_reading(first, last), to, {run, runs, run, step});
        to += run;
      }
      result().finish(first, last);
    }
  }

  const ir::Concat& concat_;
  Context& context_;
  std::vector<TensorStripes> windows_;  // of the inputs, then of the result
};

// What lies together in an input is a run of the result, at equal steps. Runs, or parts of one, go
// through the whole workspace where both sides are in DRAM, else straight to their place.
class ConcatPieces {
 public:
  ConcatPieces(const ir::Concat& concat, Context& context)
      : concat_(concat),
        context_(context),
        result_(context.home(concat.output)),
        slot_(context.workspace().bytes / 2) {}

  void run() {
    const ir::Shape& out = context_.tensor(concat_.output).shape;
    const int64_t step = along(out);
    int64_t to = 0;
    for (ir::TensorId input : concat_.inputs) {
      const int64_t run = along(context_.tensor(input).shape);
      place_runs(context_.home(input), {run, out.elements() / step, run, step}, to);
      to += run;
    }
    if (result_.is_on_chip && result_.is_graph_output)
      context_.store(result_.scratchpad, result_.dram, out.elements());
  }

 private:
  // Bytes of a tensor that lie together in the result.
  int64_t along(const ir::Shape& shape) const {
    return int64_t{shape.c} * (concat_.axis < 3 ? shape.w : 1) * (concat_.axis < 2 ? shape.h : 1);
  }

  void place_runs(const plan::Home& input, const CopyShape& runs, int64_t to) {
    const bool passes_through = !input.is_on_chip && !result_.is_on_chip;
    const int64_t most = passes_through ? slot_ : kPieceBytes;
    const int64_t bytes = std::min(runs.row_bytes, most);
    const bool has_far_steps =
        std::max(runs.from_step, runs.to_step) > isa::limits::Eltwise::a_step.max;
    const int64_t together =
        bytes < runs.row_bytes || has_far_steps
            ? 1
            : std::clamp<int64_t>(most / bytes, 1, isa::limits::Load::rows.max);
    for (int64_t run = 0; run < runs.rows; run += together) {
      for (int64_t done = 0; done < runs.row_bytes; done += bytes) {
        CopyShape piece = runs;
        piece.row_bytes = std::min(bytes, runs.row_bytes - done);
        piece.rows = std::min(together, runs.rows - run);
        place_piece(input, piece, run * runs.from_step + done, to + run * runs.to_step + done);
      }
    }
  }

  void place_piece(const plan::Home& input, const CopyShape& piece, int64_t from, int64_t to) {
    if (input.is_on_chip && result_.is_on_chip)
      return emit_copy(context_, input.scratchpad + from, result_.scratchpad + to, piece);
    int64_t at = input.scratchpad + from, step = piece.from_step;
    if (!input.is_on_chip) {
      context_.begin_loads();
      at =
          result_.is_on_chip ? result_.scratchpad + to : context_.workspace().begin + turn_ * slot_;
      turn_ ^= 1;
      if (result_.is_on_chip) step = piece.to_step;
      context_.load_rows(input.dram + from, piece.from_step, at, step, piece.rows, piece.row_bytes);
    }
    if (!result_.is_on_chip)
      context_.store_rows(at, step, result_.dram + to, piece.to_step, piece.rows, piece.row_bytes);
  }

  static constexpr int64_t kPieceBytes = 65536;

  const ir::Concat& concat_;
  Context& context_;
  const plan::Home& result_;
  const int64_t slot_;
  int turn_ = 0;
};

}  // namespace

isa::Eltwise identity_instruction() {
  isa::Eltwise instruction;
  instruction.a_m0 = 1;
  instruction.low = -128, instruction.high = 127;
  instruction.exact = 1, instruction.rounding = isa::Rounding::HalfUp;
  return instruction;
}

void emit_copy(Context& context, int64_t from, int64_t to, const CopyShape& shape) {
  isa::Eltwise instruction = identity_instruction();
  for (int64_t done = 0; done < shape.row_bytes; done += kLargestRun) {
    const int64_t bytes = std::min(shape.row_bytes - done, kLargestRun);
    const int64_t together =
        std::clamp(kLargestRun / bytes, int64_t{1}, isa::limits::Eltwise::rows.max);
    for (int64_t row = 0; row < shape.rows; row += together) {
      const int64_t rows = std::min(together, shape.rows - row);
      const int64_t a = from + done + row * shape.from_step, y = to + done + row * shape.to_step;
      instruction.a = instruction.b = static_cast<uint32_t>(a);
      instruction.result = static_cast<uint32_t>(y);
      instruction.rows = static_cast<uint32_t>(rows);
      instruction.row_bytes = static_cast<uint32_t>(bytes);
      instruction.a_step = instruction.b_step =
          static_cast<uint32_t>(rows > 1 ? shape.from_step : 0);
      instruction.result_step = static_cast<uint32_t>(rows > 1 ? shape.to_step : 0);
      context.emit(instruction, {reads(a, (rows - 1) * shape.from_step + bytes),
                                 writes(y, (rows - 1) * shape.to_step + bytes)});
    }
  }
}

void lower(const ir::Concat& concat, Context& context) { ConcatLowering(concat, context).run(); }

void lower_in_pieces(const ir::Concat& concat, Context& context) {
  context.begin_step();
  ConcatPieces(concat, context).run();
}

}  // namespace zahl::lower
