// Small ONNX networks, evaluated with the naive evaluator and compared with real arithmetic.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engines/graph_evaluator/graph_evaluator.h"
#include "tests/unit/compiler/frontend_onnx_builder.h"

namespace zahl::test {
namespace {

using Bytes = std::vector<int8_t>;

Bytes ramp(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<int8_t>(static_cast<int>(i * 37 % 256) - 128);
  return bytes;
}

int8_t quantized(double real, double scale, int zero) {
  return static_cast<int8_t>(std::clamp(std::nearbyint(real / scale) + zero, -128.0, 127.0));
}

TEST(Onnx, ConvReadsChannelsFirstAndFoldsTheZeroPoint) {
  OnnxBuilder b;
  b.input("x", {1, 2, 3, 3}).output("y_dq");
  const std::string x = b.qdq("x", 0.5f, 5),
                    w = b.weights("w", {3, 2, 2, 2}, {1,  2,  3,  4,  5, 6, 7, 8, -1, -2, -3, -4,
                                                      -5, -6, -7, -8, 9, 0, 0, 0, 0,  0,  0,  1},
                                  0.25f);
  set_integers(b.node("Conv", {x, w}, "y"), "pads", {1, 0, 0, 1});
  b.qdq("y", 4.0f, -3);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_TRUE(graph.inputs[0].view.channels_first);
  EXPECT_EQ(graph.nodes[ir::NodeId(0)].macs, 9 * 3 * 8);
  const Bytes in = ramp(18);
  const Bytes out = reference::evaluate(graph, {in})[0];
  const auto& weights = b.model().graph().initializer(4).int32_data();
  for (int oc = 0; oc < 3; ++oc) {
    for (int oy = 0; oy < 3; ++oy) {
      for (int ox = 0; ox < 3; ++ox) {
        double sum = 0;
        for (int ic = 0; ic < 2; ++ic) {
          for (int k = 0; k < 4; ++k) {
            const int y = oy + k / 2 - 1, xx = ox + k % 2;
            if (y < 0 || y > 2 || xx > 2) continue;
            sum += 0.5 * (in[static_cast<size_t>((y * 3 + xx) * 2 + ic)] - 5) * 0.25 *
                   weights.Get(oc * 8 + ic * 4 + k);
          }
        }
        EXPECT_EQ(out[static_cast<size_t>((oy * 3 + ox) * 3 + oc)], quantized(sum, 4.0, -3));
      }
    }
  }
}

TEST(Onnx, UnsignedTensorsAreRelabelled) {
  OnnxBuilder b;
  b.input("x", {1, 4}).output("y_dq");
  b.integers("w", {4, 1}, {128, 129, 255, 0}, onnx::TensorProto::UINT8);
  b.floats("s", {}, {1.0f});
  b.integers("z", {}, {128}, onnx::TensorProto::UINT8);
  b.node("DequantizeLinear", {"w", "s", "z"}, "w_dq");
  b.node("MatMul", {b.qdq("x", 1.0f, 128, onnx::TensorProto::UINT8), "w_dq"}, "y");
  b.qdq("y", 1.0f, 128, onnx::TensorProto::UINT8);
  const ir::Graph graph = b.load();
  EXPECT_EQ(graph.tensors[graph.inputs[0].tensor].zero_point, 0);
  EXPECT_EQ(reference::evaluate(graph, {Bytes{1, 2, 1, 1}})[0], Bytes{2 + 127 - 128});
}

TEST(Onnx, FlattenInFrontOfGemmPermutesTheWeights) {
  OnnxBuilder b;
  b.input("x", {1, 2, 2, 2}).output("y_dq");
  b.node("Flatten", {b.qdq("x", 1.0f, 0)}, "f");
  const std::string w = b.weights("w", {1, 8}, {1, 2, 3, 4, 5, 6, 7, 8}, 1.0f);
  set_integer(b.node("Gemm", {b.qdq("f", 1.0f, 0), w}, "y"), "transB", 1);
  b.qdq("y", 1.0f, 0);
  // Memory holds H, W, C: channel 1 of pixel 0 comes second and is weighed with 5.
  EXPECT_EQ(reference::evaluate(b.load(), {Bytes{0, 1, 0, 0, 0, 0, 0, 0}})[0], Bytes{5});
  EXPECT_EQ(reference::evaluate(b.load(), {Bytes{0, 0, 1, 0, 0, 0, 0, 0}})[0], Bytes{2});
}

TEST(Onnx, ReluBetweenConvAndQuantizeBecomesTheClamp) {
  OnnxBuilder b;
  b.input("x", {1, 1, 2, 2}).output("r_dq");
  const std::string x = b.qdq("x", 1.0f, 0);
  b.node("Conv", {x, b.weights("w", {1, 1, 1, 1}, {1}, 1.0f)}, "c");
  b.node("Relu", {"c"}, "r");
  b.qdq("r", 1.0f, -10);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[ir::NodeId(0)].name, "c + r");
  EXPECT_EQ(std::get<ir::Conv>(graph.nodes[ir::NodeId(0)].operation).requant.low, -10);
}

TEST(Onnx, ReluBehindItsOwnPairBecomesTheClampToo) {
  OnnxBuilder b;
  b.input("x", {1, 1, 2, 2}).output("r_dq");
  const std::string x = b.qdq("x", 1.0f, 0);
  b.node("Conv", {x, b.weights("w", {1, 1, 1, 1}, {1}, 1.0f)}, "c");
  b.node("Relu", {b.qdq("c", 1.0f, 3)}, "r");
  b.qdq("r", 1.0f, 3);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  const auto& requant = std::get<ir::Conv>(graph.nodes[ir::NodeId(0)].operation).requant;
  EXPECT_EQ(requant.low, 3);
  EXPECT_FALSE(requant.table.has_value());
}

TEST(Onnx, SigmoidTimesItsInputBecomesOneTable) {
  OnnxBuilder b;
  b.input("x", {1, 16, 4, 4}).output("y_dq");
  const std::string x = b.qdq("x", 0.05f, 4);
  b.node("Sigmoid", {x}, "s");
  b.node("Mul", {x, b.qdq("s", 1.0f / 256, -128)}, "y");
  b.qdq("y", 0.04f, -100);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[ir::NodeId(0)].name, "s + y");
  const Bytes in = ramp(256);
  const Bytes out = reference::evaluate(graph, {in})[0];
  for (size_t i = 0; i < 256; ++i) {
    const double real = 0.05f * (in[i] - 4);
    const double sigmoid = (quantized(1 / (1 + std::exp(-real)), 1.0 / 256, -128) + 128) / 256.0;
    EXPECT_NEAR(out[i], quantized(real * sigmoid, 0.04f, -100), 1) << i;
  }
}

TEST(Onnx, SumRoundsOnce) {
  OnnxBuilder b;
  b.input("x", {1, 256}).output("y_dq");
  const std::string x = b.qdq("x", 0.25f, 0);
  std::vector<int64_t> addend(256);
  for (size_t i = 0; i < 256; ++i) addend[i] = static_cast<int64_t>(i) - 128;
  b.node("Add", {x, b.weights("a", {1, 256}, addend, 0.5f)}, "y");
  b.qdq("y", 0.5f, 7);
  const Bytes in = ramp(256);
  const Bytes out = reference::evaluate(b.load(), {in})[0];
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(out[i], quantized(0.25 * in[i] + 0.5 * static_cast<double>(addend[i]), 0.5, 7))
        << i;  // ties to even
  }
}

TEST(Onnx, MatMulAndAddShareTheBias) {
  OnnxBuilder b;
  b.input("x", {1, 2}).output("y_dq");
  b.node("MatMul", {b.qdq("x", 1.0f, 0), b.weights("w", {2, 2}, {1, 2, 3, 4}, 1.0f)}, "m");
  b.node("Add", {"m", b.floats("bias", {2}, {10, 20})}, "y");
  b.qdq("y", 1.0f, 0);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(reference::evaluate(graph, {Bytes{1, 1}})[0], (Bytes{14, 26}));
}

TEST(Onnx, SoftmaxIsWithinOneOfTheRealFunction) {
  OnnxBuilder b;
  b.input("x", {1, 40}).output("y_dq");
  b.node("Softmax", {b.qdq("x", 0.06f, 0)}, "y");
  b.qdq("y", 1.0f / 200, -128);
  const Bytes in = ramp(40);
  const Bytes out = reference::evaluate(b.load(), {in})[0];
  double sum = 0;
  for (int8_t q : in) sum += std::exp(0.06 * q);
  for (size_t i = 0; i < 40; ++i)
    EXPECT_NEAR(out[i], quantized(std::exp(0.06 * in[i]) / sum, 1.0 / 200, -128), 1) << i;
}

TEST(Onnx, PaddingMovesIntoTheConvolution) {
  OnnxBuilder b;
  b.input("x", {1, 1, 3, 3}).output("y_dq");
  b.integers("pads", {8}, {0, 0, 1, 1, 0, 0, 1, 1}, onnx::TensorProto::INT64);
  b.node("Pad", {b.qdq("x", 1.0f, 9), "pads"}, "p");
  b.node("Conv",
         {b.qdq("p", 1.0f, 9), b.weights("w", {1, 1, 3, 3}, std::vector<int64_t>(9, 1), 1.0f)},
         "y");
  b.qdq("y", 1.0f, 0);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[ir::NodeId(0)].name, "p + y");
  EXPECT_EQ(reference::evaluate(graph, {Bytes(9, 10)})[0], (Bytes{4, 6, 4, 6, 9, 6, 4, 6, 4}));
}

TEST(Onnx, TransposeOfAChannelsLastInputMovesNothing) {
  OnnxBuilder b;
  b.input("x", {1, 2, 3, 4}).output("t_dq");
  set_integers(b.node("Transpose", {b.qdq("x", 1.0f, 0)}, "t"), "perm", {0, 3, 1, 2});
  b.qdq("t", 1.0f, 0);
  const ir::Graph graph = b.load();
  EXPECT_FALSE(graph.inputs[0].view.channels_first);
  EXPECT_TRUE(graph.outputs[0].view.channels_first);
  EXPECT_EQ(reference::evaluate(graph, {ramp(24)})[0], ramp(24));
}

TEST(Onnx, ReshapeOfAChannelsFirstMapMovesItsBytes) {
  OnnxBuilder b;
  b.input("x", {1, 2, 2, 3}).output("r_dq");
  b.integers("shape", {2}, {3, 4}, onnx::TensorProto::INT64);
  b.node("Reshape", {b.qdq("x", 1.0f, 0), "shape"}, "r");
  b.qdq("r", 1.0f, 0);
  const ir::Graph graph = b.load();
  ASSERT_EQ(graph.nodes.size(), 2u);  // bytes into order, then the shape
  // H, W, C in memory becomes C, H, W.
  EXPECT_EQ(reference::evaluate(graph, {Bytes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}})[0],
            (Bytes{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}));
}

TEST(Onnx, TranspositionsThatUndoEachOtherMoveNothing) {
  OnnxBuilder b;
  b.input("x", {1, 6, 2, 3}).output("u_dq");
  b.integers("apart", {5}, {1, 2, 3, 2, 3}, onnx::TensorProto::INT64);
  b.integers("whole", {4}, {1, 6, 2, 3}, onnx::TensorProto::INT64);
  b.node("Reshape", {b.qdq("x", 1.0f, 0), "apart"}, "r");
  set_integers(b.node("Transpose", {"r"}, "s"), "perm", {0, 2, 1, 3, 4});
  set_integers(b.node("Transpose", {"s"}, "t"), "perm", {0, 2, 1, 3, 4});
  b.node("Reshape", {"t", "whole"}, "u");
  b.qdq("u", 1.0f, 0);
  const ir::Graph graph = b.load();
  for (const ir::Node& node : graph.nodes)
    EXPECT_TRUE(std::holds_alternative<ir::Reshape>(node.operation));
  EXPECT_EQ(reference::evaluate(graph, {ramp(36)})[0], ramp(36));
}

TEST(Onnx, ConstantShapeArithmeticIsFolded) {
  OnnxBuilder b;
  b.input("x", {1, 4, 1, 1}).output("y_dq");
  const std::string x = b.qdq("x", 1.0f, 0);
  b.node("Shape", {"x"}, "shape");
  b.integers("zero", {}, {0}, onnx::TensorProto::INT64);
  b.node("Gather", {"shape", "zero"}, "batch");
  b.integers("axes", {1}, {0}, onnx::TensorProto::INT64);
  b.node("Unsqueeze", {"batch", "axes"}, "batch1");
  b.integers("rest", {1}, {-1}, onnx::TensorProto::INT64);
  set_integer(b.node("Concat", {"batch1", "rest"}, "wanted"), "axis", 0);
  b.node("Reshape", {x, "wanted"}, "y");
  b.qdq("y", 1.0f, 0);
  EXPECT_EQ(b.load().outputs[0].view.shape, (std::vector<int64_t>{1, 4}));
}

}  // namespace
}  // namespace zahl::test
