// The least traffic of small graphs, counted by hand.
#include "compiler/ir/least_traffic.h"

#include <gtest/gtest.h>

namespace zahl::ir {
namespace {

constexpr Shape kMap{1, 10, 10, 1};  // 100 bytes

// in -> Lookup -> early -> Lookup -> late; early + late -> out.
Graph residual() {
  Graph graph;
  for (const char* name : {"in", "early", "late", "out"}) graph.tensors.push_back({name, kMap});
  graph.nodes.push_back({"a", "Relu", 0, Lookup{0, 1, {}}});
  graph.nodes.push_back({"b", "Relu", 0, Lookup{1, 2, {}}});
  Eltwise add;
  add.a = 1, add.b = 2, add.output = 3;
  graph.nodes.push_back({"c", "Add", 0, add});
  graph.inputs = {{0, {}}};
  graph.outputs = {{3, {}}};
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
  graph.tensors.push_back({"early, flat", {1, 1, 1, 100}});
  graph.nodes.insert(graph.nodes.begin() + 1, {"r", "Reshape", 0, Reshape{1, 4}});
  std::get<Lookup>(graph.nodes[2].operation).input = 4;
  EXPECT_EQ(least_traffic(graph, 99).large_maps, 200);
  std::get<Eltwise>(graph.nodes[3].operation).a = 2;  // nothing reads "early" late any more
  EXPECT_EQ(least_traffic(graph, 99).large_maps, 0);
}

TEST(LeastTraffic, CountsWeightsBiasesAndConstantOperandsOnce) {
  Graph graph = residual();
  graph.tensors[1].constant = std::vector<int8_t>(100);
  Conv conv;
  conv.input = 0, conv.output = 2;
  conv.weights.resize(7), conv.requant.bias.resize(2);
  graph.nodes = {{"conv", "Conv", 0, conv}, graph.nodes[2]};
  EXPECT_EQ(least_traffic(graph, 1000).weights, 7 + 4 * 2 + 100);
  EXPECT_EQ(least_traffic(graph, 1000).large_maps, 0);
}

}  // namespace
}  // namespace zahl::ir
