#include "compiler/lower/drain.h"

#include "compiler/lower/packing.h"
#include "compiler/plan/channel_parameters.h"
#include "contract/timing.h"

namespace zahl::lower {

void emit_drain(Context& context, const ir::Requant& requant, const DrainTarget& target,
                int64_t accumulator, int64_t parameters, uint32_t table_slot) {
  const int columns = context.config.columns;
  const bool uniform = plan::is_uniform(requant);
  isa::Drain drain;
  drain.accumulator = static_cast<uint32_t>(accumulator);
  drain.out_rows = static_cast<uint32_t>(target.rows);
  drain.out_columns = static_cast<uint32_t>(target.columns);
  drain.blocks = static_cast<uint32_t>(target.blocks);
  drain.params = static_cast<uint32_t>(parameters);
  drain.uniform = uniform ? 1 : 0;
  drain.m0 = uniform ? requant.m0[0] : 0;
  drain.shift = uniform ? requant.shift[0] : 0u;
  drain.result = static_cast<uint32_t>(target.address);
  drain.pixel_step = static_cast<uint32_t>(target.columns > 1 ? target.pixel_step : 0);
  drain.row_step = static_cast<uint32_t>(target.rows > 1 ? target.row_step : 0);
  drain.block_step = static_cast<uint32_t>(columns);
  drain.last_channels = static_cast<uint32_t>(target.channels - (target.blocks - 1) * columns);
  drain.zero_point = requant.zero_point;
  drain.low = requant.low;
  drain.high = requant.high;
  drain.rounding = requant.rounding;
  drain.use_table = requant.table ? 1 : 0;
  drain.table_slot = requant.table ? table_slot : 0;
  const int64_t last_pixel =
      (target.rows - 1) * target.row_step + (target.columns - 1) * target.pixel_step;
  context.emit(
      drain,
      {reads_accumulators(accumulator, int64_t{target.blocks} * target.rows * target.columns),
       reads(parameters, int64_t{target.blocks} * timing::parameter_lines(uniform, context.config) *
                             context.config.line_bytes),
       writes(target.address, last_pixel + target.channels)});
}

}  // namespace zahl::lower
