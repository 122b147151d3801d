#include <algorithm>
#include <vector>

#include "contract/tables.h"
#include "sim/post/execute.h"
#include "sim/post/softmax_row.h"

namespace zahl::sim {

namespace {

// One row, access by access: what is not allowed reads as zero or is dropped. Without values, any
// entry of the table may be asked for.
bool row_checked(const isa::Softmax& x, const PostContext& context, int64_t row) {
  const Storage& storage = context.storage;
  const int64_t from = x.source + row * x.source_step, to = x.result + row * x.result_step;
  const auto count = static_cast<int64_t>(x.row_bytes);
  std::vector<int8_t> source(static_cast<size_t>(count)), result(static_cast<size_t>(count));
  std::vector<uint8_t> exponentials(kExponentialBytes);
  bool fault = false;
  for (int64_t i = 0; i < count; ++i) {
    if (storage.scratchpad.allows(from + i, 1, x.common.read_banks)) {
      source[static_cast<size_t>(i)] = static_cast<int8_t>(storage.scratchpad.data()[from + i]);
    } else {
      fault = true;
    }
  }
  const int maximum = *std::max_element(source.begin(), source.end());
  for (int64_t d = 0; d < 256; ++d) {
    const int64_t address = x.exponentials + 4 * d;
    if (storage.scratchpad.allows(address, 4, x.common.read_banks)) {
      std::memcpy(exponentials.data() + 4 * d, storage.scratchpad.data() + address, 4);
    } else {
      const bool is_wanted =
          maximum - d >= -128 &&
          std::find(source.begin(), source.end(), static_cast<int8_t>(maximum - d)) != source.end();
      fault |= is_wanted || !context.compute_values;
    }
  }
  if (context.compute_values) {
    kernels::softmax({source.data(), result.data(), static_cast<int>(count), exponentials.data(),
                      x.m0, static_cast<int>(x.shift), x.zero_point});
  }
  for (int64_t i = 0; i < count; ++i) {
    if (!storage.scratchpad.allows(to + i, 1, x.common.write_banks)) {
      fault = true;
    } else if (context.compute_values) {
      storage.scratchpad.data()[to + i] = static_cast<uint8_t>(result[static_cast<size_t>(i)]);
    }
  }
  return !fault;
}

}  // namespace

bool execute(const isa::Softmax& x, const PostContext& context) {
  const Storage& storage = context.storage;
  const bool has_table =
      storage.scratchpad.allows(x.exponentials, kExponentialBytes, x.common.read_banks);
  bool fault = false;
  for (int64_t row = 0; row < int64_t{x.rows}; ++row) {
    const int64_t from = x.source + row * x.source_step, to = x.result + row * x.result_step;
    if (!has_table || !storage.scratchpad.allows(from, x.row_bytes, x.common.read_banks) ||
        !storage.scratchpad.allows(to, x.row_bytes, x.common.write_banks)) {
      fault |= !row_checked(x, context, row);
      continue;
    }
    if (!context.compute_values) continue;
    int8_t* const scratchpad = reinterpret_cast<int8_t*>(storage.scratchpad.data());
    kernels::softmax({scratchpad + from, scratchpad + to, static_cast<int>(x.row_bytes),
                      storage.scratchpad.data() + x.exponentials, x.m0, static_cast<int>(x.shift),
                      x.zero_point});
  }
  return !fault;
}

}  // namespace zahl::sim
