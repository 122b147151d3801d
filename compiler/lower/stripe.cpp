#include "compiler/lower/stripe.h"

#include <algorithm>

#include "compiler/lower/eltwise.h"

namespace zahl::lower {
namespace {

const ir::Eltwise* follower_of(const Context& context, ir::NodeId node) {
  const ir::NodeId follower = context.plan.fusions.follower[node];
  if (!follower.exists()) return nullptr;
  return &std::get<ir::Eltwise>(context.graph.nodes[follower].operation);
}

ir::TensorId output_of(const Context& context, ir::NodeId node) {
  return ir::output_of(context.graph.nodes[node].operation);
}

}  // namespace

std::vector<ir::TensorId> StripeResult::tensors_of(const Context& context, ir::NodeId node) {
  const ir::TensorId output = lower::output_of(context, node);
  const ir::Eltwise* next = follower_of(context, node);
  if (next == nullptr) return {output};
  return {output, plan::other_operand(*next, output), next->output};
}

StripeResult::StripeResult(Context& context, ir::NodeId node,
                           const std::vector<plan::Region>& regions)
    : context_(context),
      tensor_(lower::output_of(context, node)),
      batches_(regions[0]),
      output_(context, tensor_, regions[0]) {
  const auto tensors = tensors_of(context, node);
  if (tensors.size() == 1) return;
  follower_.emplace(Follower{context.plan.fusions.follower[node],
                             TensorStripes(context, tensors[1], regions[1]),
                             TensorStripes(context, tensors[2], regions[2]),
                             -1,
                             -1,
                             {}});
}

int64_t StripeResult::largest_stripe() const {
  if (!follower_) return output_.largest_stripe();
  if (is_by_batch()) return context_.tensor(tensor_).shape.h;
  return std::min({output_.largest_stripe(), follower_->other.largest_stripe(),
                   follower_->result.largest_stripe()});
}

int64_t StripeResult::open(int image, int first, int last) {
  base_row_ = int64_t{image} * context_.tensor(tensor_).shape.h;
  first_ = first, last_ = last;
  is_followed_ = false;
  address_ = is_by_batch() ? 0 : output_.open_for_writing(base_row_ + first);
  return address_;
}

bool StripeResult::is_by_batch() const {
  return follower_ && !follower_->other.is_striped() && !follower_->result.is_striped();
}

DrainPlace StripeResult::place(const plan::PlacedTile& at, int first_channel, int channels) {
  const ir::Shape& shape = context_.tensor(tensor_).shape;
  if (is_by_batch()) {
    batch_ = {batches_.begin + turn_ * (batches_.bytes / 2), channels,
              int64_t{at.tile.columns} * channels};
    if (at.tile.pixels() * channels > batches_.bytes / 2) throw TooLarge{};
    turn_ ^= 1;
    return batch_;
  }
  const int64_t row = int64_t{shape.w} * shape.c;
  return {address_ + (at.oy - first_) * row + int64_t{at.ox} * shape.c + first_channel, shape.c,
          row};
}

void StripeResult::drained(const plan::PlacedTile& at, int first_channel, int channels) {
  if (!is_by_batch()) return;
  const ir::Shape& shape = context_.tensor(tensor_).shape;
  if (at.tile.columns == shape.w)
    return follow(batch_.address, channels, at.oy, 0, first_channel,
                  {at.tile.pixels(), channels, shape.c});
  for (int row = 0; row < at.tile.rows; ++row) {
    follow(batch_.address + row * batch_.row_step, channels, at.oy + row, at.ox, first_channel,
           {at.tile.columns, channels, shape.c});
  }
}

void StripeResult::finish(int first, int last) {
  if (!follower_) return output_.finish(base_row_ + first, base_row_ + last);
  if (!is_by_batch()) {
    const int64_t row = output_.row_bytes();
    follow(address_ + (first - first_) * row, 0, first, 0, 0, {1, (last - first) * row, 0});
  }
  follower_->result.finish(base_row_ + first, base_row_ + last);
}

// `runs` of the other operand from this pixel and channel on, and what lies at `mine`, go through
// the follower.
void StripeResult::follow(int64_t mine, int64_t mine_step, int row, int column, int channel,
                          const EltwiseRuns& runs) {
  Follower& f = *follower_;
  const ir::NodeId layer = context_.layer;
  context_.layer = f.node;
  const auto& next = std::get<ir::Eltwise>(context_.graph.nodes[f.node].operation);
  if (!is_followed_) {  // only now: until then the weights come first
    f.other_at = f.other.open_for_reading(base_row_ + first_, base_row_ + last_);
    f.result_at = f.result.open_for_writing(base_row_ + first_);
    is_followed_ = true;
  }
  isa::Eltwise instruction = eltwise_instruction(next);
  if (next.table && !f.table_slot) f.table_slot = context_.set_table(*next.table);
  instruction.table_slot = f.table_slot.value_or(0);
  const ir::Shape& shape = context_.tensor(tensor_).shape;
  const int64_t offset = (int64_t{row - first_} * shape.w + column) * shape.c + channel;
  const EltwiseOperand own{mine, mine_step}, other{f.other_at + offset, runs.step};
  const bool is_first = next.a == tensor_;
  emit_eltwise(context_, instruction,
               {is_first ? own : other, is_first ? other : own, f.result_at + offset}, runs, true);
  context_.layer = layer;
}

}  // namespace zahl::lower
