// The operators that become layers; convolutions and pools.
#include "compiler/frontend/onnx/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/frontend/network/phases.h"
#include "compiler/frontend/network/view.h"
#include "compiler/frontend/network/window.h"
#include "compiler/frontend/onnx/moves.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/weights.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

struct Window {
  WindowAxis h, w;
  size_t spatial = 2;  // 1: along w alone, and the images are the rows of the map
};

// A map's batch, channels, and the sizes behind them.
std::vector<int64_t> map_dims(int64_t images, int64_t channels, const Window& window) {
  std::vector<int64_t> dims{images, channels, window.w.output()};
  if (window.spatial == 2) dims.insert(dims.begin() + 2, window.h.output());
  return dims;
}

// Kernel, strides, dilations and padding of a convolution or pool over a map of `dims`.
Window window_of(const OnnxNode& node, const std::vector<int64_t>& dims,
                 const std::vector<int64_t>& kernel, bool has_ceil) {
  const size_t spatial = dims.size() - 2;
  const std::vector<int64_t> ones(spatial, 1), none(2 * spatial, 0);
  const auto strides = node.integers("strides", ones), dilations = node.integers("dilations", ones);
  const auto pads = node.integers("pads", none);
  if (kernel.size() != spatial || strides.size() != spatial || dilations.size() != spatial ||
      pads.size() != 2 * spatial) {
    refuse<kTwoSpatial>(node.name(), kernel.size());
  }
  const auto axis_of = [&](size_t i) {
    return WindowAxis{dims[2 + i], kernel[i], strides[i], dilations[i], pads[i], pads[spatial + i]};
  };
  Window window{WindowAxis{dims[0]}, axis_of(spatial - 1), spatial};
  if (spatial == 2) window.h = axis_of(0);
  const std::string automatic = node.text("auto_pad", "NOTSET");
  for (WindowAxis* axis : {&window.h, &window.w}) {
    if (automatic == "VALID") axis->before = axis->after = 0;
    WindowAxis unpadded = *axis;
    unpadded.input = 1 << 30;
    check(node.name(), unpadded);  // the attributes alone
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER")
      pad_same(*axis, automatic == "SAME_LOWER");
    check(node.name(), *axis);
    if (has_ceil && node.integer("ceil_mode", 0) != 0) {
      pad_ceil(*axis);
      check(node.name(), *axis);
    }
  }
  return window;
}

// A map without the rows and columns that no window of SAME reads where the kernel is smaller than
// the stride: ONNX Runtime's convolution pads by less than nothing, half of it (toward zero, from
// one up, or two for SAME_LOWER) in front. Its pools refuse that.
ValueId cropped(OnnxContext& c, const OnnxNode& node, ValueId id,
                const std::vector<int64_t>& kernel) {
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const std::vector<int64_t> ones(kernel.size(), 1);
  const auto strides = node.integers("strides", ones), dilations = node.integers("dilations", ones);
  if (!automatic.starts_with("SAME") || c.network.value(id).dims.size() != kernel.size() + 2 ||
      strides.size() != kernel.size() || dilations.size() != kernel.size() ||
      std::ranges::min(strides) < 1)
    return id;
  const Value like = c.network.value(id);
  View view = view_of(c.network, id);
  bool is_cropped = false;
  for (size_t i = 0; i < kernel.size(); ++i) {
    const int64_t size = like.dims[2 + i];
    const int64_t need = need_of_same({size, kernel[i], strides[i], dilations[i], 0, 0});
    if (need >= 0) continue;
    if (node.type() != "Conv") refuse<kSameReadsAll>(node.name(), kernel[i], strides[i], size);
    const int64_t skipped = -(need + (automatic == "SAME_LOWER" ? 2 : 1)) / 2;
    if (skipped == 0) continue;  // what lies behind the last window is not read anyway
    view = *sliced(view, 2 + i, skipped, size + need, 1);
    is_cropped = true;
  }
  if (!is_cropped) return id;
  return in_memory_order(c.network, node.name(),
                         add_view(c.network, node.name(), like, like.name, view),
                         channels_first(like.dims.size()));
}

template <typename Layer>
void set_window(const Window& window, Layer& layer) {
  layer.kernel_h = static_cast<int>(window.h.kernel);
  layer.kernel_w = static_cast<int>(window.w.kernel);
  layer.stride_h = static_cast<int>(window.h.stride);
  layer.stride_w = static_cast<int>(window.w.stride);
  layer.padding = {.top = static_cast<int>(window.h.before),
                   .bottom = static_cast<int>(window.h.after),
                   .left = static_cast<int>(window.w.before),
                   .right = static_cast<int>(window.w.after)};
}

void read_conv(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  ConvLayer layer{.input = c.feature_map(node, 0)};
  const QuantizedConstant& weights = c.weights_of(node, 1);
  const std::vector<int64_t>& filter =
      weights.tensor->dims;  // output channel, input channel / groups, h, w
  if (const auto& map = c.network.value(layer.input).dims; filter.size() != map.size())
    refuse<kFilterRank>(node.name(), join(filter), join(map));
  element_count(node.name(), filter);
  const std::vector<int64_t> kernel(filter.begin() + 2, filter.end());
  layer.input = cropped(c, node, layer.input, kernel);
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  const int64_t groups = node.integer("group", 1);
  if (groups < 1 || groups > dims[1] || filter[1] * groups != dims[1] || filter[0] % groups != 0 ||
      node.integers("kernel_shape", kernel) != kernel) {
    refuse<kFilterFits>(node.name(), join(filter), groups, dims[1]);
  }
  const Window window = window_of(node, dims, kernel, false);
  set_window(window, layer);
  layer.dilation_h = static_cast<int>(window.h.dilation);
  layer.dilation_w = static_cast<int>(window.w.dilation);
  layer.groups = static_cast<int>(groups);
  layer.out_channels = static_cast<int>(filter[0]);
  auto parts = read_weights(node, weights, 0, layer);
  // output, input, h, w becomes output, h, w, input.
  const auto inputs = static_cast<size_t>(filter[1]),
             taps = static_cast<size_t>(window.h.kernel * window.w.kernel);
  for (auto& part : parts) {
    const std::vector<int8_t> source = part;
    for (size_t o = 0; o < static_cast<size_t>(filter[0]); ++o) {
      for (size_t i = 0; i < inputs; ++i) {
        for (size_t t = 0; t < taps; ++t)
          part[(o * taps + t) * inputs + i] = source[(o * inputs + i) * taps + t];
      }
    }
  }
  set_weights(c, node, parts, 1, channels_first(dims.size()), layer);
  if (!node.input(2).empty()) add_bias(c, node, c.meaning_of(node, 2), layer);
  c.set_pending(node, std::move(layer), map_dims(dims[0], filter[0], window),
                channels_first(dims.size()));
}

// The taps of a ConvTranspose along each axis.
struct Transposed {
  TransposedAxis h, w;
  int groups = 1;
};

Transposed transposed_of(OnnxContext& c, const OnnxNode& node) {
  const std::vector<int64_t> dims = c.network.value(c.value_of(node, 0)).dims;
  const std::vector<int64_t>& filter =
      c.weights_of(node, 1).tensor->dims;  // input channel, output channel / groups, h, w
  if (filter.size() != dims.size()) refuse<kFilterRank>(node.name(), join(filter), join(dims));
  element_count(node.name(), filter);
  const size_t spatial = dims.size() - 2;
  const std::vector<int64_t> ones(spatial, 1), none(2 * spatial, 0),
      kernel(filter.begin() + 2, filter.end());
  const int64_t groups = node.integer("group", 1);
  if (groups < 1 || filter[0] != dims[1] || dims[1] % groups != 0 ||
      node.integers("kernel_shape", kernel) != kernel) {
    refuse<kFilterFits>(node.name(), join(filter), groups, dims[1]);
  }
  const auto strides = node.integers("strides", ones), dilations = node.integers("dilations", ones),
             extra = node.integers("output_padding", std::vector<int64_t>(spatial, 0)),
             pads = node.integers("pads", none);
  std::vector<int64_t> wanted = node.integers("output_shape", {});
  if (wanted.size() == dims.size()) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (strides.size() != spatial || dilations.size() != spatial || extra.size() != spatial ||
      pads.size() != 2 * spatial || (!wanted.empty() && wanted.size() != spatial)) {
    refuse<kTwoSpatial>(node.name(), spatial);
  }
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const auto axis_of = [&](size_t i) {
    WindowAxis attributes{1 << 30, kernel[i], strides[i], dilations[i], pads[i], pads[spatial + i]};
    check(node.name(), attributes);
    if (automatic == "VALID") attributes.before = attributes.after = 0;
    TransposedAxis axis{dims[2 + i], kernel[i], strides[i], dilations[i], attributes.before, 0};
    const int64_t full = (axis.input - 1) * axis.stride + extra[i] + attributes.span();
    axis.output = full - attributes.before - attributes.after;
    if (!wanted.empty() || automatic.starts_with("SAME")) {  // the padding follows from the size
      axis.output = wanted.empty() ? axis.input * axis.stride : wanted[i];
      const int64_t total = std::max<int64_t>(0, full - axis.output);
      axis.before = automatic == "SAME_LOWER" ? total - total / 2 : total / 2;
    }
    if (extra[i] < 0 || axis.output < 1 || axis.output > full) {
      refuse<kTransposedSize>(node.name(), axis.output, axis.input);
    }
    return axis;
  };
  Transposed transposed{
      {dims[0], 1, 1, 1, 0, dims[0]}, axis_of(spatial - 1), static_cast<int>(groups)};
  if (spatial == 2) transposed.h = axis_of(0);
  return transposed;
}

void read_conv_transpose(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  ConvLayer layer{.input = c.feature_map(node, 0)};
  const Transposed transposed = transposed_of(c, node);
  const QuantizedConstant& weights = c.weights_of(node, 1);
  const std::vector<int64_t>& filter = weights.tensor->dims;
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  layer.groups = transposed.groups;
  layer.out_channels = static_cast<int>(filter[1]) * layer.groups;
  const auto parts = read_weights(node, weights, 1, layer);
  if (parts.size() != 1) refuse<kOneZeroOfWeights>(node.name(), weights.name);
  layer.weights = parts.front();
  const auto groups = static_cast<size_t>(layer.groups), outputs = static_cast<size_t>(filter[1]),
             inputs = static_cast<size_t>(filter[0]) / groups,
             taps = static_cast<size_t>(transposed.h.kernel * transposed.w.kernel);
  // input, output, h, w becomes output, h, w, input; group by group.
  const std::vector<int8_t> source = layer.weights;
  for (size_t g = 0; g < groups; ++g) {
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t o = 0; o < outputs; ++o) {
        for (size_t t = 0; t < taps; ++t)
          layer.weights[((g * outputs + o) * taps + t) * inputs + i] =
              source[((g * inputs + i) * outputs + o) * taps + t];
      }
    }
  }
  if (layer.weight_scales.size() > 1) {  // the same for each group
    const std::vector<float> scales = layer.weight_scales;
    for (size_t g = 1; g < groups; ++g)
      layer.weight_scales.insert(layer.weight_scales.end(), scales.begin(), scales.end());
  }
  if (!node.input(2).empty()) add_bias(c, node, c.meaning_of(node, 2), layer);
  set_phases(layer, transposed.h, transposed.w);
  std::vector<int64_t> made{dims[0], layer.out_channels, transposed.w.windows()};
  if (dims.size() == 4) made.insert(made.begin() + 2, transposed.h.windows());
  c.set_pending(node, std::move(layer), std::move(made), channels_first(dims.size()));
  std::get<Pending>(c.floats.at(node.output())).moves.push_back({&node, &op});
}

ValueId apply_phases(OnnxContext& c, const Move& move, ValueId id) {
  const OnnxNode& node = *move.node;
  const Transposed transposed = transposed_of(c, node);
  View view = phases_view(c.network, id, transposed.h, transposed.w, transposed.groups);
  const bool is_row = c.network.value(id).dims.size() == 3;
  auto& d = view.dims;
  d = is_row ? std::vector{d[1], d[3], d[2]} : std::vector{d[0], d[3], d[1], d[2]};
  const Value like = c.network.value(id);
  id = add_view(c.network, node.name(), like, node.output(), view);
  std::vector<Span> spans;
  if (!is_row && transposed.h.output % transposed.h.stride != 0)
    spans.push_back({2, 0, transposed.h.output, 1});
  if (transposed.w.output % transposed.w.stride != 0)
    spans.push_back({is_row ? size_t{2} : size_t{3}, 0, transposed.w.output, 1});
  if (spans.empty()) return id;
  return slice(c, node, settled(c.network, node.name(), id), spans, node.output());
}

// The padding that counts is made first; what the last windows reach beyond it does not count.
void pad_apart(OnnxContext& c, const OnnxNode& node, PoolLayer& layer) {
  layer.count_includes_padding = false;
  const auto pads = node.integers("pads", {});
  if (std::ranges::all_of(pads, [](int64_t p) { return p == 0; })) return;
  const size_t spatial = pads.size() / 2;
  const auto amount = [&](size_t i) { return static_cast<int>(pads[i]); };
  PadLayer pad{.input = layer.input, .output = -1};
  pad.padding = {.top = spatial == 2 ? amount(0) : 0,
                 .bottom = spatial == 2 ? amount(2) : 0,
                 .left = amount(spatial - 1),
                 .right = amount(2 * spatial - 1)};
  Value value = c.network.value(layer.input);
  pad.value = value.zero_point;
  for (size_t i = 0; i < spatial; ++i) value.dims[2 + i] += pads[i] + pads[spatial + i];
  layer.input = pad.output = c.network.add(std::move(value));
  c.network.layers.push_back({node.name(), pad});
  layer.padding = {.top = 0,
                   .bottom = layer.padding.bottom - pad.padding.bottom,
                   .left = 0,
                   .right = layer.padding.right - pad.padding.right};
}

void read_pool(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  PoolLayer layer{.input = c.feature_map(node, 0)};
  const bool is_maximum = node.type() == "MaxPool";
  layer.kind = is_maximum ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  cropped(c, node, layer.input, node.integers("kernel_shape", {}));
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  const Window window = window_of(node, dims, node.integers("kernel_shape", {}), true);
  if (window.h.dilation != 1 || window.w.dilation != 1) refuse<kPoolDilation>(node.name());
  if (node.outputs() > 1 && !node.output(1).empty()) refuse<kPoolIndices>(node.name());
  set_window(window, layer);
  layer.count_includes_padding = node.integer("count_include_pad", 0) != 0;
  if (!is_maximum && layer.count_includes_padding && node.integer("ceil_mode", 0) != 0)
    pad_apart(c, node, layer);
  c.set_pending(node, layer, map_dims(dims[0], dims[1], window), channels_first(dims.size()));
}

void read_max_pool(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (!read_on_bytes(c, node, op, read_pool)) read_pool(c, node, op);
}

void read_global_pool(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  set_global_pool(c, node, true);
}

constexpr OnnxOperator kRows[] = {
    {"Conv", read_conv, "a convolution", kConvRules},
    {"ConvTranspose", read_conv_transpose,
     "a convolution that makes the strides' phases as channels, and a view", kConvTransposeRules,
     apply_phases},
    {"MaxPool", read_max_pool, "a maximum pool", kPoolRules},
    {"AveragePool", read_pool, "an average pool", kPoolRules},
    {"GlobalMaxPool", read_global_pool, "a maximum pool", kMapRules},
    {"GlobalAveragePool", read_global_pool, "an average pool", kMapRules},
};

}  // namespace

void set_global_pool(OnnxContext& c, const OnnxNode& node, bool keeps_dims) {
  PoolLayer layer{.input = c.feature_map(node, 0)};
  layer.kind = node.type() == "GlobalMaxPool" ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  const std::vector<int64_t> kernel(dims.begin() + 2, dims.end());
  Window window{WindowAxis{dims[0]}, {kernel.back(), kernel.back()}, kernel.size()};
  if (kernel.size() == 2) window.h = {kernel[0], kernel[0]};
  check(node.name(), window.h);
  check(node.name(), window.w);
  set_window(window, layer);
  if (keeps_dims) {
    c.set_pending(node, layer, map_dims(dims[0], dims[1], window), channels_first(dims.size()));
  } else {
    c.set_pending(node, layer, {dims[0], dims[1]}, plain_order(2));
  }
}

std::span<const OnnxOperator> onnx_window_operators() { return kRows; }

}  // namespace zahl::frontend
