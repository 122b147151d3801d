// Windows in pieces: tile of output pixels > block of channels > kernel rows > kernel columns. Each
// instruction takes whole kernel rows of one tap row a pass, so that none needs the line memory.
#include <algorithm>
#include <optional>

#include "compiler/lower/box.h"
#include "compiler/lower/drain.h"
#include "compiler/lower/pieces.h"
#include "compiler/lower/window.h"
#include "compiler/plan/channel_parameters.h"
#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

using Fields = isa::limits::Depthwise;
constexpr int kFewColumns = 16;  // of a tile; rather than fewer, the kernel's rows are cut

class WindowPieces {
 public:
  WindowPieces(const Windows& windows, Context& context)
      : op_(windows.op),
        areas_(windows.areas),
        context_(context),
        config_(context.config),
        in_(context.tensor(op_.input).shape),
        out_(context.tensor(op_.output).shape),
        regions_(share_workspace(context, {op_.output, op_.input})),
        input_(context, op_.input, regions_[1]),
        result_(context, op_.output, regions_[0]) {
    choose();
    pack();
  }

  void run() {
    for (int image = 0; image < out_.n; ++image) {
      int64_t parameters = parameters_dram_;
      for (const WindowArea& area : areas_) {
        for (int oy = area.row0; oy < area.row1; oy += tile_.rows) {
          for (int ox = area.column0; ox < area.column1; ox += tile_.columns) {
            const plan::Tile tile{std::min(tile_.rows, area.row1 - oy),
                                  std::min(tile_.columns, area.column1 - ox)};
            for (int block = 0; block < blocks(); ++block)
              do_block(image, area, {tile, oy, ox}, block, parameters);
          }
        }
        parameters += blocks() * parameter_bytes_of(area);
      }
    }
  }

 private:
  // What of the kernel an instruction takes.
  struct Taps {
    int row = 0, rows = 1, column = 0, columns = 1;
  };

  int blocks() const { return ceil_div(in_.c, config_.columns); }
  int64_t parameter_bytes_of(const WindowArea& area) const {
    return int64_t{timing::parameter_lines(plan::is_uniform(area.requant), config_)} *
           config_.line_bytes;
  }

  void choose() {
    const int64_t tile_bytes = config_.weight_tile_bytes(), ring = context_.weights.bytes();
    if (tile_bytes > ring) {
      refuse_scratchpad(context_, "the weights that the array takes at once",
                        bank_bytes_of_tile(config_));
    }
    const int64_t pixel = input_.is_on_chip() ? in_.c : config_.columns;
    const bool has_far_rows = int64_t{in_.w} * pixel > Fields::row_step.max;
    const auto span = [&] { return int64_t{tile_.columns - 1} * op_.stride_w + taps_.columns; };
    const auto fits = [&] {
      const int64_t rows = int64_t{tile_.rows - 1} * op_.stride_h + taps_.rows;
      return rows * span() * config_.columns <= input_.slot_bytes() &&
             (span() == 1 || (pixel <= Fields::pixel_step.max &&
                              (span() - 1) * pixel + config_.columns <= Fields::input_x.max));
    };
    const int64_t vectors =
        std::min<int64_t>(config_.accumulator_bank_vectors,
                          std::max<int64_t>(1, result_.slot_bytes() / config_.columns));
    const bool has_near_pixels =
        op_.stride_w <= Fields::x_step.max && out_.c <= isa::limits::Drain::pixel_step.max;
    tile_.columns =
        has_near_pixels
            ? static_cast<int>(std::min({int64_t{out_.w}, vectors, Fields::out_columns.max}))
            : 1;
    taps_.columns = std::min(op_.kernel_w, config_.rows);
    taps_.rows = has_far_rows
                     ? 1
                     : static_cast<int>(std::min({int64_t{op_.kernel_h}, Fields::passes.max,
                                                  std::max<int64_t>(1, ring / 2 / tile_bytes)}));
    while (!fits() && tile_.columns > kFewColumns) --tile_.columns;
    while (!fits() && taps_.rows > 1) --taps_.rows;
    while (!fits() && tile_.columns > 1) --tile_.columns;
    while (!fits() && taps_.columns > 1) --taps_.columns;
    if (has_far_rows || tile_.columns < out_.w || op_.stride_h > Fields::y_step.max ||
        int64_t{out_.w} * out_.c > isa::limits::Drain::row_step.max)
      return;
    while (tile_.rows < out_.h && (tile_.rows + 1) * tile_.columns <= vectors &&
           tile_.rows < Fields::out_rows.max) {
      ++tile_.rows;
      if (fits()) continue;
      --tile_.rows;
      break;
    }
  }

  template <class F>
  void for_each_taps(F&& f) const {
    for (int row = 0; row < op_.kernel_h; row += taps_.rows) {
      for (int column = 0; column < op_.kernel_w; column += taps_.columns) {
        f(Taps{row, std::min(taps_.rows, op_.kernel_h - row), column,
               std::min(taps_.columns, op_.kernel_w - column)});
      }
    }
  }

  // Where every weight is one, all blocks of channels have the same tiles.
  void pack() {
    const int8_t idle = op_.operation == isa::DepthwiseOp::Maximum
                            ? int8_t{0}
                            : static_cast<int8_t>(op_.weight_zero);
    std::vector<uint8_t> weights, parameters;
    for (int block = 0; block < (op_.weights.empty() ? 1 : blocks()); ++block) {
      for_each_taps([&](const Taps& taps) {
        const plan::TapWindow window{taps.rows, op_.kernel_w, in_.c,       1,
                                     taps.rows, taps.column,  taps.columns};
        const size_t above = static_cast<size_t>(taps.row) * static_cast<size_t>(op_.kernel_w) *
                             static_cast<size_t>(in_.c);
        pack_window_block(op_.weights.empty() ? op_.weights : op_.weights.subspan(above), window,
                          block * config_.columns, idle, config_, weights);
      });
      if (block == 0) block_bytes_ = static_cast<int64_t>(weights.size());
    }
    for (const WindowArea& area : areas_) {
      for (int block = 0; block < blocks(); ++block)
        pack_parameters(area.requant, block * config_.columns, in_.c, config_, parameters);
    }
    weights_bytes_ = static_cast<int64_t>(weights.size());
    weights_dram_ = context_.add_data(weights);
    parameters_dram_ = context_.add_data(parameters);
  }

  // Weights from `offset` on: all of them stay where the ring holds all.
  int64_t weights_at(int64_t offset, int64_t bytes) {
    const bool stay = weights_bytes_ <= context_.weights.bytes();
    if (stay && kept_at_) return *kept_at_ + offset;
    context_.begin_loads();
    if (!stay) {
      const int64_t place = context_.weights.take(bytes);
      context_.load(weights_dram_ + offset, place, bytes);
      return place;
    }
    kept_at_ = context_.weights.take(weights_bytes_);
    context_.load(weights_dram_, *kept_at_, weights_bytes_);
    return *kept_at_ + offset;
  }

  void do_block(int image, const WindowArea& area, const plan::PlacedTile& at, int block,
                int64_t parameters_dram) {
    const int64_t accumulator = context_.take_accumulators(at.tile.pixels());
    int64_t weights = op_.weights.empty() ? 0 : block * block_bytes_;
    for_each_taps([&](const Taps& taps) {
      emit(image, at, block, taps, weights, accumulator);
      weights += taps.rows * int64_t{config_.weight_tile_bytes()};
    });
    context_.begin_loads();
    const int64_t bytes = parameter_bytes_of(area), parameters = context_.parameters.take(bytes);
    context_.load(parameters_dram + block * bytes, parameters, bytes);
    if (area.requant.table && !table_slot_) table_slot_ = context_.set_table(*area.requant.table);
    Box box;
    box.image = image;
    box.y = at.oy, box.rows = at.tile.rows;
    box.x = at.ox, box.columns = at.tile.columns;
    box.c = block * config_.columns, box.channels = std::min(config_.columns, out_.c - box.c);
    const BoxPlace place = result_.open_for_writing(box);
    DrainTarget target;
    target.rows = at.tile.rows, target.columns = at.tile.columns;
    target.channels = box.channels;
    target.address = place.address;
    target.pixel_step = place.pixel_step, target.row_step = place.row_step;
    emit_drain(context_, area.requant, target, accumulator, parameters, table_slot_.value_or(0));
    result_.finish(box, place);
  }

  void emit(int image, const plan::PlacedTile& at, int block, const Taps& taps,
            int64_t weights_offset, int64_t accumulator) {
    const int y = at.oy * op_.stride_h - op_.padding.top + taps.row;
    const int x = at.ox * op_.stride_w - op_.padding.left + taps.column;
    const int height = (at.tile.rows - 1) * op_.stride_h + taps.rows;
    const int width = (at.tile.columns - 1) * op_.stride_w + taps.columns;
    Box box;
    box.image = image;
    box.y = std::max(y, 0), box.rows = std::min(y + height, in_.h) - box.y;
    box.x = std::max(x, 0), box.columns = std::min(x + width, in_.w) - box.x;
    box.c = block * config_.columns, box.channels = std::min(config_.columns, in_.c - box.c);
    const bool is_empty = box.rows <= 0 || box.columns <= 0;  // all that it reads is padding
    BoxPlace place;
    if (!is_empty) place = input_.open_for_reading(box, config_.columns);
    const int64_t bytes = taps.rows * int64_t{config_.weight_tile_bytes()};
    const int64_t weights = weights_at(weights_offset, bytes);
    isa::Depthwise d;
    d.pad_value = op_.pad_value;
    d.x_step = static_cast<uint32_t>(at.tile.columns > 1 ? op_.stride_w : 1);
    d.y_step = static_cast<uint32_t>(at.tile.rows > 1 ? op_.stride_h : 1);
    d.out_rows = static_cast<uint32_t>(at.tile.rows);
    d.out_columns = static_cast<uint32_t>(at.tile.columns);
    d.tap_columns = static_cast<uint32_t>(taps.columns);
    d.passes = static_cast<uint32_t>(taps.rows);
    d.operation = op_.operation;
    d.weights = static_cast<uint32_t>(weights);
    d.weight_zero = op_.weight_zero;
    d.accumulator = static_cast<uint32_t>(accumulator);
    d.accumulate = taps.row == 0 && taps.column == 0 ? 0 : 1;
    std::vector<Access> accesses = {reads(weights, bytes),
                                    writes_accumulators(accumulator, at.tile.pixels())};
    if (!is_empty) {
      const int64_t row = place.row_step, pixel = place.pixel_step;
      d.source = static_cast<int32_t>(place.address + (y - box.y) * row + (x - box.x) * pixel);
      d.input_x = static_cast<int32_t>((x - box.x) * pixel);
      d.input_row_limit = static_cast<uint32_t>((box.columns - 1) * pixel + 1);
      d.input_y = y - box.y;
      d.input_y_limit = static_cast<uint32_t>(box.rows);
      d.pixel_step = static_cast<uint32_t>(width > 1 ? pixel : 0);
      d.row_step = static_cast<uint32_t>(height > 1 ? row : 0);
      // The last pixel may be read past its last channel.
      accesses.push_back(
          reads(place.address, (box.rows - 1) * row + (box.columns - 1) * pixel + config_.columns));
    }
    context_.emit(d, std::move(accesses));
  }

  const WindowOp& op_;
  const std::vector<WindowArea>& areas_;
  Context& context_;
  const hw::Config& config_;
  const ir::Shape in_, out_;
  const std::vector<plan::Region> regions_;
  TensorBoxes input_, result_;
  plan::Tile tile_;
  Taps taps_;
  int64_t weights_dram_ = 0, weights_bytes_ = 0, block_bytes_ = 0, parameters_dram_ = 0;
  std::optional<int64_t> kept_at_;
  std::optional<uint32_t> table_slot_;
};

template <class Op>
void lower_windows_in_pieces(const Op& op, Context& context) {
  const Windows windows = windows_of(op, context);
  context.begin_step();
  WindowPieces(windows, context).run();
}

}  // namespace

void lower_in_pieces(const ir::Depthwise& d, Context& context) {
  lower_windows_in_pieces(d, context);
}
void lower_in_pieces(const ir::MaxPool& p, Context& context) {
  lower_windows_in_pieces(p, context);
}
void lower_in_pieces(const ir::AveragePool& p, Context& context) {
  lower_windows_in_pieces(p, context);
}

}  // namespace zahl::lower
