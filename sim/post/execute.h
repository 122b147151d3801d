// What post's instructions take and do. cycles: from the start to the end, e - s. execute: accesses
// and, if asked for, values; false if an access was not allowed.
#pragma once

#include "generated/isa.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

struct PostContext {
  const hw::Config& config;
  mem::Storage& storage;
  bool compute_values;
};

// Bytes of a block's channel parameters, each part padded to whole lines.
struct ParameterLayout {
  int64_t word_bytes = 0;  // biases, and again multipliers
  int64_t total_bytes = 0;
};
ParameterLayout parameter_layout(const isa::Drain& x, const hw::Config& config);

int64_t cycles(const isa::Drain& x, const hw::Config& config);
int64_t cycles(const isa::Eltwise& x, const hw::Config& config);
int64_t cycles(const isa::SetTable& x, const hw::Config& config);
int64_t cycles(const isa::Softmax& x, const hw::Config& config);

bool execute(const isa::Drain& x, const PostContext& context);
bool execute(const isa::Eltwise& x, const PostContext& context);
bool execute(const isa::SetTable& x, const PostContext& context);
bool execute(const isa::Softmax& x, const PostContext& context);

}  // namespace zahl::sim
