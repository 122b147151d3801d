// Programs with one mistake each.
#include <algorithm>
#include <bit>
#include <functional>

#include "engines/reference/instruction_accesses.h"
#include "tests/support/footprint.h"
#include "tests/support/random.h"
#include "tests/support/random_program.h"

namespace zahl::test {
namespace {

using isa::Instruction;

// Applies `change` to the instructions in random order until one takes it.
bool change_one(RandomProgram& program, Random& random,
                const std::function<bool(Instruction&)>& change) {
  std::vector<size_t> order(program.words.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1],
              order[static_cast<size_t>(random.between(0, static_cast<int64_t>(i) - 1))]);
  }
  for (const size_t i : order) {
    auto instruction = isa::decode(program.words[i]);
    if (!instruction || !change(*instruction)) continue;
    program.words[i] = isa::encode(*instruction);
    return true;
  }
  return false;
}

void set_bit(isa::Word& word, int64_t bit) {
  word[static_cast<size_t>(bit / 8)] =
      static_cast<uint8_t>(word[static_cast<size_t>(bit / 8)] | 1u << (bit % 8));
}

int used_bits(const Instruction& instruction) {
  return std::visit([](const auto& x) { return x.kUsedBits; }, instruction);
}

// One of the set bits of a mask that is not 0.
uint32_t one_bit_of(uint32_t mask, Random& random) {
  for (int64_t n = random.between(0, std::popcount(mask) - 1); n > 0; --n) mask &= mask - 1;
  return mask & (~mask + 1);
}

void break_window_rule(isa::Depthwise& x, Random& random) {
  switch (random.between(0, 3)) {
    case 0:
      x.resume = 1;
      x.passes = 2;
      break;
    case 1:
      x.pairs = 1;
      x.x_step = random.pick({1u, 3u});
      break;
    case 2:
      x.pairs = 1;
      (random.one_in(2) ? x.line_base : x.line_step) |= 1;
      break;
    default:
      ++x.weights;
  }
}

bool break_rule(Instruction& instruction, Random& random) {
  return std::visit(
      [&](auto& x) {
        if constexpr (requires { x.split; }) {
          if (random.one_in(2)) return x.split = 63, true;
        }
        if constexpr (requires { x.pairs; }) return break_window_rule(x, random), true;
        if constexpr (requires { x.weights; }) return ++x.weights, true;
        if constexpr (requires { x.low; }) {
          if (x.low == x.high && x.low == 127) return false;
          x.low = x.high + 1;
          return x.low <= 127;
        }
        if constexpr (requires { x.exponentials; }) return x.exponentials += random.u32(1, 3), true;
        return false;
      },
      instruction);
}

bool unclaim(const hw::Config& config, Instruction& instruction, Random& random) {
  const Footprint footprint = footprint_of(config, instruction);
  isa::Common& common = isa::common_of(instruction);
  // What softmax reads of its exponentials depends on data, so a claim may be missing there without
  // an error.
  const bool depends_on_data = std::holds_alternative<isa::Softmax>(instruction);
  if (footprint.write_banks != 0 && random.one_in(2)) {
    common.write_banks &= ~one_bit_of(footprint.write_banks, random);
  } else if (footprint.read_banks != 0 && !depends_on_data && random.one_in(2)) {
    common.read_banks &= ~one_bit_of(footprint.read_banks, random);
  } else if (footprint.accumulator_banks != 0) {
    common.accumulator_banks &= ~one_bit_of(footprint.accumulator_banks, random);
  } else {
    return false;
  }
  return true;
}

bool leave_scratchpad(const hw::Config& config, Instruction& instruction, Random& random) {
  const auto past = [&](int64_t address, const IntervalSet& touched) {
    const int64_t shift = config.scratchpad_bytes() - touched.end() + random.between(1, 20);
    return touched.end() > address && address + shift < 1 << 23 ? address + shift : int64_t{-1};
  };
  const Footprint footprint = footprint_of(config, instruction);
  const auto move = [&](auto& field, const IntervalSet& touched) {
    if (touched.empty()) return false;
    const int64_t to = past(static_cast<int64_t>(field), touched);
    if (to < 0) return false;
    field = static_cast<std::remove_reference_t<decltype(field)>>(to);
    return true;
  };
  if (auto* x = std::get_if<isa::Load>(&instruction))
    return move(x->scratchpad, footprint.scratchpad_writes);
  if (auto* x = std::get_if<isa::Store>(&instruction))
    return move(x->scratchpad, footprint.scratchpad_reads);
  if (auto* x = std::get_if<isa::Drain>(&instruction))
    return move(x->result, footprint.scratchpad_writes);
  if (auto* x = std::get_if<isa::Eltwise>(&instruction))
    return move(x->result, footprint.scratchpad_writes);
  if (auto* x = std::get_if<isa::Softmax>(&instruction))
    return move(x->result, footprint.scratchpad_writes);
  if (auto* x = std::get_if<isa::SetTable>(&instruction)) {
    x->source = static_cast<uint32_t>(config.scratchpad_bytes() - 256 +
                                      config.line_bytes * random.between(1, 3));
    return true;
  }
  return false;
}

bool leave_accumulators(const hw::Config& config, Instruction& instruction, Random& random) {
  return std::visit(
      [&](auto& x) {
        if constexpr (requires { x.accumulator; }) {
          const int64_t vectors = int64_t{x.out_rows} * x.out_columns * x.blocks;
          x.accumulator = static_cast<uint32_t>(config.accumulator_vectors() - vectors +
                                                random.between(1, vectors));
          return x.accumulator <= std::remove_reference_t<decltype(x)>::Limit::accumulator.max;
        }
        return false;
      },
      instruction);
}

bool leave_dram(int64_t dram_bytes, Instruction& instruction, Random& random) {
  const auto move = [&](auto& x) {
    const int64_t reach = x.dram_step < 0 ? 0 : (int64_t{x.rows} - 1) * x.dram_step;
    x.dram = static_cast<uint64_t>(std::max<int64_t>(
        0, random.pick({dram_bytes - reach - x.row_bytes + random.between(1, 40), dram_bytes,
                        isa::limits::Load::dram.max + 1 - reach - x.row_bytes - 64})));
    return true;
  };
  if (auto* x = std::get_if<isa::Load>(&instruction)) return move(*x);
  if (auto* x = std::get_if<isa::Store>(&instruction)) return move(*x);
  return false;
}

// A place past the line memory: by the width, the base, or the step from block to block.
bool overflow_line_memory(const hw::Config& config, Instruction& instruction, Random& random) {
  auto* x = std::get_if<isa::Depthwise>(&instruction);
  if (x == nullptr || x->tap_rows < 2) return false;
  const int64_t unit = x->pairs != 0 ? 2 : 1;
  const int64_t past = (config.line_buffer_pixels - reference::first_place(*x, 0) + x->line_base -
                        reference::streamed_columns(*x)) /
                           unit * unit +
                       unit;
  if (past < 0 || past > isa::limits::Depthwise::line_base.max) return false;
  if (x->blocks > 1 && random.one_in(2)) {
    x->line_base = 0;
    const int64_t others = (int64_t{x->blocks} - 1) * unit;
    x->line_step = static_cast<uint32_t>(random.pick<int64_t>(
        {(past + others - 1) / others * unit, isa::limits::Depthwise::line_step.max + 1 - unit}));
    return true;
  }
  if (x->resume != 0 || random.one_in(2)) {
    x->line_base = static_cast<uint32_t>(
        random.pick<int64_t>({past, isa::limits::Depthwise::line_base.max + 1 - unit}));
    return true;
  }
  // All padding, so that the width is the only mistake.
  x->input_row_limit = 0;
  x->out_rows = x->blocks = x->passes = x->x_step = 1;
  x->pairs = 0;
  const int64_t least =
      std::max<int64_t>(0, config.line_buffer_pixels + 2 - isa::limits::Depthwise::out_columns.max -
                               int64_t{x->tap_columns});
  x->line_base = static_cast<uint32_t>(
      random.corner(least, config.line_buffer_pixels - int64_t{x->tap_columns}));
  x->out_columns =
      static_cast<uint32_t>(config.line_buffer_pixels + 1) - x->line_base - x->tap_columns + 1;
  const uint32_t banks = isa::common_of(instruction).accumulator_banks;
  x->accumulator = 0;
  return (footprint_of(config, instruction).accumulator_banks & ~banks) == 0;
}

bool apply(RandomProgram& program, Random& random) {
  const hw::Config& config = program.config;
  const auto change = [&](const std::function<bool(Instruction&)>& one) {
    return change_one(program, random, one);
  };
  isa::Word& victim = program.words[static_cast<size_t>(
      random.between(0, static_cast<int64_t>(program.words.size()) - 1))];
  switch (program.mistake) {
    case Mistake::None:
      return true;
    case Mistake::UnknownOpcode:
      victim[0] = random.pick<uint8_t>({0x00, 0x03, 0x12, 0x24, 0x40, 0xff});
      return true;
    case Mistake::ReservedBit:
      set_bit(victim, random.corner(used_bits(*isa::decode(victim)), isa::kInstructionBits - 1));
      return true;
    case Mistake::BrokenRule:
      return change([&](Instruction& x) { return break_rule(x, random); });
    case Mistake::MissingBank:
      set_bit(victim, config.scratchpad_banks < 32 && random.one_in(2)
                          ? random.pick({88, 120}) + random.between(config.scratchpad_banks, 31)
                          : 152 + random.between(config.accumulator_banks, 7));
      return config.accumulator_banks < 8;
    case Mistake::UnclaimedBank:
      return change([&](Instruction& x) { return unclaim(config, x, random); });
    case Mistake::PastScratchpad:
      return change([&](Instruction& x) { return leave_scratchpad(config, x, random); });
    case Mistake::PastAccumulators:
      return change([&](Instruction& x) { return leave_accumulators(config, x, random); });
    case Mistake::LineMemory:
      return change([&](Instruction& x) { return overflow_line_memory(config, x, random); });
    case Mistake::PastDram:
      return change([&](Instruction& x) {
        return leave_dram(static_cast<int64_t>(program.memory.size()), x, random);
      });
    case Mistake::ProgramPastDram: {
      // In a place of its own behind the rest, where no store of the program comes, and one to all
      // instructions too short.
      program.program_address = (program.memory.size() + 511) / 512 * 512;
      const int64_t missing = random.corner(1, static_cast<int64_t>(program.words.size()));
      program.memory.resize(program.program_address +
                            (program.words.size() - static_cast<size_t>(missing)) *
                                isa::kInstructionBytes);
      return true;
    }
    case Mistake::Ownership:
      for (int i = 0; i < 6; ++i) {
        change([&](Instruction& x) {
          isa::Common& common = isa::common_of(x);
          common.read_banks |= 1u << random.between(0, config.scratchpad_banks - 1);
          common.write_banks |= 1u << random.between(0, config.scratchpad_banks - 1);
          if (random.one_in(2))
            common.accumulator_banks |= 1u << random.between(0, config.accumulator_banks - 1);
          return true;
        });
      }
      return true;
    case Mistake::MissingToken:
      program.watchdog_cycles = random.u32(250, 3000);
      return change([&](Instruction& x) {
        isa::common_of(x).wait[static_cast<size_t>(random.between(0, isa::kUnitCount - 1))] =
            random.pick({random.u32(161, 200), (1u << 20) - 1});
        return true;
      });
    case Mistake::ShortWatchdog:
      program.watchdog_cycles = random.u32(1, 300);
      return true;
  }
  return false;
}

}  // namespace

RandomProgram random_wrong_program(const hw::Config& config, uint64_t seed) {
  Random random(~seed);
  const auto mistake = static_cast<Mistake>(1 + seed % (kMistakeNames.size() - 1));
  for (uint64_t next = seed;; next += 1'000'000'007) {
    RandomProgram program = random_program(config, next);
    program.seed = seed;
    program.mistake = mistake;
    if (apply(program, random)) return program;
  }
}

}  // namespace zahl::test
