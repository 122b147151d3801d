#include "certificate/levels/interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace zahl::certificate {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// A program that says `text` and ends with `code`, whatever it is asked.
std::string fake(const std::string& name, const std::string& text, int code) {
  const fs::path path = fs::path(testing::TempDir()) / ("zahl_interpreter_" + name);
  std::ofstream(path) << "#!/bin/sh\necho '" << text << "' >&2\nexit " << code << "\n";
  fs::permissions(path, fs::perms::owner_all);
  return path.string();
}

TEST(Interpreter, TheFirstThatWorksIsUsed) {
  const std::string works = fake("works", "", 0), second = fake("second", "", 0);
  EXPECT_EQ(find_interpreter({fake("broken", "", 1), works, second}, {}).path, works);
}

TEST(Interpreter, WithoutOneTheSentenceNamesEachAndItsFault) {
  const std::string old = fake("old", "it is Python 3.9", 1), mute = fake("mute", "", 127);
  const Interpreter none = find_interpreter({"/nowhere/python3", old, mute}, {"numpy"});
  EXPECT_EQ(none.path, "");
  EXPECT_THAT(none.sentence, HasSubstr("with numpy"));
  EXPECT_THAT(none.sentence, HasSubstr("/nowhere/python3 (it does not exist)"));
  EXPECT_THAT(none.sentence, HasSubstr(old + " (it is Python 3.9)"));
  EXPECT_THAT(none.sentence, HasSubstr(mute + " (it does not start)"));
}

TEST(Interpreter, AnExplicitOneIsTheOnlyCandidate) {
  setenv("ZAHL_PYTHON", "/some/python", 1);
  EXPECT_EQ(python_candidates("/tree"), std::vector<std::string>{"/some/python"});
  unsetenv("ZAHL_PYTHON");
  EXPECT_EQ(python_candidates("/tree").front(), "/tree/build/venv/bin/python");
}

TEST(Interpreter, ThoseOfPathComeLastAndOnce) {
  setenv("PATH", (std::string("/usr/bin:") + testing::TempDir()).c_str(), 1);
  unsetenv("ZAHL_PYTHON");
  const auto found = python_candidates("/tree");
  EXPECT_EQ(std::count(found.begin(), found.end(), "/usr/bin/python3"), 1);
}

}  // namespace
}  // namespace zahl::certificate
