// A window of taps, as depthwise convolutions and pools have them, on the array: kernel rows x
// kernel columns per channel, cut into passes (docs/machine.md, section 7).
#pragma once

#include "generated/isa.h"

namespace zahl::plan {

struct TapWindow {
  int kernel_h = 1, kernel_w = 1, channels = 1;
  int tap_rows = 1, passes = 1;
  int first_column = 0, tap_columns = 1;  // the columns of the kernel that this window covers
};

TapWindow tap_window(int kernel_h, int kernel_w, int channels, int first_column,
                     const hw::Config& config);

// Whether one pass of the array takes in the whole window: only then the line memory can carry it
// from stripe to stripe.
bool is_one_pass(int kernel_h, int kernel_w, const hw::Config& config);

// Places of the line memory that a row of `columns` streamed pixels takes.
inline int line_places(int columns) { return columns + columns % 2; }

}  // namespace zahl::plan
