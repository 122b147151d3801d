#include "compiler/lower/convolution.h"

#include <algorithm>

#include "compiler/lower/drain.h"
#include "compiler/lower/lower.h"
#include "compiler/lower/packing.h"
#include "compiler/plan/channel_parameters.h"
#include "compiler/plan/rows.h"
#include "contract/timing.h"

namespace zahl::lower {
namespace {

constexpr int64_t kBatchVectors = 16;  // drained at once where the array waits for weights anyway

}  // namespace

ConvLowering::ConvLowering(const ir::Conv& conv, Context& context)
    : conv_(conv),
      context_(context),
      in_(context_.tensor(conv.input).shape),
      out_(context_.tensor(conv.output).shape),
      weights_(plan()) {}

void ConvLowering::run() {
  std::vector<ir::TensorId> tensors = StripeResult::tensors_of(context_, context_.layer);
  const size_t results = tensors.size();
  for (ir::TensorId id : plan::sources_of(conv_)) tensors.push_back(id);
  const auto regions = share_workspace(context_, tensors);
  StripeResult result(context_, context_.layer, regions);
  std::vector<TensorStripes> windows;
  const int reach = plan::reach_of(conv_);
  int64_t largest = result.largest_stripe();
  for (size_t i = results; i < tensors.size(); ++i) {
    const TensorStripes& input =
        windows.emplace_back(context_, tensors[i], regions[i], plan::row_stride(conv_));
    if (input.largest_stripe() < std::min(reach, in_.h)) throw TooLarge{};
    largest =
        std::min(largest, (input.largest_stripe() - reach) / (conv_.stride_h / input.every()) + 1);
  }
  const int stripe = static_cast<int>(std::clamp<int64_t>(largest, 1, out_.h));
  for (int image = 0; image < out_.n; ++image) {
    for (int r0 = 0; r0 < out_.h; r0 += stripe) {
      const int r1 = std::min(r0 + stripe, out_.h);
      context_.begin_step();
      std::vector<InputRows> inputs;
      for (TensorStripes& window : windows) {
        const int stride = conv_.stride_h / window.every();
        inputs.push_back(window.rows_for(image, r0 * stride - conv_.padding.top,
                                         (r1 - 1) * stride - conv_.padding.top + reach));
      }
      const int64_t output_at = result.open(image, r0, r1);
      do_rows(std::move(inputs), output_at, r0, r1, &result);
    }
  }
}

// Fewer pixels than lines in a weight tile: the array waits for weights, so it should start on them
// early.
bool ConvLowering::is_weight_bound() const {
  return int64_t{out_.h} * out_.w < context_.config.weight_tile_lines();
}

// Blocks whose parameters leave room for those of the next ones.
int ConvLowering::most_blocks() const {
  const int64_t blocks = context_.parameters.bytes() / 2 / weights_.parameter_block_bytes;
  return static_cast<int>(std::clamp<int64_t>(blocks, 1, isa::limits::Drain::blocks.max));
}

ConvWeights ConvLowering::plan() const {
  const int64_t ring = context_.weights.bytes();
  const bool is_first =
      context_.home(conv_.input).dram >= 0;  // nothing to do while its weights arrive
  std::vector<int> channels;
  for (ir::TensorId id : plan::sources_of(conv_)) channels.push_back(context_.tensor(id).shape.c);
  return plan_weights(conv_, channels, is_weight_bound() || is_first ? ring / 16 : ring / 8,
                      context_);
}

plan::Tile ConvLowering::tile_of(int rows) const {
  plan::TileWork work;
  work.weight_tiles = weights_.tiles();
  work.blocks = weights_.blocks;
  work.parameter_lines = timing::parameter_lines(plan::is_uniform(conv_.requant), context_.config);
  return plan::choose_tile(rows, out_.w, work, context_.config);
}

void ConvLowering::do_rows(std::vector<InputRows> inputs, int64_t output_at, int r0, int r1,
                           StripeResult* result) {
  inputs_ = std::move(inputs);
  result_ = result;
  output_at_ = output_at;
  stripe_row_ = r0;
  const plan::Tile tile = tile_of(r1 - r0);
  const bool is_one_tile = tile.rows >= r1 - r0 && tile.columns >= out_.w;
  int finished = r0;  // rows before this one are complete
  for (size_t first = 0; first < weights_.groups.size();) {
    size_t last = first;  // the runs of a block take turns on each tile
    while (!weights_.groups[last].is_last_run) ++last;
    bool is_loaded = stays() && weights_.groups[first].scratchpad >= 0;
    for (int ty = r0; ty < r1; ty += tile.rows) {
      for (int tx = 0; tx < out_.w; tx += tile.columns) {
        const plan::Tile part{std::min(tile.rows, r1 - ty), std::min(tile.columns, out_.w - tx)};
        do_tile(first, last, part, ty, tx, is_one_tile, is_loaded);
      }
      if (last + 1 == weights_.groups.size() && batch_.blocks == 0) {
        const int end = std::min(ty + tile.rows, r1);
        if (result != nullptr) result->finish(ty, end);
        finished = end;
      }
    }
    first = last + 1;
  }
  if (batch_.blocks > 0) drain_batch({r1 - r0, out_.w}, r0, 0);
  if (result != nullptr && finished < r1) result->finish(finished, r1);
}

// Groups first_group .. last_group on one tile of pixels.
void ConvLowering::do_tile(size_t first_group, size_t last_group, const plan::Tile& part, int ty,
                           int tx, bool is_one_tile, bool& is_loaded) {
  const WeightGroup& group = weights_.groups[first_group];
  int together = std::min(
      most_blocks(), is_weight_bound()
                         ? int{isa::limits::Conv::blocks.max}
                         : plan::blocks_together(part.pixels(), weights_.blocks, context_.config));
  const bool is_joined = std::any_of(weights_.reductions.begin(), weights_.reductions.end(),
                                     [](const plan::Reduction& r) { return !r.joined.empty(); });
  if (is_joined) together = 1;  // several instructions a block
  for (int b = 0; b < group.blocks; b += together) {
    const int count = std::min(together, group.blocks - b);
    const int64_t accumulator = open_batch(group.first_block + b, count, part);
    for (size_t i = first_group; i <= last_group; ++i) {
      if (!is_loaded) fetch(weights_.groups[i]);
      emit_block(weights_.groups[i], b, count, part, ty, tx, accumulator);
    }
    is_loaded = group.is_whole;  // other runs push one another out of the ring
    if (!is_one_tile || !is_weight_bound() || batch_.blocks * part.pixels() >= kBatchVectors)
      drain_batch(part, ty, tx);
  }
}

// Accumulators for `count` more blocks: behind those that wait to be drained, or a new place.
int64_t ConvLowering::open_batch(int block, int count, const plan::Tile& tile) {
  const bool follows =
      batch_.blocks > 0 && batch_.first_block + batch_.blocks == block &&
      weights_.channel_limit(batch_.first_block) == weights_.channel_limit(block) &&
      (batch_.blocks + count) * tile.pixels() <= context_.config.accumulator_bank_vectors &&
      batch_.blocks + count <= most_blocks();
  if (!follows) {
    if (batch_.blocks > 0) drain_batch(tile, stripe_row_, 0);
    const int64_t vectors =
        is_weight_bound()
            ? std::max<int64_t>(context_.config.accumulator_bank_vectors, count * tile.pixels())
            : count * tile.pixels();
    batch_ = {block, 0, context_.take_accumulators(vectors)};
  }
  const int64_t accumulator = batch_.accumulator + batch_.blocks * tile.pixels();
  batch_.blocks += count;
  return accumulator;
}

void ConvLowering::fetch(WeightGroup& group) {
  if (!context_.steps.back().body.empty()) context_.begin_step();
  if (stays()) {
    // One place for all of them: taken group by group, the last could push out the first.
    if (!weights_at_) weights_at_ = context_.weights.take(weights_.total_bytes);
    group.scratchpad = *weights_at_ + (group.dram - weights_.groups.front().dram);
  } else {
    group.scratchpad = context_.weights.take(group.bytes);
  }
  context_.load(group.dram, group.scratchpad, group.bytes);
}

// Parameters of the whole layer, once, where half of their place holds them; else those of the
// batch.
int64_t ConvLowering::parameters_of(const Batch& batch) {
  const int64_t all = parameter_bytes();
  const bool fits = kept_parameters_at_ || all <= context_.parameters.bytes() / 2;
  if (fits && parameters_at_)
    return *parameters_at_ + batch.first_block * weights_.parameter_block_bytes;
  const int64_t bytes = fits ? all : batch.blocks * weights_.parameter_block_bytes;
  const int64_t place =
      kept_parameters_at_ ? *kept_parameters_at_ : context_.parameters.take(bytes);
  const int64_t offset = batch.first_block * weights_.parameter_block_bytes;
  context_.begin_loads_to(place, bytes);
  context_.load(weights_.parameters_dram + (fits ? 0 : offset), place, bytes);
  if (!fits) return place;
  parameters_at_ = place;
  return place + offset;
}

void ConvLowering::drain_batch(const plan::Tile& tile, int oy, int ox) {
  const int64_t parameters = parameters_of(batch_);
  if (conv_.requant.table && !table_slot_) table_slot_ = context_.set_table(*conv_.requant.table);
  const int first_channel = weights_.first_channel(batch_.first_block);
  DrainTarget target;
  target.rows = tile.rows;
  target.columns = tile.columns;
  target.blocks = batch_.blocks;
  target.channels = std::min(batch_.blocks * context_.config.columns,
                             weights_.channel_limit(batch_.first_block) - first_channel);
  DrainPlace place{output_at_ + (int64_t{oy - stripe_row_} * out_.w + ox) * out_.c + first_channel,
                   out_.c, int64_t{out_.w} * out_.c};
  if (result_ != nullptr) place = result_->place({tile, oy, ox}, first_channel, target.channels);
  target.address = place.address;
  target.pixel_step = place.pixel_step;
  target.row_step = place.row_step;
  emit_drain(context_, conv_.requant, target, batch_.accumulator, parameters,
             table_slot_.value_or(0));
  if (result_ != nullptr) result_->drained({tile, oy, ox}, first_channel, target.channels);
  batch_ = {};
}

void ConvLowering::emit_block(const WeightGroup& group, int first_block, int blocks,
                              const plan::Tile& tile, int oy, int ox, int64_t accumulator) {
  const int64_t block_bytes = group.bytes / group.blocks;
  int64_t weights = group.scratchpad + first_block * block_bytes;
  const plan::Reduction& reduction = weights_.reductions[static_cast<size_t>(group.source)];
  if (reduction.joined.empty())
    return emit_conv(group, nullptr, weights, blocks * block_bytes, blocks, tile, oy, ox,
                     accumulator);
  for (const plan::JoinedRun& run : reduction.joined) {
    const int64_t bytes = int64_t{run.tiles} * context_.config.weight_tile_bytes();
    emit_conv(group, &run, weights, bytes, 1, tile, oy, ox, accumulator);
    weights += bytes;
  }
}

void ConvLowering::emit_conv(const WeightGroup& group, const plan::JoinedRun* joined,
                             int64_t weights, int64_t weights_bytes, int blocks,
                             const plan::Tile& tile, int oy, int ox, int64_t accumulator) {
  const auto source = static_cast<size_t>(group.source);
  const InputRows& input = inputs_[source];
  const ir::Tensor& tensor = context_.tensor(plan::sources_of(conv_)[source]);
  const int64_t pixel = tensor.shape.c, row = in_.w * pixel;
  const int64_t channel =
      int64_t{group.first_block} / weights_.blocks * (tensor.shape.c / conv_.groups);
  const int first_row = joined != nullptr ? joined->first_row : group.first_row;
  const int row_step = joined != nullptr ? joined->row_step : 1;
  const int rows = joined != nullptr ? joined->tiles : group.rows;
  const int stride_h = conv_.stride_h / input.every;
  const int64_t y = int64_t{oy} * stride_h - conv_.padding.top - input.first +
                    int64_t{first_row} * conv_.dilation_h;
  const int64_t x =
      (int64_t{ox} * conv_.stride_w - conv_.padding.left +
       int64_t{group.column} * conv_.dilation_w) *
          pixel +
      channel +
      (joined != nullptr ? joined->offset : int64_t{group.first_chunk} * context_.config.rows);
  isa::Conv conv;
  conv.source = static_cast<int32_t>(input.address + y * row + x);
  conv.input_x = static_cast<int32_t>(x);
  conv.input_row_limit = static_cast<uint32_t>(row);
  conv.input_y = static_cast<int32_t>(y);
  conv.input_y_limit = static_cast<uint32_t>(input.rows);
  conv.pad_value = tensor.zero_point;
  conv.pixel_step = static_cast<uint32_t>(tile.columns > 1 ? conv_.stride_w * pixel : 0);
  conv.row_step = static_cast<uint32_t>(tile.rows > 1 ? stride_h * row : 0);
  conv.y_step = static_cast<uint32_t>(tile.rows > 1 ? stride_h : 0);
  conv.out_rows = static_cast<uint32_t>(tile.rows);
  conv.out_columns = static_cast<uint32_t>(tile.columns);
  conv.chunks = static_cast<uint32_t>(joined != nullptr ? 1 : group.chunks);
  conv.kernel_columns = static_cast<uint32_t>(group.columns);
  conv.kernel_column_step = static_cast<uint32_t>(group.columns > 1 ? conv_.dilation_w * pixel : 0);
  conv.kernel_rows = static_cast<uint32_t>(rows);
  conv.kernel_row_step = static_cast<uint32_t>(rows > 1 ? row_step * conv_.dilation_h * row : 0);
  conv.kernel_y_step = static_cast<uint32_t>(rows > 1 ? row_step * conv_.dilation_h : 0);
  conv.blocks = static_cast<uint32_t>(blocks);
  conv.weights = static_cast<uint32_t>(weights);
  conv.weight_zero = conv_.weight_zero;
  conv.accumulator = static_cast<uint32_t>(accumulator);
  const bool is_first = group.is_first_run &&
                        (joined == nullptr || joined == weights_.reductions[source].joined.data());
  conv.accumulate = is_first ? 0 : 1;
  int last_row = (rows - 1) * row_step;
  if (joined != nullptr && joined->split > 0) {
    conv.split = static_cast<uint32_t>(joined->split);
    conv.second_step = static_cast<int32_t>(conv_.dilation_h * row - joined->offset);
    conv.second_x = -joined->offset;
    conv.second_y = static_cast<uint32_t>(conv_.dilation_h);
    ++last_row;
  }

  std::vector<Access> accesses = {reads(weights, weights_bytes),
                                  writes_accumulators(accumulator, blocks * tile.pixels())};
  const int64_t top = std::max<int64_t>(y, 0);
  const int64_t bottom = std::min<int64_t>(
      input.rows - 1, y + (tile.rows - 1) * stride_h + int64_t{last_row} * conv_.dilation_h);
  if (top <= bottom) accesses.push_back(reads(input.address + top * row, (bottom - top + 1) * row));
  context_.emit(conv, std::move(accesses));
}

void lower(const ir::Conv& conv, Context& context) { ConvLowering(conv, context).run(); }

}  // namespace zahl::lower
