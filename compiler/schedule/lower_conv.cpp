// Convolutions and fully connected layers.
//
// Stripe of output rows > group of channel blocks > tile of pixels > blocks that share an instruction. The weights of a
// group arrive while the group before it is computed; they stay for all stripes where the ring holds the whole layer.
#include <algorithm>
#include <optional>

#include "compiler/schedule/conv_groups.h"
#include "compiler/schedule/drain.h"
#include "compiler/schedule/eltwise.h"
#include "compiler/schedule/lower.h"
#include "compiler/schedule/packing.h"
#include "compiler/schedule/tiling.h"

namespace zahl::schedule {
namespace {

// Blocks in the accumulators that are yet to be drained.
struct Batch {
  int first_block = 0, blocks = 0;
  int64_t accumulator = 0;
};

// The element-by-element operation that takes each stripe further (fusion.h).
struct Follower {
  int node;
  RowWindow other, result;
  int64_t other_at = -1, result_at = -1;  // of the stripe at hand
  std::optional<uint32_t> table_slot;
};

// An input of the convolution; the rows of it that are at hand.
struct Source {
  RowWindow window;
  ir::TensorId tensor;
  int channels;
  int64_t at = 0;
  int base_row = 0, rows = 0;
};

class ConvLowering {
 public:
  ConvLowering(const ir::Conv& conv, Context& context)
      : conv_(conv), c_(context), in_(c_.tensor(conv.input).shape), out_(c_.tensor(conv.output).shape), w_(plan()) {}

  void run() {
    std::vector<ir::TensorId> tensors = {conv_.output};
    for (ir::TensorId id : sources_of(conv_)) tensors.push_back(id);
    const size_t extra = tensors.size();
    const int follower = c_.plan.fusions.follower[static_cast<size_t>(c_.layer)];
    if (follower >= 0) {
      const auto& next = std::get<ir::Eltwise>(c_.graph.nodes[static_cast<size_t>(follower)].operation);
      tensors.push_back(other_operand(next, conv_.output));
      tensors.push_back(next.output);
    }
    const auto regions = share_workspace(c_, tensors);
    RowWindow output(c_, conv_.output, regions[0]);
    const int64_t reach = int64_t{conv_.kernel_h - 1} * conv_.dilation_h + 1;
    int64_t largest = output.largest_stripe();
    for (size_t i = 1; i < extra; ++i) {
      RowWindow input(c_, tensors[i], regions[i]);
      if (input.largest_stripe() < std::min<int64_t>(reach, in_.h)) {
        throw UserError(fmt::format(
            "node {}: {} bytes of input rows do not fit the scratchpad's workspace; a larger scratchpad would do",
            c_.layer_name(), reach * input.row_bytes()));
      }
      largest = std::min((input.largest_stripe() - reach) / conv_.stride_h + 1, largest);
      sources_.push_back({input, tensors[i], c_.tensor(tensors[i]).shape.c});
    }
    if (follower >= 0) {
      follower_.emplace(Follower{follower,
                                 RowWindow(c_, tensors[extra], regions[extra]),
                                 RowWindow(c_, tensors[extra + 1], regions[extra + 1]),
                                 -1,
                                 -1,
                                 {}});
      largest = std::min({largest, follower_->other.largest_stripe(), follower_->result.largest_stripe()});
    }
    const int stripe = static_cast<int>(std::clamp<int64_t>(largest, 1, out_.h));
    for (int image = 0; image < out_.n; ++image) {
      for (int r0 = 0; r0 < out_.h; r0 += stripe) do_stripe(output, image, r0, std::min(r0 + stripe, out_.h));
    }
  }

 private:
  // Fewer pixels than lines in a weight tile: the array waits for weights, so it should start on them early.
  bool is_weight_bound() const { return int64_t{out_.h} * out_.w < c_.config.weight_tile_lines(); }

  // The ring holds the weights of the whole layer.
  bool stays() const { return w_.total_bytes <= c_.weights.bytes(); }

  // Blocks whose parameters leave room for those of the next ones.
  int most_blocks() const {
    const int64_t blocks = c_.parameters.bytes() / 2 / w_.parameter_block_bytes;
    return static_cast<int>(std::clamp<int64_t>(blocks, 1, 256));
  }

  static std::vector<ir::TensorId> sources_of(const ir::Conv& conv) {
    std::vector<ir::TensorId> ids = {conv.input};
    ids.insert(ids.end(), conv.more_inputs.begin(), conv.more_inputs.end());
    return ids;
  }

  ConvWeights plan() {
    const int64_t ring = c_.weights.bytes();
    const bool is_first = c_.home(conv_.input).dram >= 0;  // nothing to do while its weights arrive
    std::vector<int> channels;
    for (ir::TensorId id : sources_of(conv_)) channels.push_back(c_.tensor(id).shape.c);
    return plan_weights(conv_, channels, is_weight_bound() || is_first ? ring / 16 : ring / 8, c_);
  }

  Tile tile_of(int rows) const {
    TileWork work;
    work.weight_tiles = w_.tiles();
    work.blocks = w_.blocks;
    work.parameter_lines = parameter_lines(is_uniform(conv_.requant), c_.config);
    return choose_tile(rows, out_.w, work, c_.config);
  }

  void do_stripe(RowWindow& output, int image, int r0, int r1) {
    const int y0 = std::clamp(r0 * conv_.stride_h - conv_.padding.top, 0, in_.h - 1);
    const int y1 = std::clamp(
        (r1 - 1) * conv_.stride_h - conv_.padding.top + (conv_.kernel_h - 1) * conv_.dilation_h + 1, y0 + 1, in_.h);
    c_.begin_step();
    // A tensor on chip is there as a whole; of a streamed one these rows are.
    for (Source& s : sources_) {
      s.base_row = s.window.is_streamed() ? y0 : 0;
      s.rows = s.window.is_streamed() ? y1 - y0 : in_.h;
      const int64_t first = int64_t{image} * in_.h + s.base_row;
      s.at = s.window.open_for_reading(first, first + s.rows);
    }
    output_at_ = output.open_for_writing(int64_t{image} * out_.h + r0);
    stripe_row_ = r0;

    const Tile tile = tile_of(r1 - r0);
    const bool is_one_tile = tile.rows >= r1 - r0 && tile.columns >= out_.w;
    int finished = r0;  // rows before this one are complete
    for (size_t first = 0; first < w_.groups.size();) {
      size_t last = first;  // the runs of a block take turns on each tile
      while (!w_.groups[last].is_last_run) ++last;
      bool is_loaded = stays() && w_.groups[first].scratchpad >= 0;
      for (int ty = r0; ty < r1; ty += tile.rows) {
        for (int tx = 0; tx < out_.w; tx += tile.columns) {
          const Tile part{std::min(tile.rows, r1 - ty), std::min(tile.columns, out_.w - tx)};
          const int together =
              std::min(most_blocks(), is_weight_bound() ? 256 : blocks_together(part.pixels(), c_.config));
          for (int b = 0; b < w_.groups[first].blocks; b += together) {
            const int count = std::min(together, w_.groups[first].blocks - b);
            const int block = w_.groups[first].first_block + b;
            const int64_t accumulator = open_batch(block, count, part);
            for (size_t i = first; i <= last; ++i) {
              if (!is_loaded) fetch(w_.groups[i]);
              emit_conv(w_.groups[i], b, count, part, ty, tx, accumulator);
            }
            is_loaded = w_.groups[first].is_whole;  // other runs push one another out of the ring
            if (!is_one_tile || !is_weight_bound() || batch_.blocks * part.pixels() >= kBatchVectors)
              drain_batch(part, ty, tx);
          }
        }
        if (last + 1 == w_.groups.size() && batch_.blocks == 0) {
          const int end = std::min(ty + tile.rows, r1);
          finish(output, image, ty, end, r1);
          finished = end;
        }
      }
      first = last + 1;
    }
    if (batch_.blocks > 0) drain_batch({r1 - r0, out_.w}, r0, 0);
    if (finished < r1) finish(output, image, finished, r1, r1);
  }

  // Rows first .. last - 1 of the stripe, which ends before row `stripe_end`, are complete.
  void finish(RowWindow& output, int image, int first, int last, int stripe_end) {
    const int64_t base = int64_t{image} * out_.h;
    if (!follower_) return output.finish(base + first, base + last);
    Follower& f = *follower_;
    const int conv_layer = c_.layer;
    c_.layer = f.node;
    const auto& next = std::get<ir::Eltwise>(c_.graph.nodes[static_cast<size_t>(f.node)].operation);
    if (first == stripe_row_) {
      f.other_at = f.other.open_for_reading(base + first, base + stripe_end);
      f.result_at = f.result.open_for_writing(base + first);
    }
    isa::Eltwise instruction = eltwise_instruction(next);
    if (next.table && !f.table_slot) f.table_slot = c_.set_table(*next.table);
    instruction.table_slot = f.table_slot.value_or(0);
    const int64_t offset = (first - stripe_row_) * output.row_bytes(), bytes = (last - first) * output.row_bytes();
    const int64_t mine = output_at_ + offset, other = f.other_at + offset;
    const bool is_first_operand = next.a == conv_.output;
    emit_eltwise(c_, instruction, is_first_operand ? mine : other, is_first_operand ? other : mine,
                 f.result_at + offset, bytes, true);
    f.result.finish(base + first, base + last);
    c_.layer = conv_layer;
  }

  // Accumulators for `count` more blocks: behind those that wait to be drained, or a new place.
  int64_t open_batch(int block, int count, const Tile& tile) {
    const bool follows = batch_.blocks > 0 && batch_.first_block + batch_.blocks == block &&
                         w_.channel_limit(batch_.first_block) == w_.channel_limit(block) &&
                         (batch_.blocks + count) * tile.pixels() <= c_.config.accumulator_bank_vectors &&
                         batch_.blocks + count <= most_blocks();
    if (!follows) {
      if (batch_.blocks > 0) drain_batch(tile, stripe_row_, 0);
      const int64_t vectors = is_weight_bound()
                                  ? std::max<int64_t>(c_.config.accumulator_bank_vectors, count * tile.pixels())
                                  : count * tile.pixels();
      batch_ = {block, 0, c_.take_accumulators(vectors)};
    }
    const int64_t accumulator = batch_.accumulator + batch_.blocks * tile.pixels();
    batch_.blocks += count;
    return accumulator;
  }

  void fetch(WeightGroup& group) {
    if (!c_.steps.back().body.empty()) c_.begin_step();
    if (stays()) {
      // One place for all of them: taken group by group, the last could push out the first.
      if (!weights_at_) weights_at_ = c_.weights.take(w_.total_bytes);
      group.scratchpad = *weights_at_ + (group.dram - w_.groups.front().dram);
    } else {
      group.scratchpad = c_.weights.take(group.bytes);
    }
    c_.load(group.dram, group.scratchpad, group.bytes);
  }

  // Parameters of the whole layer, once, where half of their place holds them; else those of the batch.
  int64_t parameters_of(const Batch& batch) {
    const int64_t all = int64_t{conv_.groups} * w_.blocks * w_.parameter_block_bytes;
    const bool fits = all <= c_.parameters.bytes() / 2;
    if (fits && parameters_at_) return *parameters_at_ + batch.first_block * w_.parameter_block_bytes;
    const int64_t bytes = fits ? all : batch.blocks * w_.parameter_block_bytes;
    const int64_t place = c_.parameters.take(bytes);
    const int64_t offset = batch.first_block * w_.parameter_block_bytes;
    c_.load(w_.parameters_dram + (fits ? 0 : offset), place, bytes);
    if (!fits) return place;
    parameters_at_ = place;
    return place + offset;
  }

  void drain_batch(const Tile& tile, int oy, int ox) {
    const int64_t parameters = parameters_of(batch_);
    if (conv_.requant.table && !table_slot_) table_slot_ = c_.set_table(*conv_.requant.table);
    const int first_channel = w_.first_channel(batch_.first_block);
    DrainTarget target;
    target.pixel_step = out_.c;
    target.row_step = int64_t{out_.w} * out_.c;
    target.address = output_at_ + (oy - stripe_row_) * target.row_step + ox * target.pixel_step + first_channel;
    target.rows = tile.rows;
    target.columns = tile.columns;
    target.blocks = batch_.blocks;
    target.channels = std::min(batch_.blocks * c_.config.columns, w_.channel_limit(batch_.first_block) - first_channel);
    emit_drain(c_, conv_.requant, target, batch_.accumulator, parameters, table_slot_.value_or(0));
    batch_ = {};
  }

  void emit_conv(const WeightGroup& group, int first_block, int blocks, const Tile& tile, int oy, int ox,
                 int64_t accumulator) {
    const Source& source = sources_[static_cast<size_t>(group.source)];
    const int64_t pixel = source.channels, row = in_.w * pixel;
    const int64_t channel = int64_t{group.first_block} / w_.blocks * (source.channels / conv_.groups);
    const int64_t y = int64_t{oy} * conv_.stride_h - conv_.padding.top - source.base_row +
                      int64_t{group.first_row} * conv_.dilation_h;
    const int64_t x =
        (int64_t{ox} * conv_.stride_w - conv_.padding.left + int64_t{group.column} * conv_.dilation_w) * pixel +
        channel + int64_t{group.first_chunk} * c_.config.rows;
    const int64_t block_bytes = group.bytes / group.blocks;
    const int64_t weights = group.scratchpad + first_block * block_bytes;
    isa::Conv conv;
    conv.source = static_cast<int32_t>(source.at + y * row + x);
    conv.input_x = static_cast<int32_t>(x);
    conv.input_row_limit = static_cast<uint32_t>(row);
    conv.input_y = static_cast<int32_t>(y);
    conv.input_y_limit = static_cast<uint32_t>(source.rows);
    conv.pad_value = c_.tensor(source.tensor).zero_point;
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
    conv.blocks = static_cast<uint32_t>(blocks);
    conv.weights = static_cast<uint32_t>(weights);
    conv.weight_zero = conv_.weight_zero;
    conv.accumulator = static_cast<uint32_t>(accumulator);
    conv.accumulate = group.is_first_run ? 0 : 1;

    std::vector<Access> accesses = {reads(weights, blocks * block_bytes),
                                    writes_accumulators(accumulator, blocks * tile.pixels())};
    const int64_t top = std::max<int64_t>(y, 0);
    const int64_t bottom =
        std::min<int64_t>(source.rows - 1, y + (tile.rows - 1) * conv_.stride_h + (group.rows - 1) * conv_.dilation_h);
    if (top <= bottom) accesses.push_back(reads(source.at + top * row, (bottom - top + 1) * row));
    c_.emit(conv, std::move(accesses));
  }

  static constexpr int64_t kBatchVectors = 16;  // drained at once where the array waits for weights anyway

  const ir::Conv& conv_;
  Context& c_;
  const ir::Shape in_, out_;
  ConvWeights w_;
  Batch batch_;
  std::optional<Follower> follower_;
  std::optional<int64_t> weights_at_, parameters_at_;
  std::optional<uint32_t> table_slot_;
  std::vector<Source> sources_;
  int64_t output_at_ = 0;
  int stripe_row_ = 0;
};

}  // namespace

void lower(const ir::Conv& conv, Context& context) { ConvLowering(conv, context).run(); }

}  // namespace zahl::schedule
