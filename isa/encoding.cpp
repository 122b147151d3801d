#include "isa/encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace zahl::isa {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read eight bytes at a time");

// The eight bytes in which a field lies; the last ones of the word for a field near its end.
constexpr size_t base_of(int lsb) {
  return std::min<size_t>(static_cast<size_t>(lsb) / 8, kInstructionBytes - 8);
}

// Fields are constants where these are called, so that all but the shifts folds away.
// REQUIRES: the field lies within eight bytes from the byte of its lowest bit on, as any of 57 bits
// or fewer does.
inline void put_bits(Word& word, int lsb, int bits, uint64_t value) {
  const size_t base = base_of(lsb);
  uint64_t eight;
  std::memcpy(&eight, word.data() + base, 8);
  eight |= (value & (~uint64_t{0} >> (64 - bits))) << (lsb - static_cast<int>(8 * base));
  std::memcpy(word.data() + base, &eight, 8);
}

inline uint64_t get_bits(std::span<const uint8_t, kInstructionBytes> word, int lsb, int bits) {
  const size_t base = base_of(lsb);
  uint64_t eight;
  std::memcpy(&eight, word.data() + base, 8);
  return eight >> (lsb - static_cast<int>(8 * base)) & (~uint64_t{0} >> (64 - bits));
}

int64_t natural(auto value) { return static_cast<int64_t>(value); }

[[noreturn]] void refuse_value(std::string_view instruction, const FieldInfo& info, int64_t value,
                               int64_t low, int64_t high) {
  throw std::out_of_range(fmt::format("{}.{} = {} does not fit; it holds {} to {}", instruction,
                                      info.name, value, low, high));
}

[[gnu::always_inline]] inline void encode_field(Word& word, std::string_view instruction,
                                                const FieldInfo& info, int64_t value) {
  const int64_t low = info.is_signed ? -(int64_t{1} << (info.bits - 1)) : info.bias;
  const int64_t high = info.is_signed ? (int64_t{1} << (info.bits - 1)) - 1
                                      : (int64_t{1} << info.bits) - 1 + info.bias;
  if (value < low || value > high) [[unlikely]]
    refuse_value(instruction, info, value, low, high);
  put_bits(word, info.lsb, info.bits, static_cast<uint64_t>(value - info.bias));
}

template <class T>
[[gnu::always_inline]] inline void decode_field(std::span<const uint8_t, kInstructionBytes> word,
                                                const FieldInfo& info, T& target) {
  uint64_t raw = get_bits(word, info.lsb, info.bits);
  if (info.is_signed && (raw >> (info.bits - 1)) != 0) raw |= ~uint64_t{0} << info.bits;
  target = static_cast<T>(static_cast<int64_t>(raw) + info.bias);
}

// Calls `found` with a default instruction of the kind whose opcode is `opcode`.
template <size_t I = 0, class F>
bool with_kind(uint8_t opcode, F&& found) {
  if constexpr (I == std::variant_size_v<Instruction>) {
    return false;
  } else {
    using Kind = std::variant_alternative_t<I, Instruction>;
    if (static_cast<uint8_t>(Kind::kOpcode) == opcode) {
      found(Kind{});
      return true;
    }
    return with_kind<I + 1>(opcode, found);
  }
}

}  // namespace

Word encode(const Instruction& instruction) {
  Word word{};
  std::visit(
      [&](const auto& x) {
        word[0] = static_cast<uint8_t>(x.kOpcode);
        const auto put = [&](const FieldInfo& info, const auto& value)
            __attribute__((always_inline)) {
          encode_field(word, x.kName, info, natural(value));
        };
        for_each_field(x.common, put);
        for_each_field(x, put);
      },
      instruction);
  return word;
}

std::optional<Instruction> decode(std::span<const uint8_t, kInstructionBytes> word,
                                  std::string* why) {
  std::optional<Instruction> result;
  const bool known = with_kind(word[0], [&](auto x) {
    for (int bit = x.kUsedBits; bit < kInstructionBits; bit += 32) {
      const int count = std::min(32, kInstructionBits - bit);
      if (get_bits(word, bit, count) != 0) {
        if (why != nullptr)
          *why = fmt::format("{}: a reserved bit from {} on is set", x.kName, bit);
        return;
      }
    }
    const auto get = [&](const FieldInfo& info, auto& value) __attribute__((always_inline)) {
      decode_field(word, info, value);
    };
    for_each_field(x.common, get);
    for_each_field(x, get);
    result = x;
  });
  if (!known && why != nullptr) *why = fmt::format("unknown opcode 0x{:02x}", word[0]);
  return result;
}

std::string illegal_reason(const Instruction& instruction, const hw::Config& config) {
  return std::visit(
      [&](const auto& x) -> std::string {
        const std::string_view rule = broken_rule(x, config);
        if (!rule.empty()) return fmt::format("{}: must hold: {}", x.kName, rule);
        const auto exist = [](uint32_t mask, int count) { return (uint64_t{mask} >> count) == 0; };
        if (!exist(x.common.read_banks, config.scratchpad_banks) ||
            !exist(x.common.write_banks, config.scratchpad_banks) ||
            !exist(x.common.accumulator_banks, config.accumulator_banks)) {
          return fmt::format("{}: claims a bank that the machine does not have", x.kName);
        }
        return "";
      },
      instruction);
}

std::optional<Instruction> decode_legal(std::span<const uint8_t, kInstructionBytes> word,
                                        const hw::Config& config, std::string* why) {
  auto instruction = decode(word, why);
  if (!instruction) return std::nullopt;
  const std::string reason = illegal_reason(*instruction, config);
  if (reason.empty()) return instruction;
  if (why != nullptr) *why = reason;
  return std::nullopt;
}

std::string disassemble(const Instruction& instruction) {
  std::string text;
  std::visit(
      [&](const auto& x) {
        text = fmt::format("{:<10}", x.kName);
        for (int u = 0; u < kUnitCount; ++u) {
          const uint32_t wait = x.common.wait[static_cast<size_t>(u)];
          if (wait != 0)
            text += fmt::format(" wait_{}={}", kUnitNames[static_cast<size_t>(u)], wait);
        }
        const auto mask = [&](std::string_view name, uint32_t value) {
          if (value != 0) text += fmt::format(" {}=0x{:x}", name, value);
        };
        mask("read_banks", x.common.read_banks);
        mask("write_banks", x.common.write_banks);
        mask("accumulator_banks", x.common.accumulator_banks);
        for_each_field(x, [&](const FieldInfo& info, const auto& value) {
          if (natural(value) != 0) text += fmt::format(" {}={}", info.name, natural(value));
        });
      },
      instruction);
  return text;
}

}  // namespace zahl::isa
