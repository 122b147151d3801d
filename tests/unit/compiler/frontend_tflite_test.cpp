// Small TFLite files made with flatbuffers: what they mean, and each sentence that refuses one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/graph_evaluator/graph_evaluator.h"
#include "tests/unit/compiler/frontend_tflite_builder.h"

namespace zahl::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tflite::ActivationFunctionType;
using tflite::BuiltinOperator;
using tflite::BuiltinOptions;
using tflite::TensorType;

TEST(Tflite, FullyConnectedIsAConvolutionOverRows) {
  TfliteBuilder b;
  const int x = b.bytes({3, 2}, 1.0f, 1), w = b.bytes({1, 2}, 1.0f, 0, {2, 3}),
            y = b.bytes({3, 1}, 1.0f, -1);
  b.op(BuiltinOperator::FULLY_CONNECTED, {x, w, -1}, y);
  const ir::Graph graph = b.load(x, y);
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.nodes[ir::NodeId(0)].macs, 6);
  EXPECT_EQ(reference::evaluate(graph, {Bytes{1, 1, 2, 1, 1, 3}})[0], (Bytes{-1, 1, 5}));
}

TEST(Tflite, DepthwiseOfOneChannelIsAConvolution) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2, 2, 1}, 1.0f, 0), w = b.bytes({1, 1, 1, 2}, 1.0f, 0, {2, -3}),
            y = b.bytes({1, 2, 2, 2}, 1.0f, 0);
  b.op(BuiltinOperator::DEPTHWISE_CONV_2D, {x, w}, y, BuiltinOptions::DepthwiseConv2DOptions,
       tflite::CreateDepthwiseConv2DOptions(b.builder(), tflite::Padding::SAME, 1, 1, 2).Union());
  const ir::Graph graph = b.load(x, y);
  EXPECT_TRUE(std::holds_alternative<ir::Conv>(graph.nodes[ir::NodeId(0)].operation));
  EXPECT_EQ(reference::evaluate(graph, {Bytes{1, 2, 3, 4}})[0],
            (Bytes{2, -3, 4, -6, 6, -9, 8, -12}));
}

TEST(Tflite, AveragePoolRoundsTheBytesThemselvesAwayFromZero) {
  TfliteBuilder b;
  const int x = b.bytes({1, 1, 2, 2}, 1.0f, 50), y = b.bytes({1, 1, 1, 2}, 1.0f, 50);
  b.op(BuiltinOperator::AVERAGE_POOL_2D, {x}, y, BuiltinOptions::Pool2DOptions,
       tflite::CreatePool2DOptions(b.builder(), tflite::Padding::VALID, 1, 1, 2, 1).Union());
  EXPECT_EQ(reference::evaluate(b.load(x, y), {Bytes{-1, 1, -2, 2}})[0], (Bytes{-2, 2}));
}

TEST(Tflite, FusedRelu6BecomesBounds) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, -20),
            c = b.bytes({1, 4}, 0.1f, 0, {1, 2, 3, 4});
  b.op(BuiltinOperator::ADD, {x, c}, y, BuiltinOptions::AddOptions,
       tflite::CreateAddOptions(b.builder(), ActivationFunctionType::RELU6).Union());
  const ir::Graph graph = b.load(x, y);
  const auto& op = std::get<ir::Eltwise>(graph.nodes[ir::NodeId(0)].operation);
  EXPECT_EQ(op.low, -20);
  EXPECT_EQ(op.high, 40);
}

TEST(Tflite, QuantizeOfAnUnsignedInputIsARelabelling) {
  TfliteBuilder b;
  const int u = b.tensor({1, 4}, TensorType::UINT8, {0.5f}, 100), x = b.bytes({1, 4}, 0.5f, -28),
            y = b.bytes({1, 4}, 1.0f / 256, -128);
  b.op(BuiltinOperator::QUANTIZE, {u}, x);
  b.op(BuiltinOperator::LOGISTIC, {x}, y);
  const ir::Graph graph = b.load(u, y);
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.inputs[0].view.type, ir::HostView::Type::UInt8);
}

TEST(Tflite, FloatEdgesBelongToTheHost) {
  TfliteBuilder b;
  const int f = b.tensor({1, 4}, TensorType::FLOAT32, {}, 0), x = b.bytes({1, 4}, 0.5f, 3);
  const int y = b.bytes({1, 4}, 1.0f / 256, -128), g = b.tensor({1, 4}, TensorType::FLOAT32, {}, 0);
  b.op(BuiltinOperator::QUANTIZE, {f}, x);
  b.op(BuiltinOperator::SOFTMAX, {x}, y, BuiltinOptions::SoftmaxOptions,
       tflite::CreateSoftmaxOptions(b.builder(), 1.0f).Union());
  b.op(BuiltinOperator::DEQUANTIZE, {y}, g);
  const ir::Graph graph = b.load(f, g);
  EXPECT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.inputs[0].view.type, ir::HostView::Type::Float32);
  EXPECT_EQ(graph.outputs[0].view.type, ir::HostView::Type::Float32);
}

TEST(TfliteErrors, FloatModelSaysHowToConvert) {
  TfliteBuilder b;
  const int x = b.tensor({1, 4}, TensorType::FLOAT32, {}, 0),
            y = b.tensor({1, 4}, TensorType::FLOAT32, {}, 0);
  b.op(BuiltinOperator::RELU, {x}, y);
  EXPECT_THAT(b.error(x, y),
              AllOf(HasSubstr("floating point"), HasSubstr("representative_dataset")));
}

TEST(TfliteErrors, SixteenBitActivationsAreRefused) {
  TfliteBuilder b;
  const int x = b.tensor({1, 4}, TensorType::INT16, {0.1f}, 0),
            y = b.tensor({1, 4}, TensorType::INT16, {0.1f}, 0);
  b.op(BuiltinOperator::RELU, {x}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("16-bit activations"));
}

TEST(TfliteErrors, UnsupportedOperatorIsNamed) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 8}, 0.1f, 0);
  b.op(BuiltinOperator::CUMSUM, {x, x}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("node 't1' (CUMSUM): the operator is not supported"));
}

TEST(TfliteErrors, ConcatenationOfScalesIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 8}, 0.2f, 0);
  b.op(BuiltinOperator::CONCATENATION, {x, x}, y, BuiltinOptions::ConcatenationOptions,
       tflite::CreateConcatenationOptions(b.builder(), 1).Union());
  EXPECT_THAT(b.error(x, y), HasSubstr("different scales"));
}

TEST(TfliteErrors, ResizeToOneSizeIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2, 2, 1}, 0.1f, 0), y = b.bytes({1, 3, 3, 1}, 0.1f, 0);
  const int sizes = b.tensor<int32_t>({1}, TensorType::INT32, {}, 0, {3});
  b.op(BuiltinOperator::RESIZE_NEAREST_NEIGHBOR, {x, sizes}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("makes [3] of [1, 2, 2, 1]"));
}

TEST(TfliteErrors, UnsupportedActivationIsNamed) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, 0);
  b.op(BuiltinOperator::ADD, {x, x}, y, BuiltinOptions::AddOptions,
       tflite::CreateAddOptions(b.builder(), ActivationFunctionType::TANH).Union());
  EXPECT_THAT(b.error(x, y), HasSubstr("fused activation TANH"));
}

TEST(TfliteErrors, SeveralSubgraphsAreRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, 0);
  b.op(BuiltinOperator::RELU, {x}, y);
  EXPECT_THAT(error_of_bytes(b.file({x}, {y}, 2)), HasSubstr("2 subgraphs"));
}

TEST(TfliteErrors, TensorIndexOutOfRangeIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, 0);
  b.op(BuiltinOperator::RELU, {77}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("names a tensor that does not exist"));
}

TEST(TfliteErrors, ReadBeforeWrittenIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, 0),
            z = b.bytes({1, 4}, 0.1f, 0);
  b.op(BuiltinOperator::RELU, {z}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("read before it is written"));
}

TEST(TfliteErrors, WeightsWithoutDataAreRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2}, 0.1f, 0), w = b.bytes({1, 2}, 0.1f, 0),
            y = b.bytes({1, 1}, 0.1f, 0);
  b.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("weights 't1' are not constant"));
}

TEST(TfliteErrors, WrongOutputShapeIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4, 4, 1}, 0.1f, 0), y = b.bytes({1, 3, 4, 1}, 0.1f, 0);
  b.op(BuiltinOperator::MAX_POOL_2D, {x}, y, BuiltinOptions::Pool2DOptions,
       tflite::CreatePool2DOptions(b.builder(), tflite::Padding::SAME, 1, 1, 2, 2).Union());
  EXPECT_THAT(b.error(x, y), HasSubstr("[1, 3, 4, 1] where [1, 4, 4, 1] follows"));
}

TEST(TfliteErrors, LeftShiftThatCanOverflowIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2}, 1000.0f, 0), w = b.bytes({1, 2}, 1000.0f, 0, {127, 127}),
            y = b.bytes({1, 1}, 0.1f, 0);
  b.op(BuiltinOperator::FULLY_CONNECTED, {x, w}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("shift its accumulator left by 24 bits"));
}

TEST(TfliteErrors, BadScaleIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({1, 2}, 0.0f, 0), y = b.bytes({1, 2}, 0.1f, 0);
  b.op(BuiltinOperator::RELU, {x}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("has scale 0"));
}

TEST(TfliteErrors, SliceOutOfRangeIsRefused) {
  TfliteBuilder b;
  const int x = b.bytes({2, 3}, 0.1f, 0), y = b.bytes({2, 2}, 0.1f, 0);
  const int begin = b.tensor<int32_t>({2}, TensorType::INT32, {}, 0, {0, 2}),
            size = b.tensor<int32_t>({2}, TensorType::INT32, {}, 0, {2, 2});
  b.op(BuiltinOperator::SLICE, {x, begin, size}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("takes 2 from 2 on of an axis of 3"));
}

TEST(TfliteErrors, SoftmaxOutputScaleIsFixed) {
  TfliteBuilder b;
  const int x = b.bytes({1, 4}, 0.1f, 0), y = b.bytes({1, 4}, 0.1f, 0);
  b.op(BuiltinOperator::SOFTMAX, {x}, y);
  EXPECT_THAT(b.error(x, y), HasSubstr("scale 1/256"));
}

}  // namespace
}  // namespace zahl::test
