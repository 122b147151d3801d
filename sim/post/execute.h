// What post's instructions do: accesses and, if asked for, values. False if an access was not
// allowed.
#pragma once

#include <array>
#include <cstdint>

#include "generated/isa.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

// The two tables of 256 bytes, by slot; entries by the result + 128. set_table fills one.
using Tables = std::array<std::array<int8_t, 256>, 2>;

struct PostContext {
  const hw::Config& config;
  Storage& storage;
  Tables& tables;
  bool compute_values;
};

bool execute(const isa::Drain& x, const PostContext& context);
bool execute(const isa::Eltwise& x, const PostContext& context);
bool execute(const isa::SetTable& x, const PostContext& context);
bool execute(const isa::Softmax& x, const PostContext& context);

}  // namespace zahl::sim
