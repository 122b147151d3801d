// Operators that slide a window over each channel by itself (depthwise convolution, maximum and
// average pooling) as instructions: a layer by itself, or a depthwise convolution as one stage of a
// chain (chain.h).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "compiler/lower/packing.h"
#include "compiler/lower/stripe.h"
#include "compiler/plan/taps.h"
#include "compiler/plan/tiling.h"
#include "isa/round.h"

namespace zahl::lower {

// The geometry and arithmetic that the three operators share.
struct WindowOp {
  ir::TensorId input, output;
  int kernel_h, kernel_w, stride_h, stride_w;
  ir::Padding padding;
  std::span<const int8_t> weights;  // empty: ones
  int weight_zero = 0;
  int pad_value = 0;
  isa::DepthwiseOp operation = isa::DepthwiseOp::MultiplyAdd;
};

WindowOp window_op(const ir::Depthwise& depthwise, const Context& context);

// Output pixels that share channel parameters.
struct WindowArea {
  int row0, row1, column0, column1;
  ir::Requant requant;
};

// All that an operator's windows are.
struct Windows {
  WindowOp op;
  std::vector<WindowArea> areas;
};

Windows windows_of(const ir::Depthwise& depthwise, const Context& context);
Windows windows_of(const ir::MaxPool& pool, const Context& context);
Windows windows_of(const ir::AveragePool& pool, const Context& context);

class WindowLowering {
 public:
  WindowLowering(const WindowOp& op, std::vector<WindowArea> areas, Context& context);

  // All stripes of the layer, and what follows it.
  void run();

  // Bytes on chip of the weights and parameters of the whole layer.
  int64_t weight_bytes() const;
  int64_t parameter_bytes() const;
  // They are to lie here, all at once, and rows follow one another stripe by stripe: each do_rows
  // resumes where the one before ended, and places from `line_base` on of the line memory are this
  // layer's. REQUIRES: plan::is_one_pass, and weights and parameters that the machine holds as a
  // whole.
  void keep_at(int64_t weights, int64_t parameters, int line_base);
  int places() const {
    return plan::line_places((out_.w - 1) * op_.stride_w + op_.kernel_w) * blocks();
  }

  // Makes output rows r0 .. r1 - 1 of an image at `output_at`, and has `result` (or nobody) told of
  // them.
  void do_rows(const InputRows& input, int64_t output_at, int r0, int r1, StripeResult* result);

 private:
  // Consecutive blocks of channels whose weights and parameters are on chip together.
  struct Group {
    int first_block = 0, blocks = 0;
    int64_t weights_dram = 0, weights_bytes = 0, parameters_dram = 0, parameters_bytes = 0;
    int64_t weights_at = -1, parameters_at = -1;
  };
  // A tile of one instruction and how the array takes it in.
  struct Part {
    plan::Tile tile;
    int oy = 0, ox = 0;
    bool resumes = false;
    bool in_pairs = false;
  };

  int blocks() const { return ceil_div(in_.c, context_.config.columns); }
  void pack();
  void fetch(Group& group);
  using RowsDone = std::function<void(int first, int last)>;
  int64_t parameter_bytes_of(const WindowArea& area) const;
  plan::TileWork work_of(const WindowArea& area, const Group& group) const;
  void do_area(const WindowArea& area, int row0, int row1, const Group& group, int64_t parameters,
               const RowsDone& rows_done);
  void do_part(const WindowArea& area, const Part& part, const Group& group, int64_t parameters);
  void emit_window(const plan::TapWindow& window, const Part& part, int block, int count,
                   int line_place, int64_t accumulator, int64_t weights, int64_t weights_bytes);

  const WindowOp op_;
  const std::vector<WindowArea> areas_;
  Context& context_;
  const ir::Shape in_, out_;
  std::vector<plan::TapWindow> windows_;
  std::vector<Group> groups_;
  uint32_t table_slot_ = 0;
  bool was_fetched_ = false;
  bool is_kept_ = false;
  std::optional<bool>
      in_pairs_;  // the same for all tiles that go on: it decides about places in the line memory
  int line_base_ = 0;
  InputRows input_;
  int64_t output_at_ = 0;
  int stripe_row_ = 0;
};

}  // namespace zahl::lower
