// Resize and Upsample. A nearest one takes rows and columns by their index. A linear one by a whole
// factor is a small filter over repeated pixels: between two pixels, each of s repetitions lies 1/s
// further. Any other linear one whose pixels lie k/d between two is the mean of d - k repetitions
// of the one and k of the other.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/frontend/network/pieces.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/rules.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

constexpr int64_t kMostRepeats = 32;  // of a pixel along an axis, so that maps stay of a size

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

struct Resized {
  std::vector<int64_t> dims;
  std::vector<float> scales;
};

// Sizes that a Resize or Upsample gives, from its sizes or scales, and the scale of each axis.
Resized resized_dims(OnnxContext& c, const OnnxNode& node, const std::vector<int64_t>& dims) {
  const bool is_upsample = node.type() == "Upsample" || c.graph.opset < 11;
  const std::string scales_name = node.input(is_upsample ? 1 : 2);
  std::vector<size_t> axes;
  if (node.has("axes")) {
    for (int64_t axis : node.integers("axes", {})) axes.push_back(axis_of(node, axis, dims.size()));
  } else {
    for (size_t axis = 0; axis < dims.size(); ++axis) axes.push_back(axis);
  }
  Resized result{dims, std::vector<float>(dims.size(), 1.0f)};
  const auto resize = [&](size_t axis, double size, float scale) {
    result.dims[axis] = static_cast<int64_t>(std::clamp(size, 0.0, 1e9));
    result.scales[axis] = scale;
  };
  if (!is_upsample && !node.input(3).empty()) {
    const auto sizes = c.integers(node, 3, "sizes");
    if (sizes->size() != axes.size())
      refuse<kSizeOfEachAxis>(node.name(), join(*sizes), join(dims));
    std::vector<float> scales;
    for (size_t i = 0; i < axes.size(); ++i)
      scales.push_back(static_cast<float>((*sizes)[i]) / static_cast<float>(dims[axes[i]]));
    const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
    for (size_t i = 0; i < axes.size(); ++i) {
      if (policy == "stretch") {
        resize(axes[i], static_cast<double>((*sizes)[i]), scales[i]);
      } else {
        const float scale =
            policy == "not_larger" ? std::ranges::min(scales) : std::ranges::max(scales);
        resize(axes[i], std::round(scale * static_cast<float>(dims[axes[i]])), scale);
      }
    }
  } else {
    std::vector<float> scales = node.reals("scales");
    const OnnxTensor* tensor = scales_name.empty() ? nullptr : c.constant(scales_name);
    if (tensor) scales = tensor->floats;
    if (scales.empty()) refuse<kConstantScales>(node.name());
    if (scales.size() != axes.size()) refuse<kSizeOfEachAxis>(node.name(), "scales", join(dims));
    for (size_t i = 0; i < axes.size(); ++i) {
      const double scale = static_cast<double>(scales[i]);
      resize(axes[i], std::floor(static_cast<double>(dims[axes[i]]) * scale), scales[i]);
    }
  }
  element_count(node.name(), result.dims);
  return result;
}

std::string coordinates_of(const OnnxContext& c, const OnnxNode& node) {
  return node.text("coordinate_transformation_mode",
                   node.type() == "Upsample" || c.graph.opset < 11 ? "asymmetric" : "half_pixel");
}

// Where pixel i of an axis lies in the input, in float32 as ONNX Runtime computes it.
float place_of(OnnxContext& c, const OnnxNode& node, const std::string& coordinates, int64_t i,
               int64_t in, int64_t out, float scale, size_t axis, size_t rank) {
  const auto x = static_cast<float>(i), size = static_cast<float>(in),
             resized = static_cast<float>(out);
  if (coordinates == "asymmetric") return x / scale;
  if (coordinates == "half_pixel") return (x + 0.5f) / scale - 0.5f;
  if (coordinates == "pytorch_half_pixel") return out > 1 ? (x + 0.5f) / scale - 0.5f : 0.0f;
  if (coordinates == "tf_half_pixel_for_nn") return (x + 0.5f) / scale;
  if (coordinates == "align_corners") return out == 1 ? 0.0f : x * (size - 1) / (resized - 1);
  if (coordinates == "half_pixel_symmetric") {
    const float offset = size / 2 * (1 - resized / (scale * size));
    return offset + (x + 0.5f) / scale - 0.5f;
  }
  const OnnxTensor* region = node.input(1).empty() ? nullptr : c.constant(node.input(1));
  if (coordinates != "tf_crop_and_resize" || !region || region->floats.size() != 2 * rank ||
      node.has("axes"))
    refuse<kCoordinates>(node.name(), coordinates);
  const float start = region->floats[axis], end = region->floats[axis + rank];
  return out > 1 ? start * (size - 1) + x * (end - start) * (size - 1) / (resized - 1)
                 : 0.5f * (start + end) * (size - 1);
}

// The index of the pixel that a nearest resize takes.
int64_t nearest_index(const OnnxContext& c, const OnnxNode& node, float x, int64_t in,
                      float scale) {
  const std::string mode = node.text("nearest_mode", "round_prefer_floor");
  float index = std::round(x);
  if (node.type() == "Upsample" || c.graph.opset < 11) {
    index = scale < 1 ? std::ceil(x) : std::trunc(x);
  } else if (mode == "floor" || (mode == "round_prefer_floor" && x == std::trunc(x) + 0.5f)) {
    index = std::floor(x);
  } else if (mode == "ceil") {
    index = std::ceil(x);
  }
  return std::clamp<int64_t>(static_cast<int64_t>(index), 0, in - 1);
}

// Places of an axis as whole numbers over `denominator`.
struct Places {
  int64_t denominator = 1;
  std::vector<int64_t> numerators{};
};

// Exactly where float32 only comes near; nothing where the scale is no ratio of small numbers.
std::optional<Places> exact_places(const std::string& coordinates, int64_t in, int64_t out,
                                   float scale) {
  int64_t n = out, m = in;  // the scale is n / m
  if (scale != static_cast<float>(out) / static_cast<float>(in)) {
    for (m = 1; m <= 64; ++m) {
      n = std::llround(static_cast<double>(scale) * static_cast<double>(m));
      if (n > 0 && static_cast<float>(n) / static_cast<float>(m) == scale) break;
    }
    if (m > 64) return std::nullopt;
  }
  Places places;
  for (int64_t i = 0; i < out; ++i) {
    int64_t& at = places.numerators.emplace_back(0);
    if (coordinates == "align_corners") {
      places.denominator = std::max<int64_t>(out - 1, 1);
      at = out == 1 ? 0 : i * (in - 1);
      continue;
    }
    places.denominator = 2 * n;
    const int64_t half = (2 * i + 1) * m;
    if (coordinates == "asymmetric") {
      at = 2 * i * m;
    } else if (coordinates == "tf_half_pixel_for_nn") {
      at = half;
    } else if (coordinates == "half_pixel" || coordinates == "pytorch_half_pixel") {
      at = coordinates == "half_pixel" || out > 1 ? half - n : 0;
    } else if (coordinates == "half_pixel_symmetric") {
      at = in * n - out * m + half - n;
    } else {
      return std::nullopt;
    }
  }
  int64_t common = places.denominator;
  for (int64_t& at : places.numerators) {
    at = std::clamp<int64_t>(at, 0, (in - 1) * places.denominator);
    common = std::gcd(common, at);
  }
  places.denominator /= common;
  for (int64_t& at : places.numerators) at /= common;
  return places;
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

// The two filters of a linear resize by whole factors, if it is one.
std::optional<std::pair<Filter, Filter>> filters_of(const OnnxNode& node,
                                                    const std::vector<int64_t>& dims,
                                                    const std::vector<int64_t>& wanted) {
  const std::string coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  // With one pixel only, pytorch_half_pixel differs.
  const bool is_half = coordinates == "half_pixel" ||
                       (coordinates == "pytorch_half_pixel" && wanted[2] > 1 && wanted[3] > 1);
  const auto h = filter_of(dims[2], wanted[2]), w = filter_of(dims[3], wanted[3]);
  if (!is_half || !h || !w) return std::nullopt;
  return std::pair{*h, *w};
}

// Refuses what is no linear resize of the height and width of a map.
void require_linear(const OnnxNode& node, const std::vector<int64_t>& dims,
                    const Resized& resized) {
  const std::vector<int64_t>& wanted = resized.dims;
  if (wanted.size() != 4 || wanted[0] != dims[0] || wanted[1] != dims[1])
    refuse<kResizedMap>(node.name(), join(wanted), join(dims));
  const bool shrinks = wanted[2] < dims[2] || wanted[3] < dims[3];
  if (node.text("mode", "") != "linear" || (shrinks && node.integer("antialias", 0) != 0))
    refuse<kLinearResize>(node.name(), node.text("mode", ""),
                          node.integer("antialias", 0) != 0 ? " and antialias" : "");
}

// The convolution, channel by channel, that a linear resize by whole factors is.
ConvLayer linear_filter(OnnxContext& c, const OnnxNode& node, ValueId id, const Filter* h,
                        const Filter* w) {
  id = in_memory_order(c.network, node.name(), id, kChannelsFirst);
  const std::vector<int64_t> dims = c.network.value(id).dims;
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

// The mean over repeated pixels that a linear resize by any ratio of small numbers is.
PoolLayer linear_mean(OnnxContext& c, const OnnxNode& node, ValueId id, const Resized& resized) {
  PoolLayer layer;
  layer.kind = PoolLayer::Kind::Average;
  const std::vector<int64_t> dims = c.network.value(id).dims;
  for (size_t axis : {size_t{2}, size_t{3}}) {
    const int64_t in = dims[axis], out = resized.dims[axis];
    const std::string coordinates = coordinates_of(c, node);
    const auto places = exact_places(coordinates, in, out, resized.scales[axis]);
    if (!places || places->denominator > kMostRepeats)
      refuse<kSmallRatio>(node.name(), in, out, coordinates, kMostRepeats);
    const auto window = static_cast<int>(places->denominator);
    std::vector<int64_t> indices;
    for (int64_t at : places->numerators) {
      const int64_t first = at / window, second = std::min(first + 1, in - 1);
      indices.insert(indices.end(), static_cast<size_t>(window - at % window), first);
      indices.insert(indices.end(), static_cast<size_t>(at % window), second);
    }
    if (out == in && window == 1) continue;
    id = gathered(c.network, node.name(), id, axis, indices, node.output());
    (axis == 2 ? layer.kernel_h : layer.kernel_w) = window;
    (axis == 2 ? layer.stride_h : layer.stride_w) = window;
  }
  element_count(node.name(), c.network.value(id).dims);
  layer.input = in_memory_order(c.network, node.name(), id, kChannelsFirst);
  return layer;
}

// In a QDQ graph the mean is real and rounded by the Quantize behind it.
void read_linear_resize(OnnxContext& c, const OnnxNode& node) {
  const ValueId input = c.value_of(node, 0);
  const std::vector<int64_t> dims = c.network.value(input).dims;
  const Resized resized = resized_dims(c, node, dims);
  require_linear(node, dims, resized);
  if (const auto filters = filters_of(node, dims, resized.dims)) {
    ConvLayer layer = linear_filter(c, node, input, &filters->first, &filters->second);
    layer.divisor = 0;
    return c.set_pending(node, std::move(layer), resized.dims, kChannelsFirst);
  }
  c.set_pending(node, linear_mean(c, node, input, resized), resized.dims, kChannelsFirst);
}

// On bytes ONNX Runtime takes the mean of the bytes and drops its fraction: toward zero for int8,
// down for uint8. Toward zero is the sum of what is above zero, rounded down, and of what is below,
// rounded up.
ValueId apply_linear_resize(OnnxContext& c, const OnnxNode& node, ValueId id,
                            const Resized& resized) {
  const std::vector<int64_t> dims = c.network.value(id).dims, &wanted = resized.dims;
  require_linear(node, dims, resized);
  const auto filters = filters_of(node, dims, wanted);
  if (!filters) refuse<kResizedBytes>(node.name(), join(dims), join(wanted));
  ConvLayer layer = linear_filter(c, node, id, &filters->first, &filters->second);
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
  const Value input = c.network.value(id);
  const Resized resized = resized_dims(c, node, input.dims);
  if (node.text("mode", "nearest") != "nearest") return apply_linear_resize(c, node, id, resized);
  const std::string coordinates = coordinates_of(c, node);
  const bool crops = coordinates == "tf_crop_and_resize";
  const int8_t beyond = quantized(move.filling, input.scale, input.zero_point);
  for (size_t axis = 0; axis < resized.dims.size(); ++axis) {
    const int64_t in = input.dims[axis], out = resized.dims[axis];
    const float scale = resized.scales[axis];
    if (in == out && scale == 1 && !crops) continue;
    std::vector<int64_t> indices;
    for (int64_t i = 0; i < out; ++i) {
      const float x = place_of(c, node, coordinates, i, in, out, scale, axis, input.dims.size());
      const bool is_outside = crops && (x < 0 || x > static_cast<float>(in - 1));
      indices.push_back(is_outside ? kFilling : nearest_index(c, node, x, in, scale));
    }
    id = gathered(c.network, node.name(), id, axis, indices, node.output(), beyond);
  }
  return id;
}

void read_resize(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  const bool is_linear = node.text("mode", "nearest") != "nearest";
  if (!is_linear || c.bytes.contains(node.input(0)))
    return read_filled_move(c, node, op, node.real("extrapolation_value", 0));
  read_linear_resize(c, node);
}

constexpr std::string_view kResized =
    "nearest: a view, or a concatenation of several; linear: a depthwise convolution or an average "
    "pool over repeated pixels";

constexpr OnnxOperator kRows[] = {
    {"Resize", read_resize, kResized, kResizeRules, apply_resize},
    {"Upsample", read_resize, kResized, kResizeRules, apply_resize},
};

}  // namespace

std::span<const OnnxOperator> onnx_resize_operators() { return kRows; }

}  // namespace zahl::frontend
