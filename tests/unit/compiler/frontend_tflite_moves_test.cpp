// TFLite operators that only rearrange, judged by bytes that were moved by hand.
#include <gtest/gtest.h>

#include <numeric>

#include "engines/graph_evaluator/graph_evaluator.h"
#include "tests/unit/compiler/frontend_tflite_builder.h"

namespace zahl::test {
namespace {

using tflite::BuiltinOperator;
using tflite::BuiltinOptions;
using tflite::TensorType;

int integers(TfliteBuilder& b, const std::vector<int32_t>& values) {
  return b.tensor<int32_t>({static_cast<int32_t>(values.size())}, TensorType::INT32, {}, 0, values);
}

// 0, 1, 2 ... through the network.
Bytes moved(TfliteBuilder& b, int x, int y) {
  const ir::Graph graph = b.load(x, y);
  Bytes in(static_cast<size_t>(graph.tensors[graph.inputs[0].tensor].shape.elements()));
  std::iota(in.begin(), in.end(), int8_t{0});
  return reference::evaluate(graph, {in})[0];
}

TEST(TfliteMoves, SliceTakesABox) {
  TfliteBuilder b;
  const int x = b.bytes({1, 3, 4}, 1.0f, 0), y = b.bytes({1, 2, 2}, 1.0f, 0);
  b.op(BuiltinOperator::SLICE, {x, integers(b, {0, 1, 2}), integers(b, {1, -1, 2})}, y);
  EXPECT_EQ(moved(b, x, y), (Bytes{6, 7, 10, 11}));
}

TEST(TfliteMoves, StridedSliceCountsFromTheEndAndObeysItsMasks) {
  TfliteBuilder b;
  const int x = b.bytes({3, 6}, 1.0f, 0), y = b.bytes({2, 3}, 1.0f, 0);
  b.op(BuiltinOperator::STRIDED_SLICE,
       {x, integers(b, {-2, 5}), integers(b, {7, -1}), integers(b, {1, 2})}, y,
       BuiltinOptions::StridedSliceOptions,
       tflite::CreateStridedSliceOptions(b.builder(), 2, 1, 0, 0, 0).Union());
  EXPECT_EQ(moved(b, x, y), (Bytes{6, 8, 10, 12, 14, 16}));
}

TEST(TfliteMoves, SplitGivesEachPartInItsTurn) {
  for (int part = 0; part < 2; ++part) {
    TfliteBuilder b;
    const int x = b.bytes({1, 2, 4}, 1.0f, 0), first = b.bytes({1, 2, 2}, 1.0f, 0),
              second = b.bytes({1, 2, 2}, 1.0f, 0);
    b.op(BuiltinOperator::SPLIT, {integers(b, {-1}), x}, {first, second});
    EXPECT_EQ(moved(b, x, part == 0 ? first : second),
              part == 0 ? (Bytes{0, 1, 4, 5}) : (Bytes{2, 3, 6, 7}));
  }
}

TEST(TfliteMoves, TransposeMovesBytes) {
  TfliteBuilder b;
  const int x = b.bytes({2, 3}, 1.0f, 0), y = b.bytes({3, 2}, 1.0f, 0);
  b.op(BuiltinOperator::TRANSPOSE, {x, integers(b, {1, 0})}, y);
  EXPECT_EQ(moved(b, x, y), (Bytes{0, 3, 1, 4, 2, 5}));
}

TEST(TfliteMoves, NearestResizeRepeatsRowsAndColumns) {
  TfliteBuilder b;
  const int x = b.bytes({1, 1, 2, 2}, 1.0f, 0), y = b.bytes({1, 2, 4, 2}, 1.0f, 0);
  b.op(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, {x, integers(b, {2, 4})}, y,
       BuiltinOptions::ResizeNearestNeighborOptions,
       tflite::CreateResizeNearestNeighborOptions(b.builder(), false, true).Union());
  EXPECT_EQ(moved(b, x, y), (Bytes{0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3}));
}

// TensorFlow's definition: channel (row in block * 2 + column in block) * depth + channel.
TEST(TfliteMoves, SpaceToDepthAndBack) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2, 4, 1}, 1.0f, 0), y = b.bytes({1, 1, 2, 4}, 1.0f, 0);
  b.op(BuiltinOperator::SPACE_TO_DEPTH, {x}, y, BuiltinOptions::SpaceToDepthOptions,
       tflite::CreateSpaceToDepthOptions(b.builder(), 2).Union());
  EXPECT_EQ(moved(b, x, y), (Bytes{0, 1, 4, 5, 2, 3, 6, 7}));
  TfliteBuilder c;
  const int u = c.bytes({1, 1, 2, 4}, 1.0f, 0), v = c.bytes({1, 2, 4, 1}, 1.0f, 0);
  c.op(BuiltinOperator::DEPTH_TO_SPACE, {u}, v, BuiltinOptions::DepthToSpaceOptions,
       tflite::CreateDepthToSpaceOptions(c.builder(), 2).Union());
  EXPECT_EQ(moved(c, u, v), (Bytes{0, 1, 4, 5, 2, 3, 6, 7}));
}

TEST(TfliteMoves, ConcatenationAlongTheRows) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2, 2}, 1.0f, 0), y = b.bytes({1, 4, 2}, 1.0f, 0);
  b.op(BuiltinOperator::CONCATENATION, {x, x}, y, BuiltinOptions::ConcatenationOptions,
       tflite::CreateConcatenationOptions(b.builder(), -2).Union());
  EXPECT_EQ(moved(b, x, y), (Bytes{0, 1, 2, 3, 0, 1, 2, 3}));
}

TEST(TfliteMoves, ComputedOperandIsRepeated) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2, 2}, 1.0f, 0), s = b.bytes({1, 1, 2}, 1.0f, 0),
            y = b.bytes({1, 2, 2}, 1.0f, 0);
  b.op(BuiltinOperator::SLICE, {x, integers(b, {0, 1, 0}), integers(b, {1, 1, 2})}, s);
  b.op(BuiltinOperator::ADD, {x, s}, y);
  EXPECT_EQ(moved(b, x, y), (Bytes{2, 4, 4, 6}));
}

}  // namespace
}  // namespace zahl::test
