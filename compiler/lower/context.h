// What the lowering of each operator works with: homes, rings, the constant data, and the steps
// made so far.
#pragma once

#include <string>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/lower/step.h"
#include "compiler/plan/memory_plan.h"

namespace zahl::lower {

// Thrown where whole rows of a layer do not fit the machine: it is then lowered in pieces
// (pieces.h).
struct TooLarge {};

// Hands out places one after another and starts over at the end; who asks next overwrites what was
// handed out longest ago. The tokens keep a place from being overwritten before it was read.
class Ring {
 public:
  Ring(plan::Region region, int64_t alignment) : region_(region), alignment_(alignment) {}
  int64_t bytes() const { return region_.bytes; }
  // REQUIRES: bytes <= bytes().
  int64_t take(int64_t bytes);

 private:
  plan::Region region_;
  int64_t alignment_;
  int64_t next_ = 0;
};

class Context {
 public:
  Context(const ir::Graph& graph, const hw::Config& config, const plan::MemoryPlan& plan);

  const ir::Graph& graph;
  const hw::Config& config;
  const plan::MemoryPlan& plan;
  Ring weights, parameters;
  std::vector<Step> steps;
  ir::NodeId layer;

  const ir::Tensor& tensor(ir::TensorId id) const { return graph.tensors[id]; }
  const plan::Home& home(ir::TensorId id) const;
  // Where the present layer keeps its stripes.
  const plan::Region& workspace() const { return plan.workspaces[plan.fusions.runs_with(layer)]; }
  const std::string& layer_name() const { return graph.nodes[layer].name; }

  // Appends constants; returns their DRAM address.
  int64_t add_data(const std::vector<uint8_t>& bytes);
  const std::vector<uint8_t>& data() const { return data_; }
  int64_t data_address() const { return plan.dram_bytes; }

  void begin_step() { steps.emplace_back(); }
  // Loads of a step come before all of its body: a new step where the present one has a body.
  void begin_loads() {
    if (steps.empty() || !steps.back().body.empty()) begin_step();
  }
  // The same where the body touches what is to be overwritten: a ring may have come round.
  void begin_loads_to(int64_t scratchpad, int64_t bytes);
  // A copy of `bytes` contiguous bytes: loads of a step, stores in the body of the present one.
  void load(int64_t dram, int64_t scratchpad, int64_t bytes) {
    load_in_step(steps.size() - 1, dram, scratchpad, bytes);
  }
  void load_in_step(size_t step, int64_t dram, int64_t scratchpad, int64_t bytes);
  // Rows that lie steps apart on either side, in the present step.
  void load_rows(int64_t dram, int64_t dram_step, int64_t scratchpad, int64_t scratchpad_step,
                 int64_t rows, int64_t row_bytes);
  void store_rows(int64_t scratchpad, int64_t scratchpad_step, int64_t dram, int64_t dram_step,
                  int64_t rows, int64_t row_bytes);
  void store(int64_t scratchpad, int64_t dram, int64_t bytes);
  // Adds to the body of the present step.
  void emit(isa::Instruction instruction, std::vector<Access> accesses);

  // What lowering a layer has changed so far, to be taken back.
  struct Mark {
    Ring weights, parameters;
    size_t steps, data;
    int64_t next_accumulator_bank;
    uint32_t next_table_slot;
  };
  Mark mark() const {
    return {weights,         parameters, steps.size(), data_.size(), next_accumulator_bank_,
            next_table_slot_};
  }
  void go_back_to(const Mark& mark);

  // First of `vectors` accumulators that no instruction in flight is likely to use.
  int64_t take_accumulators(int64_t vectors);
  // Loads a table in the present step and makes it the current one; returns its slot.
  uint32_t set_table(const std::array<int8_t, 256>& table);

 private:
  ir::Indexed<ir::TensorId, plan::Home> homes_;
  std::vector<uint8_t> data_;
  int64_t next_accumulator_bank_ = 0;
  uint32_t next_table_slot_ = 0;
};

// Rows of one image of a layer's input, one behind the other from `address` on: with `every` 1 the
// rows first .. first
// + rows - 1, else of every so many rows the first one, counted in these.
struct InputRows {
  int64_t address = 0;
  int first = 0, rows = 0;
  int every = 1;
};

// Stripes of a tensor's rows for a layer: in place where the tensor is on chip, otherwise one of
// two slots in the workspace, used in turn, or all of its share where the tensor fits as a whole.
class TensorStripes {
 public:
  // `region` is this tensor's share of the workspace. Of a striped operand that is read with a
  // stride of `every` rows, only those are loaded; row numbers then count them.
  TensorStripes(Context& context, ir::TensorId tensor, plan::Region region, int every = 1);
  // Instead of rows, runs of so many bytes, for operators to which rows mean nothing.
  static TensorStripes of_runs(Context& context, ir::TensorId tensor, plan::Region region,
                               int64_t run_bytes);

  bool is_striped() const { return !home_.is_on_chip; }
  int64_t row_bytes() const { return row_bytes_; }
  int every() const { return every_; }
  // The most rows that a stripe may have. Throws TooLarge where not one fits.
  int64_t largest_stripe() const;
  // Rows first .. last - 1 (over all images) of an operand: loads them where needed. Returns the
  // address of row `first`.
  int64_t open_for_reading(int64_t first, int64_t last);
  // The same for the rows first .. last - 1 of one image that exist. A tensor on chip is there as a
  // whole.
  InputRows rows_for(int image, int first, int last);
  // A stripe of a result that begins with row `first`.
  int64_t open_for_writing(int64_t first);
  // Rows of the stripe opened last are complete: stores them if they are striped or a graph
  // output.
  void finish(int64_t first, int64_t last);

 private:
  int64_t open(int64_t first);
  bool is_whole_at_once() const { return total_rows_ * row_bytes_ <= region_.bytes; }
  // Where half of the region does not hold a run, all of it may: stripes then wait for one another.
  bool has_one_slot() const { return is_run_ && region_.bytes / 2 < row_bytes_; }

  Context& context_;
  const plan::Home& home_;
  plan::Region region_;
  int every_;
  int64_t row_bytes_, height_, rows_in_image_, total_rows_;
  bool is_run_ = false;
  int turn_ = 0;
  int64_t slot_ = 0, first_row_ = 0;  // of the stripe opened last
};

// Shares of the workspace for the striped ones among `tensors`, whole banks where there are
// enough.
std::vector<plan::Region> share_workspace(const Context& context,
                                          const std::vector<ir::TensorId>& tensors);

}  // namespace zahl::lower
