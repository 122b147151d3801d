// Convolutions and fully connected layers.
//
// Stripe of output rows > group of channel blocks > tile of pixels. The weights of a group arrive while the group before it is
// computed; they stay for all stripes where the ring holds the whole layer. A block whose weights fill more than half of the ring is cut
// into runs of kernel rows or chunks, which accumulate.
#include <algorithm>

#include "compiler/schedule/drain.h"
#include "compiler/schedule/lower.h"
#include "compiler/schedule/packing.h"
#include "compiler/schedule/tiling.h"

namespace zahl::schedule {
namespace {

// Consecutive blocks of one convolution group that share an instruction, or a run of tiles of a single block.
struct Group {
  int first_block = 0, blocks = 1;
  int first_row = 0, rows = 1;  // kernel rows
  int first_chunk = 0, chunks = 1;  // only where a kernel row is cut, and then one position at a time
  int column = 0, columns = 1;  // kernel positions
  bool is_first_run = true, is_last_run = true;
  int64_t weights_dram = 0, weights_bytes = 0, parameters_dram = 0, parameters_bytes = 0;
  int64_t weights_at = -1, parameters_at = -1;
};

class ConvLowering {
 public:
  ConvLowering(const ir::Conv& conv, Context& context)
      : conv_(conv), c_(context), in_(c_.tensor(conv.input).shape), out_(c_.tensor(conv.output).shape),
        reduction_(reduction_of(conv, in_.c, c_.config)) {}

  void run() {
    plan_groups();
    const auto regions = share_workspace(c_, {conv_.input, conv_.output});
    RowWindow input(c_, conv_.input, regions[0]), output(c_, conv_.output, regions[1]);
    const int64_t reach = int64_t{conv_.kernel_h - 1} * conv_.dilation_h + 1;
    if (input.largest_stripe() < std::min<int64_t>(reach, in_.h)) throw_too_large(reach * input.row_bytes());
    const int64_t by_input = (input.largest_stripe() - reach) / conv_.stride_h + 1;
    const int stripe = static_cast<int>(std::clamp<int64_t>(std::min(by_input, output.largest_stripe()), 1, out_.h));
    for (int image = 0; image < out_.n; ++image) {
      for (int r0 = 0; r0 < out_.h; r0 += stripe) do_stripe(input, output, image, r0, std::min(r0 + stripe, out_.h));
    }
  }

 private:
  [[noreturn]] void throw_too_large(int64_t bytes) const {
    throw UserError(fmt::format("node {}: {} bytes of input rows do not fit the scratchpad's workspace; a larger scratchpad would do",
                                c_.layer_name(), bytes));
  }

  int channels_out() const { return out_.c / conv_.groups; }
  int blocks_per_convolution() const { return (channels_out() + c_.config.columns - 1) / c_.config.columns; }
  int64_t tile_bytes() const { return c_.config.weight_tile_bytes(); }

  Tile tile_of(int rows) const { return choose_tile(rows, out_.w, c_.config.accumulator_bank_vectors); }

  void plan_groups() {
    const int64_t block_bytes = reduction_.tiles() * tile_bytes();
    const int64_t half = c_.weights.bytes() / 2;
    const Tile tile = tile_of(out_.h);
    const bool is_weight_bound = tile.pixels() < c_.config.weight_tile_lines();
    const int64_t target = c_.weights.bytes() / (is_weight_bound ? 16 : 4);
    const int64_t by_accumulators = std::max<int64_t>(1, c_.config.accumulator_bank_vectors / tile.pixels());
    const int largest = static_cast<int>(std::clamp<int64_t>(std::min(target / block_bytes, by_accumulators), 1, 256));
    for (int g = 0; g < conv_.groups; ++g) {
      for (int b = 0; b < blocks_per_convolution(); b += largest) {
        const int blocks = std::min(largest, blocks_per_convolution() - b);
        if (block_bytes <= half) {
          Group group = whole_block(g * blocks_per_convolution() + b);
          group.blocks = blocks;
          add_group(group, blocks * block_bytes);
        } else {
          for (int i = 0; i < blocks; ++i) add_runs(g * blocks_per_convolution() + b + i, half);
        }
      }
    }
  }

  Group whole_block(int block) const {
    Group group;
    group.first_block = block;
    group.rows = reduction_.kernel_rows;
    group.columns = reduction_.kernel_columns;
    group.chunks = reduction_.chunks;
    return group;
  }

  // Cuts one block into runs whose weights fit into `limit` bytes.
  void add_runs(int block, int64_t limit) {
    const int64_t row_bytes = int64_t{reduction_.kernel_columns} * reduction_.chunks * tile_bytes();
    const size_t first = groups_.size();
    if (row_bytes <= limit) {
      const int rows = static_cast<int>(limit / row_bytes);
      for (int r = 0; r < reduction_.kernel_rows; r += rows) {
        Group run = whole_block(block);
        run.first_row = r;
        run.rows = std::min(rows, reduction_.kernel_rows - r);
        add_group(run, run.rows * row_bytes);
      }
    } else {
      const int chunks = static_cast<int>(limit / tile_bytes());
      for (int r = 0; r < reduction_.kernel_rows; ++r) {
        for (int column = 0; column < reduction_.kernel_columns; ++column) {
          for (int k = 0; k < reduction_.chunks; k += chunks) {
            Group run = whole_block(block);
            run.first_row = r, run.rows = 1;
            run.column = column, run.columns = 1;
            run.first_chunk = k, run.chunks = std::min(chunks, reduction_.chunks - k);
            add_group(run, run.chunks * tile_bytes());
          }
        }
      }
    }
    for (size_t i = first; i < groups_.size(); ++i) {
      groups_[i].is_first_run = i == first;
      groups_[i].is_last_run = i + 1 == groups_.size();
    }
  }

  // Packs the weights of a block when its first run is added; the runs of a block lie one after another.
  void add_group(Group group, int64_t bytes) {
    const int first_channel_of_block = channel_of(group.first_block);
    const bool starts_block = groups_.empty() || groups_.back().first_block != group.first_block;
    if (starts_block) {
      std::vector<uint8_t> weights, parameters;
      for (int b = 0; b < group.blocks; ++b) {
        const int first = first_channel_of_block + b * c_.config.columns;
        pack_conv_block(conv_, reduction_, first, channel_limit(group.first_block), c_.config, weights);
        pack_parameters(conv_.requant, first, channel_limit(group.first_block), c_.config, parameters);
      }
      group.weights_dram = c_.add_data(weights);
      group.parameters_dram = c_.add_data(parameters);
      group.parameters_bytes = static_cast<int64_t>(parameters.size());
    } else {
      group.weights_dram = groups_.back().weights_dram + groups_.back().weights_bytes;
      group.parameters_dram = groups_.back().parameters_dram;
      group.parameters_bytes = groups_.back().parameters_bytes;
    }
    group.weights_bytes = bytes;
    total_weights_ += bytes;
    total_parameters_ += group.parameters_bytes;
    groups_.push_back(group);
  }

  int channel_of(int block) const {
    return block / blocks_per_convolution() * channels_out() + block % blocks_per_convolution() * c_.config.columns;
  }
  int channel_limit(int block) const { return (block / blocks_per_convolution() + 1) * channels_out(); }

  void do_stripe(RowWindow& input, RowWindow& output, int image, int r0, int r1) {
    const int y0 = std::clamp(r0 * conv_.stride_h - conv_.padding.top, 0, in_.h - 1);
    const int y1 = std::clamp((r1 - 1) * conv_.stride_h - conv_.padding.top + (conv_.kernel_h - 1) * conv_.dilation_h + 1, y0 + 1, in_.h);
    c_.begin_step();
    // A tensor on chip is there as a whole; of a streamed one these rows are.
    base_row_ = input.is_streamed() ? y0 : 0;
    base_rows_ = input.is_streamed() ? y1 - y0 : in_.h;
    input_at_ = input.open_for_reading(int64_t{image} * in_.h + base_row_, int64_t{image} * in_.h + base_row_ + base_rows_);
    output_at_ = output.open_for_writing(int64_t{image} * out_.h + r0, int64_t{image} * out_.h + r1);
    if (conv_.requant.table && table_slot_ < 0) table_slot_ = static_cast<int>(c_.set_table(*conv_.requant.table));

    const bool stays = total_weights_ <= c_.weights.bytes() && total_parameters_ <= c_.parameters.bytes() / 2;
    const Tile tile = tile_of(r1 - r0);
    const bool has_runs = std::any_of(groups_.begin(), groups_.end(), [](const Group& g) { return !g.is_last_run; });
    for (size_t first = 0; first < groups_.size();) {
      // The runs of a block take turns on each tile, so their tiles cannot be visited run by run unless there is one tile.
      size_t last = first;
      while (!groups_[last].is_last_run) ++last;
      for (int ty = r0; ty < r1; ty += tile.rows) {
        for (int tx = 0; tx < out_.w; tx += tile.columns) {
          const Tile part{std::min(tile.rows, r1 - ty), std::min(tile.columns, out_.w - tx)};
          int64_t accumulator = -1;
          for (size_t i = first; i <= last; ++i) {
            Group& group = groups_[i];
            const bool is_loaded = group.weights_at >= 0 && (stays || (!has_runs && (ty > r0 || tx > 0)));
            if (!is_loaded) fetch(group);
            if (accumulator < 0) accumulator = c_.take_accumulators(group.blocks * part.pixels());
            emit_conv(group, part, ty, tx, accumulator);
          }
          emit_tile_drain(groups_[last], part, ty - r0, tx, accumulator);
        }
      }
      first = last + 1;
    }
    output.finish(int64_t{image} * out_.h + r0, int64_t{image} * out_.h + r1);
  }

  void fetch(Group& group) {
    if (!c_.steps.back().body.empty()) c_.begin_step();
    group.weights_at = c_.weights.take(group.weights_bytes);
    c_.load(group.weights_dram, group.weights_at, group.weights_bytes);
    if (!group.is_last_run) return;
    group.parameters_at = c_.parameters.take(group.parameters_bytes);
    c_.load(group.parameters_dram, group.parameters_at, group.parameters_bytes);
  }

  void emit_conv(const Group& group, const Tile& tile, int oy, int ox, int64_t accumulator) {
    const int64_t pixel = in_.c, row = int64_t{in_.w} * in_.c;
    const int first_input_channel = group.first_block / blocks_per_convolution() * (in_.c / conv_.groups);
    const int64_t y = oy * conv_.stride_h - conv_.padding.top - base_row_ + int64_t{group.first_row} * conv_.dilation_h;
    const int64_t x = (int64_t{ox} * conv_.stride_w - conv_.padding.left + int64_t{group.column} * conv_.dilation_w) * pixel + first_input_channel;
    isa::Conv conv;
    conv.source = static_cast<int32_t>(input_at_ + y * row + x + int64_t{group.first_chunk} * c_.config.rows);
    conv.input_x = static_cast<int32_t>(x + int64_t{group.first_chunk} * c_.config.rows);
    conv.input_row_limit = static_cast<uint32_t>(row);
    conv.input_y = static_cast<int32_t>(y);
    conv.input_y_limit = static_cast<uint32_t>(base_rows_);
    conv.pad_value = c_.tensor(conv_.input).zero_point;
    conv.pixel_step = static_cast<uint32_t>(tile.columns > 1 ? conv_.stride_w * pixel : 0);
    conv.row_step = static_cast<uint32_t>(tile.rows > 1 ? conv_.stride_h * row : 0);
    conv.y_step = static_cast<uint32_t>(tile.rows > 1 ? conv_.stride_h : 0);
    conv.out_rows = static_cast<uint32_t>(tile.rows);
    conv.out_columns = static_cast<uint32_t>(tile.columns);
    conv.chunks = static_cast<uint32_t>(group.chunks);
    conv.kernel_columns = static_cast<uint32_t>(group.columns);
    conv.kernel_column_step = static_cast<uint32_t>(group.columns > 1 ? conv_.dilation_w * pixel : 0);
    conv.kernel_rows = static_cast<uint32_t>(group.rows);
    conv.kernel_row_step = static_cast<uint32_t>(group.rows > 1 ? conv_.dilation_h * row : 0);
    conv.kernel_y_step = static_cast<uint32_t>(group.rows > 1 ? conv_.dilation_h : 0);
    conv.blocks = static_cast<uint32_t>(group.blocks);
    conv.weights = static_cast<uint32_t>(group.weights_at);
    conv.weight_zero = conv_.weight_zero;
    conv.accumulator = static_cast<uint32_t>(accumulator);
    conv.accumulate = group.is_first_run ? 0 : 1;

    std::vector<Access> accesses = {reads(group.weights_at, group.weights_bytes),
                                    writes_accumulators(accumulator, group.blocks * tile.pixels())};
    const int64_t top = std::max<int64_t>(y, 0);
    const int64_t bottom = std::min<int64_t>(base_rows_ - 1, y + (tile.rows - 1) * conv_.stride_h + (group.rows - 1) * conv_.dilation_h);
    if (top <= bottom) accesses.push_back(reads(input_at_ + top * row, (bottom - top + 1) * row));
    c_.emit(conv, std::move(accesses));
  }

  void emit_tile_drain(const Group& group, const Tile& tile, int row_in_stripe, int ox, int64_t accumulator) {
    DrainTarget target;
    target.pixel_step = out_.c;
    target.row_step = int64_t{out_.w} * out_.c;
    const int first_channel = channel_of(group.first_block);
    target.address = output_at_ + row_in_stripe * target.row_step + ox * target.pixel_step + first_channel;
    target.rows = tile.rows;
    target.columns = tile.columns;
    target.blocks = group.blocks;
    target.channels = std::min(group.blocks * c_.config.columns, channel_limit(group.first_block) - first_channel);
    emit_drain(c_, conv_.requant, target, accumulator, group.parameters_at, static_cast<uint32_t>(table_slot_));
  }

  const ir::Conv& conv_;
  Context& c_;
  const ir::Shape in_, out_;
  const Reduction reduction_;
  std::vector<Group> groups_;
  int64_t total_weights_ = 0, total_parameters_ = 0;
  int table_slot_ = -1;
  int64_t input_at_ = 0, output_at_ = 0, base_row_ = 0, base_rows_ = 0;
};

}  // namespace

void lower(const ir::Conv& conv, Context& context) { ConvLowering(conv, context).run(); }

}  // namespace zahl::schedule
