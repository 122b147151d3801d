// A reduction over any axes as one window over a whole map: what is reduced lies in memory between
// what is kept, and the last kept axis is the channels.
#pragma once

#include "compiler/frontend/network/network.h"

namespace zahl::frontend {

struct Reduction {
  std::vector<int> kept, reduced;  // axes in memory order
  int64_t outer = 1;               // kept, without the channels
  int64_t count = 1, channels = 1;
};

// `is_reduced` has an entry a dimension.
Reduction reduction_of(const NodeName& node, const Value& value,
                       const std::vector<bool>& is_reduced);

// The value as the map that `layer` then slides its one window over.
ValueId reduced_map(Network& network, const NodeName& node, ValueId id, const Reduction& reduction,
                    PoolLayer& layer);

// The dimensions of what comes out of the window.
std::vector<int64_t> window_dims(const Reduction& reduction);

// What came out of the window under the dimensions of the operator.
View reduced_view(const Network& network, ValueId result, const Value& source,
                  const Reduction& reduction, bool keeps_dims);

}  // namespace zahl::frontend
