// What `arrange` leaves of concatenations and slices, and that it keeps every byte.
#include "compiler/rewrite/arrange.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engines/graph_evaluator/graph_evaluator.h"

namespace zahl::rewrite {
namespace {

constexpr ir::TensorId kInput(0);

// Graphs of 4x4 maps, tensor by tensor; the first tensor is the input, what is made last the
// output.
class Builder {
 public:
  explicit Builder(int channels) { graph_.inputs.push_back({add_tensor({1, 4, 4, channels}), {}}); }

  ir::TensorId conv(ir::TensorId input, int outputs, int kernel) {
    ir::Conv conv{.input = input, .output = add_tensor({1, 4, 4, outputs})};
    conv.kernel_h = conv.kernel_w = kernel;
    conv.padding = {kernel / 2, kernel / 2, kernel / 2, kernel / 2};
    conv.weights.resize(static_cast<size_t>(outputs * kernel * kernel * shape(input).c));
    for (auto& w : conv.weights) w = static_cast<int8_t>(random_());
    conv.requant.bias.assign(static_cast<size_t>(outputs), 0);
    for (int i = 0; i < outputs; ++i) {
      conv.requant.m0.push_back((1u << 30) + static_cast<uint32_t>(i));
      conv.requant.shift.push_back(40);
    }
    return add(std::move(conv));
  }

  ir::TensorId slice(ir::TensorId input, int first, int count) {
    return add(
        ir::Move{input, add_tensor({1, 4, 4, count}), first, {{16, shape(input).c}, {count, 1}}});
  }

  ir::TensorId twice_as_large(ir::TensorId input) {
    const int c = shape(input).c;
    return add(
        ir::Move{input, add_tensor({1, 8, 8, c}), 0, {{4, 4 * c}, {2, 0}, {4, c}, {2, 0}, {c, 1}}});
  }

  ir::TensorId concat(const std::vector<ir::TensorId>& inputs) {
    ir::Shape sum = shape(inputs.front());
    sum.c = 0;
    for (ir::TensorId id : inputs) sum.c += shape(id).c;
    return add(ir::Concat{inputs, add_tensor(sum), 3});
  }

  ir::TensorId lookup(ir::TensorId input) {
    ir::Lookup op{.input = input, .output = add_tensor(shape(input)), .table = {}};
    for (size_t i = 0; i < 256; ++i) op.table[i] = static_cast<int8_t>(i * 7);
    return add(op);
  }

  // The nodes that are left, by the operation's place in the variant; checks the bytes on the way.
  std::vector<std::string> arranged() {
    graph_.outputs = {{ir::output_of(graph_.nodes.back().operation), {}}};
    EXPECT_EQ(ir::verify(graph_), "");
    ir::Graph after = graph_;
    rewrite::arrange(after);
    EXPECT_EQ(ir::verify(after), "");
    std::vector<int8_t> input(static_cast<size_t>(shape(kInput).elements()));
    for (auto& b : input) b = static_cast<int8_t>(random_());
    EXPECT_EQ(reference::evaluate(graph_, {input}), reference::evaluate(after, {input}));
    std::vector<std::string> left;
    for (const ir::Node& node : after.nodes) left.push_back(name_of(node.operation));
    return left;
  }

 private:
  static std::string name_of(const ir::Operation& operation) {
    if (const auto* conv = std::get_if<ir::Conv>(&operation))
      return fmt::format("conv{}", 1 + conv->more_inputs.size());
    if (std::holds_alternative<ir::Concat>(operation)) return "concat";
    if (std::holds_alternative<ir::Move>(operation)) return "move";
    return std::holds_alternative<ir::Lookup>(operation) ? "lookup" : "other";
  }

  const ir::Shape& shape(ir::TensorId id) const { return graph_.tensors[id].shape; }

  ir::TensorId add_tensor(const ir::Shape& shape) {
    return graph_.tensors.add({.name = fmt::format("t{}", graph_.tensors.size()), .shape = shape});
  }

  ir::TensorId add(ir::Operation operation) {
    const ir::TensorId output = ir::output_of(operation);
    graph_.nodes.add({fmt::format("n{}", output.number()), "T", 0, std::move(operation)});
    return output;
  }

  ir::Graph graph_;
  std::mt19937 random_{1};
};

using Names = std::vector<std::string>;

TEST(Arrange, ConvolutionSumsOverThePartsOfAConcatenation) {
  Builder b(16);
  b.conv(b.concat({b.conv(kInput, 20, 1), b.conv(kInput, 12, 3), kInput}), 8, 3);
  EXPECT_EQ(b.arranged(), (Names{"conv1", "conv1", "conv3"}));
}

TEST(Arrange, ConvolutionThatIsSplitBecomesOneAPart) {
  Builder b(16);
  const ir::TensorId whole = b.conv(kInput, 32, 1);
  const ir::TensorId first = b.slice(whole, 0, 16), second = b.slice(whole, 16, 16);
  b.conv(b.concat({b.conv(second, 16, 3), first}), 8, 1);
  EXPECT_EQ(b.arranged(), (Names{"conv1", "conv1", "conv1", "conv2"}));
}

TEST(Arrange, SliceOfAConcatenationIsThePart) {
  Builder b(16);
  const ir::TensorId whole = b.concat({b.conv(kInput, 16, 1), b.conv(kInput, 24, 1)});
  b.conv(b.slice(whole, 16, 24), 8, 1);
  EXPECT_EQ(b.arranged(), (Names{"conv1", "conv1"}));
}

TEST(Arrange, TableOverAConcatenationFoldsIntoItsParts) {
  Builder b(16);
  b.conv(b.lookup(b.concat({b.conv(kInput, 16, 1), b.conv(kInput, 16, 1)})), 8, 1);
  EXPECT_EQ(b.arranged(), (Names{"conv1", "conv1", "conv2"}));
}

TEST(Arrange, TableComesBeforeRepetitions) {
  Builder b(16);
  const ir::TensorId x = b.lookup(kInput);
  b.lookup(b.twice_as_large(x));
  EXPECT_EQ(b.arranged(), (Names{"lookup", "lookup", "move"}));
}

TEST(Arrange, ConcatenationThatTheGraphGivesStays) {
  Builder b(16);
  b.concat({b.conv(kInput, 16, 1), kInput});
  EXPECT_EQ(b.arranged(), (Names{"conv1", "concat"}));
}

TEST(Arrange, ConvolutionOfChosenChannelsWeighsTheOthersWithNothing) {
  Builder b(16);
  b.conv(b.slice(b.lookup(kInput), 3, 8), 8, 1);
  EXPECT_EQ(b.arranged(), (Names{"lookup", "conv1"}));
}

}  // namespace
}  // namespace zahl::rewrite
