#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/compiler/frontend_onnx_builder.h"

namespace zahl::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(LoadModel, NamesAMissingFile) {
  EXPECT_THAT(error_of("/nowhere/net.onnx"),
              AllOf(HasSubstr("/nowhere/net.onnx"), HasSubstr("does not exist")));
}

TEST(LoadModel, RefusesADirectory) {
  EXPECT_THAT(error_of(std::filesystem::temp_directory_path()), HasSubstr("directory"));
}

TEST(LoadModel, RefusesAnEmptyFile) {
  EXPECT_THAT(error_of_bytes(""), HasSubstr("the file is empty"));
}

TEST(LoadModel, RefusesText) {
  EXPECT_THAT(error_of_bytes("hello, this is no network\n"),
              HasSubstr("neither a TFLite model nor an intact ONNX"));
}

TEST(LoadModel, RefusesATfliteHeaderWithoutAModel) {
  EXPECT_THAT(error_of_bytes(std::string("\x1c\0\0\0TFL3", 8) + std::string(100, '\xff')),
              HasSubstr("damaged or cut short"));
}

OnnxBuilder small_network() {
  OnnxBuilder b;
  b.input("x", {1, 2, 4, 4}).output("y_dq");
  const std::string x = b.qdq("x", 0.1f, 0), w = b.weights("w", {2, 2, 1, 1}, {1, 2, 3, 4}, 0.5f);
  b.node("Conv", {x, w}, "y");
  b.qdq("y", 0.2f, 0);
  return b;
}

TEST(LoadModel, ATruncatedFileIsAMessageOrStillAWholeModel) {
  const std::string whole = small_network().bytes();
  ASSERT_EQ(error_of_bytes(whole), "");
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string error = error_of_bytes(whole.substr(0, length));
    EXPECT_THAT(error, testing::AnyOf("", EndsWith("."))) << length;
  }
}

TEST(LoadModel, SurvivesDamagedFiles) {
  const std::string whole = small_network().bytes();
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = whole;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<char>(random());
    error_of_bytes(damaged);  // a UserError or a graph, nothing else
  }
}

TEST(LoadModel, MessagesAreOneLineOfPrintableText) {
  OnnxBuilder b = small_network();
  b.model().mutable_graph()->mutable_node(3)->set_op_type("Evil\n\x1b[31m");
  const std::string error = b.error();
  EXPECT_THAT(error, HasSubstr("Evil??[31m"));
  EXPECT_THAT(error, Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace zahl::test
