#include "isa/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "isa/error.h"

namespace zahl::hw {
namespace {

// What a user is told; empty when nothing is thrown.
template <class F>
std::string complaint(F&& act) {
  try {
    act();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

void expect_complaint(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "said: " << text;
}

class ConfigFile : public testing::Test {
 protected:
  std::string write(const std::string& text) const {
    const auto path = std::filesystem::path(testing::TempDir()) /
                      (std::string("zahl_") +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".toml");
    std::ofstream(path) << text;
    return path.string();
  }
  static std::string text_of(const Config& config) {
    std::string text;
    for (const auto& p : kParameters)
      text += std::string(p.name) + " = " + std::to_string(config.*p.member) + "\n";
    return text;
  }
};

TEST(ConfigPresets, AreAllSound) {
  for (const std::string& name : machine_preset_names()) {
    const Config config = load_config(name);
    EXPECT_EQ(config.name, name);
    EXPECT_NO_THROW(check_config(config));
  }
  for (const std::string& name : memory_preset_names())
    EXPECT_GE(load_memory(name).latency_cycles, 1);
  EXPECT_EQ(load_config("edge16").multipliers(), 256);
  EXPECT_EQ(load_config("tiny8").rows, 8);
  EXPECT_EQ(load_memory("dram").latency_cycles, 100);
}

TEST(ConfigPresets, UnknownNameListsTheKnownOnes) {
  expect_complaint(complaint([] { load_config("edge17"); }), "edge16");
  expect_complaint(complaint([] { load_memory("sram"); }), "onchip");
}

TEST_F(ConfigFile, GivesTheSameAsThePresetItCopies) {
  Config copy = load_config(write(text_of(load_config("tiny8"))));
  copy.name = "tiny8";
  EXPECT_EQ(copy, load_config("tiny8"));
}

TEST_F(ConfigFile, MissingUnknownAndWrongKeysAreRefused) {
  const std::string text = text_of(load_config("edge16"));
  expect_complaint(complaint([&] { load_config(write("rows = 16\n")); }), "columns");
  expect_complaint(complaint([&] { load_config(write(text + "colour = 1\n")); }), "colour");
  expect_complaint(complaint([&] { load_config(write(text + "rows = 8\n")); }), "line");
  std::string real = text;
  real.replace(real.find("rows = 16"), 9, "rows = 16.0");
  expect_complaint(complaint([&] { load_config(write(real)); }), "rows");
}

TEST_F(ConfigFile, RangesPowersAndRelationsAreChecked) {
  const auto with = [&](int Config::*member, int value) {
    Config config = load_config("edge16");
    config.*member = value;
    return complaint([&] { load_config(write(text_of(config))); });
  };
  expect_complaint(with(&Config::rows, 4), "rows");
  expect_complaint(with(&Config::rows, 12), "power of two");
  expect_complaint(with(&Config::rows, 32), "line_bytes");
  expect_complaint(with(&Config::columns, 32), "line_bytes");
  expect_complaint(with(&Config::bus_bytes, 32), "line_bytes");
  expect_complaint(with(&Config::scratchpad_bank_bytes, 1 << 20), "scratchpad_bank_bytes");
  EXPECT_EQ(with(&Config::line_bytes, 32), "");
}

TEST_F(ConfigFile, MemoryFilesAreCheckedToo) {
  EXPECT_EQ(load_memory(write("latency_cycles = 7\nbytes_per_cycle = 3\n")).bytes_per_cycle, 3);
  expect_complaint(
      complaint([&] { load_memory(write("latency_cycles = 0\nbytes_per_cycle = 3\n")); }),
      "latency_cycles");
  expect_complaint(complaint([&] { load_memory(write("latency_cycles = 7\n")); }),
                   "bytes_per_cycle");
}

TEST(ConfigSettings, ChangeMachineAndMemory) {
  Config config = load_config("edge16");
  MemoryConfig memory = load_memory("dram");
  apply_settings({"queue_depth=4", "memory.latency_cycles=9"}, config, memory);
  EXPECT_EQ(config.queue_depth, 4);
  EXPECT_EQ(memory.latency_cycles, 9);
  EXPECT_NE(config.name, "edge16");
}

TEST(ConfigSettings, MistakesAreNamed) {
  const auto said = [](const std::string& setting) {
    Config config = load_config("edge16");
    MemoryConfig memory;
    return complaint([&] { apply_settings({setting}, config, memory); });
  };
  expect_complaint(said("queue_depth"), "key=value");
  expect_complaint(said("queue_depth=x"), "integer");
  expect_complaint(said("queue_depth=4x"), "integer");
  expect_complaint(said("queue_depth=64"), "2 to 32");
  expect_complaint(said("queue_depth=5"), "power of two");
  expect_complaint(said("memory.latency=1"), "memory.latency_cycles");
}

}  // namespace
}  // namespace zahl::hw
