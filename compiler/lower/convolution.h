// A convolution (or fully connected layer) as instructions: a layer by itself, or one stage of a
// chain (chain.h).
//
// Stripe of output rows > group of channel blocks > tile of pixels > blocks that share an
// instruction. The weights of a group arrive while the group before it is computed; they stay for
// all stripes where the ring holds the whole layer.
#pragma once

#include <optional>

#include "compiler/lower/stripe.h"
#include "compiler/lower/weight_groups.h"
#include "compiler/plan/tiling.h"

namespace zahl::lower {

class ConvLowering {
 public:
  ConvLowering(const ir::Conv& conv, Context& context);

  // All stripes of the layer, and what follows it.
  void run();

  // Bytes on chip of the weights and parameters of the whole layer.
  int64_t weight_bytes() const { return weights_.total_bytes; }
  int64_t parameter_bytes() const {
    return int64_t{conv_.groups} * weights_.blocks * weights_.parameter_block_bytes;
  }
  // They are to lie here, all at once.
  void keep_at(int64_t weights, int64_t parameters) {
    weights_at_ = weights, kept_parameters_at_ = parameters;
  }

  // Makes output rows r0 .. r1 - 1 of an image at `output_at`, and has `result` (or nobody) told of
  // them. `inputs` are the rows at hand of each source.
  void do_rows(std::vector<InputRows> inputs, int64_t output_at, int r0, int r1,
               StripeResult* result);

 private:
  // Blocks in the accumulators that are yet to be drained.
  struct Batch {
    int first_block = 0, blocks = 0;
    int64_t accumulator = 0;
  };

  bool is_weight_bound() const;
  bool stays() const { return weights_.total_bytes <= context_.weights.bytes(); }
  int most_blocks() const;
  ConvWeights plan() const;
  plan::Tile tile_of(int rows) const;
  void emit_block(const WeightGroup& group, int first_block, int blocks, const plan::Tile& tile,
                  int oy, int ox, int64_t accumulator);
  void do_tile(size_t first_group, size_t last_group, const plan::Tile& part, int ty, int tx,
               bool is_one_tile, bool& is_loaded);
  int64_t open_batch(int block, int count, const plan::Tile& tile);
  void fetch(WeightGroup& group);
  int64_t parameters_of(const Batch& batch);
  void drain_batch(const plan::Tile& tile, int oy, int ox);
  // `joined` are the tiles of this instruction where the kernel's rows are joined, else null.
  void emit_conv(const WeightGroup& group, const plan::JoinedRun* joined, int64_t weights,
                 int64_t weights_bytes, int blocks, const plan::Tile& tile, int oy, int ox,
                 int64_t accumulator);

  const ir::Conv& conv_;
  Context& context_;
  const ir::Shape in_, out_;
  ConvWeights weights_;
  Batch batch_;
  std::optional<int64_t> weights_at_, parameters_at_, kept_parameters_at_;
  std::optional<uint32_t> table_slot_;
  std::vector<InputRows> inputs_;
  StripeResult* result_ = nullptr;
  int64_t output_at_ = 0;
  int stripe_row_ = 0;
};

}  // namespace zahl::lower
