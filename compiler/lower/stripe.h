// Where a finished stripe of a layer goes.
#pragma once

#include <optional>
#include <vector>

#include "compiler/lower/context.h"
#include "compiler/lower/eltwise.h"
#include "compiler/plan/tiling.h"

namespace zahl::lower {

// Where a batch of channels of a tile of pixels is written.
struct DrainPlace {
  int64_t address = 0;  // of the tile's first pixel, first channel
  int64_t pixel_step = 0, row_step = 0;
};

// What becomes of the rows that a node makes: they stay, are stored, or the element-by-element
// operation that follows the node (fusion.h) takes them further.
class StripeResult {
 public:
  // Tensors whose windows a StripeResult of `node` opens: its output, and those of its follower.
  static std::vector<ir::TensorId> tensors_of(const Context& context, ir::NodeId node);

  // `regions` are the shares of the workspace of tensors_of(context, node).
  StripeResult(Context& context, ir::NodeId node, const std::vector<plan::Region>& regions);

  // The most rows that a stripe may have.
  int64_t largest_stripe() const;
  // Rows first .. last - 1 of an image begin to be made; returns the address of row `first`.
  int64_t open(int image, int first, int last);
  // Where channels first .. first + channels - 1 of these pixels are to be written.
  DrainPlace place(const plan::PlacedTile& at, int first, int channels);
  // They are there. Where the follower's other tensors are on chip it takes each batch at once,
  // else row by row
  // (`finish`), so that the loads and stores of stripes come at long intervals.
  void drained(const plan::PlacedTile& at, int first, int channels);
  // Some of the rows are complete.
  void finish(int first, int last);

 private:
  // The element-by-element operation that takes each stripe further.
  struct Follower {
    ir::NodeId node;
    TensorStripes other, result;
    int64_t other_at = -1, result_at = -1;  // of the stripe at hand
    std::optional<uint32_t> table_slot;
  };
  bool is_by_batch() const;
  void follow(int64_t mine, int64_t mine_step, int row, int column, int channel,
              const EltwiseRuns& runs);

  Context& context_;
  const ir::TensorId tensor_;
  const plan::Region batches_;  // two slots for batches on their way to the follower
  int turn_ = 0;
  DrainPlace batch_;  // the latest one
  TensorStripes output_;
  std::optional<Follower> follower_;
  int64_t base_row_ = 0, address_ = 0;  // of the image; of the stripe's first row
  int first_ = 0, last_ = 0;            // of the stripe
  bool is_followed_ = false;            // the follower's windows of this stripe are open
};

}  // namespace zahl::lower
