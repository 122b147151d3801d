#include "analysis/timeline.h"

#include <algorithm>
#include <optional>

#include "contract/timing.h"
#include "isa/encoding.h"

namespace zahl::analysis {
namespace {

class Timeline {
 public:
  Timeline(const Program& program, const RunResult& run)
      : program_(program), run_(run), times_(program.layers.size()), of_unit_(isa::kUnitCount) {
    place_.reserve(run.instructions.size());
    for (const auto& trace : run.instructions) {
      auto& mine = of_unit_[static_cast<size_t>(trace.unit)];
      place_.push_back(mine.size());
      mine.push_back(trace.index);
    }
  }

  std::vector<LayerTime> take() {
    for (uint32_t index : of_unit_[static_cast<size_t>(isa::Unit::Array)]) add_instruction(index);
    add_tail();
    return std::move(times_);
  }

 private:
  int64_t start(uint32_t index) const { return run_.instructions[index].start; }
  int64_t end(uint32_t index) const { return run_.instructions[index].end; }

  LayerTime& time_of(uint32_t index) {
    return times_[static_cast<size_t>(std::max(program_.layer_of_instruction[index], 0))];
  }

  // Cycles now_ .. end - 1 belong to the layer of `index`; a busy stretch has no cause.
  void give(uint32_t index, int64_t end, std::optional<Cause> cause) {
    if (end <= now_) return;
    LayerTime& time = time_of(index);
    time.cycles += end - now_;
    (cause ? time.stalls[static_cast<size_t>(*cause)] : time.busy) += end - now_;
    now_ = end;
  }

  // Of the tokens that an instruction waits for, the one that came last.
  std::optional<uint32_t> last_token(uint32_t index) const {
    std::optional<uint32_t> last;
    const isa::Common& common = isa::common_of(program_.instructions[index]);
    for (size_t u = 0; u < isa::kUnitCount; ++u) {
      if (common.wait[u] == 0) continue;
      const uint32_t other = of_unit_[u][common.wait[u] - 1];
      if (!last || end(other) > end(*last)) last = other;
    }
    return last;
  }

  // What let an instruction start: its last token or, where that came later, the instruction before
  // it in its unit.
  std::optional<uint32_t> released_by(uint32_t index) const {
    std::optional<uint32_t> last = last_token(index);
    const auto& mine = of_unit_[static_cast<size_t>(run_.instructions[index].unit)];
    if (place_[index] > 0) {
      const uint32_t before = mine[place_[index] - 1];
      if (end(before) <= start(index) && (!last || end(before) > end(*last))) last = before;
    }
    return last;
  }

  // Cycles now_ .. until - 1, in which `index` and then what it had waited for were at work: found
  // from the end.
  void give_back_from(uint32_t index, int64_t until, Cause cause) {
    std::vector<std::pair<uint32_t, int64_t>>
        stretches;  // instruction, and the first cycle of its stretch
    int64_t from = until;
    while (from > now_) {
      from = std::min(from, start(index));
      const auto before = from > now_ ? released_by(index) : std::nullopt;
      if (!before) {
        stretches.emplace_back(index, now_);
        break;
      }
      from = std::min(from, end(*before));
      stretches.emplace_back(index, from);
      index = *before;
    }
    for (size_t i = stretches.size(); i-- > 0;)
      give(stretches[i].first, i == 0 ? until : stretches[i - 1].second, cause);
  }

  void add_instruction(uint32_t index) {
    const auto token = last_token(index);
    const Cause cause = token && end(*token) > now_
                            ? static_cast<Cause>(run_.instructions[*token].unit)
                            : Cause::Dispatch;
    if (start(index) > now_) give_back_from(index, start(index), cause);
    const timing::TileSequence s =
        timing::tile_sequence(program_.instructions[index], program_.config);
    const int64_t first = s.first(end(index));
    for (int64_t t = 0; t < s.tiles; ++t) {
      give(index, first + t * s.apart(), Cause::Weights);
      give(index, first + t * s.apart() + s.vectors, std::nullopt);
    }
  }

  void add_tail() {
    const auto last = std::max_element(run_.instructions.begin(), run_.instructions.end(),
                                       [](const auto& a, const auto& b) { return a.end < b.end; });
    if (run_.cycles > now_) give_back_from(last->index, run_.cycles, Cause::Tail);
  }

  const Program& program_;
  const RunResult& run_;
  std::vector<LayerTime> times_;
  std::vector<std::vector<uint32_t>> of_unit_;  // program indices
  std::vector<size_t> place_;                   // by program index: its place in its unit
  int64_t now_ = 0;
};

}  // namespace

std::vector<LayerTime> layer_times(const Program& program, const RunResult& run) {
  if (program.layers.empty() || run.instructions.empty() ||
      run.instructions.size() != program.instructions.size()) {
    return std::vector<LayerTime>(program.layers.size());
  }
  return Timeline(program, run).take();
}

LayerTime sum_of(const std::vector<LayerTime>& layers) {
  LayerTime sum;
  for (const LayerTime& time : layers) {
    sum.cycles += time.cycles, sum.busy += time.busy;
    for (size_t c = 0; c < sum.stalls.size(); ++c) sum.stalls[c] += time.stalls[c];
  }
  return sum;
}

}  // namespace zahl::analysis
