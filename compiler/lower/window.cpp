#include "compiler/lower/window.h"

#include <algorithm>
#include <limits>

#include "compiler/lower/drain.h"
#include "compiler/lower/lower.h"
#include "compiler/plan/channel_parameters.h"
#include "contract/timing.h"

namespace zahl::lower {
WindowOp window_op(const ir::Depthwise& d, const Context& context) {
  return {d.input,
          d.output,
          d.kernel_h,
          d.kernel_w,
          d.stride_h,
          d.stride_w,
          d.padding,
          d.weights,
          d.weight_zero,
          context.tensor(d.input).zero_point,
          isa::DepthwiseOp::MultiplyAdd};
}

WindowLowering::WindowLowering(const WindowOp& op, std::vector<WindowArea> areas, Context& context)
    : op_(op),
      areas_(std::move(areas)),
      context_(context),
      in_(context_.tensor(op.input).shape),
      out_(context_.tensor(op.output).shape) {
  for (int column = 0; column < op_.kernel_w; column += context_.config.rows) {
    windows_.push_back(
        plan::tap_window(op_.kernel_h, op_.kernel_w, in_.c, column, context_.config));
  }
  pack();
}

void WindowLowering::run() {
  std::vector<ir::TensorId> tensors = StripeResult::tensors_of(context_, context_.layer);
  tensors.push_back(op_.input);
  const auto regions = share_workspace(context_, tensors);
  TensorStripes input(context_, op_.input, regions.back());
  StripeResult result(context_, context_.layer, regions);
  if (input.largest_stripe() < std::min(op_.kernel_h, in_.h)) throw TooLarge{};
  const int64_t by_input = (input.largest_stripe() - op_.kernel_h) / op_.stride_h + 1;
  const int stripe =
      static_cast<int>(std::clamp<int64_t>(std::min(by_input, result.largest_stripe()), 1, out_.h));
  for (int image = 0; image < out_.n; ++image) {
    for (int r0 = 0; r0 < out_.h; r0 += stripe) {
      const int r1 = std::min(r0 + stripe, out_.h);
      context_.begin_step();
      const InputRows rows =
          input.rows_for(image, r0 * op_.stride_h - op_.padding.top,
                         (r1 - 1) * op_.stride_h - op_.padding.top + op_.kernel_h);
      const int64_t output_at = result.open(image, r0, r1);
      do_rows(rows, output_at, r0, r1, &result);
    }
  }
}

int64_t WindowLowering::weight_bytes() const {
  int64_t bytes = 0;
  for (const Group& group : groups_) bytes += group.weights_bytes;
  return bytes;
}

int64_t WindowLowering::parameter_bytes() const {
  int64_t bytes = 0;
  for (const Group& group : groups_) bytes += group.parameters_bytes;
  return bytes;
}

void WindowLowering::keep_at(int64_t weights, int64_t parameters, int line_base) {
  groups_[0].weights_at = weights, groups_[0].parameters_at = parameters;
  line_base_ = line_base;
  is_kept_ = true;
}

// For each group its weight tiles, window by window and block by block, then the parameters of each
// area.
void WindowLowering::pack() {
  int64_t tiles = 0, lines = 0;
  for (const plan::TapWindow& window : windows_) tiles += window.passes;
  for (const WindowArea& area : areas_)
    lines += timing::parameter_lines(plan::is_uniform(area.requant), context_.config);
  const int64_t by_weights =
      context_.weights.bytes() / 2 / (tiles * context_.config.weight_tile_bytes());
  const int64_t by_parameters =
      context_.parameters.bytes() / 2 / (lines * context_.config.line_bytes);
  const int largest = static_cast<int>(std::min({by_weights, by_parameters, int64_t{blocks()}}));
  if (largest == 0) throw TooLarge{};
  const int8_t idle =
      op_.operation == isa::DepthwiseOp::Maximum ? int8_t{0} : static_cast<int8_t>(op_.weight_zero);
  for (int first = 0; first < blocks(); first += largest) {
    Group group{first, std::min(largest, blocks() - first)};
    std::vector<uint8_t> weights, parameters;
    const auto for_each_block = [&](auto&& pack_block) {
      for (int b = first; b < first + group.blocks; ++b) pack_block(b * context_.config.columns);
    };
    for (const plan::TapWindow& window : windows_) {
      for_each_block([&](int channel) {
        pack_window_block(op_.weights, window, channel, idle, context_.config, weights);
      });
    }
    for (const WindowArea& area : areas_) {
      for_each_block([&](int channel) {
        pack_parameters(area.requant, channel, in_.c, context_.config, parameters);
      });
    }
    group.weights_bytes = static_cast<int64_t>(weights.size());
    group.parameters_bytes = static_cast<int64_t>(parameters.size());
    group.weights_dram = context_.add_data(weights);
    group.parameters_dram = context_.add_data(parameters);
    groups_.push_back(group);
  }
}

void WindowLowering::do_rows(const InputRows& input, int64_t output_at, int r0, int r1,
                             StripeResult* result) {
  input_ = input;
  output_at_ = output_at;
  stripe_row_ = r0;
  for (Group& group : groups_) {
    if (is_kept_ ? !was_fetched_ : group.weights_at < 0 || groups_.size() > 1) fetch(group);
    int64_t parameters = group.parameters_at;
    for (const WindowArea& area : areas_) {
      const int row0 = std::max(r0, area.row0), row1 = std::min(r1, area.row1);
      if (row0 < row1) {
        do_area(area, row0, row1, group, parameters, [&](int first, int last) {
          if (result != nullptr && areas_.size() == 1 && &group == &groups_.back())
            result->finish(first, last);
        });
      }
      parameters += parameter_bytes_of(area) * group.blocks;
    }
  }
  if (result != nullptr && areas_.size() > 1) result->finish(r0, r1);
}

void WindowLowering::fetch(Group& group) {
  if (!context_.steps.back().body.empty()) context_.begin_step();
  if (!is_kept_) group.weights_at = context_.weights.take(group.weights_bytes);
  context_.load(group.weights_dram, group.weights_at, group.weights_bytes);
  if (!is_kept_) group.parameters_at = context_.parameters.take(group.parameters_bytes);
  context_.load(group.parameters_dram, group.parameters_at, group.parameters_bytes);
  if (areas_[0].requant.table && !was_fetched_)
    table_slot_ = context_.set_table(*areas_[0].requant.table);
  was_fetched_ = true;
}

int64_t WindowLowering::parameter_bytes_of(const WindowArea& area) const {
  return int64_t{timing::parameter_lines(plan::is_uniform(area.requant), context_.config)} *
         context_.config.line_bytes;
}

plan::TileWork WindowLowering::work_of(const WindowArea& area, const Group& group) const {
  plan::TileWork work;
  work.weight_tiles = windows_[0].passes;
  work.blocks = group.blocks;
  work.parameter_lines = timing::parameter_lines(plan::is_uniform(area.requant), context_.config);
  work.is_window = true;
  work.stride_h = op_.stride_h, work.stride_w = op_.stride_w;
  work.tap_rows = windows_[0].tap_rows, work.tap_columns = windows_[0].tap_columns;
  for (const plan::TapWindow& window : windows_) {
    if (window.tap_rows == 1) continue;  // needs no line memory
    work.largest_columns =
        std::min(work.largest_columns,
                 plan::most_window_columns(op_.stride_w, window.tap_columns, context_.config));
  }
  const int places =
      plan::line_places((area.column1 - area.column0 - 1) * op_.stride_w + op_.kernel_w) *
      group.blocks;
  work.resumes =
      is_kept_ || (plan::is_one_pass(op_.kernel_h, op_.kernel_w, context_.config) &&
                   op_.kernel_h > op_.stride_h && places <= context_.config.line_buffer_pixels);
  return work;
}

// Calls `rows_done(first, last)` when these rows of the area are complete for the channels of the
// group.
void WindowLowering::do_area(const WindowArea& area, int row0, int row1, const Group& group,
                             int64_t parameters, const RowsDone& rows_done) {
  const plan::TileWork work = work_of(area, group);
  const plan::Tile tile =
      plan::choose_tile(row1 - row0, area.column1 - area.column0, work, context_.config);
  const bool is_whole_row = tile.columns == area.column1 - area.column0;
  if (!in_pairs_ || !work.resumes) {
    const int columns = (tile.columns - 1) * op_.stride_w + windows_[0].tap_columns;
    in_pairs_ = op_.stride_w == 2 && tile.columns > 1 &&
                plan::pairs_pay(tile.rows * op_.stride_h, columns, context_.config);
  }
  for (int ty = row0; ty < row1; ty += tile.rows) {
    const int rows = std::min(tile.rows, row1 - ty);
    for (int tx = area.column0; tx < area.column1; tx += tile.columns) {
      const bool goes_on = is_kept_ ? ty > 0 : ty > row0 && is_whole_row;
      const plan::Tile part{rows, std::min(tile.columns, area.column1 - tx)};
      do_part(area, {part, ty, tx, work.resumes && goes_on, *in_pairs_ && part.columns > 1}, group,
              parameters);
    }
    rows_done(ty, ty + rows);
  }
}

void WindowLowering::do_part(const WindowArea& area, const Part& part, const Group& group,
                             int64_t parameters) {
  const int64_t pixels = part.tile.pixels();
  const int places = plan::line_places((part.tile.columns - 1) * op_.stride_w + op_.kernel_w);
  // Blocks that share an instruction have places of their own or, where the window does not go on,
  // one place for all.
  const int together = plan::blocks_together(pixels, blocks(), context_.config);
  for (int b = 0; b < group.blocks; b += together) {
    const int count = std::min(together, group.blocks - b);
    const int first = group.first_block + b;
    const int64_t accumulator = context_.take_accumulators(count * pixels);
    int64_t weights = group.weights_at;
    for (const plan::TapWindow& window : windows_) {
      const int64_t block_bytes = int64_t{window.passes} * context_.config.weight_tile_bytes();
      emit_window(window, part, first, count, line_base_ + b * places, accumulator,
                  weights + b * block_bytes, count * block_bytes);
      weights += group.blocks * block_bytes;
    }
    DrainTarget target;
    target.pixel_step = out_.c;
    target.row_step = int64_t{out_.w} * out_.c;
    target.address = output_at_ + (part.oy - stripe_row_) * target.row_step +
                     part.ox * target.pixel_step + first * context_.config.columns;
    target.rows = part.tile.rows;
    target.columns = part.tile.columns;
    target.blocks = count;
    target.channels =
        std::min(count * context_.config.columns, out_.c - first * context_.config.columns);
    emit_drain(context_, area.requant, target, accumulator,
               parameters + b * parameter_bytes_of(area), table_slot_);
  }
}

void WindowLowering::emit_window(const plan::TapWindow& window, const Part& part, int block,
                                 int count, int line_place, int64_t accumulator, int64_t weights,
                                 int64_t weights_bytes) {
  const plan::Tile& tile = part.tile;
  const int64_t pixel = in_.c, row = int64_t{in_.w} * in_.c;
  // A window that goes on has seen the rows above the first new one.
  const int seen = part.resumes ? op_.kernel_h - op_.stride_h : 0;
  const int64_t y = int64_t{part.oy} * op_.stride_h - op_.padding.top - input_.first + seen;
  const int64_t x =
      (int64_t{part.ox} * op_.stride_w - op_.padding.left + window.first_column) * pixel;
  const int64_t streamed_columns =
      timing::streamed_columns(tile.columns, op_.stride_w, window.tap_columns);
  const int64_t streamed_rows = timing::streamed_rows(
      tile.rows, op_.stride_h, int64_t{window.passes} * window.tap_rows, part.resumes);
  isa::Depthwise d;
  d.source = static_cast<int32_t>(input_.address + y * row + x + block * context_.config.columns);
  d.input_x = static_cast<int32_t>(x);
  d.input_row_limit = static_cast<uint32_t>(row);
  d.input_y = static_cast<int32_t>(y);
  d.input_y_limit = static_cast<uint32_t>(input_.rows);
  d.pad_value = op_.pad_value;
  d.pixel_step = static_cast<uint32_t>(pixel);
  d.row_step = static_cast<uint32_t>(row);
  d.x_step = static_cast<uint32_t>(tile.columns > 1 ? op_.stride_w : 1);
  d.y_step = static_cast<uint32_t>(tile.rows > 1 || part.resumes ? op_.stride_h : 1);
  d.out_rows = static_cast<uint32_t>(tile.rows);
  d.out_columns = static_cast<uint32_t>(tile.columns);
  d.tap_columns = static_cast<uint32_t>(window.tap_columns);
  d.tap_rows = static_cast<uint32_t>(window.tap_rows);
  d.passes = static_cast<uint32_t>(window.passes);
  d.blocks = static_cast<uint32_t>(count);
  d.operation = op_.operation;
  d.weights = static_cast<uint32_t>(weights);
  d.weight_zero = op_.weight_zero;
  d.accumulator = static_cast<uint32_t>(accumulator);
  d.accumulate = window.first_column == 0 ? 0 : 1;
  d.resume = part.resumes ? 1 : 0;
  d.pairs = part.in_pairs ? 1 : 0;
  const bool has_places =
      line_place + int64_t{count} * plan::line_places(static_cast<int>(streamed_columns)) <=
      context_.config.line_buffer_pixels;
  d.line_base = has_places ? static_cast<uint32_t>(line_place) : 0;
  d.line_step =
      has_places ? static_cast<uint32_t>(plan::line_places(static_cast<int>(streamed_columns))) : 0;
  std::vector<Access> accesses = {reads(weights, weights_bytes),
                                  writes_accumulators(accumulator, count * tile.pixels())};
  const int64_t top = std::max<int64_t>(y, 0);
  const int64_t bottom = std::min<int64_t>(input_.rows - 1, y + streamed_rows - 1);
  // The last block may read past the last channel of the last pixel.
  const int64_t beyond = std::max(0, (block + count) * context_.config.columns - in_.c);
  if (top <= bottom)
    accesses.push_back(reads(input_.address + top * row, (bottom - top + 1) * row + beyond));
  context_.emit(d, std::move(accesses));
}

namespace {

// Runs of output positions along one axis whose windows hold the same number of input positions.
struct Run {
  int begin, end, count;
};

std::vector<Run> runs_of_equal_count(int outputs, int stride, int padding, int kernel, int inputs,
                                     bool count_padding) {
  std::vector<Run> runs;
  for (int o = 0; o < outputs; ++o) {
    const int first = o * stride - padding;
    const int count =
        count_padding ? kernel : std::min(first + kernel, inputs) - std::max(first, 0);
    if (!runs.empty() && runs.back().count == count) {
      runs.back().end = o + 1;
    } else {
      runs.push_back({o, o + 1, count});
    }
  }
  return runs;
}

}  // namespace

Windows windows_of(const ir::Depthwise& d, const Context& context) {
  const auto& out = context.tensor(d.output).shape;
  return {window_op(d, context), {{0, out.h, 0, out.w, d.requant}}};
}

Windows windows_of(const ir::MaxPool& p, const Context& context) {
  const auto& out = context.tensor(p.output).shape;
  const WindowOp op{p.input,
                    p.output,
                    p.kernel_h,
                    p.kernel_w,
                    p.stride_h,
                    p.stride_w,
                    p.padding,
                    {},
                    0,
                    -128,
                    isa::DepthwiseOp::Maximum};
  return {op, {{0, out.h, 0, out.w, p.requant}}};
}

Windows windows_of(const ir::AveragePool& p, const Context& context) {
  const auto& in = context.tensor(p.input).shape;
  const auto& out = context.tensor(p.output).shape;
  const int zero = p.input_zero;
  const WindowOp op{p.input,
                    p.output,
                    p.kernel_h,
                    p.kernel_w,
                    p.stride_h,
                    p.stride_w,
                    p.padding,
                    {},
                    0,
                    zero,
                    isa::DepthwiseOp::MultiplyAdd};
  std::vector<WindowArea> areas;
  for (const Run& rows : runs_of_equal_count(out.h, p.stride_h, p.padding.top, p.kernel_h, in.h,
                                             p.count_includes_padding)) {
    for (const Run& columns : runs_of_equal_count(out.w, p.stride_w, p.padding.left, p.kernel_w,
                                                  in.w, p.count_includes_padding)) {
      ir::Requant requant;
      requant.rounding = p.rounding;
      requant.zero_point = p.zero_point, requant.low = p.low, requant.high = p.high;
      requant.table = p.table;
      requant.bias.assign(static_cast<size_t>(in.c), -zero * p.kernel_h * p.kernel_w);
      const ir::Multiplier multiplier = ir::average_multiplier(p, rows.count * columns.count);
      requant.m0 = {multiplier.m0}, requant.shift = {multiplier.shift};
      areas.push_back({rows.begin, rows.end, columns.begin, columns.end, std::move(requant)});
    }
  }
  return {op, std::move(areas)};
}

namespace {

template <class Op>
void lower_windows(const Op& op, Context& context) {
  Windows windows = windows_of(op, context);
  WindowLowering(windows.op, std::move(windows.areas), context).run();
}

}  // namespace

void lower(const ir::Depthwise& d, Context& context) { lower_windows(d, context); }
void lower(const ir::MaxPool& p, Context& context) { lower_windows(p, context); }
void lower(const ir::AveragePool& p, Context& context) { lower_windows(p, context); }

}  // namespace zahl::lower
