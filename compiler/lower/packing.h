// Weights and channel parameters in the byte order that the machine reads (docs/machine.md,
// sections 7 and 8).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/graph.h"
#include "compiler/plan/reduction.h"
#include "compiler/plan/taps.h"

namespace zahl::lower {

// Tiles of output channels first_channel .. first_channel + columns - 1 (those from channel_limit
// on weigh nothing), in the order kernel row, kernel column, chunk (or of the joined runs); tiles()
// * rows * columns bytes are appended.
void pack_conv_block(const ir::Conv& conv, const plan::Reduction& reduction, int first_channel,
                     int channel_limit, const hw::Config& config, std::vector<uint8_t>& out);

// Tiles of channels first_channel ..., one a pass; `idle` is the byte of a tap that does nothing.
// `weights` is kernel_h x kernel_w x channels, or empty: all ones.
void pack_window_block(std::span<const int8_t> weights, const plan::TapWindow& window,
                       int first_channel, int8_t idle, const hw::Config& config,
                       std::vector<uint8_t>& out);

void pack_parameters(const ir::Requant& requant, int first_channel, int channel_limit,
                     const hw::Config& config, std::vector<uint8_t>& out);

}  // namespace zahl::lower
