#include "tests/support/program_builder.h"

#include <algorithm>

namespace zahl::test {
namespace {

constexpr int64_t kMostInstructions = 160;
constexpr int64_t kConstantBytes = 48 * 1024;
constexpr int kWindowsPerSide = 4;

}  // namespace

ProgramBuilder::ProgramBuilder(const hw::Config& config, uint64_t seed)
    : config_(config), random_(seed), waits_(config) {
  make_windows();
  int64_t windows_bytes = 0;
  for (const Window& window : windows_) windows_bytes += window.size() + 64;
  program_address_ = static_cast<uint64_t>(512 * random_.between(0, 4));
  constants_begin_ =
      static_cast<int64_t>(program_address_) + kMostInstructions * isa::kInstructionBytes;
  results_begin_ = constants_begin_ + kConstantBytes;
  dump_ = results_begin_ + 8 * 1024;
  memory_.resize(static_cast<size_t>((dump_ + windows_bytes + 63) / 64 * 64));
  for (uint8_t& x : memory_) x = random_.byte();
}

void ProgramBuilder::make_windows() {
  const int64_t bank = config_.scratchpad_bank_bytes, banks = config_.scratchpad_banks;
  const int64_t border = random_.between(1, banks - 1);
  const bool left_is_low = random_.one_in(2);
  for (const Side side : {Side::Left, Side::Right}) {
    const bool is_low = (side == Side::Left) == left_is_low;
    const int64_t first = is_low ? 0 : border * bank, last = is_low ? border * bank : banks * bank;
    for (int i = 0; i < kWindowsPerSide; ++i) {
      const int64_t largest =
          std::max<int64_t>(2560, (side == Side::Right ? 6 : 2) * config_.weight_tile_bytes());
      const int64_t size = std::min(last - first, random_.between(largest / 3, largest));
      const int64_t middle = random_.between(first / bank, last / bank) * bank;
      const int64_t begin = std::clamp(middle - random_.between(0, size), first, last - size);
      windows_.push_back({begin, begin + size, side});
    }
  }
}

bool ProgramBuilder::add(isa::Instruction instruction) {
  isa::Common& common = isa::common_of(instruction);
  common = {};
  if (length() == kMostInstructions || !isa::illegal_reason(instruction, config_).empty())
    return false;
  Footprint footprint = footprint_of(config_, instruction);
  if (footprint.leaves_memory || footprint.reads_own_writes) return false;
  if (!defined_.undefined_read(instruction, footprint).empty()) return false;
  if (!footprint.dram_reads.empty() &&
      (footprint.dram_reads.begin() < 0 || footprint.dram_reads.end() > dram_bytes())) {
    return false;
  }
  if (!footprint.dram_writes.empty() && (footprint.dram_writes.begin() < results_begin_ ||
                                         footprint.dram_writes.end() > dram_bytes())) {
    return false;
  }
  common.read_banks = footprint.read_banks;
  common.write_banks = footprint.write_banks;
  common.accumulator_banks = footprint.accumulator_banks;
  // Claiming and waiting more than needed is legal too.
  if (random_.one_in(16))
    common.read_banks |= 1u << random_.between(0, config_.scratchpad_banks - 1);
  if (random_.one_in(16))
    common.write_banks |= 1u << random_.between(0, config_.scratchpad_banks - 1);
  if (random_.one_in(24))
    common.accumulator_banks |= 1u << random_.between(0, config_.accumulator_banks - 1);
  if (random_.one_in(12)) {
    const auto unit = static_cast<size_t>(random_.between(0, isa::kUnitCount - 1));
    common.wait[unit] = random_.u32(0, waits_.count(static_cast<isa::Unit>(unit)));
  }
  std::erase_if(blobs_, [&](const Blob& blob) {
    return footprint.scratchpad_writes.overlaps(blob.address, blob.address + blob.bytes);
  });
  defined_.append(instruction, footprint);
  waits_.append(instruction, std::move(footprint));
  program_.push_back(instruction);
  return true;
}

const Window& ProgramBuilder::any_window(Side side) {
  if (side == Side::Any)
    return windows_[static_cast<size_t>(random_.between(0, 2 * kWindowsPerSide - 1))];
  return windows_[static_cast<size_t>(random_.between(0, kWindowsPerSide - 1) +
                                      (side == Side::Right ? kWindowsPerSide : 0))];
}

const Window& ProgramBuilder::filled_window(Side side) {
  const Window& window = any_window(side);
  if (!defined_.scratchpad().contains(window.begin, window.end)) {
    isa::Load load;
    load.row_bytes = static_cast<uint32_t>(window.size());
    load.dram = static_cast<uint64_t>(random_.between(0, dram_bytes() - window.size()));
    load.scratchpad = static_cast<uint32_t>(window.begin);
    add(load);
  }
  return window;
}

std::optional<int64_t> ProgramBuilder::place(const Window& window, int64_t bytes,
                                             int64_t alignment) {
  const int64_t first = (window.begin + alignment - 1) / alignment;
  const int64_t last = (window.end - bytes) / alignment;
  if (bytes > window.size() || last < first) return std::nullopt;
  return random_.corner(first, last) * alignment;
}

std::optional<Blob> ProgramBuilder::load_blob(Blob blob, const std::vector<uint8_t>& content) {
  const auto bytes = static_cast<int64_t>(content.size());
  const auto address = place(any_window(blob.side), bytes, config_.line_bytes);
  const int64_t dram = constants_begin_ + random_.between(0, 40);
  if (!address || dram + bytes > results_begin_) return std::nullopt;
  std::ranges::copy(content, memory_.begin() + dram);
  isa::Load load;
  load.dram = static_cast<uint64_t>(dram);
  load.scratchpad = static_cast<uint32_t>(*address);
  load.row_bytes = static_cast<uint32_t>(bytes);
  for (const int64_t rows : {2, 4, 8, 16}) {
    if (bytes % rows != 0 || random_.one_in(2)) break;
    load.rows = static_cast<uint32_t>(rows);
    load.row_bytes = load.scratchpad_step = static_cast<uint32_t>(bytes / rows);
    load.dram_step = static_cast<int32_t>(bytes / rows);
  }
  if (!add(load)) return std::nullopt;
  constants_begin_ = dram + bytes;
  blob.address = *address;
  blob.bytes = bytes;
  blobs_.push_back(blob);
  return blob;
}

std::optional<Blob> ProgramBuilder::find_blob(const std::function<bool(const Blob&)>& is_wanted) {
  std::vector<Blob> wanted;
  std::ranges::copy_if(blobs_, std::back_inserter(wanted), is_wanted);
  if (wanted.empty()) return std::nullopt;
  return wanted[static_cast<size_t>(random_.between(0, static_cast<int64_t>(wanted.size()) - 1))];
}

std::optional<int64_t> ProgramBuilder::defined_accumulators(int64_t vectors) {
  std::vector<IntervalSet::Interval> wide;
  std::ranges::copy_if(defined_.accumulators().intervals(), std::back_inserter(wide),
                       [vectors](const auto& x) { return x.end - x.begin >= vectors; });
  if (wide.empty()) return std::nullopt;
  const auto& chosen =
      wide[static_cast<size_t>(random_.between(0, static_cast<int64_t>(wide.size()) - 1))];
  return random_.corner(chosen.begin, chosen.end - vectors);
}

std::optional<int64_t> ProgramBuilder::result_place(int64_t bytes) {
  if (bytes > dram_bytes() - results_begin_) return std::nullopt;
  return random_.corner(results_begin_, dram_bytes() - bytes);
}

void ProgramBuilder::store_windows() {
  for (const Window& window : windows_) {
    for (const auto& piece : std::vector(defined_.scratchpad().intervals())) {
      const int64_t begin = std::max(piece.begin, window.begin),
                    end = std::min(piece.end, window.end);
      if (begin >= end || end - begin > dram_bytes() - dump_) continue;
      isa::Store store;
      store.dram = static_cast<uint64_t>(dump_);
      store.scratchpad = static_cast<uint32_t>(begin);
      store.row_bytes = static_cast<uint32_t>(end - begin);
      if (add(store)) dump_ += end - begin + random_.between(0, 3);
    }
  }
}

}  // namespace zahl::test
