// A convolution in pieces: tile of output pixels > block of output channels > part of the input
// channels > kernel row > kernel columns. The input of a tile is loaded once where all of it fits a
// slot, else what each instruction reads.
#include <algorithm>
#include <optional>

#include "compiler/lower/box.h"
#include "compiler/lower/drain.h"
#include "compiler/lower/eltwise.h"
#include "compiler/lower/pieces.h"
#include "compiler/lower/stripe.h"
#include "compiler/lower/weight_groups.h"
#include "compiler/plan/channel_parameters.h"
#include "compiler/plan/rows.h"
#include "compiler/plan/tiling.h"
#include "contract/timing.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

using Fields = isa::limits::Conv;
constexpr int kFewColumns = 8;  // fewer in a tile would read most of the input twice

class ConvPieces {
 public:
  ConvPieces(const ir::Conv& conv, Context& context)
      : conv_(conv),
        context_(context),
        config_(context.config),
        in_(context.tensor(conv.input).shape),
        out_(context.tensor(conv.output).shape),
        sources_(plan::sources_of(conv)) {
    // The sources take turns in one share.
    std::vector<ir::TensorId> tensors = StripeResult::tensors_of(context_, context_.layer);
    const size_t results = tensors.size();
    const auto first_striped = std::find_if(sources_.begin(), sources_.end(), [&](ir::TensorId t) {
      return !context_.home(t).is_on_chip;
    });
    tensors.push_back(first_striped == sources_.end() ? sources_.front() : *first_striped);
    const auto regions = share_workspace(context_, tensors);
    for (size_t i = 0; i < results; ++i) results_.emplace_back(context_, tensors[i], regions[i]);
    input_region_ = regions.back();
    for (ir::TensorId t : sources_) inputs_.emplace_back(context_, t, input_region_);
    if (results > 1) {
      follower_ = context_.plan.fusions.follower[context_.layer];
      other_ = tensors[1];
    }
    choose();
    pack();
  }

  void run() {
    for (int image = 0; image < out_.n; ++image) {
      for (int oy = 0; oy < out_.h; oy += tile_.rows) {
        for (int ox = 0; ox < out_.w; ox += tile_.columns) {
          const plan::Tile tile{std::min(tile_.rows, out_.h - oy),
                                std::min(tile_.columns, out_.w - ox)};
          do_tile(image, {tile, oy, ox});
        }
      }
    }
  }

 private:
  // Consecutive input channels of a source.
  struct Part {
    size_t source = 0;
    int first = 0, channels = 1, chunks = 1;
  };
  // What of the kernel an instruction takes.
  struct Taps {
    int row = 0, column = 0, columns = 1;
  };
  // Valid input at hand, and its first pixel relative to the tile's first tap.
  struct Source {
    BoxPlace at;
    Box box;
    bool is_empty = false;
  };

  int group_channels() const { return context_.tensor(conv_.input).shape.c / conv_.groups; }
  int blocks_in_group() const { return ceil_div(out_.c / conv_.groups, config_.columns); }
  int span(int columns, int taps) const {
    return (columns - 1) * conv_.stride_w + (taps - 1) * conv_.dilation_w + 1;
  }

  void choose() {
    const int64_t tile_bytes = config_.weight_tile_bytes(), ring = context_.weights.bytes();
    if (tile_bytes > ring) {
      refuse_scratchpad(context_, "the weights that the array takes at once",
                        bank_bytes_of_tile(config_));
    }
    const int64_t most_tiles = std::max<int64_t>(1, ring / 2 / tile_bytes);
    int64_t slot = int64_t{1} << 40, out_slot = slot;
    int64_t pixel = 0, widest = 0;  // on chip; in all sources
    for (size_t s = 0; s < inputs_.size(); ++s) {
      const int channels = context_.tensor(sources_[s]).shape.c;
      slot = std::min(slot, inputs_[s].slot_bytes());
      if (inputs_[s].is_on_chip()) pixel = std::max<int64_t>(pixel, channels);
      widest += channels;
    }
    for (const TensorBoxes& result : results_) out_slot = std::min(out_slot, result.slot_bytes());
    const int64_t vectors = std::min<int64_t>(config_.accumulator_bank_vectors,
                                              std::max<int64_t>(1, out_slot / config_.columns));
    const auto columns_in = [&](int64_t pixels, int taps) {  // output columns of so many pixels
      const int64_t first = span(1, taps);
      return pixels < first ? 0 : (pixels - first) / conv_.stride_w + 1;
    };
    const auto row_pixels = [&](int64_t step) {  // that an instruction can tell apart in a row
      return step == 0 ? int64_t{1} << 40 : Fields::input_row_limit.max / step - 1;
    };
    const bool has_far_steps =
        std::max({int64_t{conv_.stride_w}, int64_t{conv_.dilation_w}}) * std::max(pixel, widest) >
        Fields::pixel_step.max;
    int64_t most_columns = std::min({int64_t{out_.w}, vectors, Fields::out_columns.max});
    if (has_far_steps || out_.c > isa::limits::Drain::pixel_step.max) most_columns = 1;
    const int64_t most_taps =
        has_far_steps ? 1 : std::min({int64_t{conv_.kernel_w}, Fields::kernel_columns.max});
    const bool takes_all_taps = most_taps == conv_.kernel_w && conv_.kernel_w <= most_tiles;

    const int reach = plan::reach_of(conv_);
    const int64_t of_whole = takes_all_taps
                                 ? std::min(columns_in(slot / (reach * widest), conv_.kernel_w),
                                            columns_in(row_pixels(widest), conv_.kernel_w))
                                 : 0;
    is_whole_ =
        widest <= Fields::input_x.max && of_whole >= std::min<int64_t>(most_columns, kFewColumns);
    taps_ = conv_.kernel_w;
    int64_t columns = of_whole;
    if (!is_whole_) {
      const auto columns_of = [&](int taps) {
        return std::min(columns_in(slot / config_.rows, taps), columns_in(row_pixels(pixel), taps));
      };
      if (!takes_all_taps || columns_of(taps_) == 0) taps_ = 1;
      columns = columns_of(taps_);
    }
    tile_.columns = static_cast<int>(std::clamp<int64_t>(columns, 1, most_columns));
    const int64_t pixels = span(tile_.columns, taps_);
    if (tile_.columns == out_.w && int64_t{conv_.stride_h} <= Fields::y_step.max &&
        int64_t{conv_.stride_h} * in_.w * std::max(pixel, widest) <= Fields::row_step.max &&
        int64_t{out_.w} * out_.c <= isa::limits::Drain::row_step.max) {
      const int64_t by_slot = is_whole_ ? (slot / (pixels * widest) - reach) / conv_.stride_h + 1
                                        : slot / (pixels * config_.rows);
      tile_.rows = static_cast<int>(std::clamp<int64_t>(
          std::min({by_slot, vectors / tile_.columns, Fields::out_rows.max}), 1, out_.h));
    }
    const int64_t by_weights = std::max<int64_t>(1, most_tiles / taps_),
                  by_slot = is_whole_ ? by_weights : slot / (tile_.rows * pixels * config_.rows);
    chunks_ =
        static_cast<int>(std::clamp<int64_t>(std::min(by_weights, by_slot), 1, Fields::chunks.max));
  }

  void pack() {
    const int most = chunks_ * config_.rows;
    std::vector<int> channels;
    for (ir::TensorId t : sources_) channels.push_back(context_.tensor(t).shape.c / conv_.groups);
    size_t all = 0, first_in_filter = 0;
    for (int count : channels) all += static_cast<size_t>(count);
    std::vector<ir::Conv> filters;
    for (size_t s = 0; s < channels.size(); ++s) {
      for (int first = 0; first < channels[s]; first += most) {
        const int count = std::min(most, channels[s] - first);
        parts_.push_back({s, first, count, ceil_div(count, config_.rows)});
        filters.push_back(part_of(conv_, all, first_in_filter + static_cast<size_t>(first),
                                  static_cast<size_t>(count)));
      }
      first_in_filter += static_cast<size_t>(channels[s]);
    }
    std::vector<uint8_t> weights, parameters;
    for_each_block([&](int group, int block) {
      for (size_t p = 0; p < parts_.size(); ++p) {
        plan::Reduction reduction;
        reduction.kernel_rows = conv_.kernel_h, reduction.kernel_columns = conv_.kernel_w;
        reduction.chunks = parts_[p].chunks;
        pack_conv_block(filters[p], reduction, first_channel(group, block), channel_limit(group),
                        config_, weights);
      }
      pack_parameters(conv_.requant, first_channel(group, block), channel_limit(group), config_,
                      parameters);
    });
    weights_bytes_ = static_cast<int64_t>(weights.size());
    weights_dram_ = context_.add_data(weights);
    parameters_dram_ = context_.add_data(parameters);
  }

  template <class F>
  void for_each_block(F&& f) const {
    for (int group = 0; group < conv_.groups; ++group) {
      for (int block = 0; block < blocks_in_group(); ++block) f(group, block);
    }
  }
  int first_channel(int group, int block) const {
    return group * (out_.c / conv_.groups) + block * config_.columns;
  }
  int channel_limit(int group) const { return (group + 1) * (out_.c / conv_.groups); }

  // The input of these taps that exists; of all taps where the tile is loaded as a whole.
  Source open(int image, const plan::PlacedTile& at, const Part& part, const Taps& taps, int group,
              int64_t slot) {
    const int every = is_whole_ ? 1 : conv_.stride_h;
    const int y = first_row(at, taps), x = first_column(at, taps);
    const int height = is_whole_ ? (at.tile.rows - 1) * conv_.stride_h + plan::reach_of(conv_)
                                 : (at.tile.rows - 1) * every + 1;
    const int width = span(at.tile.columns, taps.columns);
    Source source;
    Box& box = source.box;
    box.image = image, box.every = every;
    const int skipped = y < 0 ? ceil_div(-y, every) : 0;
    box.y = y + skipped * every;
    box.rows = std::min(y + height, in_.h) > box.y
                   ? ceil_div(std::min(y + height, in_.h) - box.y, every)
                   : 0;
    box.x = std::max(x, 0);
    box.columns = std::min(x + width, in_.w) - box.x;
    box.c = is_whole_ ? 0 : group * group_channels() + part.first;
    box.channels = is_whole_ ? context_.tensor(sources_[part.source]).shape.c : part.channels;
    source.is_empty = box.rows <= 0 || box.columns <= 0;
    if (!source.is_empty)
      source.at = inputs_[part.source].open_for_reading_at(slot, box, box.channels);
    return source;
  }
  int64_t next_slot() {
    const int64_t slot = input_region_.begin + turn_ * (input_region_.bytes / 2);
    turn_ ^= 1;
    return slot;
  }
  int first_row(const plan::PlacedTile& at, const Taps& taps) const {
    return at.oy * conv_.stride_h - conv_.padding.top + taps.row * conv_.dilation_h;
  }
  int first_column(const plan::PlacedTile& at, const Taps& taps) const {
    return at.ox * conv_.stride_w - conv_.padding.left + taps.column * conv_.dilation_w;
  }

  void do_tile(int image, const plan::PlacedTile& at) {
    std::vector<Source> whole;
    if (is_whole_) {
      int64_t begin = next_slot();
      for (size_t s = 0; s < sources_.size(); ++s) {  // side by side in one slot
        whole.push_back(open(image, at, {s, 0, 1, 1}, {0, 0, conv_.kernel_w}, 0, begin));
        const Box& box = whole.back().box;
        if (!inputs_[s].is_on_chip() && !whole.back().is_empty)
          begin += int64_t{box.rows} * box.columns * box.channels;
      }
    }
    int number = 0;
    for_each_block([&](int group, int block) {
      const int64_t accumulator = context_.take_accumulators(at.tile.pixels());
      int64_t weights = number * weights_bytes_ / (conv_.groups * blocks_in_group());
      bool is_first = true;
      for (const Part& part : parts_) {
        for (int row = 0; row < conv_.kernel_h; ++row) {
          for (int column = 0; column < conv_.kernel_w; column += taps_) {
            const Taps taps{row, column, taps_};
            const Source source =
                is_whole_ ? whole[part.source] : open(image, at, part, taps, group, next_slot());
            emit(source, at, part, taps, group, weights, accumulator, is_first);
            weights += int64_t{taps_} * part.chunks * config_.weight_tile_bytes();
            is_first = false;
          }
        }
      }
      drain(image, at, number, first_channel(group, block), channel_limit(group), accumulator);
      ++number;
    });
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

  void emit(const Source& source, const plan::PlacedTile& at, const Part& part, const Taps& taps,
            int group, int64_t weights_offset, int64_t accumulator, bool is_first) {
    const int64_t bytes = int64_t{taps.columns} * part.chunks * config_.weight_tile_bytes();
    const int64_t weights = weights_at(weights_offset, bytes);
    const Box& box = source.box;
    const int64_t pixel = source.at.pixel_step, row = source.at.row_step;
    isa::Conv conv;
    conv.pad_value = context_.tensor(conv_.input).zero_point;
    conv.out_rows = static_cast<uint32_t>(at.tile.rows);
    conv.out_columns = static_cast<uint32_t>(at.tile.columns);
    conv.chunks = static_cast<uint32_t>(part.chunks);
    conv.kernel_columns = static_cast<uint32_t>(taps.columns);
    conv.weights = static_cast<uint32_t>(weights);
    conv.weight_zero = conv_.weight_zero;
    conv.accumulator = static_cast<uint32_t>(accumulator);
    conv.accumulate = is_first ? 0 : 1;
    std::vector<Access> accesses = {reads(weights, bytes),
                                    writes_accumulators(accumulator, at.tile.pixels())};
    if (!source.is_empty) {  // else all that it reads is padding
      const int stride = conv_.stride_h / box.every;
      const int64_t y = (first_row(at, taps) - box.y) / box.every,
                    x = first_column(at, taps) - box.x;
      const int64_t channel = is_whole_ ? group * group_channels() + part.first : 0;
      conv.source = static_cast<int32_t>(source.at.address + y * row + x * pixel + channel);
      conv.input_x = static_cast<int32_t>(x * pixel + channel);
      conv.input_row_limit = static_cast<uint32_t>((box.columns - 1) * pixel + box.channels);
      conv.input_y = static_cast<int32_t>(y);
      conv.input_y_limit = static_cast<uint32_t>(box.rows);
      conv.pixel_step = static_cast<uint32_t>(at.tile.columns > 1 ? conv_.stride_w * pixel : 0);
      conv.row_step = static_cast<uint32_t>(at.tile.rows > 1 ? stride * row : 0);
      conv.y_step = static_cast<uint32_t>(at.tile.rows > 1 ? stride : 0);
      conv.kernel_column_step =
          static_cast<uint32_t>(taps.columns > 1 ? conv_.dilation_w * pixel : 0);
      accesses.push_back(reads(source.at.address,
                               (box.rows - 1) * row + (box.columns - 1) * pixel + box.channels));
    }
    context_.emit(conv, std::move(accesses));
  }

  void drain(int image, const plan::PlacedTile& at, int number, int first, int limit,
             int64_t accumulator) {
    const int64_t bytes =
        int64_t{timing::parameter_lines(plan::is_uniform(conv_.requant), config_)} *
        config_.line_bytes;
    context_.begin_loads();
    const int64_t parameters = context_.parameters.take(bytes);
    context_.load(parameters_dram_ + number * bytes, parameters, bytes);
    if (conv_.requant.table && !table_slot_) table_slot_ = context_.set_table(*conv_.requant.table);
    Box box;
    box.image = image;
    box.y = at.oy, box.rows = at.tile.rows;
    box.x = at.ox, box.columns = at.tile.columns;
    box.c = first, box.channels = std::min(config_.columns, limit - first);
    const BoxPlace place = results_[0].open_for_writing(box);
    DrainTarget target;
    target.rows = at.tile.rows, target.columns = at.tile.columns;
    target.channels = box.channels;
    target.address = place.address;
    target.pixel_step = place.pixel_step, target.row_step = place.row_step;
    emit_drain(context_, conv_.requant, target, accumulator, parameters, table_slot_.value_or(0));
    if (follower_.exists()) {
      follow(box, place);
    } else {
      results_[0].finish(box, place);
    }
  }

  // The element-by-element operation that takes the layer's result further.
  void follow(const Box& box, const BoxPlace& mine) {
    const ir::NodeId layer = context_.layer;
    context_.layer = follower_;
    const auto& next = std::get<ir::Eltwise>(context_.graph.nodes[follower_].operation);
    const BoxPlace other = results_[1].open_for_reading(box, box.channels);
    isa::Eltwise instruction = eltwise_instruction(next);
    if (next.table && !follower_slot_) {
      context_.begin_loads();
      follower_slot_ = context_.set_table(*next.table);
    }
    instruction.table_slot = follower_slot_.value_or(0);
    const BoxPlace result = results_[2].open_for_writing(box);
    const bool is_other_first = next.a == other_;
    for (int row = 0; row < box.rows; ++row) {
      const EltwiseOperand own{mine.address + row * mine.row_step, mine.pixel_step},
          late{other.address + row * other.row_step, other.pixel_step};
      emit_eltwise(context_, instruction,
                   {is_other_first ? late : own, is_other_first ? own : late,
                    result.address + row * result.row_step},
                   {box.columns, box.channels, result.pixel_step}, true);
    }
    results_[2].finish(box, result);
    context_.layer = layer;
  }

  const ir::Conv& conv_;
  Context& context_;
  const hw::Config& config_;
  const ir::Shape in_, out_;
  std::vector<ir::TensorId> sources_;
  std::vector<TensorBoxes> inputs_, results_;
  plan::Region input_region_;
  ir::NodeId follower_;
  ir::TensorId other_;
  plan::Tile tile_;
  bool is_whole_ = false;  // the input of a tile is loaded at once
  int taps_ = 1;           // kernel columns of an instruction
  int chunks_ = 1;         // of a part
  std::vector<Part> parts_;
  int64_t weights_dram_ = 0, weights_bytes_ = 0, parameters_dram_ = 0;
  std::optional<int64_t> kept_at_;
  std::optional<uint32_t> table_slot_, follower_slot_;
  int turn_ = 0;
};

}  // namespace

void lower_in_pieces(const ir::Conv& conv, Context& context) {
  context.begin_step();
  ConvPieces(conv, context).run();
}

}  // namespace zahl::lower
