// Every check of levels 1 and 2 fails where something is planted, and names the place.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "certificate/levels/check_graph.h"
#include "certificate/levels/check_image.h"
#include "certificate/levels/data_use.h"
#include "compiler/driver/compile.h"
#include "isa/config.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl::cli {
namespace {

const std::string kDigits = ZAHL_SOURCE_DIR "/models/digits/digits_qdq.onnx";

// The failing checks of level 1, name and detail, with `plant` done to the graph.
template <typename Plant>
std::vector<std::string> failures_with(Plant&& plant) {
  compiler::PartialModel model = compiler::load_partly(kDigits);
  plant(model);
  const certificate::Level level = certificate::check_graph(
      explain::explain_parts(frontend::read_source(kDigits), std::move(model)));
  std::vector<std::string> failures;
  for (const certificate::Check& c : level.checks) {
    if (!c.holds) failures.push_back(c.name + ": " + c.detail);
  }
  EXPECT_EQ(level.holds(), failures.empty());
  return failures;
}

bool says(const std::vector<std::string>& failures, const std::string& what) {
  return std::ranges::any_of(
      failures, [&](const std::string& f) { return f.find(what) != std::string::npos; });
}

TEST(ProveGraph, TheDefaultModelHolds) {
  EXPECT_TRUE(failures_with([](auto&) {}).empty());
}

TEST(ProveGraph, ANodeLeftInFloatIsNamed) {
  const auto failures = failures_with([](compiler::PartialModel& m) {
    m.left_in_float.push_back({{"head_max_pool", "MaxPool"}, "planted", "none", false});
  });
  EXPECT_TRUE(says(failures, "'head_max_pool' (MaxPool) stays in float"));
}

TEST(ProveGraph, AScaleWhereM0BelongsIsNamed) {
  const auto failures = failures_with([](compiler::PartialModel& m) {
    std::get<ir::Conv>(m.graph.nodes[ir::NodeId(0)].operation).requant.m0[5] =
        std::bit_cast<uint32_t>(0.0039f);
  });
  EXPECT_TRUE(says(failures, "stem_conv"));
  EXPECT_TRUE(says(failures, "channel 5"));
}

TEST(ProveGraph, AScaleThatIsNotTheFilesIsNamed) {
  const auto failures = failures_with(
      [](compiler::PartialModel& m) { m.graph.tensors[m.graph.outputs[0].tensor].scale = 0.1; });
  EXPECT_TRUE(says(failures, "is not a positive float32 of the file"));
  EXPECT_TRUE(says(failures, "layer 'classifier'"));
}

TEST(ProveGraph, ALayerThatIsMissingIsNamed) {
  const auto failures = failures_with(
      [](compiler::PartialModel& m) { m.graph.nodes[ir::NodeId(10)].name = "something else"; });
  EXPECT_TRUE(says(failures, "'classifier' (Gemm) is in no layer"));
}

TEST(ProveGraph, ASumThatDoesNotFitIsNamed) {
  const auto failures = failures_with([](compiler::PartialModel& m) {
    std::get<ir::Conv>(m.graph.nodes[ir::NodeId(10)].operation).requant.bias[2] = INT32_MAX - 5;
  });
  EXPECT_TRUE(says(failures, "layer 'classifier': its sum lies between"));
}

TEST(ProveGraph, BytesThatGoBackToTheHostInsideAreFound) {
  const auto failures = failures_with([](compiler::PartialModel& m) {
    m.graph.outputs.push_back(m.graph.outputs[0]);
    m.graph.outputs[1].tensor = ir::output_of(m.graph.nodes[ir::NodeId(3)].operation);
  });
  EXPECT_TRUE(says(failures, "bytes go back to the host inside the network"));
}

std::vector<uint8_t> code_of(const Program& program) {
  std::vector<uint8_t> code;
  for (const auto& instruction : program.instructions) {
    const isa::Word word = isa::encode(instruction);
    code.insert(code.end(), word.begin(), word.end());
  }
  return code;
}

const Program& digits() {
  static const Program kProgram = compiler::compile_model(kDigits, hw::load_config("edge16"));
  return kProgram;
}

TEST(ProveWords, AnyReservedBitOfAnyInstructionIsFound) {
  const std::vector<uint8_t> code = code_of(digits());
  EXPECT_TRUE(certificate::wrong_words(code, digits().config).empty());
  for (size_t i = 0; i < digits().instructions.size(); i += 7) {
    const int used =
        std::visit([](const auto& x) { return x.kUsedBits; }, digits().instructions[i]);
    for (int bit : {used, isa::kInstructionBits - 1}) {
      std::vector<uint8_t> planted = code;
      planted[i * isa::kInstructionBytes + static_cast<size_t>(bit / 8)] ^=
          static_cast<uint8_t>(1 << bit % 8);
      const auto failures = certificate::wrong_words(planted, digits().config);
      ASSERT_EQ(failures.size(), 1u);
      EXPECT_TRUE(failures[0].starts_with("instruction " + std::to_string(i) + ": "));
    }
  }
}

TEST(ProveWords, AnUnknownOpcodeAndAHalfWordAreFound) {
  std::vector<uint8_t> code = code_of(digits());
  code[3 * isa::kInstructionBytes] = 0xEE;
  EXPECT_TRUE(
      says(certificate::wrong_words(code, digits().config), "instruction 3: unknown opcode 0xee"));
  code.resize(code.size() - 1);
  EXPECT_TRUE(
      says(certificate::wrong_words(code, digits().config), "63 bytes behind its last whole word"));
}

TEST(ProveData, EveryByteOfTheDefaultModelHasOneType) {
  const certificate::DataUse use = certificate::follow_data(digits());
  EXPECT_TRUE(use.failures.empty()) << use.failures.front();
  int64_t sum = 0;
  for (int64_t bytes : use.bytes) sum += bytes;
  EXPECT_EQ(sum, static_cast<int64_t>(digits().data.size()));
  EXPECT_EQ(use.bytes[static_cast<size_t>(certificate::Reading::Table)], 6 * 256);
}

TEST(ProveData, BytesThatNobodyReadsAreNamed) {
  Program program = digits();
  const float planted[16] = {0.5f, 1.5f};
  std::vector<uint8_t> bytes(program.data.begin(), program.data.end());
  const size_t at = bytes.size();
  bytes.resize(at + sizeof(planted));
  std::memcpy(bytes.data() + at, planted, sizeof(planted));
  program.data = bytes;
  EXPECT_TRUE(says(
      certificate::follow_data(program).failures,
      "data bytes " + std::to_string(at) + " to " + std::to_string(at + 63) + " are read by no"));
}

TEST(ProveData, BytesOfTwoTypesAreNamed) {
  Program program = digits();
  isa::Drain* first = nullptr;
  for (auto& instruction : program.instructions) {
    if (auto* conv = std::get_if<isa::Conv>(&instruction))
      conv->weights = first ? first->params : conv->weights;
    if (auto* drain = std::get_if<isa::Drain>(&instruction)) first = first ? first : drain;
  }
  EXPECT_TRUE(says(certificate::follow_data(program).failures, "as int8 weight"));
}

TEST(ProveData, AMultiplierBeyond31BitsIsFound) {
  Program program = digits();
  // A negative float where a uint32 m0 is read: its sign is the bit that an m0 does not have.
  const uint32_t planted = std::bit_cast<uint32_t>(-0.0039f);
  uint32_t m0 = 0;
  const auto graph = compiler::load_model(kDigits);
  m0 = std::get<ir::Conv>(graph.nodes[ir::NodeId(0)].operation).requant.m0[0];
  std::vector<uint8_t> bytes(program.data.begin(), program.data.end());
  size_t at = 0;
  while (std::memcmp(bytes.data() + at, &m0, 4) != 0) at += 4;
  std::memcpy(bytes.data() + at, &planted, 4);
  program.data = bytes;
  EXPECT_TRUE(says(certificate::follow_data(program).failures,
                   "uint32 m0 is " + std::to_string(planted) + ", beyond its type"));
}

TEST(ProveData, AStoreOverConstantsIsFound) {
  Program program = digits();
  for (auto& instruction : program.instructions) {
    if (auto* store = std::get_if<isa::Store>(&instruction)) store->dram = program.data_address;
  }
  EXPECT_TRUE(says(certificate::follow_data(program).failures, "overwrites constants"));
}

TEST(Level, NothingCheckedIsNothingProved) {
  EXPECT_FALSE((certificate::Level{.number = 1, .title = "empty"}).holds());
  EXPECT_FALSE(certificate::absent_level(3, "RTL", "no Yosys").holds());
}

TEST(Level, AVerdictThatContradictsItsChecksDoesNotHold) {
  certificate::Json json = {
      {"level", 5}, {"title", "Run"}, {"holds", true}, {"checks", certificate::Json::array()}};
  EXPECT_FALSE(certificate::level_from(json).holds());
  json["checks"].push_back({{"name", "a"}, {"holds", false}, {"detail", "b"}});
  EXPECT_FALSE(certificate::level_from(json).holds());
  json["checks"][0]["holds"] = true;
  EXPECT_TRUE(certificate::level_from(json).holds());
  EXPECT_THROW(certificate::level_from(certificate::Json::object()), UserError);
}

}  // namespace
}  // namespace zahl::cli
