#include <algorithm>
#include <vector>

#include "sim/post/channel_parameters.h"
#include "sim/post/execute.h"
#include "sim/post/requantizer.h"

namespace zahl::sim {

namespace {

int64_t pixels_of(const isa::Drain& x) { return int64_t{x.out_rows} * x.out_columns; }

int64_t channels_of(const isa::Drain& x, int64_t block, const hw::Config& config) {
  return block + 1 == int64_t{x.blocks} ? int64_t{x.last_channels} : config.columns;
}

bool writes_allowed(const isa::Drain& x, const PostContext& context) {
  const int64_t row_span = (int64_t{x.out_columns} - 1) * x.pixel_step;
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    const int64_t first = x.result + block * x.block_step;
    const int64_t span =
        (int64_t{x.out_rows} - 1) * x.row_step + row_span + channels_of(x, block, context.config);
    if (!context.storage.scratchpad.allows(first, span, x.common.write_banks)) return false;
  }
  return true;
}

bool allowed(const isa::Drain& x, const PostContext& context) {
  const int64_t parameters = parameter_layout(x, context.config).total_bytes;
  return context.storage.scratchpad.allows(x.params, x.blocks * parameters, x.common.read_banks) &&
         context.storage.accumulators.allows(x.accumulator, x.blocks * pixels_of(x),
                                             x.common.accumulator_banks) &&
         writes_allowed(x, context);
}

kernels::DrainJob job_for(const isa::Drain& x, const PostContext& context) {
  kernels::DrainJob job;
  job.vector_elements = context.config.columns;
  job.rows = static_cast<int>(x.out_rows);
  job.columns = static_cast<int>(x.out_columns);
  job.row_step = x.row_step;
  job.pixel_step = x.pixel_step;
  job.finish = {x.rounding, x.zero_point, x.low, x.high,
                x.use_table != 0 ? context.tables[x.table_slot].data() : nullptr};
  return job;
}

// Access by access, as the machine makes them: for instructions that may be at fault.
bool execute_checked(const isa::Drain& x, const PostContext& context) {
  const Storage& storage = context.storage;
  const ParameterLayout layout = parameter_layout(x, context.config);
  const int64_t line = context.config.line_bytes, columns = context.config.columns;
  kernels::DrainJob job = job_for(x, context);
  std::vector<uint8_t> parameters(static_cast<size_t>(layout.total_bytes));
  const std::vector<int32_t> zeros(static_cast<size_t>(columns));
  bool fault = false;
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    const int64_t from = x.params + block * layout.total_bytes;
    for (int64_t at = 0; at < layout.total_bytes; at += line) {
      if (storage.scratchpad.allows(from + at, line, x.common.read_banks)) {
        std::memcpy(parameters.data() + at, storage.scratchpad.data() + from + at,
                    static_cast<size_t>(line));
      } else {
        std::memset(parameters.data() + at, 0, static_cast<size_t>(line));
        fault = true;
      }
    }
    job.channels = static_cast<int>(channels_of(x, block, context.config));
    set_parameters(job, x, parameters.data(), layout);
    job.rows = job.columns = 1;
    for (int64_t pixel = 0; pixel < pixels_of(x); ++pixel) {
      const int64_t vector = x.accumulator + block * pixels_of(x) + pixel;
      const bool is_readable = storage.accumulators.allows(vector, 1, x.common.accumulator_banks);
      const int64_t to = x.result + block * x.block_step + pixel / x.out_columns * x.row_step +
                         pixel % x.out_columns * x.pixel_step;
      const bool is_writable = storage.scratchpad.allows(to, job.channels, x.common.write_banks);
      fault |= !is_readable || !is_writable;
      if (!is_writable || !context.compute_values) continue;
      job.accumulators =
          is_readable ? storage.accumulators.data() + vector * columns : zeros.data();
      job.result = reinterpret_cast<int8_t*>(storage.scratchpad.data()) + to;
      kernels::drain_scalar(job);
    }
  }
  return !fault;
}

}  // namespace

bool execute(const isa::Drain& x, const PostContext& context) {
  if (!allowed(x, context)) return execute_checked(x, context);
  if (!context.compute_values) return true;
  const ParameterLayout layout = parameter_layout(x, context.config);
  kernels::DrainJob job = job_for(x, context);
  for (int64_t block = 0; block < int64_t{x.blocks}; ++block) {
    job.channels = static_cast<int>(channels_of(x, block, context.config));
    set_parameters(
        job, x, context.storage.scratchpad.data() + x.params + block * layout.total_bytes, layout);
    job.accumulators = context.storage.accumulators.data() +
                       (x.accumulator + block * pixels_of(x)) * context.config.columns;
    job.result = reinterpret_cast<int8_t*>(context.storage.scratchpad.data()) + x.result +
                 block * x.block_step;
    kernels::drain(job);
  }
  return true;
}

}  // namespace zahl::sim
