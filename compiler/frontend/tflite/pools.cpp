// Pools and means.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/tflite/checks.h"
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

void read_mean(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 2, 2);
  PoolLayer layer{.input = c.input_of(op, 0), .output = c.output_of(op)};
  layer.kind = PoolLayer::Kind::Mean;
  const Value input = c.network.value(layer.input);
  std::vector<int64_t> axes = c.file.integers(op.node, op.inputs[1]);
  for (int64_t& axis : axes) axis += axis < 0 ? static_cast<int64_t>(input.dims.size()) : 0;
  std::ranges::sort(axes);
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  if (input.dims.size() != 4 || axes != std::vector<int64_t>{1, 2}) {
    refuse<kMeanAxes>(op.node, join(axes), join(input.dims));
  }
  layer.kernel_h = static_cast<int>(input.dims[1]);
  layer.kernel_w = static_cast<int>(input.dims[2]);
  const Value output = c.network.value(layer.output);
  const int64_t channels = input.dims[3];
  if (options_of<tflite::ReducerOptions>(op).keep_dims()) {
    require_dims(op.node, output, {input.dims[0], 1, 1, channels});
  } else {
    require_dims(op.node, output, {input.dims[0], channels});
  }
  c.add(op, layer);
}

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::AVERAGE_POOL_2D, read_pool, "an average pool", kPoolRules},
    {BuiltinOperator::MAX_POOL_2D, read_pool, "a maximum pool", kPoolRules},
    {BuiltinOperator::MEAN, read_mean, "a mean", kMeanRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_pool_operators() { return kRows; }

}  // namespace zahl::frontend
