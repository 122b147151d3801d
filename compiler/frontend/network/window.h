// The arithmetic of sliding windows, shared by both formats. All in 64 bits; refuses what is out of
// range.
#pragma once

#include <cstdint>

#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

// One axis of a convolution or pool.
struct WindowAxis {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  int64_t span() const { return dilation * (kernel - 1) + 1; }
  int64_t output() const { return (input + before + after - span()) / stride + 1; }
};

// Kernel, stride, dilation from 1 to 65535, padding from 0 to 65535, and at least one output. Call
// before span() and output().
void check(const NodeName& node, const WindowAxis& axis);

// How much padding an axis of ceil(input / stride) outputs needs; below zero where the last windows
// leave some of the input unread.
int64_t need_of_same(const WindowAxis& axis);

// Sets the padding so that there are ceil(input / stride) outputs; the odd one goes to the end, or
// to the start.
void pad_same(WindowAxis& axis, bool odd_at_start = false);

// Sets the padding behind so that a last, partial window counts (ONNX ceil_mode).
void pad_ceil(WindowAxis& axis);

}  // namespace zahl::frontend
