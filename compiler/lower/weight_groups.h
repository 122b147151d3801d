// How the weights of a convolution are cut into pieces that the weight ring holds, and where they
// lie in DRAM.
#pragma once

#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/lower/context.h"
#include "compiler/lower/packing.h"

namespace zahl::lower {

// Consecutive blocks of output channels whose weights arrive together: those of one source, the
// runs of the others follow; or one run of a single block's reduction, where even one block fills
// more than half of the ring. The runs of a block follow one another and accumulate.
struct WeightGroup {
  int source = 0;  // which of the convolution's inputs
  int first_block = 0, blocks = 1;
  int first_row = 0, rows = 1;  // kernel rows
  int column = 0, columns = 1;  // kernel positions in a row
  int first_chunk = 0, chunks = 1;
  bool is_first_run = true, is_last_run = true;
  bool is_whole = true;  // all runs of its blocks fit half of the ring together
  int64_t dram = 0, bytes = 0;
  int64_t scratchpad = -1;  // where it was loaded last; -1: not yet
};

struct ConvWeights {
  std::vector<plan::Reduction> reductions;  // by source
  int channels = 1;                         // output channels of one convolution group
  int blocks = 1;                           // of one convolution group
  std::vector<WeightGroup> groups;
  int64_t total_bytes = 0;
  int64_t block_bytes = 0;                                 // weights of a block
  int64_t parameters_dram = 0, parameter_block_bytes = 0;  // all blocks, one after another

  int first_channel(int block) const {
    return block / blocks * channels + block % blocks * columns;
  }
  int channel_limit(int block) const { return (block / blocks + 1) * channels; }
  int columns = 1;    // of the array
  int tiles() const;  // of a block
};

// The part of a convolution that reads input channels first .. first + count - 1 of `channels`.
ir::Conv part_of(const ir::Conv& conv, size_t channels, size_t first, size_t count);

// Packs weights and parameters into the context's data. `source_channels` are the channels of each
// input in turn; `group_bytes` is what the runs of a group should not exceed if it has more than
// one block. Throws TooLarge where half of the ring does not hold a tile.
ConvWeights plan_weights(const ir::Conv& conv, const std::vector<int>& source_channels,
                         int64_t group_bytes, Context& context);

}  // namespace zahl::lower
