#include "contract/tables.h"
#include "sim/post/execute.h"

namespace zahl::sim {

bool execute(const isa::SetTable& x, const PostContext& context) {
  bool fault = false;
  auto& table = context.tables[x.slot];
  const int64_t line = context.config.line_bytes;
  for (int64_t at = 0; at < kTableBytes; at += line) {
    const bool is_allowed =
        context.storage.scratchpad.allows(x.source + at, line, x.common.read_banks);
    fault |= !is_allowed;
    if (!context.compute_values) continue;
    if (is_allowed) {
      std::memcpy(table.data() + at, context.storage.scratchpad.data() + x.source + at,
                  static_cast<size_t>(line));
    } else {
      std::memset(table.data() + at, 0, static_cast<size_t>(line));
    }
  }
  return !fault;
}

}  // namespace zahl::sim
