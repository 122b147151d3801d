#include "compiler/frontend/network/phases.h"

#include <algorithm>

#include "compiler/frontend/network/view.h"

namespace zahl::frontend {

void set_phases(ConvLayer& layer, const TransposedAxis& h, const TransposedAxis& w) {
  const auto groups = static_cast<size_t>(layer.groups);
  const auto outputs = static_cast<size_t>(layer.out_channels) / groups;  // of a group
  const auto taps = static_cast<size_t>(h.kernel * w.kernel);
  const size_t inputs = layer.weights.size() / (groups * outputs * taps);
  const auto phases = static_cast<size_t>(h.stride * w.stride);
  const auto span_h = static_cast<size_t>(h.span()), span_w = static_cast<size_t>(w.span());
  // A channel of the convolution is group, phase, channel of the group.
  const auto channel = [&](size_t group, size_t phase, size_t o) {
    return (group * phases + phase) * outputs + o;
  };
  ConvLayer spread = layer;
  spread.out_channels = static_cast<int>(groups * phases * outputs);
  spread.weights.assign(groups * phases * outputs * span_h * span_w * inputs,
                        static_cast<int8_t>(layer.weight_zero));
  const auto each = [&](const auto& of_channel, auto& result) {
    if (of_channel.size() < 2) return;
    result.resize(groups * phases * outputs);
    for (size_t g = 0; g < groups; ++g) {
      for (size_t p = 0; p < phases; ++p) {
        for (size_t o = 0; o < outputs; ++o) result[channel(g, p, o)] = of_channel[g * outputs + o];
      }
    }
  };
  each(layer.weight_scales, spread.weight_scales);
  if (layer.bias.size() == 1) spread.bias.assign(groups * phases * outputs, layer.bias.front());
  each(layer.bias, spread.bias);
  for (size_t g = 0; g < groups; ++g) {
    for (size_t o = 0; o < outputs; ++o) {
      for (int64_t ky = 0; ky < h.kernel; ++ky) {
        for (int64_t kx = 0; kx < w.kernel; ++kx) {
          const auto phase = static_cast<size_t>(h.phase(ky) * w.stride + w.phase(kx));
          const auto row = static_cast<size_t>(h.last_shift() - h.shift(ky)),
                     column = static_cast<size_t>(w.last_shift() - w.shift(kx));
          const size_t from =
              ((g * outputs + o) * taps + static_cast<size_t>(ky * w.kernel + kx)) * inputs;
          const size_t to = ((channel(g, phase, o) * span_h + row) * span_w + column) * inputs;
          std::copy_n(layer.weights.begin() + static_cast<std::ptrdiff_t>(from), inputs,
                      spread.weights.begin() + static_cast<std::ptrdiff_t>(to));
        }
      }
    }
  }
  const auto behind = [](const TransposedAxis& axis) {
    return static_cast<int>(
        std::max<int64_t>(0, axis.windows() - 1 + axis.span() - axis.last_shift() - axis.input));
  };
  spread.kernel_h = static_cast<int>(h.span()), spread.kernel_w = static_cast<int>(w.span());
  spread.stride_h = spread.stride_w = spread.dilation_h = spread.dilation_w = 1;
  spread.padding = {.top = static_cast<int>(h.last_shift()),
                    .bottom = behind(h),
                    .left = static_cast<int>(w.last_shift()),
                    .right = behind(w)};
  spread.macs = h.input * w.input * static_cast<int64_t>(layer.weights.size());
  layer = std::move(spread);
}

View phases_view(const Network& network, ValueId id, const TransposedAxis& h,
                 const TransposedAxis& w, int groups) {
  const ir::Shape shape = memory_shape(network.value(id));
  const View all = view_of(network, id);
  const auto stride_h = static_cast<int>(h.stride), stride_w = static_cast<int>(w.stride);
  const int outputs = shape.c / (groups * stride_h * stride_w);
  const int64_t column = shape.c, row = int64_t{shape.w} * column, image = int64_t{shape.h} * row;
  const int64_t across = outputs, down = int64_t{stride_w} * across,
                group = int64_t{stride_h} * down;
  return {all.root,
          all.offset,
          {{{shape.n, image}},
           {{shape.h, row}, {stride_h, down}},
           {{shape.w, column}, {stride_w, across}},
           {{groups, group}, {outputs, 1}}}};
}

}  // namespace zahl::frontend
