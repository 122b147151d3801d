// The Verilated array with its memories beside the naive model: what goes in, and the comparison of
// all that comes out.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <random>
#include <variant>
#include <vector>

#include "Vzahl_array_bench.h"
#include "isa/config.h"
#include "isa/encoding.h"
#include "tests/unit/rtl/array_reference.h"

namespace zahl::test {

using ArrayInstruction = std::variant<isa::Conv, isa::Depthwise>;

class ArrayBench {
 public:
  ArrayBench() : config(hw::load_config(ZAHL_PRESET)), reference(config) {
    top_.rst_ni = 0;
    for (int i = 0; i < 3; ++i) tick();
    top_.rst_ni = 1;
    tick();
  }
  ~ArrayBench() { top_.final(); }

  // Inputs are set in a cycle, then the cycle ends.
  void tick() {
    top_.clk_i = 0;
    top_.eval();
    top_.clk_i = 1;
    top_.eval();
    ++cycle;
  }
  void settle() {
    top_.clk_i = 0;
    top_.eval();
  }

  void write(int port, int64_t address, const std::vector<uint8_t>& bytes, uint64_t strobe) {
    top_.write_valid_i = static_cast<CData>(top_.write_valid_i | (1 << port));
    (port == 0 ? top_.write_address_0_i : top_.write_address_1_i) =
        static_cast<IData>(address & 0x1ffffff);
    std::memcpy(port == 0 ? static_cast<void*>(&top_.write_strobe_0_i) : &top_.write_strobe_1_i,
                &strobe, bytes.size() / 8);
    std::memcpy(port == 0 ? static_cast<void*>(&top_.write_data_0_i) : &top_.write_data_1_i,
                bytes.data(), bytes.size());
  }

  void fill_memory(std::mt19937& random) {
    for (auto& byte : reference.memory)
      byte = static_cast<uint8_t>(random() % 5 == 0 ? 0 : random());
    const auto line = static_cast<size_t>(config.line_bytes);
    for (size_t a = 0; a < reference.memory.size(); a += line) {
      const auto from = reference.memory.begin() + static_cast<std::ptrdiff_t>(a);
      write(0, static_cast<int64_t>(a), {from, from + config.line_bytes}, ~uint64_t{0});
      tick();
      top_.write_valid_i = 0;
    }
  }

  // Runs instructions as soon as the array is ready and `delays` have passed; compares everything.
  void run(const std::vector<ArrayInstruction>& batch, const std::vector<int>& delays) {
    struct End {
      int64_t cycle;
      ArrayEffect effect;
      size_t number;
    };
    std::deque<End> ends;
    int64_t ready = cycle, free = cycle, stream_first = 0, stream_period = 1;
    ArrayEffect streaming;
    std::deque<std::pair<int64_t, int64_t>> streams;
    size_t next = 0;
    bool undefined = false;
    int64_t last_result = 0;
    const int64_t lines = config.weight_tile_lines();
    while (next < batch.size() || !ends.empty()) {
      settle();
      ASSERT_EQ(top_.ready_o, cycle >= ready) << "cycle " << cycle << " instruction " << next;
      ASSERT_EQ(top_.holding_o, cycle < ready);
      while (!streams.empty() && cycle >= streams.front().second) streams.pop_front();
      ASSERT_EQ(top_.streaming_o, !streams.empty() && cycle >= streams.front().first)
          << "cycle " << cycle;
      if (!ends.empty() && cycle == ends.front().cycle) {
        ASSERT_EQ(top_.fault_o, ends.front().effect.fault) << "instruction " << ends.front().number;
        ends.pop_front();
        if (ends.empty() && next == batch.size()) break;
      }
      ASSERT_EQ(top_.end_o, !ends.empty() && cycle == ends.front().cycle - 1) << "cycle " << cycle;
      top_.start_i = 0;
      if (next < batch.size() && cycle >= ready + delays[next]) {
        const isa::Word word =
            std::visit([](const auto& x) { return isa::encode(isa::Instruction{x}); }, batch[next]);
        std::memcpy(&top_.instruction_i, word.data(), word.size());
        top_.start_i = 1;
        const ArrayEffect effect =
            std::visit([&](const auto& x) { return reference.run(x); }, batch[next]);
        undefined |= effect.undefined;
        last_result = effect.last_result;
        stream_first = std::max(cycle + 1 + lines, free);
        stream_period = effect.second ? effect.vectors + lines : std::max(effect.vectors, lines);
        for (int64_t j = 0; j < effect.tiles; ++j) {
          const int64_t q = stream_first + j * stream_period;
          streams.emplace_back(q, q + effect.vectors);
        }
        const int64_t q_last = stream_first + (effect.tiles - 1) * stream_period;
        ready = q_last + (effect.second ? effect.vectors : 1);
        free = q_last + effect.vectors;
        ends.push_back({free + hw::kArrayPipeline, effect, next++});
      }
      tick();
    }
    top_.start_i = 0;
    if (undefined) {
      adopt_accumulators(last_result);
    } else {
      compare_accumulators(last_result);
    }
  }

  // Reads all vectors, the one written last first, in the cycle in which it must be readable.
  template <class F>
  void each_accumulator(int64_t from, F&& visit) {
    const int64_t vectors = config.accumulator_vectors();
    for (int64_t i = 0; i < vectors; ++i) {
      const int64_t index = (from + i) % vectors;
      top_.accumulator_valid_i = 1;
      top_.accumulator_index_i = static_cast<SData>(index);
      tick();
      top_.accumulator_valid_i = 0;
      settle();
      visit(index, reinterpret_cast<const int32_t*>(&top_.accumulator_data_o));
    }
  }
  void compare_accumulators(int64_t from) {
    each_accumulator(from, [&](int64_t index, const int32_t* vector) {
      for (int64_t c = 0; c < config.columns; ++c) {
        ASSERT_EQ(vector[c],
                  reference.accumulators[static_cast<size_t>(index * config.columns + c)])
            << "accumulator " << index << " column " << c;
      }
    });
  }
  void adopt_accumulators(int64_t from) {
    each_accumulator(from, [&](int64_t index, const int32_t* vector) {
      std::copy_n(vector, config.columns, reference.accumulators.begin() + index * config.columns);
    });
  }

  Vzahl_array_bench& top() { return top_; }

  const hw::Config config;
  ArrayReference reference;
  int64_t cycle = 0;

 private:
  Vzahl_array_bench top_;
};

}  // namespace zahl::test
