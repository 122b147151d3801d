// The tables of the post unit (docs/machine.md, section 8): an entry for each byte.
#pragma once

#include <cstdint>

namespace zahl {

inline constexpr int64_t kTableBytes = 256;                    // set_table
inline constexpr int64_t kExponentialBytes = 4 * kTableBytes;  // softmax

}  // namespace zahl
