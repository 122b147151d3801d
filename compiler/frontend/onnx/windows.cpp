// The operators that become layers; convolutions and pools.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/network/window.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/weights.h"

namespace zahl::frontend {

using namespace onnx_rules;
namespace {

struct Window {
  WindowAxis h, w;
};

// Kernel, strides, dilations and padding of a convolution or pool over a map of h x w.
Window window_of(const OnnxNode& node, int64_t h, int64_t w, const std::vector<int64_t>& kernel,
                 bool has_ceil) {
  const auto strides = node.integers("strides", {1, 1}),
             dilations = node.integers("dilations", {1, 1});
  const auto pads = node.integers("pads", {0, 0, 0, 0});
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 || pads.size() != 4) {
    refuse<kTwoSpatial>(node.name(), kernel.size());
  }
  Window window{{h, kernel[0], strides[0], dilations[0], pads[0], pads[2]},
                {w, kernel[1], strides[1], dilations[1], pads[1], pads[3]}};
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
  const auto strides = node.integers("strides", {1, 1}),
             dilations = node.integers("dilations", {1, 1});
  if (!automatic.starts_with("SAME") || kernel.size() != 2 || strides.size() != 2 ||
      dilations.size() != 2 || std::ranges::min(strides) < 1)
    return id;
  const Value like = c.network.value(id);
  View view = view_of(c.network, id);
  bool is_cropped = false;
  for (size_t i : {size_t{0}, size_t{1}}) {
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
                         add_view(c.network, node.name(), like, like.name, view), kChannelsFirst);
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
  if (filter.size() != 4) refuse<kFilterOfFour>(node.name(), join(filter));
  layer.input = cropped(c, node, layer.input, {filter[2], filter[3]});
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  const int64_t groups = node.integer("group", 1);
  element_count(node.name(), filter);
  const std::vector<int64_t> kernel{filter[2], filter[3]};
  if (groups < 1 || groups > dims[1] || filter[1] * groups != dims[1] || filter[0] % groups != 0 ||
      node.integers("kernel_shape", kernel) != kernel) {
    refuse<kFilterFits>(node.name(), join(filter), groups, dims[1]);
  }
  const Window window = window_of(node, dims[2], dims[3], kernel, false);
  set_window(window, layer);
  layer.dilation_h = static_cast<int>(window.h.dilation);
  layer.dilation_w = static_cast<int>(window.w.dilation);
  layer.groups = static_cast<int>(groups);
  layer.out_channels = static_cast<int>(filter[0]);
  auto parts = read_weights(node, weights, 0, layer);
  // output, input, h, w becomes output, h, w, input.
  const auto inputs = static_cast<size_t>(filter[1]),
             taps = static_cast<size_t>(filter[2] * filter[3]);
  for (auto& part : parts) {
    const std::vector<int8_t> source = part;
    for (size_t o = 0; o < static_cast<size_t>(filter[0]); ++o) {
      for (size_t i = 0; i < inputs; ++i) {
        for (size_t t = 0; t < taps; ++t)
          part[(o * taps + t) * inputs + i] = source[(o * inputs + i) * taps + t];
      }
    }
  }
  set_weights(c, node, parts, 1, kChannelsFirst, layer);
  if (!node.input(2).empty()) add_bias(c, node, c.meaning_of(node, 2), layer);
  c.set_pending(node, std::move(layer), {dims[0], filter[0], window.h.output(), window.w.output()},
                kChannelsFirst);
}

void read_pool(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  PoolLayer layer{.input = c.feature_map(node, 0)};
  const bool is_maximum = node.type() == "MaxPool";
  layer.kind = is_maximum ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  cropped(c, node, layer.input, node.integers("kernel_shape", {}));
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  const Window window = window_of(node, dims[2], dims[3], node.integers("kernel_shape", {}), true);
  if (window.h.dilation != 1 || window.w.dilation != 1) refuse<kPoolDilation>(node.name());
  if (node.outputs() > 1 && !node.output(1).empty()) refuse<kPoolIndices>(node.name());
  set_window(window, layer);
  layer.count_includes_padding = node.integer("count_include_pad", 0) != 0;
  if (!is_maximum && layer.count_includes_padding && node.integer("ceil_mode", 0) != 0) {
    refuse<kPoolCeil>(node.name());
  }
  c.set_pending(node, layer, {dims[0], dims[1], window.h.output(), window.w.output()},
                kChannelsFirst);
}

void read_max_pool(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (!read_on_bytes(c, node, op, read_pool)) read_pool(c, node, op);
}

void read_mean(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  PoolLayer layer{.input = c.feature_map(node, 0)};
  layer.kind = node.type() == "GlobalMaxPool" ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  const std::vector<int64_t> dims = c.network.value(layer.input).dims;
  bool keeps = true;
  if (node.type() == "ReduceMean") {
    auto axes = c.integers(node, 1, "axes").value_or(std::vector<int64_t>{});
    for (int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
    std::ranges::sort(axes);
    keeps = node.integer("keepdims", 1) != 0;
    if (axes != std::vector<int64_t>{2, 3}) {
      refuse<kMeanAxes>(node.name(), join(axes));
    }
  }
  WindowAxis h{dims[2], dims[2]}, w{dims[3], dims[3]};
  check(node.name(), h);
  check(node.name(), w);
  set_window(Window{h, w}, layer);
  if (keeps) {
    c.set_pending(node, layer, {dims[0], dims[1], 1, 1}, kChannelsFirst);
  } else {
    c.set_pending(node, layer, {dims[0], dims[1]}, plain_order(2));
  }
}

constexpr OnnxOperator kRows[] = {
    {"Conv", read_conv, "a convolution", kConvRules},
    {"MaxPool", read_max_pool, "a maximum pool", kPoolRules},
    {"AveragePool", read_pool, "an average pool", kAveragePoolRules},
    {"GlobalMaxPool", read_mean, "a maximum pool", kMapRules},
    {"GlobalAveragePool", read_mean, "an average pool", kMapRules},
    {"ReduceMean", read_mean, "an average pool", kMeanRules},
};

}  // namespace

std::span<const OnnxOperator> onnx_window_operators() { return kRows; }

}  // namespace zahl::frontend
