#include "compiler/frontend/network/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/rules.h"
#include "isa/round.h"

namespace zahl::frontend {

void check(const NodeName& node, const WindowAxis& axis) {
  constexpr int64_t kMaximum = 65535;
  const auto require = [&](const char* what, int64_t value, int64_t minimum) {
    if (value < minimum || value > kMaximum) {
      refuse<kWindowInRange>(node, what, value, minimum, kMaximum);
    }
  };
  require("kernel size", axis.kernel, 1);
  require("stride", axis.stride, 1);
  require("dilation", axis.dilation, 1);
  require("padding", axis.before, 0);
  require("padding", axis.after, 0);
  if (axis.input < 1 || axis.span() > axis.input + axis.before + axis.after) {
    refuse<kKernelFits>(node);
  }
}

int64_t need_of_same(const WindowAxis& axis) {
  return (ceil_div(axis.input, axis.stride) - 1) * axis.stride + axis.span() - axis.input;
}

void pad_same(WindowAxis& axis, bool odd_at_start) {
  const int64_t total = std::max<int64_t>(need_of_same(axis), 0);
  axis.before = odd_at_start ? total - total / 2 : total / 2;
  axis.after = total - axis.before;
}

void pad_ceil(WindowAxis& axis) {
  const int64_t room = axis.input + axis.before + axis.after - axis.span();
  int64_t outputs = ceil_div(room, axis.stride) + 1;
  // A window that would start in the padding behind does not count.
  if ((outputs - 1) * axis.stride >= axis.input + axis.before) --outputs;
  axis.after =
      std::max(axis.after, (outputs - 1) * axis.stride + axis.span() - axis.input - axis.before);
}

}  // namespace zahl::frontend
