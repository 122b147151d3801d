#include "certificate/levels/data_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "isa/encoding.h"
#include "isa/round.h"

namespace zahl::certificate {
namespace {

constexpr int32_t kComputed = -1;  // a byte that no constant stands for
constexpr size_t kMostFailures = 100;
constexpr int64_t kAlignment = 64;  // of constants; bytes left free in front of a multiple are zero

class Follower {
 public:
  explicit Follower(const Program& program)
      : program_(program),
        config_(program.config),
        origin_(static_cast<size_t>(config_.scratchpad_bytes()), kComputed),
        reading_(program.data.size(), 0) {}

  DataUse run() {
    for (index_ = 0; index_ < program_.instructions.size(); ++index_) {
      std::visit([&](const auto& x) { step(x); }, program_.instructions[index_]);
    }
    close();
    return std::move(use_);
  }

 private:
  void fail(const std::string& what) {
    if (use_.failures.size() < kMostFailures) use_.failures.push_back(what);
  }
  std::string here() const {
    return fmt::format("instruction {} ({})", index_,
                       isa::disassemble(program_.instructions[index_]).substr(0, 40));
  }

  int32_t& origin(int64_t address) {
    if (address < 0 || address >= static_cast<int64_t>(origin_.size())) {
      fail(fmt::format("{}: touches scratchpad byte {}, which does not exist", here(), address));
      return outside_;
    }
    return origin_[static_cast<size_t>(address)];
  }

  void computed(int64_t address, int64_t bytes) {
    for (int64_t i = 0; i < bytes; ++i) origin(address + i) = kComputed;
  }

  // Gives one byte its type; `lane` is its place in a word of several bytes.
  void read(int64_t address, Reading kind, int lane = 0) {
    const int32_t at = origin(address);
    if (at == kComputed) return;
    const auto now = static_cast<uint8_t>(static_cast<int>(kind) * 4 + lane);
    uint8_t& before = reading_[static_cast<size_t>(at)];
    if (before != 0 && before != now) {
      fail(fmt::format("data byte {} is read as {} and, by {}, as {}", at,
                       kReadingNames[before / 4], here(),
                       kReadingNames[static_cast<size_t>(kind)]));
    }
    before = now;
    if (kind == Reading::Padding && program_.data.data()[at] != 0)
      fail(fmt::format("data byte {} is padding and not zero", at));
  }
  void read_bytes(int64_t address, int64_t bytes, Reading kind) {
    for (int64_t i = 0; i < bytes; ++i) read(address + i, kind);
  }

  // `count` little-endian words below `limit`, then padding up to a whole line. Returns the address
  // behind.
  int64_t read_words(int64_t address, int64_t count, int width, Reading kind, uint64_t limit) {
    for (int64_t i = 0; i < count; ++i) {
      uint64_t value = 0;
      bool is_constant = true;
      for (int lane = 0; lane < width; ++lane) {
        read(address + i * width + lane, kind, lane);
        const int32_t at = origin(address + i * width + lane);
        if (at == kComputed) {
          is_constant = false;
        } else {
          value |= uint64_t{program_.data.data()[at]} << (8 * lane);
        }
      }
      if (!is_constant)
        fail(fmt::format("{}: {} at scratchpad byte {} is no constant of the program", here(),
                         kReadingNames[static_cast<size_t>(kind)], address + i * width));
      if (value >= limit)
        fail(fmt::format("{}: {} is {}, beyond its type", here(),
                         kReadingNames[static_cast<size_t>(kind)], value));
    }
    const int64_t end = address + count * width, line = config_.line_bytes,
                  whole = address + round_up(count * width, line);
    for (int64_t i = end; i < whole; ++i) read(i, Reading::Padding);
    return whole;
  }

  bool overlaps(int64_t begin, int64_t bytes, uint64_t place, uint64_t size) const {
    return begin < static_cast<int64_t>(place + size) &&
           begin + bytes > static_cast<int64_t>(place);
  }
  bool touches_code(int64_t begin, int64_t bytes) const {
    return overlaps(begin, bytes, program_.program_address,
                    program_.instructions.size() * isa::kInstructionBytes);
  }

  void step(const isa::Load& x) {
    const auto data = static_cast<int64_t>(program_.data_address),
               size = static_cast<int64_t>(program_.data.size());
    for (int64_t r = 0; r < x.rows; ++r) {
      const int64_t from = static_cast<int64_t>(x.dram) + r * x.dram_step,
                    to = int64_t{x.scratchpad} + r * x.scratchpad_step;
      if (touches_code(from, x.row_bytes))
        fail(fmt::format("{}: loads instructions as data", here()));
      for (int64_t i = 0; i < x.row_bytes; ++i) {
        const int64_t at = from + i - data;
        origin(to + i) = at >= 0 && at < size ? static_cast<int32_t>(at) : kComputed;
      }
    }
  }

  void step(const isa::Store& x) {
    for (int64_t r = 0; r < x.rows; ++r) {
      const int64_t to = static_cast<int64_t>(x.dram) + r * x.dram_step;
      if (overlaps(to, x.row_bytes, program_.data_address, program_.data.size()) ||
          touches_code(to, x.row_bytes)) {
        fail(fmt::format("{}: overwrites constants or instructions", here()));
      }
    }
  }

  void step(const isa::Conv& x) {
    const int64_t tiles = int64_t{x.blocks} * x.kernel_rows * x.kernel_columns * x.chunks;
    read_bytes(x.weights, tiles * config_.weight_tile_bytes(), Reading::Weight);
  }
  void step(const isa::Depthwise& x) {
    read_bytes(x.weights, int64_t{x.blocks} * x.passes * config_.weight_tile_bytes(),
               Reading::Weight);
  }

  void step(const isa::Drain& x) {
    int64_t at = x.params;
    for (uint32_t b = 0; b < x.blocks; ++b) {
      at = read_words(at, config_.columns, 4, Reading::Bias, uint64_t{1} << 32);
      if (x.uniform != 0) continue;
      at = read_words(at, config_.columns, 4, Reading::M0, uint64_t{1} << 31);
      at = read_words(at, config_.columns, 1, Reading::Shift, 64);
    }
    for (int64_t b = 0; b < x.blocks; ++b) {
      for (int64_t r = 0; r < x.out_rows; ++r) {
        for (int64_t c = 0; c < x.out_columns; ++c) {
          computed(x.result + b * x.block_step + r * x.row_step + c * x.pixel_step,
                   b + 1 == x.blocks ? x.last_channels : config_.columns);
        }
      }
    }
  }

  void step(const isa::Eltwise& x) {
    for (int64_t r = 0; r < x.rows; ++r) {
      read_bytes(x.a + r * x.a_step, x.row_bytes, Reading::Operand);
      read_bytes(x.b + r * x.b_step, x.row_bytes, Reading::Operand);
    }
    for (int64_t r = 0; r < x.rows; ++r) computed(x.result + r * x.result_step, x.row_bytes);
  }

  void step(const isa::SetTable& x) { read_words(x.source, 256, 1, Reading::Table, 256); }

  void step(const isa::Softmax& x) {
    read_words(x.exponentials, 256, 4, Reading::Exponential, uint64_t{1} << 31);
    for (int64_t r = 0; r < x.rows; ++r) computed(x.result + r * x.result_step, x.row_bytes);
  }

  // What nobody reads must be the gap in front of an aligned constant.
  void close() {
    const auto size = static_cast<int64_t>(reading_.size());
    for (int64_t at = 0; at < size; ++at) {
      const uint8_t kind = reading_[static_cast<size_t>(at)];
      if (kind != 0) {
        ++use_.bytes[kind / 4];
        continue;
      }
      int64_t end = at;
      bool is_zero = true;
      for (; end < size && reading_[static_cast<size_t>(end)] == 0; ++end)
        is_zero = is_zero && program_.data.data()[end] == 0;
      const bool is_gap = is_zero && end < size && end % kAlignment == 0 && end - at < kAlignment;
      use_.bytes[static_cast<size_t>(is_gap ? Reading::Padding : Reading::None)] += end - at;
      if (!is_gap) fail(fmt::format("data bytes {} to {} are read by no instruction", at, end - 1));
      at = end - 1;
    }
  }

  const Program& program_;
  const hw::Config& config_;
  std::vector<int32_t> origin_;   // of each scratchpad byte: a byte of the data, or kComputed
  std::vector<uint8_t> reading_;  // of each byte of the data: Reading * 4 + lane
  int32_t outside_ = kComputed;
  size_t index_ = 0;
  DataUse use_;
};

}  // namespace

DataUse follow_data(const Program& program) { return Follower(program).run(); }

}  // namespace zahl::certificate
