// What post's instructions do: accesses and, if asked for, values. False if an access was not
// allowed.
#pragma once

#include "generated/isa.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

struct PostContext {
  const hw::Config& config;
  mem::Storage& storage;
  bool compute_values;
};

bool execute(const isa::Drain& x, const PostContext& context);
bool execute(const isa::Eltwise& x, const PostContext& context);
bool execute(const isa::SetTable& x, const PostContext& context);
bool execute(const isa::Softmax& x, const PostContext& context);

}  // namespace zahl::sim
