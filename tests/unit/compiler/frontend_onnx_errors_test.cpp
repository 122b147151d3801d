// Each sentence that refuses an ONNX model has a model that provokes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compiler/frontend_onnx_builder.h"

namespace zahl::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kInt8 = onnx::TensorProto::INT8;

// x quantized, one node over it, its result quantized.
OnnxBuilder around(const std::string& type, const std::vector<int64_t>& dims = {1, 2, 4, 4},
                   std::vector<std::string> more = {}) {
  OnnxBuilder b;
  b.input("x", dims).output("y_dq");
  more.insert(more.begin(), b.qdq("x", 0.1f, 0));
  b.node(type, more, "y");
  b.qdq("y", 0.2f, 0);
  return b;
}

onnx::NodeProto& last_operator(OnnxBuilder& b) {
  return *b.model().mutable_graph()->mutable_node(b.model().graph().node_size() - 3);
}

TEST(OnnxErrors, FloatModelSaysHowToQuantize) {
  OnnxBuilder b;
  b.input("x", {1, 2}).output("y");
  b.node("Relu", {"x"}, "y");
  EXPECT_THAT(b.error(), AllOf(HasSubstr("float model"), HasSubstr("quantize_static")));
}

TEST(OnnxErrors, DynamicQuantizationIsNamed) {
  OnnxBuilder b = around("Relu");
  b.node("DynamicQuantizeLinear", {"x"}, "d");
  EXPECT_THAT(b.error(),
              AllOf(HasSubstr("'d' (DynamicQuantizeLinear)"), HasSubstr("dynamic quantization")));
}

TEST(OnnxErrors, QOperatorWithoutScalesIsNamed) {
  OnnxBuilder b = around("QLinearConv");
  EXPECT_THAT(b.error(), AllOf(HasSubstr("(QLinearConv)"), HasSubstr("its scale")));
}

TEST(OnnxErrors, UnsupportedOperatorIsNamed) {
  EXPECT_THAT(around("LpPool").error(),
              AllOf(HasSubstr("node 'y' (LpPool)"), HasSubstr("not supported")));
}

TEST(OnnxErrors, OpenDimensionIsNamedBehindARefusal) {
  EXPECT_EQ(around("Relu", {1, 2, 0, 4}).error(), "");
  EXPECT_THAT(around("LpPool", {1, 2, 0, 4}).error(),
              AllOf(HasSubstr("not supported"), HasSubstr("--bind N=SIZE")));
}

TEST(OnnxErrors, SymbolicBatchIsOne) { EXPECT_EQ(around("Relu", {0, 2, 4, 4}).error(), ""); }

TEST(OnnxErrors, JoinedBatchesAreRefused) {
  OnnxBuilder b = around("Concat", {1, 2, 4, 4}, {"x_dq"});
  set_integer(last_operator(b), "axis", 0);
  EXPECT_THAT(b.error(), HasSubstr("joins batches"));
}

TEST(OnnxErrors, SplitThatDoesNotAddUpIsRefused) {
  OnnxBuilder b = around("Split", {1, 4, 4, 4}, {"sizes"});
  b.integers("sizes", {1}, {3}, onnx::TensorProto::INT64);
  set_integer(last_operator(b), "axis", 1);
  EXPECT_THAT(b.error(), HasSubstr("it splits 4 into [3]"));
}

TEST(OnnxErrors, SliceWithoutAStepIsRefused) {
  OnnxBuilder b = around("Slice", {1, 4, 4, 4}, {"from", "to", "axes", "steps"});
  b.integers("from", {1}, {3}, onnx::TensorProto::INT64);
  b.integers("to", {1}, {0}, onnx::TensorProto::INT64);
  b.integers("axes", {1}, {2}, onnx::TensorProto::INT64);
  b.integers("steps", {1}, {0}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("steps of 0"));
}

TEST(OnnxErrors, LinearResizeThatMixesSmallPartsIsRefused) {
  OnnxBuilder b = around("Resize", {1, 4, 4, 4}, {"", "", "sizes"});
  set_text(last_operator(b), "mode", "linear");
  b.integers("sizes", {4}, {1, 4, 4, 67}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("resizing of 4 to 67"));
}

TEST(OnnxErrors, CubicResizeIsRefused) {
  OnnxBuilder b = around("Resize", {1, 4, 4, 4}, {"", "", "sizes"});
  set_text(last_operator(b), "mode", "cubic");
  b.integers("sizes", {4}, {1, 4, 8, 8}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("mode cubic"));
}

TEST(OnnxErrors, ResizeOfARegionWithoutOneIsRefused) {
  OnnxBuilder b = around("Resize", {1, 4, 4, 4}, {"", "", "sizes"});
  set_text(last_operator(b), "coordinate_transformation_mode", "tf_crop_and_resize");
  b.integers("sizes", {4}, {1, 4, 8, 8}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("'tf_crop_and_resize'"));
}

TEST(OnnxErrors, PaddingThatLeavesNothingIsRefused) {
  OnnxBuilder b = around("Pad", {1, 4, 4, 4}, {"pads"});
  b.integers("pads", {8}, {0, 0, -2, 0, 0, 0, -2, 0}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("out of range"));
}

TEST(OnnxErrors, GatherBeyondTheAxisIsRefused) {
  OnnxBuilder b = around("Gather", {1, 4, 4, 4}, {"chosen"});
  b.integers("chosen", {1}, {1}, onnx::TensorProto::INT64);
  EXPECT_THAT(b.error(), HasSubstr("index 1 of an axis of 1"));
}

TEST(OnnxErrors, SixteenBitActivationsAreRefused) {
  OnnxBuilder b;
  b.input("x", {1, 4}).output("x_dq");
  b.qdq("x", 0.1f, 0, onnx::TensorProto::INT16);
  EXPECT_THAT(b.error(), HasSubstr("INT16"));
}

TEST(OnnxErrors, FloatWeightsAreRefused) {
  OnnxBuilder b = around("Conv", {1, 2, 4, 4}, {"w"});
  b.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4});
  EXPECT_THAT(b.error(), HasSubstr("weights 'w' are floating point"));
}

TEST(OnnxErrors, ComputedWeightsAreRefused) {
  OnnxBuilder b = around("MatMul", {4, 4}, {"x_dq"});
  EXPECT_THAT(b.error(), HasSubstr("weights 'x_dq' are computed"));
}

TEST(OnnxErrors, WeightsThatDoNotFitAreRefused) {
  OnnxBuilder b;
  b.input("x", {1, 3, 4, 4}).output("y_dq");
  const std::string x = b.qdq("x", 0.1f, 0), w = b.weights("w", {2, 2, 1, 1}, {1, 2, 3, 4}, 0.5f);
  b.node("Conv", {x, w}, "y");
  b.qdq("y", 0.2f, 0);
  EXPECT_THAT(b.error(), HasSubstr("do not fit 3 input channels"));
}

TEST(OnnxErrors, OverflowingAccumulatorIsRefused) {
  OnnxBuilder b;
  b.input("x", {1, 1, 300, 300}).output("y_dq");
  const std::string x = b.qdq("x", 0.1f, 0);
  const std::string w = b.weights("w", {1, 1, 300, 300}, std::vector<int64_t>(90000, 127), 0.5f);
  b.integers("b", {1}, {2000000000}, onnx::TensorProto::INT32);
  b.floats("b_scale", {}, {0.05f});
  b.node("DequantizeLinear", {"b", "b_scale"}, "b_dq");
  b.node("Conv", {x, w, "b_dq"}, "y");
  b.qdq("y", 0.2f, 0);
  EXPECT_THAT(b.error(), AllOf(HasSubstr("node 'y' (Conv)"),
                               HasSubstr("output channel 0 can overflow 32 bits")));
}

TEST(OnnxErrors, KernelLargerThanTheInputIsRefused) {
  OnnxBuilder b = around("MaxPool");
  set_integers(last_operator(b), "kernel_shape", {9, 9});
  EXPECT_THAT(b.error(), HasSubstr("kernel is larger than the padded input"));
}

TEST(OnnxErrors, ZeroStrideIsRefused) {
  OnnxBuilder b = around("MaxPool");
  set_integers(last_operator(b), "kernel_shape", {2, 2});
  set_integers(last_operator(b), "strides", {0, 1});
  EXPECT_THAT(b.error(), HasSubstr("stride is 0"));
}

TEST(OnnxErrors, UnquantizedInputOfALayerIsRefused) {
  OnnxBuilder b;
  b.input("x", {1, 2, 4, 4}).output("y_dq");
  b.node("Tanh", {b.qdq("x", 0.1f, 0)}, "t");
  b.node("GlobalAveragePool", {"t"}, "y");
  b.qdq("y", 0.2f, 0);
  EXPECT_THAT(b.error(),
              AllOf(HasSubstr("input 't' is not quantized"), HasSubstr("op_types_to_quantize")));
}

TEST(OnnxErrors, UnquantizedOutputIsRefused) {
  OnnxBuilder b;
  b.input("x", {1, 2, 4, 4}).output("y");
  b.node("GlobalAveragePool", {b.qdq("x", 0.1f, 0)}, "y");
  EXPECT_THAT(b.error(), AllOf(HasSubstr("'y' (graph output)"), HasSubstr("not quantized")));
}

TEST(OnnxErrors, OperandsThatDoNotFitAreRefused) {
  OnnxBuilder b;
  b.input("x", {1, 2, 4, 4}).output("y_dq");
  const std::string x = b.qdq("x", 0.1f, 0);
  set_integers(b.node("MaxPool", {x}, "g"), "kernel_shape", {2, 2});
  b.node("Mul", {x, b.qdq("g", 0.1f, 0)}, "y");
  b.qdq("y", 0.2f, 0);
  EXPECT_THAT(b.error(), HasSubstr("[1, 2, 4, 4] and [1, 2, 3, 3] do not fit"));
}

TEST(OnnxErrors, ReductionOverAxesThatDoNotExistIsRefused) {
  OnnxBuilder b = around("ReduceMean");
  set_integers(last_operator(b), "axes", {7});
  EXPECT_THAT(b.error(), HasSubstr("axes [7] do not exist"));
}

TEST(OnnxErrors, TensorComputedTwiceIsRefused) {
  OnnxBuilder b = around("Relu");
  b.node("Relu", {"x_dq"}, "y");
  EXPECT_THAT(b.error(), HasSubstr("computed twice"));
}

TEST(OnnxErrors, ExternalDataOutsideTheFolderAreRefused) {
  OnnxBuilder b = around("Relu");
  b.floats("w", {1}, {1});
  b.model()
      .mutable_graph()
      ->mutable_initializer(b.model().graph().initializer_size() - 1)
      ->set_data_location(onnx::TensorProto::EXTERNAL);
  onnx::TensorProto& tensor =
      *b.model().mutable_graph()->mutable_initializer(b.model().graph().initializer_size() - 1);
  onnx::StringStringEntryProto& location = *tensor.add_external_data();
  location.set_key("location");
  for (const char* outside : {"", "/etc/passwd", "../w.bin", "a/../../w.bin"}) {
    location.set_value(outside);
    EXPECT_THAT(b.error(), HasSubstr("outside the model's folder"));
  }
  location.set_value("absent.bin");
  EXPECT_THAT(b.error(), HasSubstr("does not exist"));
}

TEST(OnnxErrors, CastToAnIntegerIsRefused) {
  OnnxBuilder b = around("Cast");
  set_integer(*b.model().mutable_graph()->mutable_node(2), "to", onnx::TensorProto::INT32);
  EXPECT_THAT(b.error(), HasSubstr("casts to INT32"));
}

TEST(OnnxErrors, ConstantThatDoesNotFillItsShapeIsRefused) {
  OnnxBuilder b = around("Relu");
  b.floats("w", {7}, {1});
  EXPECT_THAT(b.error(), HasSubstr("do not fill its shape"));
}

TEST(OnnxErrors, HugeShapeIsRefused) {
  EXPECT_THAT(around("Relu", {1, 4096, 4096, 4096}).error(), HasSubstr("more than 2^28 elements"));
}

}  // namespace
}  // namespace zahl::test
