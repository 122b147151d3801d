// Resize and Upsample. A nearest one repeats pixels. A linear one by a whole factor is a small
// filter over repeated pixels: between two pixels, each of s repetitions lies 1/s further.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

// One axis of a linear resize: pixels are repeated, the border too, then filtered.
struct Filter {
  int repeats = 1;
  int border = 0;  // repetitions of the first and last pixel beyond that
  std::vector<int> taps = {1};
  int stride = 1, first = 0;  // windows begin at `first`
};

std::optional<Filter> filter_of(int64_t in, int64_t out) {
  Filter filter;
  if (in == out) return filter;
  if (out % in == 0 && out / in <= 8) {  // 1, 1, 1 or 1, 2, ... 2, 1
    const int times = static_cast<int>(out / in);
    filter.repeats = times;
    filter.border = times / 2;
    filter.taps.assign(static_cast<size_t>(times % 2 == 0 ? times + 1 : times),
                       times % 2 == 0 ? 2 : 1);
    if (times % 2 == 0) filter.taps.front() = filter.taps.back() = 1;
    return filter;
  }
  if (in % out == 0 && in / out <= 64) {  // the pixel in the middle, or the two
    filter.stride = static_cast<int>(in / out);
    filter.first = (filter.stride - 1) / 2;
    if (filter.stride % 2 == 0) filter.taps = {1, 1};
    return filter;
  }
  return std::nullopt;
}

// Sizes that a Resize or Upsample gives, from its sizes or scales.
std::vector<int64_t> resized_dims(OnnxContext& c, const OnnxNode& node,
                                  const std::vector<int64_t>& dims) {
  const bool is_upsample = node.type() == "Upsample" || c.graph.opset < 11;
  const std::string scales_name = node.input(is_upsample ? 1 : 2);
  std::vector<int64_t> result;
  if (!is_upsample && !node.input(3).empty()) {
    const auto sizes = c.integers(node, 3, "sizes");
    result = *sizes;
  } else {
    std::vector<float> scales = node.reals("scales");
    const OnnxTensor* tensor = scales_name.empty() ? nullptr : c.constant(scales_name);
    if (tensor) scales = tensor->floats;
    if (scales.size() != dims.size()) refuse<kConstantScales>(node.name());
    for (size_t i = 0; i < dims.size(); ++i) {
      const double size = std::floor(static_cast<double>(dims[i]) * static_cast<double>(scales[i]));
      result.push_back(static_cast<int64_t>(std::clamp(size, 0.0, 1e9)));
    }
  }
  if (result.size() != dims.size() || node.has("axes")) {
    refuse<kSizeOfEachAxis>(node.name(), join(result), join(dims));
  }
  return result;
}

// Each pixel along an axis `times` times, the first and last `border` times more; the first `skip`
// left out.
ValueId with_border(OnnxContext& c, const OnnxNode& node, ValueId id, size_t axis, int times,
                    int border, int skip) {
  const auto settle = [&](const View& view) {
    const Value like = c.network.value(id);
    return in_memory_order(c.network, node.name(),
                           add_view(c.network, node.name(), like, like.name, view), kChannelsFirst);
  };
  const View view = view_of(c.network, id);
  const int64_t size = c.network.value(id).dims[axis];
  if (skip > 0) return settle(*sliced(view, axis, skip, size - skip, 1));
  if (times == 1) return id;
  const ValueId first = settle(repeated(*sliced(view, axis, 0, 1, 1), axis, border));
  const ValueId last = settle(repeated(*sliced(view, axis, size - 1, 1, 1), axis, border));
  const ValueId middle = settle(repeated(view, axis, times));
  Value whole = c.network.value(middle);
  whole.dims[axis] += 2 * border;
  const ValueId result = c.network.add(std::move(whole));
  c.network.layers.push_back(
      {node.name(), ConcatLayer{{first, middle, last}, result, static_cast<int>(axis)}});
  return result;
}

// The convolution, channel by channel, that a linear resize is; `value` becomes what it reads.
ConvLayer linear_filter(OnnxContext& c, const OnnxNode& node, ValueId id,
                        const std::vector<int64_t>& wanted) {
  id = in_memory_order(c.network, node.name(), id, kChannelsFirst);
  const std::vector<int64_t> dims = c.network.value(id).dims;
  const std::string coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  // With one pixel only, pytorch_half_pixel differs.
  const bool is_half = coordinates == "half_pixel" ||
                       (coordinates == "pytorch_half_pixel" && std::ranges::min(wanted) > 0 &&
                        wanted[2] > 1 && wanted[3] > 1);
  const auto h = filter_of(dims[2], wanted[2]), w = filter_of(dims[3], wanted[3]);
  if (node.text("mode", "") != "linear" || !is_half || !h || !w || wanted[0] != dims[0] ||
      wanted[1] != dims[1] || node.integer("antialias", 0) != 0) {
    refuse<kLinearResize>(node.name(), join(dims), join(wanted), node.text("mode", ""),
                          coordinates);
  }
  id = with_border(c, node, id, 2, h->repeats, h->border, h->first);
  id = with_border(c, node, id, 3, w->repeats, w->border, w->first);
  ConvLayer layer{.input = id};
  layer.kernel_h = static_cast<int>(h->taps.size()),
  layer.kernel_w = static_cast<int>(w->taps.size());
  layer.stride_h = h->stride, layer.stride_w = w->stride;
  layer.groups = layer.out_channels = static_cast<int>(dims[1]);
  int sum = 0;
  for (int64_t channel = 0; channel < dims[1]; ++channel) {
    sum = 0;
    for (int row : h->taps) {
      for (int column : w->taps) {
        layer.weights.push_back(static_cast<int8_t>(row * column));
        sum += row * column;
      }
    }
  }
  layer.divisor = sum;
  layer.weight_scales = {1.0f / static_cast<float>(sum)};
  return layer;
}

// In a QDQ graph the mean is real and rounded by the Quantize behind it: a convolution.
void read_linear_resize(OnnxContext& c, const OnnxNode& node) {
  const ValueId input = c.value_of(node, 0);
  const std::vector<int64_t> wanted = resized_dims(c, node, c.network.value(input).dims);
  if (wanted.size() != 4) refuse<kResizedMap>(node.name(), join(wanted));
  ConvLayer layer = linear_filter(c, node, input, wanted);
  layer.divisor = 0;
  c.set_pending(node, std::move(layer), wanted, kChannelsFirst);
}

// On bytes ONNX Runtime takes the mean of the bytes and drops its fraction: toward zero for int8,
// down for uint8. Toward zero is the sum of what is above zero, rounded down, and of what is below,
// rounded up.
ValueId apply_linear_resize(OnnxContext& c, const OnnxNode& node, ValueId id,
                            const std::vector<int64_t>& wanted) {
  if (wanted.size() != 4) refuse<kResizedMap>(node.name(), join(wanted));
  ConvLayer layer = linear_filter(c, node, id, wanted);
  const bool is_power = (layer.divisor & (layer.divisor - 1)) == 0;
  if (!is_power && layer.divisor % 2 == 0) {
    refuse<kMeanOfBytes>(node.name(), layer.divisor);
  }
  Value output = c.network.value(layer.input);
  output.name = node.output();
  output.dims = wanted;
  const auto add_part = [&](ConvLayer::Ending ending, const Value& like) {
    ConvLayer part = layer;
    part.ending = ending;
    part.output = c.network.add(like);
    c.network.layers.push_back({node.name(), part});
    return part.output;
  };
  if (output.is_unsigned) return add_part(ConvLayer::Ending::Down, output);
  Value bytes = output;  // as they are
  bytes.zero_point = 0;
  EltwiseLayer sum;
  sum.a = add_part(ConvLayer::Ending::DownAboveZero, bytes);
  sum.b = add_part(ConvLayer::Ending::UpBelowZero, bytes);
  sum.output = c.network.add(bytes);
  c.network.layers.push_back({node.name(), sum});
  const ValueId result = c.network.add(std::move(output));
  c.network.layers.push_back({node.name(), ReshapeLayer{sum.output, result}});
  return result;
}

ValueId apply_resize(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const std::vector<int64_t> dims = c.network.value(id).dims, wanted = resized_dims(c, node, dims);
  const std::string mode = node.text("mode", "nearest"),
                    nearest = node.text("nearest_mode", "round_prefer_floor");
  const std::string coordinates =
      node.text("coordinate_transformation_mode",
                node.type() == "Upsample" || c.graph.opset < 11 ? "asymmetric" : "half_pixel");
  if (mode != "nearest") return apply_linear_resize(c, node, id, wanted);
  View view = view_of(c.network, id);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (wanted[axis] == dims[axis]) continue;
    const auto out = wanted[axis], in = dims[axis];
    const bool is_whole = out % in == 0 && out > in;
    // With half pixels a whole factor rounds back to the pixel that is repeated; so does flooring
    // without them.
    const bool is_even =
        (coordinates == "asymmetric" &&
         (nearest == "floor" || node.type() == "Upsample" || c.graph.opset < 11)) ||
        ((coordinates == "half_pixel" || coordinates == "pytorch_half_pixel") &&
         nearest.starts_with("round_prefer"));
    if (!is_whole || !is_even) {
      refuse<kNearestResize>(node.name(), in, out, coordinates, nearest);
    }
    view = repeated(view, axis, static_cast<int>(out / in));
  }
  const Value like = c.network.value(id);
  return add_view(c.network, node.name(), like, node.output(), view);
}

void read_resize(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const bool is_linear = node.text("mode", "nearest") != "nearest";
  if (!is_linear || c.bytes.contains(node.input(0))) return read_move(c, node, op);
  read_linear_resize(c, node);
}

constexpr std::string_view kResized =
    "nearest: a view; linear: a depthwise convolution over repeated pixels";

constexpr OnnxOperator kRows[] = {
    {"Resize", read_resize, kResized, kResizeRules, apply_resize},
    {"Upsample", read_resize, kResized, kResizeRules, apply_resize},
};

}  // namespace

std::span<const OnnxOperator> onnx_resize_operators() { return kRows; }

}  // namespace zahl::frontend
