// What each byte of a program's constants is read as. The program is followed instruction by
// instruction: loads carry constants from DRAM into the scratchpad, and whoever reads them there
// gives them a type.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "contract/program.h"

namespace zahl::certificate {

// What the instruction set says that an instruction reads at a place (docs/isa.md).
enum class Reading : uint8_t {
  None,
  Weight,
  Operand,
  Bias,
  M0,
  Shift,
  Table,
  Exponential,
  Padding
};
inline constexpr std::array<const char*, 9> kReadingNames = {
    "unread",      "int8 weight", "int8 operand",       "int32 bias",  "uint32 m0",
    "uint8 shift", "int8 table",  "uint32 exponential", "zero padding"};

struct DataUse {
  std::array<int64_t, kReadingNames.size()>
      bytes{};  // by Reading; over all they sum to the size of the data
  std::vector<std::string>
      failures;  // bytes of no type or of two, values outside their type's domain
};

DataUse follow_data(const Program& program);

}  // namespace zahl::certificate
