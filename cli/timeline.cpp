#include "cli/timeline.h"

#include <algorithm>

#include "zahl/encoding.h"

namespace zahl::cli {
namespace {

struct Interval {
  int64_t begin, end;
  int cause;  // -1: busy
};

// Tiles and vectors per tile of an array instruction (docs/machine.md, section 7).
struct Streaming {
  int64_t tiles = 0, vectors = 0;
};

Streaming streaming_of(const isa::Instruction& instruction) {
  if (const auto* c = std::get_if<isa::Conv>(&instruction)) {
    return {int64_t{c->blocks} * c->kernel_rows * c->kernel_columns * c->chunks, int64_t{c->out_rows} * c->out_columns};
  }
  const auto& d = std::get<isa::Depthwise>(instruction);
  return {int64_t{d.blocks} * d.passes, ((int64_t{d.out_rows} - 1) * d.y_step + d.tap_rows) *
                                            ((int64_t{d.out_columns} - 1) * d.x_step + d.tap_columns)};
}

// The unit whose token came last, if it came after `ready`; else dispatch.
int cause_of_wait(const Program& program, const std::vector<std::vector<int64_t>>& ends, uint32_t index,
                  int64_t ready) {
  const isa::Common& common = isa::common_of(program.instructions[index]);
  int cause = static_cast<int>(Cause::Dispatch);
  int64_t latest = ready;
  for (size_t u = 0; u < isa::kUnitCount; ++u) {
    if (common.wait[u] == 0) continue;
    const int64_t end = ends[u][common.wait[u] - 1];
    if (end > latest) {
      latest = end;
      cause = static_cast<int>(u);
    }
  }
  return cause;
}

// Visits the run from 0 to its end, cut where the array's state changes.
template <class Visit>
void for_each_interval(const Program& program, const RunResult& run, Visit&& visit) {
  std::vector<std::vector<int64_t>> ends(isa::kUnitCount);
  for (const auto& trace : run.instructions) ends[static_cast<size_t>(trace.unit)].push_back(trace.end);
  const int64_t load_cycles = program.config.weight_tile_lines();
  int64_t now = 0;
  const auto until = [&](int64_t end, int cause) {
    if (end > now) visit(Interval{now, end, cause});
    now = std::max(now, end);
  };
  for (const auto& trace : run.instructions) {
    if (trace.unit != isa::Unit::Array) continue;
    const Streaming s = streaming_of(program.instructions[trace.index]);
    const int64_t period = std::max(s.vectors, load_cycles);
    const int64_t first = trace.end - hw::kArrayPipeline - s.vectors - (s.tiles - 1) * period;
    until(trace.start, cause_of_wait(program, ends, trace.index, now));
    until(first, static_cast<int>(Cause::Weights));
    if (period == s.vectors) {
      until(first + s.tiles * s.vectors, -1);
    } else {
      for (int64_t t = 0; t < s.tiles; ++t) {
        until(first + t * period, static_cast<int>(Cause::Weights));
        until(first + t * period + s.vectors, -1);
      }
    }
  }
  until(run.cycles, static_cast<int>(Cause::Tail));
}

}  // namespace

std::vector<LayerTime> layer_times(const Program& program, const RunResult& run) {
  std::vector<LayerTime> times(program.layers.size());
  if (times.empty() || run.instructions.size() != program.instructions.size()) return times;
  std::vector<int64_t> boundary(times.size(), 0);
  for (const auto& trace : run.instructions) {
    const int32_t layer = program.layer_of_instruction[trace.index];
    if (layer < 0) continue;
    auto& time = times[static_cast<size_t>(layer)];
    boundary[static_cast<size_t>(layer)] = std::max(boundary[static_cast<size_t>(layer)], trace.end);
    if (const auto* load = std::get_if<isa::Load>(&program.instructions[trace.index]))
      time.read_bytes += int64_t{load->rows} * load->row_bytes;
    if (const auto* store = std::get_if<isa::Store>(&program.instructions[trace.index]))
      time.write_bytes += int64_t{store->rows} * store->row_bytes;
  }
  for (size_t i = 1; i < boundary.size(); ++i) boundary[i] = std::max(boundary[i], boundary[i - 1]);
  boundary.back() = run.cycles;
  size_t layer = 0;
  for_each_interval(program, run, [&](Interval piece) {
    while (piece.begin < piece.end) {
      while (layer + 1 < boundary.size() && boundary[layer] <= piece.begin) ++layer;
      const int64_t end = layer + 1 < boundary.size() ? std::min(piece.end, boundary[layer]) : piece.end;
      auto& time = times[layer];
      time.cycles += end - piece.begin;
      (piece.cause < 0 ? time.busy : time.stalls[static_cast<size_t>(piece.cause)]) += end - piece.begin;
      piece.begin = end;
    }
  });
  return times;
}

}  // namespace zahl::cli
