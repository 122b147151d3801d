#include "compiler/lower/packing.h"

#include <algorithm>
#include <cstring>

#include "compiler/plan/channel_parameters.h"
#include "isa/round.h"

namespace zahl::lower {
namespace {

// Position in a tile of the weight of lane `lane`, column `column`: groups of four lanes stay
// together per column.
size_t tile_offset(int lane, int column, const hw::Config& config) {
  return static_cast<size_t>(lane / 4 * 4 * config.columns + column * 4 + lane % 4);
}

template <class T>
void append_padded(const std::vector<T>& values, int line_bytes, std::vector<uint8_t>& out) {
  const size_t bytes = values.size() * sizeof(T);
  const size_t start = out.size();
  const size_t line = static_cast<size_t>(line_bytes);
  out.resize(start + round_up(bytes, line));
  std::memcpy(out.data() + start, values.data(), bytes);
}

// The weights of an output channel at `at` for a tile: lanes before `split` of kernel row `row`
// from byte `offset` on, the others of the row below.
void pack_joined_tile(const int8_t* kernel, int kernel_rows, int row_bytes,
                      const plan::JoinedRun& run, int row, int column, const hw::Config& config,
                      uint8_t* tile) {
  for (int lane = 0; lane < config.rows; ++lane) {
    const bool is_second = run.split > 0 && lane >= run.split;
    const int r = is_second ? row + 1 : row,
              byte = is_second ? lane - run.split : run.offset + lane;
    if (byte < row_bytes && r < kernel_rows)
      tile[tile_offset(lane, column, config)] = static_cast<uint8_t>(kernel[r * row_bytes + byte]);
  }
}

}  // namespace

void pack_conv_block(const ir::Conv& conv, const plan::Reduction& reduction, int first_channel,
                     int channel_limit, const hw::Config& config, std::vector<uint8_t>& out) {
  const int run = reduction.is_flattened ? conv.kernel_w : 1;  // kernel positions in a run of lanes
  const int kernel_size = conv.kernel_h * conv.kernel_w;
  const int output_channels = static_cast<int>(conv.requant.bias.size());
  const int channels = static_cast<int>(conv.weights.size()) / (output_channels * kernel_size);
  const int run_length = run * channels;
  const size_t tile = static_cast<size_t>(config.weight_tile_bytes());
  const int columns = std::min(config.columns, channel_limit - first_channel);
  size_t at = out.size();
  out.resize(at + static_cast<size_t>(reduction.tiles()) * tile,
             static_cast<uint8_t>(conv.weight_zero));
  const auto kernel_of = [&](int column) {
    return conv.weights.data() + static_cast<size_t>(first_channel + column) *
                                     static_cast<size_t>(kernel_size * channels);
  };
  for (const plan::JoinedRun& joined : reduction.joined) {
    for (int i = 0; i < joined.tiles; ++i, at += tile) {
      for (int column = 0; column < columns; ++column) {
        pack_joined_tile(kernel_of(column), conv.kernel_h, conv.kernel_w * channels, joined,
                         joined.first_row + i * joined.row_step, column, config, out.data() + at);
      }
    }
  }
  if (!reduction.joined.empty()) return;
  for (int kr = 0; kr < reduction.kernel_rows; ++kr) {
    for (int kc = 0; kc < reduction.kernel_columns; ++kc) {
      for (int chunk = 0; chunk < reduction.chunks; ++chunk, at += tile) {
        const int lanes = std::min(config.rows, run_length - chunk * config.rows);
        for (int column = 0; column < columns; ++column) {
          const int8_t* weights =
              kernel_of(column) + (kr * conv.kernel_w + kc) * channels + chunk * config.rows;
          for (int lane = 0; lane < lanes; ++lane)
            out[at + tile_offset(lane, column, config)] = static_cast<uint8_t>(weights[lane]);
        }
      }
    }
  }
}

void pack_window_block(std::span<const int8_t> weights, const plan::TapWindow& window,
                       int first_channel, int8_t idle, const hw::Config& config,
                       std::vector<uint8_t>& out) {
  const size_t tile = static_cast<size_t>(config.weight_tile_bytes());
  size_t at = out.size();
  out.resize(at + static_cast<size_t>(window.passes) * tile, static_cast<uint8_t>(idle));
  for (int pass = 0; pass < window.passes; ++pass, at += tile) {
    for (int i = 0; i < window.tap_rows; ++i) {
      const int row = pass * window.tap_rows + i;
      if (row >= window.kernel_h) break;
      for (int j = 0; j < window.tap_columns; ++j) {
        const int lane = i * window.tap_columns + j;
        for (int column = 0; column < std::min(config.columns, window.channels - first_channel);
             ++column) {
          const size_t index = static_cast<size_t>(
              (row * window.kernel_w + window.first_column + j) * window.channels + first_channel +
              column);
          out[at + tile_offset(lane, column, config)] =
              weights.empty() ? uint8_t{1} : static_cast<uint8_t>(weights[index]);
        }
      }
    }
  }
}

void pack_parameters(const ir::Requant& requant, int first_channel, int channel_limit,
                     const hw::Config& config, std::vector<uint8_t>& out) {
  const size_t columns = static_cast<size_t>(config.columns);
  std::vector<int32_t> bias(columns);
  std::vector<uint32_t> m0(columns);
  std::vector<uint8_t> shift(columns);
  const bool uniform = plan::is_uniform(requant);
  for (size_t c = 0; c < columns && first_channel + static_cast<int>(c) < channel_limit; ++c) {
    const size_t channel = static_cast<size_t>(first_channel) + c;
    bias[c] = requant.bias[channel];
    m0[c] = requant.m0[requant.m0.size() == 1 ? 0 : channel];
    shift[c] = requant.shift[requant.shift.size() == 1 ? 0 : channel];
  }
  append_padded(bias, config.line_bytes, out);
  if (uniform) return;
  append_padded(m0, config.line_bytes, out);
  append_padded(shift, config.line_bytes, out);
}

}  // namespace zahl::lower
