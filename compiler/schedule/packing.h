// Weights, channel parameters and tables in the byte order that the machine reads (docs/machine.md, sections 7 and 8).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/graph.h"
#include "zahl/isa.h"

namespace zahl::schedule {

// Tiles whose vectors join bytes of two kernel rows; one instruction streams them all.
struct JoinedRun {
  int first_row = 0, row_step = 1, tiles = 1;  // kernel row of the first tile, rows to the next one
  int offset = 0;                              // byte in the kernel row
  int split = 0;  // lanes of that row; the others are the first bytes of the row below. 0: all are of that row
};

// How the kernel meets the array's lanes.
struct Reduction {
  bool is_flattened = false;  // a kernel row is one run of kernel_w * channels bytes
  int kernel_rows = 1;
  int kernel_columns = 1;         // positions visited one by one: 1 where flattened
  int chunks = 1;                 // steps of `rows` lanes at one position
  std::vector<JoinedRun> joined;  // instead of the loops over rows and chunks, where that takes fewer cycles
  int tiles() const;
};

// `output` is the shape of the convolution's result, which tells how long a tile streams.
Reduction reduction_of(const ir::Conv& conv, int input_channels, const ir::Shape& output, const hw::Config& config);

// Tiles of output channels first_channel .. first_channel + columns - 1 (those from channel_limit on weigh nothing), in
// the order kernel row, kernel column, chunk (or of the joined runs); tiles() * rows * columns bytes are appended.
void pack_conv_block(const ir::Conv& conv, const Reduction& reduction, int first_channel, int channel_limit,
                     const hw::Config& config, std::vector<uint8_t>& out);

// A window of taps, kernel rows x kernel columns per channel, cut into passes.
struct Window {
  int kernel_h = 1, kernel_w = 1, channels = 1;
  int tap_rows = 1, passes = 1;
  int first_column = 0, tap_columns = 1;  // the columns of the kernel that this window covers
};

Window window_of(int kernel_h, int kernel_w, int channels, int first_column, const hw::Config& config);

// Tiles of channels first_channel ..., one a pass; `idle` is the byte of a tap that does nothing.
// `weights` is kernel_h x kernel_w x channels, or empty: all ones.
void pack_window_block(std::span<const int8_t> weights, const Window& window, int first_channel, int8_t idle,
                       const hw::Config& config, std::vector<uint8_t>& out);

bool is_uniform(const ir::Requant& requant);
// Lines of parameters of one block of channels.
int parameter_lines(bool uniform, const hw::Config& config);
void pack_parameters(const ir::Requant& requant, int first_channel, int channel_limit, const hw::Config& config,
                     std::vector<uint8_t>& out);

}  // namespace zahl::schedule
