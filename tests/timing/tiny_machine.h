// Programs small enough to follow by hand, on tiny8 with a memory of latency 10 and a bus' width a
// cycle.
//
// The program stands at 0. Fetch asks for all of it (at most 8 instructions) in cycle 1, beats come
// in the cycles from 11 on, 8 for each instruction: instruction i is whole in cycle 18 + 8i,
// dispatched in 19 + 8i and can start in 20 + 8i.
#pragma once

#include <cstring>
#include <vector>

#include "isa/config.h"
#include "isa/encoding.h"
#include "sim/top/model.h"

namespace zahl::test {

inline constexpr int64_t kFirstStart = 20;
inline constexpr uint64_t kData = 4096;  // DRAM from here on is free for data

struct TinyMachine {
  hw::Config config = hw::load_config("tiny8");
  MemoryConfig memory{"test", 10, 8};
  RunOptions options;

  RunResult run(const std::vector<isa::Instruction>& program) const {
    std::vector<isa::Word> words;
    for (const isa::Instruction& instruction : program) words.push_back(isa::encode(instruction));
    return run_words(words);
  }
  RunResult run_words(const std::vector<isa::Word>& words) const {
    DeviceProgram image;
    image.memory.resize(1 << 16);
    for (size_t i = 0; i < image.memory.size(); ++i) image.memory[i] = static_cast<uint8_t>(i * 7);
    for (size_t i = 0; i < words.size(); ++i)
      std::memcpy(image.memory.data() + i * 64, words[i].data(), 64);
    image.instruction_count = static_cast<uint32_t>(words.size());
    return sim::run_model(config, memory, image, options);
  }
};

inline isa::Load load_row(uint32_t bytes, uint64_t dram = kData) {
  isa::Load x;
  x.common.write_banks = 1;
  x.dram = dram;
  x.rows = 1;
  x.row_bytes = bytes;
  return x;
}

inline isa::Store store_row(uint32_t bytes, uint64_t dram = kData) {
  isa::Store x;
  x.common.read_banks = 1;
  x.dram = dram;
  x.rows = 1;
  x.row_bytes = bytes;
  return x;
}

// `tiles` tiles of `vectors` vectors.
inline isa::Conv conv_of(uint32_t tiles, uint32_t vectors) {
  isa::Conv x;
  x.common.read_banks = 6;  // source in bank 1, weights in bank 2
  x.common.accumulator_banks = 1;
  x.source = 8192;
  x.input_row_limit = 1 << 19;
  x.input_y_limit = 1;
  x.pixel_step = 8;
  x.out_rows = 1;
  x.out_columns = vectors;
  x.chunks = tiles;
  x.kernel_columns = x.kernel_rows = x.blocks = 1;
  x.weights = 2 * 8192;
  return x;
}

inline uint64_t counter(const RunResult& run, isa::Counter c) {
  return run.counters[static_cast<size_t>(c)];
}

}  // namespace zahl::test
