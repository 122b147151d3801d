#include "compiler/frontend/tflite/windows.h"

#include <fmt/format.h>

#include "compiler/frontend/network/window.h"
#include "compiler/frontend/tflite/checks.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;

Clamp clamp_of(const NodeName& node, tflite::ActivationFunctionType activation) {
  switch (activation) {
    case tflite::ActivationFunctionType::NONE:
      return {};
    case tflite::ActivationFunctionType::RELU:
      return {.low = 0};
    case tflite::ActivationFunctionType::RELU_N1_TO_1:
      return {.low = -1, .high = 1};
    case tflite::ActivationFunctionType::RELU6:
      return {.low = 0, .high = 6};
    default:
      refuse<kFusedActivation>(node, tflite::EnumNameActivationFunctionType(activation));
  }
}

template <typename Layer>
void set_window(const TfliteContext& c, const TfliteFile::Operator& op, Layer& layer,
                tflite::Padding padding) {
  const Value &input = c.network.value(layer.input), &output = c.network.value(layer.output);
  require_rank(op.node, input, 4);
  require_rank(op.node, output, 4);
  int dilation_h = 1, dilation_w = 1;
  if constexpr (requires { layer.dilation_h; }) {
    dilation_h = layer.dilation_h;
    dilation_w = layer.dilation_w;
  }
  WindowAxis h{input.dims[1], layer.kernel_h, layer.stride_h, dilation_h, 0, 0};
  WindowAxis w{input.dims[2], layer.kernel_w, layer.stride_w, dilation_w, 0, 0};
  for (WindowAxis* axis : {&h, &w}) {
    if (padding == tflite::Padding::SAME && axis->stride > 0) pad_same(*axis);
    check(op.node, *axis);
  }
  layer.padding = {.top = static_cast<int>(h.before),
                   .bottom = static_cast<int>(h.after),
                   .left = static_cast<int>(w.before),
                   .right = static_cast<int>(w.after)};
  const int64_t channels = output.dims[3];
  require_dims(op.node, output, {input.dims[0], h.output(), w.output(), channels});
}

template void set_window(const TfliteContext&, const TfliteFile::Operator&, ConvLayer&,
                         tflite::Padding);
template void set_window(const TfliteContext&, const TfliteFile::Operator&, PoolLayer&,
                         tflite::Padding);

}  // namespace zahl::frontend
