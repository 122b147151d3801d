// A transposed convolution as a convolution. With stride s each input pixel adds its taps from
// output s * i on, so outputs that are s apart see the same taps (a phase), and a convolution that
// makes all phases of all channels at once, s times smaller, holds every output once.
#pragma once

#include <algorithm>

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

// One axis: tap k of input i adds to output i * stride + k * dilation - before.
struct TransposedAxis {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1, before = 0, output = 1;

  int64_t place(int64_t tap) const { return tap * dilation - before; }
  int64_t phase(int64_t tap) const { return ((place(tap) % stride) + stride) % stride; }
  int64_t shift(int64_t tap) const { return (place(tap) - phase(tap)) / stride; }
  // Shifts that the window of the convolution covers, last first.
  int64_t last_shift() const { return std::max<int64_t>(0, shift(kernel - 1)); }
  int64_t span() const { return last_shift() - std::min<int64_t>(0, shift(0)) + 1; }
  int64_t windows() const { return (output + stride - 1) / stride; }
};

// Makes the layer, which holds the taps of the transposed convolution, that convolution; returns
// its channels. REQUIRES: weight scales and bias for one or all output channels.
void set_phases(ConvLayer& layer, const TransposedAxis& h, const TransposedAxis& w);

// What the convolution made, N, H, W, C, as the result of the transposed one, with rows and columns
// still in whole strides.
View phases_view(const Network& network, ValueId id, const TransposedAxis& h,
                 const TransposedAxis& w, int groups);

}  // namespace zahl::frontend
