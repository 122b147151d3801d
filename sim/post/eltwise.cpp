#include <algorithm>
#include <array>

#include "sim/post/eltwise_lane.h"
#include "sim/post/execute.h"

namespace zahl::sim {

namespace {

kernels::EltwiseJob job_for(const isa::Eltwise& x, const PostContext& context) {
  kernels::EltwiseJob job;
  job.operation = x.operation;
  job.exact = x.exact != 0;
  job.a_zero = x.a_zero;
  job.b_zero = x.b_zero;
  job.a_m0 = x.a_m0;
  job.b_m0 = x.b_m0;
  job.m0 = x.m0;
  job.a_shift = static_cast<int>(x.a_shift);
  job.b_shift = static_cast<int>(x.b_shift);
  job.shift = static_cast<int>(x.shift);
  job.finish = {x.rounding, x.zero_point, x.low, x.high,
                x.use_table != 0 ? context.tables[x.table_slot].data() : nullptr};
  return job;
}

// Whether a vector's result lies on operand bytes of the same vector that a kernel of fewer lanes
// would read later.
bool overtakes(int64_t operand, int64_t result, int64_t columns) {
  return operand < result && result < operand + columns;
}

// One row, vector by vector: what is not allowed reads as zero or is dropped.
bool row_checked(const isa::Eltwise& x, const PostContext& context, int64_t row) {
  const Storage& storage = context.storage;
  kernels::EltwiseJob job = job_for(x, context);
  std::array<int8_t, 64> zeros{};
  bool fault = false;
  for (int64_t at = 0; at < int64_t{x.row_bytes}; at += context.config.columns) {
    job.count = std::min<int64_t>(context.config.columns, x.row_bytes - at);
    const auto operand = [&](int64_t address) -> const int8_t* {
      if (storage.scratchpad.allows(address, job.count, x.common.read_banks)) {
        return reinterpret_cast<const int8_t*>(storage.scratchpad.data()) + address;
      }
      fault = true;
      return zeros.data();
    };
    job.a = operand(x.a + row * x.a_step + at);
    job.b = operand(x.b + row * x.b_step + at);
    const int64_t to = x.result + row * x.result_step + at;
    if (!storage.scratchpad.allows(to, job.count, x.common.write_banks)) {
      fault = true;
      continue;
    }
    job.result = reinterpret_cast<int8_t*>(storage.scratchpad.data()) + to;
    if (context.compute_values) kernels::eltwise_scalar(job);
  }
  return !fault;
}

}  // namespace

bool execute(const isa::Eltwise& x, const PostContext& context) {
  const Storage& storage = context.storage;
  kernels::EltwiseJob job = job_for(x, context);
  job.count = x.row_bytes;
  int8_t* const scratchpad = reinterpret_cast<int8_t*>(storage.scratchpad.data());
  bool fault = false;
  // Rows that follow one another without a gap are one.
  int64_t rows = x.rows;
  const int64_t columns = context.config.columns;
  const bool is_apart = !overtakes(x.a, x.result, columns) && !overtakes(x.b, x.result, columns);
  if (is_apart && x.a_step == x.row_bytes && x.b_step == x.row_bytes &&
      x.result_step == x.row_bytes &&
      storage.scratchpad.allows(x.a, rows * job.count, x.common.read_banks) &&
      storage.scratchpad.allows(x.b, rows * job.count, x.common.read_banks) &&
      storage.scratchpad.allows(x.result, rows * job.count, x.common.write_banks)) {
    job.count *= rows;
    rows = 1;
  }
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t a = x.a + row * x.a_step, b = x.b + row * x.b_step,
                  to = x.result + row * x.result_step;
    if (!storage.scratchpad.allows(a, job.count, x.common.read_banks) ||
        !storage.scratchpad.allows(b, job.count, x.common.read_banks) ||
        !storage.scratchpad.allows(to, job.count, x.common.write_banks) ||
        overtakes(a, to, columns) || overtakes(b, to, columns)) {
      fault |= !row_checked(x, context, row);
      continue;
    }
    if (!context.compute_values) continue;
    job.a = scratchpad + a;
    job.b = scratchpad + b;
    job.result = scratchpad + to;
    kernels::eltwise(job);
  }
  return !fault;
}

}  // namespace zahl::sim
