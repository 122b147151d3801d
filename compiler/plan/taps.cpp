#include "compiler/plan/taps.h"

#include <algorithm>

#include "isa/round.h"

namespace zahl::plan {

TapWindow tap_window(int kernel_h, int kernel_w, int channels, int first_column,
                     const hw::Config& config) {
  TapWindow w{kernel_h,
              kernel_w,
              channels,
              1,
              1,
              first_column,
              std::min(kernel_w - first_column, config.rows)};
  w.tap_rows = std::clamp(config.rows / w.tap_columns, 1, std::min(3, kernel_h));
  w.passes = ceil_div(kernel_h, w.tap_rows);
  return w;
}

bool is_one_pass(int kernel_h, int kernel_w, const hw::Config& config) {
  return kernel_h <= 3 && kernel_h * kernel_w <= config.rows;
}

}  // namespace zahl::plan
