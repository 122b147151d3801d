// Rearrangements: slices, transpositions, nearest resizes, repetitions.
//
// The result is made block by block in its own order. From a tensor on chip the post unit copies,
// and from one in DRAM too where what a block needs lies together; otherwise the load unit gathers,
// so that nothing is loaded that is not needed. A run of neighbouring bytes becomes the row of an
// instruction, the longest of the other axes its rows.
#include <algorithm>
#include <cstdlib>

#include "compiler/lower/copy.h"
#include "compiler/lower/lower.h"
#include "compiler/lower/pieces.h"

namespace zahl::lower {
namespace {

constexpr int64_t kLargestRows = isa::limits::Load::rows.max;
constexpr int64_t kLargestRun = isa::limits::Load::row_bytes.max;
constexpr int64_t kLargestStep =
    isa::limits::Eltwise::a_step.max;  // load.dram_step reaches farther

class MoveLowering {
 public:
  MoveLowering(const ir::Move& move, Context& context)
      : move_(ir::simplified(move)),
        context_(context),
        input_(context_.home(move.input)),
        output_(context_.home(move.output)) {
    strides_.assign(move_.axes.size(), 1);  // in the result
    for (size_t k = strides_.size() - 1; k-- > 0;)
      strides_[k] = strides_[k + 1] * move_.axes[k + 1].size;
  }

  void run() {
    context_.begin_step();
    const std::vector<plan::Region> regions =
        share_workspace(context_, {move_.input, move_.output});
    workspace_ = regions[1];
    input_region_ = regions[0];
    bring_in();
    whole_bytes_ = context_.tensor(move_.output).shape.elements();
    do_blocks(0, move_.offset, 0, whole_bytes_);
    if (output_.is_on_chip && output_.is_graph_output)
      context_.store(output_.scratchpad, output_.dram, whole_bytes_);
  }

 private:
  // An input in DRAM that fits its share comes in as a whole; a larger one is gathered.
  void bring_in() {
    const int64_t bytes = context_.tensor(move_.input).shape.elements();
    if (input_.is_on_chip) {
      from_ = input_.scratchpad;
    } else if (bytes <= input_region_.bytes) {
      from_ = input_region_.begin;
      context_.load(input_.dram, from_, bytes);
    }
  }

  // The result's bytes first .. first + bytes - 1, all combinations of the axes from `axis` on.
  void do_blocks(size_t axis, int64_t from, int64_t first, int64_t bytes) {
    const int64_t slot = whole_bytes_ <= workspace_.bytes ? whole_bytes_ : workspace_.bytes / 2;
    if (output_.is_on_chip || bytes <= slot || axis == move_.axes.size()) {
      return do_block(axis, 1, from, first, bytes);
    }
    // Some indices of this axis together, or one after another where not even one fits.
    const int64_t one = strides_[axis], together = std::max<int64_t>(1, slot / one);
    for (int64_t i = 0; i < move_.axes[axis].size; i += together) {
      const int64_t count = std::min<int64_t>(together, move_.axes[axis].size - i);
      const int64_t source = from + i * move_.axes[axis].step, target = first + i * one;
      if (one > slot) {
        do_blocks(axis + 1, source, target, one);
      } else {
        do_block(axis, count, source, target, count * one);
      }
    }
  }

  struct Loop {
    int64_t size, from_step, to_step;
  };

  // `count` indices of the axis where only a part of it is meant, else all.
  void do_block(size_t axis, int64_t count, int64_t from, int64_t first, int64_t bytes) {
    std::vector<Loop> loops;
    for (size_t k = axis; k < move_.axes.size(); ++k)
      loops.push_back({move_.axes[k].size, move_.axes[k].step, strides_[k]});
    if (!loops.empty() && bytes != loops[0].size * loops[0].to_step) loops[0].size = count;
    Loop run{1, 1, 1};
    if (!loops.empty() && loops.back().from_step == 1) {
      run = loops.back();
      loops.pop_back();
    }
    Loop rows{1, 0, 0};
    const auto usable = [](const Loop& l) {  // an instruction steps forward
      return l.from_step >= 0 && std::max(l.from_step, l.to_step) <= kLargestStep ? l.size : 0;
    };
    const auto longest = std::ranges::max_element(loops, {}, usable);
    if (longest != loops.end() && usable(*longest) > 0) {
      rows = *longest;
      loops.erase(longest);
    }
    const bool is_striped = !output_.is_on_chip;
    const bool is_whole = whole_bytes_ <= workspace_.bytes;
    const int64_t place =
        is_striped ? workspace_.begin + (is_whole ? first : turn_ * (workspace_.bytes / 2))
                   : output_.scratchpad + first;
    if (is_striped && !is_whole) turn_ ^= 1;
    gathers_ = from_ < 0 && !bring_in_part(axis, count, from, bytes);
    if (gathers_ && !context_.steps.back().body.empty()) context_.begin_step();
    copy_all(loops, 0, from, place, {run.size, rows.size, rows.from_step, rows.to_step});
    if (is_striped) context_.store(place, output_.dram + first, bytes);
  }

  // Loads what the block needs where that is not much more than the block itself. False where it
  // is.
  bool bring_in_part(size_t axis, int64_t count, int64_t from, int64_t bytes) {
    int64_t span = 1, lowest = from;
    for (size_t k = axis; k < move_.axes.size(); ++k) {
      const bool is_part = k == axis && bytes != move_.axes[k].size * strides_[k];
      const int64_t way = ((is_part ? count : move_.axes[k].size) - 1) * move_.axes[k].step;
      span += std::abs(way);
      lowest += std::min<int64_t>(way, 0);
    }
    const int64_t half = input_region_.bytes / 2;
    if (span > half || span > 2 * bytes) return false;
    if (!context_.steps.back().body.empty()) context_.begin_step();
    const int64_t place = input_region_.begin + input_turn_ * half;
    input_turn_ ^= 1;
    context_.load(input_.dram + lowest, place, span);
    part_ = place - lowest;
    return true;
  }

  void copy_all(const std::vector<Loop>& loops, size_t level, int64_t from, int64_t to,
                const CopyShape& shape) {
    if (level < loops.size()) {
      for (int64_t i = 0; i < loops[level].size; ++i) {
        copy_all(loops, level + 1, from + i * loops[level].from_step, to + i * loops[level].to_step,
                 shape);
      }
    } else if (gathers_) {
      gather(input_.dram + from, to, shape);
    } else {
      emit_copy(context_, (from_ < 0 ? part_ : from_) + from, to, shape);
    }
  }

  void gather(int64_t dram, int64_t scratchpad, const CopyShape& shape) {
    for (int64_t done = 0; done < shape.row_bytes; done += kLargestRun) {
      for (int64_t row = 0; row < shape.rows; row += kLargestRows) {
        const int64_t rows = std::min(kLargestRows, shape.rows - row),
                      bytes = std::min(shape.row_bytes - done, kLargestRun);
        const int64_t source = dram + done + row * shape.from_step,
                      target = scratchpad + done + row * shape.to_step;
        isa::Load load;
        load.dram = static_cast<uint64_t>(source);
        load.scratchpad = static_cast<uint32_t>(target);
        load.rows = static_cast<uint32_t>(rows);
        load.row_bytes = static_cast<uint32_t>(bytes);
        load.dram_step = static_cast<int32_t>(rows > 1 ? shape.from_step : 0);
        load.scratchpad_step = static_cast<uint32_t>(rows > 1 ? shape.to_step : 0);
        context_.steps.back().loads.push_back(
            {load,
             {reads_dram(source, (rows - 1) * shape.from_step + bytes),
              writes(target, (rows - 1) * shape.to_step + bytes)},
             context_.layer});
      }
    }
  }

  const ir::Move move_;
  Context& context_;
  const plan::Home &input_, &output_;
  std::vector<int64_t> strides_;
  plan::Region workspace_, input_region_;
  int64_t from_ = -1,
          part_ = 0;  // where byte 0 of the input stands, or would; -1: it is not there as a whole
  int64_t whole_bytes_ = 0;
  bool gathers_ = false;
  int turn_ = 0, input_turn_ = 0;
};

}  // namespace

void lower(const ir::Move& move, Context& context) { MoveLowering(move, context).run(); }

// Its runs are its pieces already.
void lower_in_pieces(const ir::Move& move, Context& context) { lower(move, context); }

}  // namespace zahl::lower
