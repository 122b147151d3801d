// Pools and means.
#include <fmt/format.h>

#include "compiler/frontend/network/reduction.h"
#include "compiler/frontend/network/several.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/moves.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"
#include "compiler/frontend/tflite/windows.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;
using tflite::TensorType;

void read_pool(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  const auto& o = options_of<tflite::Pool2DOptions>(op);
  PoolLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  layer.kind =
      op.code == BuiltinOperator::MAX_POOL_2D ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  layer.kernel_h = o.filter_height();
  layer.kernel_w = o.filter_width();
  layer.stride_h = o.stride_h();
  layer.stride_w = o.stride_w();
  layer.clamp = clamp_of(op.node, o.fused_activation_function());
  layer.averages_unsigned = c.file.tensor(op.inputs[0]).type() == TensorType::UINT8;
  set_window(c, op, layer, o.padding());
  const Value &input = c.network.value(layer.input), &output = c.network.value(layer.output);
  if (input.dims[3] != output.dims[3]) refuse<kSameChannels>(op.node);
  c.add(op, layer);
}

// A mean of height and width as it is.
bool read_map_mean(TfliteContext& c, const Operator& op, const std::vector<bool>& is_reduced) {
  if (op.code != BuiltinOperator::MEAN || is_reduced != std::vector<bool>{false, true, true, false})
    return false;
  const bool keeps = options_of<tflite::ReducerOptions>(op).keep_dims();
  PoolLayer layer{.input = c.input_of(op, 0)};
  const Value input = c.network.value(layer.input);
  if (!keeps && input.dims[0] != 1) return false;
  layer.output = c.output_of(op);
  layer.kind = PoolLayer::Kind::Mean;
  layer.kernel_h = static_cast<int>(input.dims[1]);
  layer.kernel_w = static_cast<int>(input.dims[2]);
  const Value output = c.network.value(layer.output);
  const int64_t channels = input.dims[3];
  if (keeps) {
    require_dims(op.node, output, {input.dims[0], 1, 1, channels});
  } else {
    require_dims(op.node, output, {input.dims[0], channels});
  }
  c.add(op, layer);
  return true;
}

void read_reduction(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  const ValueId id = c.value_of(op.node, op.inputs[0]);
  const Value source = c.network.value(id);
  const auto rank = static_cast<int64_t>(source.dims.size());
  std::vector<bool> is_reduced(source.dims.size(), false);
  const std::vector<int64_t> axes = c.file.integers(op.node, op.inputs[1]);
  for (int64_t axis : axes) {
    if (axis < -rank || axis >= rank) refuse<kReducedAxes>(op.node, join(axes), join(source.dims));
    is_reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  }
  if (read_map_mean(c, op, is_reduced)) return;
  const Reduction reduction = reduction_of(op.node, source, is_reduced);
  const bool is_minimum = op.code == BuiltinOperator::REDUCE_MIN;
  PoolLayer layer;
  layer.kind = op.code == BuiltinOperator::MEAN  ? PoolLayer::Kind::Mean
               : op.code == BuiltinOperator::SUM ? PoolLayer::Kind::Sum
                                                 : PoolLayer::Kind::Maximum;
  layer.input = reduced_map(c.network, op.node, id, reduction, layer);
  if (is_minimum) layer.input = turned(c.network, op.node, layer.input);
  Value output = c.network.value(c.value_of(op.node, op.outputs[0]));
  output.dims = window_dims(reduction);
  output.order = plain_order(4);
  if (layer.kind == PoolLayer::Kind::Maximum) {
    if (source.scale != output.scale || source.zero_point != output.zero_point)
      refuse<kSameScale>(op.node);
    output.zero_point = c.network.value(layer.input).zero_point;
  }
  layer.output = c.network.add(std::move(output));
  c.add(op, layer);
  const ValueId result = is_minimum ? turned(c.network, op.node, layer.output) : layer.output;
  set_view(c, op, 0, result,
           reduced_view(c.network, result, source, reduction,
                        options_of<tflite::ReducerOptions>(op).keep_dims()));
}

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::AVERAGE_POOL_2D, read_pool, "an average pool", kPoolRules},
    {BuiltinOperator::MAX_POOL_2D, read_pool, "a maximum pool", kPoolRules},
    {BuiltinOperator::MEAN, read_reduction, "a mean", kReductionRules},
    {BuiltinOperator::SUM, read_reduction, "a mean", kReductionRules},
    {BuiltinOperator::REDUCE_MAX, read_reduction, "a maximum pool", kReductionRules},
    {BuiltinOperator::REDUCE_MIN, read_reduction, "a maximum pool between two tables",
     kReductionRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_pool_operators() { return kRows; }

}  // namespace zahl::frontend
