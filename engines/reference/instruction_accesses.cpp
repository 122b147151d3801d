#include "engines/reference/instruction_accesses.h"

#include <algorithm>
#include <variant>

namespace zahl::reference {
namespace {

int64_t whole_lines(const hw::Config& config, int64_t bytes) {
  return (bytes + config.line_bytes - 1) / config.line_bytes * config.line_bytes;
}

struct Enumerator {
  const hw::Config& config;
  const AccessVisitor& visit;

  void read(int64_t address, int64_t size) const {
    visit({Space::Scratchpad, false, address, size});
  }
  void write(int64_t address, int64_t size) const {
    visit({Space::Scratchpad, true, address, size});
  }
  void accumulators(bool is_write, int64_t first, int64_t count) const {
    visit({Space::Accumulators, is_write, first, count});
  }
  void read_lines(int64_t address, int64_t bytes) const {
    for (int64_t i = 0; i < bytes; i += config.line_bytes) read(address + i, config.line_bytes);
  }

  // Rows, cut into bursts, cut into beats.
  template <class Dma>
  void rows_of(const Dma& x, bool writes_dram) const {
    for (int64_t row = 0; row < int64_t{x.rows}; ++row) {
      int64_t dram = static_cast<int64_t>(x.dram) + row * x.dram_step;
      int64_t scratchpad = int64_t{x.scratchpad} + row * x.scratchpad_step;
      for (int64_t left = x.row_bytes; left > 0;) {
        const int64_t misaligned =
            ((dram % config.burst_bytes) + config.burst_bytes) % config.burst_bytes;
        const int64_t burst = std::min(left, config.burst_bytes - misaligned);
        visit({Space::Dram, writes_dram, dram, burst});
        for (int64_t done = 0; done < burst;) {
          const int64_t in_beat =
              ((dram + done) % config.bus_bytes + config.bus_bytes) % config.bus_bytes;
          const int64_t bytes = std::min(burst - done, config.bus_bytes - in_beat);
          visit({Space::Scratchpad, !writes_dram, scratchpad + done, bytes});
          done += bytes;
        }
        dram += burst, scratchpad += burst, left -= burst;
      }
    }
  }

  void operator()(const isa::Load& x) const { rows_of(x, false); }
  void operator()(const isa::Store& x) const { rows_of(x, true); }

  void operator()(const isa::Conv& x) const {
    const int64_t vectors = int64_t{x.out_rows} * x.out_columns;
    int64_t tile = 0;
    for (int64_t block = 0; block < int64_t{x.blocks}; ++block)
      for (int64_t kr = 0; kr < int64_t{x.kernel_rows}; ++kr)
        for (int64_t kc = 0; kc < int64_t{x.kernel_columns}; ++kc)
          for (int64_t chunk = 0; chunk < int64_t{x.chunks}; ++chunk, ++tile) {
            read_lines(x.weights + tile * config.weight_tile_bytes(), config.weight_tile_bytes());
            conv_tile(x, kr, kc, chunk);
          }
    if (x.accumulate) accumulators(false, x.accumulator, vectors * x.blocks);
    accumulators(true, x.accumulator, vectors * x.blocks);
  }

  void conv_tile(const isa::Conv& x, int64_t kr, int64_t kc, int64_t chunk) const {
    for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
      for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox) {
        const int64_t y = x.input_y + oy * x.y_step + kr * x.kernel_y_step;
        const int64_t along = ox * x.pixel_step + kc * x.kernel_column_step + chunk * config.rows;
        const int64_t position = x.input_x + along;
        const int64_t address = x.source + oy * x.row_step + kr * x.kernel_row_step + along;
        if (x.split == 0) {
          conv_lanes(x, config.rows, y, position, address);
        } else {
          conv_lanes(x, x.split, y, position, address);
          conv_lanes(x, config.rows - int64_t{x.split}, y + x.second_y, position + x.second_x,
                     address + x.second_step);
        }
      }
  }

  // `lanes` lanes, the first of which is the byte at `address`.
  void conv_lanes(const isa::Conv& x, int64_t lanes, int64_t y, int64_t position,
                  int64_t address) const {
    if (y < 0 || y >= int64_t{x.input_y_limit}) return;
    const int64_t first = std::max<int64_t>(0, -position);
    const int64_t end = std::min<int64_t>(lanes, int64_t{x.input_row_limit} - position);
    if (first < end) read(address + first, end - first);
  }

  void operator()(const isa::Depthwise& x) const {
    int64_t tile = 0;
    for (int64_t block = 0; block < int64_t{x.blocks}; ++block)
      for (int64_t pass = 0; pass < int64_t{x.passes}; ++pass, ++tile) {
        read_lines(x.weights + tile * config.weight_tile_bytes(), config.weight_tile_bytes());
        for (int64_t r = 0; r < streamed_rows(x); ++r)
          for (int64_t q = 0; q < streamed_columns(x); ++q) {
            const int64_t row = pass * x.tap_rows + r;
            const int64_t position = x.input_x + q * x.pixel_step;
            if (position < 0 || position >= int64_t{x.input_row_limit}) continue;
            if (x.input_y + row < 0 || x.input_y + row >= int64_t{x.input_y_limit}) continue;
            read(x.source + block * config.columns + row * x.row_step + q * x.pixel_step,
                 config.columns);
          }
      }
    line_memory(x);
    const int64_t vectors = int64_t{x.out_rows} * x.out_columns * x.blocks;
    if (x.accumulate) accumulators(false, x.accumulator, vectors);
    accumulators(true, x.accumulator, vectors);
  }

  void line_memory(const isa::Depthwise& x) const {
    if (x.tap_rows < 2) return;
    for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
      if (x.resume) visit({Space::LineMemory, false, first_place(x, block), streamed_columns(x)});
      visit({Space::LineMemory, true, first_place(x, block), streamed_columns(x)});
    }
  }

  void operator()(const isa::Drain& x) const {
    const int64_t parameters = parameter_bytes(config, x.uniform != 0);
    const int64_t vectors = int64_t{x.out_rows} * x.out_columns;
    for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
      read_lines(x.params + block * parameters, parameters);
      accumulators(false, x.accumulator + block * vectors, vectors);
      const int64_t channels =
          block + 1 == int64_t{x.blocks} ? int64_t{x.last_channels} : config.columns;
      for (int64_t oy = 0; oy < int64_t{x.out_rows}; ++oy)
        for (int64_t ox = 0; ox < int64_t{x.out_columns}; ++ox)
          write(x.result + block * x.block_step + oy * x.row_step + ox * x.pixel_step, channels);
    }
  }

  void operator()(const isa::Eltwise& x) const {
    for (int64_t row = 0; row < int64_t{x.rows}; ++row)
      for (int64_t i = 0; i < int64_t{x.row_bytes}; i += config.columns) {
        const int64_t bytes = std::min<int64_t>(config.columns, x.row_bytes - i);
        read(x.a + row * x.a_step + i, bytes);
        read(x.b + row * x.b_step + i, bytes);
        write(x.result + row * x.result_step + i, bytes);
      }
  }

  void operator()(const isa::SetTable& x) const { read_lines(x.source, 256); }

  void operator()(const isa::Softmax& x) const {
    for (int64_t row = 0; row < int64_t{x.rows}; ++row) {
      const auto read_exponentials = [&] {
        for (int64_t d = 0; d < 256; ++d) read(x.exponentials + 4 * d, 4);
      };
      for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i)
        read(x.source + row * x.source_step + i, 1);
      read_exponentials();
      for (int64_t i = 0; i < int64_t{x.row_bytes}; ++i) {
        read(x.source + row * x.source_step + i, 1);
        write(x.result + row * x.result_step + i, 1);
      }
      read_exponentials();
    }
  }
};

}  // namespace

int64_t streamed_rows(const isa::Depthwise& x) {
  return x.resume ? int64_t{x.out_rows} * x.y_step
                  : (int64_t{x.out_rows} - 1) * x.y_step + x.tap_rows;
}
int64_t streamed_columns(const isa::Depthwise& x) {
  return (int64_t{x.out_columns} - 1) * x.x_step + x.tap_columns;
}
int64_t first_place(const isa::Depthwise& x, int64_t block) {
  return x.line_base + block * x.line_step + (x.pairs ? streamed_columns(x) % 2 : 0);
}

int64_t parameter_bytes(const hw::Config& config, bool uniform) {
  const int64_t words = whole_lines(config, 4 * int64_t{config.columns});
  return uniform ? words : 2 * words + whole_lines(config, config.columns);
}

void for_each_access(const hw::Config& config, const isa::Instruction& instruction,
                     const AccessVisitor& visit) {
  std::visit(Enumerator{config, visit}, instruction);
}

}  // namespace zahl::reference
