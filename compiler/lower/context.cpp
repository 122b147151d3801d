#include "compiler/lower/context.h"

#include <algorithm>
#include <stdexcept>

#include "contract/tables.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

constexpr int64_t kDataAlignment = 64;
// Load and store hold the same.
constexpr int64_t kLargestRow = isa::limits::Load::row_bytes.max;
static_assert(kLargestRow == isa::limits::Store::row_bytes.max);
constexpr int64_t kStripePieceBytes = 8192;

}  // namespace

int64_t Ring::take(int64_t bytes) {
  if (bytes > region_.bytes) throw std::logic_error("a ring was asked for more than it holds");
  if (next_ + bytes > region_.bytes) next_ = 0;
  const int64_t place = region_.begin + next_;
  next_ += round_up(bytes, alignment_);
  return place;
}

Context::Context(const ir::Graph& g, const hw::Config& c, const plan::MemoryPlan& p)
    : graph(g),
      config(c),
      plan(p),
      weights(plan.weights, c.line_bytes),
      parameters(plan.parameters, c.line_bytes),
      homes_(plan.homes) {
  for (ir::TensorId t : graph.tensors.ids()) {
    if (!graph.tensors[t].constant) continue;
    const auto& values = *graph.tensors[t].constant;
    homes_[t].dram = add_data(std::vector<uint8_t>(values.begin(), values.end()));
  }
}

const plan::Home& Context::home(ir::TensorId id) const { return homes_[plan.root[id]]; }

int64_t Context::add_data(const std::vector<uint8_t>& bytes) {
  data_.resize(round_up(data_.size(), kDataAlignment));
  const int64_t address = data_address() + static_cast<int64_t>(data_.size());
  data_.insert(data_.end(), bytes.begin(), bytes.end());
  return address;
}

void Context::begin_loads_to(int64_t scratchpad, int64_t bytes) {
  const Access place = writes(scratchpad, bytes);
  for (const Planned& planned : steps.back().body) {
    for (const Access& access : planned.accesses) {
      if (access.overlaps(place)) return begin_step();
    }
  }
}

void Context::load_in_step(size_t step, int64_t dram, int64_t scratchpad, int64_t bytes) {
  for (int64_t done = 0; done < bytes; done += kLargestRow) {
    const int64_t part = std::min(bytes - done, kLargestRow);
    isa::Load load;
    load.dram = static_cast<uint64_t>(dram + done);
    load.scratchpad = static_cast<uint32_t>(scratchpad + done);
    load.row_bytes = static_cast<uint32_t>(part);
    steps[step].loads.push_back(
        {load, {reads_dram(dram + done, part), writes(scratchpad + done, part)}, layer});
  }
}

void Context::load_rows(int64_t dram, int64_t dram_step, int64_t scratchpad,
                        int64_t scratchpad_step, int64_t rows, int64_t row_bytes) {
  isa::Load load;
  load.dram = static_cast<uint64_t>(dram);
  load.dram_step = static_cast<int32_t>(dram_step);
  load.scratchpad = static_cast<uint32_t>(scratchpad);
  load.scratchpad_step = static_cast<uint32_t>(scratchpad_step);
  load.rows = static_cast<uint32_t>(rows);
  load.row_bytes = static_cast<uint32_t>(row_bytes);
  const Access from = reads_dram(dram, (rows - 1) * dram_step + row_bytes);
  steps.back().loads.push_back(
      {load, {from, writes(scratchpad, (rows - 1) * scratchpad_step + row_bytes)}, layer});
}

void Context::store_rows(int64_t scratchpad, int64_t scratchpad_step, int64_t dram,
                         int64_t dram_step, int64_t rows, int64_t row_bytes) {
  isa::Store store;
  store.dram = static_cast<uint64_t>(dram);
  store.dram_step = static_cast<int32_t>(dram_step);
  store.scratchpad = static_cast<uint32_t>(scratchpad);
  store.scratchpad_step = static_cast<uint32_t>(scratchpad_step);
  store.rows = static_cast<uint32_t>(rows);
  store.row_bytes = static_cast<uint32_t>(row_bytes);
  emit(store, {reads(scratchpad, (rows - 1) * scratchpad_step + row_bytes),
               writes_dram(dram, (rows - 1) * dram_step + row_bytes)});
}

void Context::store(int64_t scratchpad, int64_t dram, int64_t bytes) {
  for (int64_t done = 0; done < bytes; done += kLargestRow) {
    const int64_t part = std::min(bytes - done, kLargestRow);
    isa::Store store;
    store.dram = static_cast<uint64_t>(dram + done);
    store.scratchpad = static_cast<uint32_t>(scratchpad + done);
    store.row_bytes = static_cast<uint32_t>(part);
    emit(store, {reads(scratchpad + done, part), writes_dram(dram + done, part)});
  }
}

void Context::emit(isa::Instruction instruction, std::vector<Access> accesses) {
  steps.back().body.push_back({std::move(instruction), std::move(accesses), layer});
}

int64_t Context::take_accumulators(int64_t vectors) {
  const int64_t bank = config.accumulator_bank_vectors;
  const int64_t banks = ceil_div(vectors, bank);
  if (next_accumulator_bank_ + banks > config.accumulator_banks) next_accumulator_bank_ = 0;
  const int64_t first = next_accumulator_bank_ * bank;
  next_accumulator_bank_ += banks;
  return first;
}

void Context::go_back_to(const Mark& mark) {
  weights = mark.weights, parameters = mark.parameters;
  steps.resize(mark.steps);
  data_.resize(mark.data);
  next_accumulator_bank_ = mark.next_accumulator_bank;
  next_table_slot_ = mark.next_table_slot;
}

uint32_t Context::set_table(const std::array<int8_t, 256>& table) {
  const int64_t place = parameters.take(kTableBytes);
  begin_loads_to(place, kTableBytes);
  load(add_data(std::vector<uint8_t>(table.begin(), table.end())), place, kTableBytes);
  isa::SetTable set;
  set.source = static_cast<uint32_t>(place);
  set.slot = next_table_slot_;
  emit(set, {reads(place, kTableBytes)});
  next_table_slot_ ^= 1u;
  return set.slot;
}

TensorStripes::TensorStripes(Context& context, ir::TensorId tensor, plan::Region region, int every)
    : context_(context),
      home_(context.home(tensor)),
      region_(region),
      every_(home_.is_on_chip ? 1 : every),
      row_bytes_(int64_t{context.tensor(tensor).shape.w} * context.tensor(tensor).shape.c),
      height_(context.tensor(tensor).shape.h),
      rows_in_image_(ceil_div(height_, every_)),
      total_rows_(context.tensor(tensor).shape.n * rows_in_image_) {}

TensorStripes TensorStripes::of_runs(Context& context, ir::TensorId tensor, plan::Region region,
                                     int64_t run_bytes) {
  TensorStripes runs(context, tensor, region);
  runs.is_run_ = true;
  runs.row_bytes_ = run_bytes;
  runs.height_ = runs.rows_in_image_ = runs.total_rows_ =
      context.tensor(tensor).shape.elements() / run_bytes;
  return runs;
}

int64_t TensorStripes::largest_stripe() const {
  if (!is_striped()) return int64_t{1} << 40;
  if (is_whole_at_once()) return total_rows_;
  const int64_t rows = (has_one_slot() ? region_.bytes : region_.bytes / 2) / row_bytes_;
  if (rows == 0) throw TooLarge{};
  return rows;
}

int64_t TensorStripes::open(int64_t first) {
  first_row_ = first;
  slot_ = is_striped() ? region_.begin + turn_ * (region_.bytes / 2)
                       : home_.scratchpad + first * row_bytes_;
  if (is_striped() && !is_whole_at_once() && !has_one_slot()) turn_ ^= 1;
  return slot_;
}

int64_t TensorStripes::open_for_reading(int64_t first, int64_t last) {
  const int64_t address = open(first);
  const int64_t piece = std::max<int64_t>(
      1,
      kStripePieceBytes / row_bytes_);  // work on the first rows starts before the last are there
  for (int64_t row = first; is_striped() && row < last; row += piece) {
    const int64_t rows = std::min(piece, last - row);
    const int64_t at = address + (row - first) * row_bytes_;
    if (every_ == 1) {
      context_.load(home_.dram + row * row_bytes_, at, rows * row_bytes_);
    } else {
      const int64_t real_row = row / rows_in_image_ * height_ + row % rows_in_image_ * every_;
      context_.load_rows(home_.dram + real_row * row_bytes_, every_ * row_bytes_, at, row_bytes_,
                         rows, row_bytes_);
    }
  }
  return address;
}

InputRows TensorStripes::rows_for(int image, int first, int last) {
  const int height = static_cast<int>(rows_in_image_), base = image * height;
  const int y0 = is_striped() ? std::clamp(first, 0, height - 1) : 0;
  const int y1 = is_striped() ? std::clamp(last, y0 + 1, height) : height;
  return {open_for_reading(base + y0, base + y1), y0, y1 - y0, every_};
}

int64_t TensorStripes::open_for_writing(int64_t first) { return open(first); }

void TensorStripes::finish(int64_t first, int64_t last) {
  if (home_.is_transient || (!is_striped() && !home_.is_graph_output)) return;
  context_.store(slot_ + (first - first_row_) * row_bytes_, home_.dram + first * row_bytes_,
                 (last - first) * row_bytes_);
}

std::vector<plan::Region> share_workspace(const Context& context,
                                          const std::vector<ir::TensorId>& tensors) {
  const plan::Region all = context.workspace();
  const int64_t striped = std::count_if(
      tensors.begin(), tensors.end(), [&](ir::TensorId t) { return !context.home(t).is_on_chip; });
  const int64_t bank = context.config.scratchpad_bank_bytes;
  int64_t share = striped == 0 ? 0 : all.bytes / striped;
  if (share > bank) share = share / bank * bank;
  std::vector<plan::Region> regions;
  int64_t begin = all.begin;
  for (ir::TensorId t : tensors) {
    const bool is_striped = !context.home(t).is_on_chip;
    regions.push_back({begin, is_striped ? share : 0});
    if (is_striped) begin += share;
  }
  return regions;
}

}  // namespace zahl::lower
