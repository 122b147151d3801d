#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compiler/rewrite/compose.h"
#include "compiler/rewrite/fuse.h"
#include "compiler/rewrite/prune.h"
#include "engines/graph_evaluator/graph_evaluator.h"

namespace zahl::rewrite {
namespace {

using Bytes = std::vector<int8_t>;

ir::Lookup lookup(int input, int output, int (*function)(int)) {
  ir::Lookup op{.input = ir::TensorId(input), .output = ir::TensorId(output), .table = {}};
  for (int q = -128; q < 128; ++q)
    op.table[static_cast<size_t>(q + 128)] =
        static_cast<int8_t>(std::clamp(function(q), -128, 127));
  return op;
}

ir::Eltwise product(int a, int b, int output) {
  ir::Eltwise op{.a = ir::TensorId(a), .b = ir::TensorId(b), .output = ir::TensorId(output)};
  op.operation = isa::EltwiseOp::Mul;
  op.m0 = 1;
  op.shift = 4;
  return op;
}

// Tensors 0 .. count - 1 of 256 channels; 0 is the input, the last is the output.
ir::Graph graph_of(int count, std::vector<ir::Operation> operations) {
  ir::Graph graph;
  for (int i = 0; i < count; ++i)
    graph.tensors.add({.name = fmt::format("t{}", i), .shape = {1, 1, 1, 256}});
  for (auto& operation : operations) {
    graph.nodes.add({.name = fmt::format("n{}", graph.nodes.size()),
                     .type = "T",
                     .macs = 0,
                     .operation = std::move(operation)});
  }
  graph.inputs.push_back({ir::TensorId(0), {}});
  graph.outputs.push_back({ir::TensorId(count - 1), {}});
  return graph;
}

Bytes all_bytes() {
  Bytes bytes(256);
  for (size_t i = 0; i < 256; ++i) bytes[i] = static_cast<int8_t>(static_cast<int>(i) - 128);
  return bytes;
}

void expect_same(const ir::Graph& before, const ir::Graph& after) {
  EXPECT_EQ(ir::verify(after), "");
  EXPECT_EQ(reference::evaluate(before, {all_bytes()}), reference::evaluate(after, {all_bytes()}));
}

TEST(Compose, ProductOfTwoFunctionsOfOneTensorIsATable) {
  const ir::Graph before =
      graph_of(4, {lookup(0, 1, [](int q) { return q / 3; }),
                   lookup(1, 2, [](int q) { return q * q; }), product(2, 0, 3)});
  ir::Graph after = before;
  rewrite::compose(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<ir::Lookup>(after.nodes[ir::NodeId(0)].operation));
  expect_same(before, after);
}

TEST(Fuse, ClampTightensTheProducersBounds) {
  const ir::Graph before =
      graph_of(3, {product(0, 0, 1), lookup(1, 2, [](int q) { return std::clamp(q, 3, 90); })});
  ir::Graph after = before;
  rewrite::fuse(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  const auto& op = std::get<ir::Eltwise>(after.nodes[ir::NodeId(0)].operation);
  EXPECT_EQ(op.low, 3);
  EXPECT_EQ(op.high, 90);
  EXPECT_FALSE(op.table);
  EXPECT_EQ(after.nodes[ir::NodeId(0)].name, "n0 + n1");
  expect_same(before, after);
}

TEST(Fuse, TwoTablesBecomeOne) {
  const ir::Graph before = graph_of(4, {product(0, 0, 1), lookup(1, 2, [](int q) { return 5 - q; }),
                                        lookup(2, 3, [](int q) { return q / 2; })});
  ir::Graph after = before;
  rewrite::fuse(after);
  ASSERT_EQ(after.nodes.size(), 1u);
  EXPECT_TRUE(std::get<ir::Eltwise>(after.nodes[ir::NodeId(0)].operation).table);
  expect_same(before, after);
}

TEST(Fuse, AResultWithTwoReadersStays) {
  const ir::Graph before =
      graph_of(4, {product(0, 0, 1), lookup(1, 2, [](int q) { return -q; }), product(1, 2, 3)});
  ir::Graph after = before;
  rewrite::fuse(after);
  EXPECT_EQ(after.nodes.size(), 3u);
  expect_same(before, after);
}

TEST(Prune, DropsWhatNobodyReads) {
  ir::Graph graph =
      graph_of(4, {lookup(0, 1, [](int q) { return q; }), lookup(0, 2, [](int q) { return q; }),
                   lookup(0, 3, [](int q) { return -q; })});
  rewrite::prune(graph);
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.tensors.size(), 2u);
  EXPECT_EQ(ir::verify(graph), "");
}

TEST(Verify, NamesNodeAndReason) {
  ir::Graph graph = graph_of(3, {product(0, 1, 2)});
  EXPECT_THAT(ir::verify(graph),
              testing::HasSubstr("node 'n0' (T): an input is read before it is written"));
  graph = graph_of(2, {product(0, 0, 1)});
  graph.tensors[ir::TensorId(1)].shape.c = 255;
  EXPECT_THAT(ir::verify(graph), testing::HasSubstr("differ in shape"));
  graph = graph_of(2, {product(0, 0, 1), product(0, 0, 1)});
  EXPECT_THAT(ir::verify(graph), testing::HasSubstr("written twice"));
  graph = graph_of(2, {product(0, 0, 1)});
  std::get<ir::Eltwise>(graph.nodes[ir::NodeId(0)].operation).m0 = 1u << 31;
  EXPECT_THAT(ir::verify(graph), testing::HasSubstr("multiplier out of range"));
}

}  // namespace
}  // namespace zahl::rewrite
