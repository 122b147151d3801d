// Instructions to words and back. A value that does not fit is an error, never masked.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "generated/isa.h"

namespace zahl::isa {

using Word = std::array<uint8_t, kInstructionBytes>;  // little-endian

// Throws std::out_of_range with field, value and range.
Word encode(const Instruction& instruction);

// Fields of a word with a known opcode and no reserved bit set; otherwise nothing, and `why` (if
// given) says why. Does not check the rules: see legal.
std::optional<Instruction> decode(std::span<const uint8_t, kInstructionBytes> word,
                                  std::string* why = nullptr);

// Empty, or the reason for which dispatch on this machine refuses the decoded instruction.
std::string illegal_reason(const Instruction& instruction, const hw::Config& config);

// decode and illegal_reason in one: what dispatch does.
std::optional<Instruction> decode_legal(std::span<const uint8_t, kInstructionBytes> word,
                                        const hw::Config& config, std::string* why = nullptr);

inline Unit unit_of(const Instruction& instruction) {
  return std::visit([](const auto& x) { return x.kUnit; }, instruction);
}
inline const Common& common_of(const Instruction& instruction) {
  return std::visit([](const auto& x) -> const Common& { return x.common; }, instruction);
}
inline Common& common_of(Instruction& instruction) {
  return std::visit([](auto& x) -> Common& { return x.common; }, instruction);
}

// One line: name, waits, claims, and every field that is not zero.
std::string disassemble(const Instruction& instruction);

}  // namespace zahl::isa
