// Parts of a tensor that are cut in height, width and channels at once, for layers of which not
// even one row fits the workspace (pieces.h).
#pragma once

#include <string>

#include "compiler/lower/context.h"

namespace zahl::lower {

// Every so many rows, pixels and channels of one image; at least one of each.
struct Box {
  int image = 0;
  int y = 0, rows = 1, every = 1;
  int x = 0, columns = 1;
  int c = 0, channels = 1;
};

// Where a box is on chip.
struct BoxPlace {
  int64_t address = 0, pixel_step = 0, row_step = 0;
};

// Boxes of a tensor: in place where it is on chip, else one of two slots in its share of the
// workspace, used in turn.
class TensorBoxes {
 public:
  TensorBoxes(Context& context, ir::TensorId tensor, plan::Region region)
      : context_(context),
        home_(context.home(tensor)),
        shape_(context.tensor(tensor).shape),
        region_(region) {}

  bool is_on_chip() const { return home_.is_on_chip; }
  // Bytes that a box may have.
  int64_t slot_bytes() const;
  // Loads the box where needed, its pixels `pixel_step` bytes apart. REQUIRES: pixel_step >=
  // channels.
  BoxPlace open_for_reading(const Box& box, int64_t pixel_step) {
    return open_for_reading_at(next_slot(), box, pixel_step);
  }
  // The same in a place of the workspace that the caller chooses.
  BoxPlace open_for_reading_at(int64_t slot, const Box& box, int64_t pixel_step);
  BoxPlace open_for_writing(const Box& box);
  // The box at `place` is complete: stores it where it is striped or part of a graph output.
  void finish(const Box& box, const BoxPlace& place);

 private:
  int64_t next_slot();
  BoxPlace place(int64_t slot, const Box& box, int64_t pixel_step) const;
  int64_t offset_of(const Box& box, int row) const;

  Context& context_;
  const plan::Home& home_;
  const ir::Shape shape_;
  const plan::Region region_;
  int turn_ = 0;
};

// Bytes of a bank with which the ring has room for a tile of weights
// (plan::Options::weight_banks_of) and there are banks left for parameters and activations.
int64_t bank_bytes_of_tile(const hw::Config& config);

// Throws a UserError: `what` of the present layer needs banks of so many bytes.
[[noreturn]] void refuse_scratchpad(const Context& context, const std::string& what,
                                    int64_t bank_bytes);

}  // namespace zahl::lower
