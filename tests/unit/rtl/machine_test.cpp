// Which machines this build has.
#include <filesystem>

#include "isa/error.h"
#include "tests/unit/rtl/small_program.h"

namespace zahl::rtl {
namespace {

TEST(RtlMachine, BuiltPresetsAreFoundByTheirParameters) {
  hw::Config config = hw::load_config("tiny8");
  config.name = "another name";
  EXPECT_TRUE(rtl::has_preset(config));
  config.queue_depth *= 2;
  EXPECT_FALSE(rtl::has_preset(config));
}

TEST(RtlMachine, ConfigurationWithoutRtlIsRefusedWithTheOptionThatAddsIt) {
  hw::Config config = hw::load_config("tiny8");
  config.queue_depth *= 2;
  try {
    rtl::run_rtl(config, memory_of(1, 8), program_of({copy<isa::Load>(config, 0, 0, 8)}), {});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("ZAHL_RTL_PRESETS"), std::string::npos);
  }
}

TEST(RtlMachine, WaveformIsWrittenOrRefusedWithTheOptionThatAddsIt) {
  const hw::Config config = hw::load_config("tiny8");
  RunOptions options;
  options.waveform_path = testing::TempDir() + "zahl_rtl_machine_test.fst";
  std::filesystem::remove(options.waveform_path);
  try {
    rtl::run_rtl(config, memory_of(1, 8), program_of({copy<isa::Load>(config, 0, 0, 8)}), options);
    EXPECT_GT(std::filesystem::file_size(options.waveform_path), 0u);
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("ZAHL_RTL_TRACE"), std::string::npos);
  }
}

TEST(RtlMachine, SameProgramGivesTheSameRun) {
  const hw::Config config = hw::load_config("tiny8");
  const DeviceProgram program =
      program_of({copy<isa::Load>(config, 0, 0, 800), copy<isa::Store>(config, 8192, 2000, 100)});
  const RunResult a = rtl::run_rtl(config, memory_of(7, 4), program, {});
  const RunResult b = rtl::run_rtl(config, memory_of(7, 4), program, {});
  EXPECT_EQ(a.cycles, b.cycles);
  EXPECT_EQ(a.transactions, b.transactions);
  EXPECT_EQ(a.memory, b.memory);
}

}  // namespace
}  // namespace zahl::rtl
