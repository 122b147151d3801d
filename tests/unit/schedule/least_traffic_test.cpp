// The least traffic of small graphs, counted by hand.
#include "compiler/ir/least_traffic.h"

#include <gtest/gtest.h>

namespace zahl::ir {
namespace {

constexpr Shape kMap{1, 10, 10, 1};  // 100 bytes
constexpr TensorId kIn(0), kEarly(1), kLate(2), kOut(3);
constexpr NodeId kA(0), kB(1), kC(2);

// in -> Lookup -> early -> Lookup -> late; early + late -> out.
Graph residual() {
  Graph graph;
  for (const char* name : {"in", "early", "late", "out"}) graph.tensors.add({name, kMap});
  graph.nodes.add({"a", "Relu", 0, Lookup{kIn, kEarly, {}}});
  graph.nodes.add({"b", "Relu", 0, Lookup{kEarly, kLate, {}}});
  Eltwise add;
  add.a = kEarly, add.b = kLate, add.output = kOut;
  graph.nodes.add({"c", "Add", 0, add});
  graph.inputs = {{kIn, {}}};
  graph.outputs = {{kOut, {}}};
  return graph;
}

TEST(LeastTraffic, CountsPortsOnce) { EXPECT_EQ(least_traffic(residual(), 1000).ports, 200); }

TEST(LeastTraffic, CountsAMapThatIsReadLaterThanNextOnlyWhereTheScratchpadIsSmaller) {
  EXPECT_EQ(least_traffic(residual(), 100).large_maps, 0);
  EXPECT_EQ(least_traffic(residual(), 99).large_maps,
            200);  // "early", out and in; "late" is read by the next node
}

TEST(LeastTraffic, LooksThroughReshapes) {
  Graph graph = residual();
  const TensorId flat = graph.tensors.add({"early, flat", {1, 1, 1, 100}});
  graph.nodes = {graph.nodes[kA],
                 {"r", "Reshape", 0, Reshape{kEarly, flat}},
                 graph.nodes[kB],
                 graph.nodes[kC]};
  std::get<Lookup>(graph.nodes[NodeId(2)].operation).input = flat;
  EXPECT_EQ(least_traffic(graph, 99).large_maps, 200);
  std::get<Eltwise>(graph.nodes[NodeId(3)].operation).a =
      kLate;  // nothing reads "early" late any more
  EXPECT_EQ(least_traffic(graph, 99).large_maps, 0);
}

TEST(LeastTraffic, CountsWeightsBiasesAndConstantOperandsOnce) {
  Graph graph = residual();
  graph.tensors[kEarly].constant = std::vector<int8_t>(100);
  Conv conv;
  conv.input = kIn, conv.output = kLate;
  conv.weights.resize(7), conv.requant.bias.resize(2);
  graph.nodes = {{"conv", "Conv", 0, conv}, graph.nodes[kC]};
  EXPECT_EQ(least_traffic(graph, 1000).weights, 7 + 4 * 2 + 100);
  EXPECT_EQ(least_traffic(graph, 1000).large_maps, 0);
}

}  // namespace
}  // namespace zahl::ir
