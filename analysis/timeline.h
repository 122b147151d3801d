// Where the array's time went: every cycle of a run is either busy or has a cause, and belongs to
// one layer.
//
// A cycle belongs to the layer of the instruction that is at work in it: the array's own while it
// streams or takes weights in; else the one that holds it up. That is the instruction whose token
// comes last before the array's next one starts; before that one started, what it waited for in
// turn, and so on back. So layers that pass rows to one another, whose instructions alternate,
// share the time as they use it, and the layers' cycles add up to the run's.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "contract/program.h"
#include "contract/run.h"

namespace zahl::analysis {

// What the array waited for. `Dispatch`: its next instruction had not reached it; `Weights`: it had
// one, but its weights were on their way; `Tail`: there was nothing left for it to do.
enum class Cause : uint8_t { Load, Store, Array, Post, Dispatch, Weights, Tail };
inline constexpr std::array<std::string_view, 7> kCauseNames = {
    "load", "store", "array", "post", "dispatch", "weights", "tail"};

struct LayerTime {
  int64_t cycles = 0;
  int64_t busy = 0;  // the array took a vector in
  std::array<int64_t, kCauseNames.size()> stalls{};
};

// One entry a layer of the program. Cycles over all layers, and busy cycles plus stalls, sum to the
// cycles of the run.
std::vector<LayerTime> layer_times(const Program& program, const RunResult& run);
LayerTime sum_of(const std::vector<LayerTime>& layers);

}  // namespace zahl::analysis
