// What is said about a layer follows from its integers and the file's scales; a wrong number on
// either side is named.
#include "explain/explanation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "explain/explanation_json.h"
#include "explain/text.h"
#include "explain/three_forms.h"

namespace zahl::cli {
namespace {

const std::string kDigits = ZAHL_SOURCE_DIR "/models/digits/digits_qdq.onnx";

// The default model, its graph changed by `plant` before the explanation is made.
template <typename Plant>
explain::Explanation planted(Plant&& plant) {
  compiler::PartialModel model = compiler::load_partly(kDigits);
  plant(model.graph);
  return explain::explain_parts(frontend::read_source(kDigits), std::move(model));
}

TEST(Explanation, EveryFactorOfTheDefaultModelIsWithinHalfAUnitOf31Bits) {
  const explain::Explanation e = planted([](ir::Graph&) {});
  size_t factors = 0;
  for (const explain::LayerFacts& f : e.layers) {
    EXPECT_TRUE(f.problems.empty()) << f.problems.front();
    for (const explain::Factor& m : f.factors) {
      EXPECT_TRUE(m.holds()) << e.graph.nodes[f.node].name << " " << m.of;
      EXPECT_GE(explain::bits_below_one(m.error()), 31);
      ++factors;
    }
  }
  EXPECT_EQ(factors, 16u + 16 + 32 + 32 + 16 + 32 + 2 + 1 + 1 + 10);
}

TEST(Explanation, EveryPairOfTheDefaultModelFindsItsPlace) {
  const explain::Explanation e = planted([](ir::Graph&) {});
  int at_host = 0, in_layers = 0;
  for (const explain::Absorbed& a : e.absorbed) {
    EXPECT_EQ(a.problem, "") << e.source.node(a.node).node.name;
    at_host += a.place == explain::Absorbed::Place::HostInput ||
               a.place == explain::Absorbed::Place::HostOutput;
    in_layers += a.place == explain::Absorbed::Place::Layer;
  }
  EXPECT_EQ(at_host, 2);
  EXPECT_EQ(in_layers, 60);
}

TEST(Explanation, AScaleWhereM0BelongsIsFound) {
  const explain::Explanation e = planted([](ir::Graph& graph) {
    std::get<ir::Conv>(graph.nodes[ir::NodeId(0)].operation).requant.m0[3] =
        std::bit_cast<uint32_t>(0.0078125f);
  });
  EXPECT_FALSE(e.layers[ir::NodeId(0)].factors[3].holds());
  EXPECT_EQ(e.layers[ir::NodeId(0)].factors[3].of, "channel 3");
  EXPECT_TRUE(e.layers[ir::NodeId(0)].factors[2].holds());
}

TEST(Explanation, AnM0OneUnitOffIsFound) {
  const explain::Explanation e = planted([](ir::Graph& graph) {
    ++std::get<ir::Conv>(graph.nodes[ir::NodeId(0)].operation).requant.m0[0];
  });
  EXPECT_FALSE(e.layers[ir::NodeId(0)].factors[0].holds());
}

TEST(Explanation, AWrongZeroPointOrScaleOfAnEdgeIsNamed) {
  const explain::Explanation e = planted([](ir::Graph& graph) {
    std::get<ir::Eltwise>(graph.nodes[ir::NodeId(6)].operation).zero_point += 1;
    graph.tensors[graph.outputs[0].tensor].scale *= 2;
  });
  ASSERT_FALSE(e.layers[ir::NodeId(6)].problems.empty());
  EXPECT_NE(e.layers[ir::NodeId(6)].problems[0].find("zero point"), std::string::npos);
  EXPECT_FALSE(e.layers[ir::NodeId(10)].problems.empty());
}

TEST(Explanation, AccumulatorBoundsAreReachedByTheWorstInput) {
  const explain::Explanation e = planted([](ir::Graph&) {});
  const auto& conv = std::get<ir::Conv>(e.graph.nodes[ir::NodeId(0)].operation);
  int64_t highest = INT64_MIN;
  const size_t taps = conv.weights.size() / conv.requant.bias.size();
  for (size_t c = 0; c < conv.requant.bias.size(); ++c) {
    int64_t sum = conv.requant.bias[c];
    for (size_t t = 0; t < taps; ++t) {
      const int w = conv.weights[c * taps + t] - conv.weight_zero;
      sum += w * (w > 0 ? 127 : -128);
    }
    highest = std::max(highest, sum);
  }
  EXPECT_EQ(*e.layers[ir::NodeId(0)].accumulator_high, highest);
}

TEST(Requantized, FollowsTheWorkedExamplesOfTheArithmetic) {
  EXPECT_EQ(explain::requantized(-28, 429496730, 33, isa::Rounding::TflDouble), -2);
  EXPECT_EQ(explain::requantized(-28, 429496730, 33, isa::Rounding::HalfUp), -1);
  EXPECT_EQ(explain::requantized(-3, 1, 1, isa::Rounding::HalfUp), -1);
  EXPECT_EQ(explain::requantized(-3, 1, 1, isa::Rounding::HalfEven), -2);
  EXPECT_EQ(explain::requantized(-5, 1, 1, isa::Rounding::HalfEven), -2);
  EXPECT_EQ(explain::requantized(-5, 1, 1, isa::Rounding::HalfAway), -3);
  EXPECT_EQ(explain::requantized(7, 3, 0, isa::Rounding::TflDouble), 21);
}

TEST(ThreeForms, TheThirdIsWhatTheRunLeaves) {
  const explain::Explanation e = planted([](ir::Graph&) {});
  std::string why;
  for (const char* layer : {"", "block1_depthwise", "classifier"}) {
    const auto forms = explain::three_forms(e, {.layer = layer, .input_name = "test"}, why);
    ASSERT_TRUE(forms.is_object());
    EXPECT_EQ(forms["differences"]["fixed_run"]["count"], 0) << layer;
    EXPECT_EQ(forms["compared"], forms["elements"]);
    EXPECT_LE(forms["differences"]["float_fixed"]["largest"].get<int>(), 1);
  }
}

TEST(ExplanationText, FitsIn120Columns) {
  const explain::Explanation e = planted([](ir::Graph&) {});
  auto json = explain::explanation_json(e);
  json["verdict"] = std::string(50, 'a') + " " + std::string(100, 'b') + " " + std::string(30, 'c');
  json["quantization"] = {{"title", "t"}, {"paragraphs", {"p"}}};
  json["three_forms"] = nullptr;
  const std::string text = explain::explanation_text(json);
  size_t begin = 0, longest = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    longest = std::max(longest, end - begin);
  EXPECT_LE(longest, 120u);
  EXPECT_GE(longest, 100u);
  EXPECT_NE(text.find("stem_conv +2"), std::string::npos);
}

}  // namespace
}  // namespace zahl::cli
