#include "contract/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "isa/config.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl {
namespace {

Program sample() {
  Program p;
  p.config = hw::load_config("edge16");
  p.network = "sample net";
  p.source_format = "onnx";
  p.source_hash = "0123456789abcdef";
  isa::Load load;
  load.dram = 4096, load.row_bytes = 3, load.common.write_banks = 1;
  isa::Store store;
  store.dram = 8000, store.row_bytes = 3, store.common.wait[0] = 1, store.common.read_banks = 1;
  p.instructions = {load, store};
  p.layer_of_instruction = {0, -1};
  p.data = {1, 2, 3, 4, 5};
  p.program_address = 512;
  p.data_address = 4096;
  p.memory_bytes = 8192;
  p.inputs = {{"in put", "float32", {1, 3}, {1, 1, 1, 3}, true, 0.125, -3, 4096, 3}};
  p.outputs = {{"out", "uint8", {3}, {1, 1, 1, 3}, false, 2.0, 0, 8000, 3}};
  p.layers = {{"conv_1", "Conv", 1234, 7}};
  return p;
}

class ProgramFile : public testing::Test {
 protected:
  void SetUp() override { save_program(sample(), path_); }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  std::string complaint() const {
    try {
      load_program(path_);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }
  // What saving and loading a changed program is told.
  std::string complaint_about(const Program& program) const {
    save_program(program, path_);
    return complaint();
  }
  // Tests run side by side, each in its own process.
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("zahl_") + testing::UnitTest::GetInstance()->current_test_info()->name() +
       ".zprog");
};

TEST_F(ProgramFile, ComesBackWhole) {
  const Program a = sample(), b = load_program(path_);
  EXPECT_EQ(a.config, b.config);
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.source_format, b.source_format);
  EXPECT_EQ(a.source_hash, b.source_hash);
  EXPECT_EQ(a.instructions, b.instructions);
  EXPECT_EQ(a.layer_of_instruction, b.layer_of_instruction);
  EXPECT_EQ(a.data, b.data);
  EXPECT_EQ(a.program_address, b.program_address);
  EXPECT_EQ(a.data_address, b.data_address);
  EXPECT_EQ(a.memory_bytes, b.memory_bytes);
  ASSERT_EQ(b.inputs.size(), 1u);
  EXPECT_EQ(b.inputs[0].name, "in put");
  EXPECT_EQ(b.inputs[0].type, "float32");
  EXPECT_EQ(b.inputs[0].shape, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(b.inputs[0].nhwc, (std::array<int, 4>{1, 1, 1, 3}));
  EXPECT_TRUE(b.inputs[0].channels_first);
  EXPECT_EQ(b.inputs[0].scale, 0.125);
  EXPECT_EQ(b.inputs[0].zero_point, -3);
  EXPECT_EQ(b.inputs[0].address, 4096u);
  EXPECT_EQ(b.inputs[0].bytes, 3u);
  ASSERT_EQ(b.layers.size(), 1u);
  EXPECT_EQ(b.layers[0].macs, 1234);
  EXPECT_EQ(b.layers[0].first_instruction, 7u);
  EXPECT_EQ(b.macs(), 1234);
}

TEST_F(ProgramFile, ComesBackWithANameOfSeveralWords) {
  Program p = sample();
  p.config.name = "my own machine";
  save_program(p, path_);
  EXPECT_EQ(load_program(path_).config, p.config);
}

TEST_F(ProgramFile, IsToldFromOtherFiles) {
  EXPECT_TRUE(is_program_file(path_));
  write("PK something else");
  EXPECT_FALSE(is_program_file(path_));
  EXPECT_NE(complaint().find("not a Zahl program"), std::string::npos);
  write("");
  EXPECT_FALSE(is_program_file(path_));
}

TEST_F(ProgramFile, TruncationsAreRefused) {
  const std::string whole = bytes();
  for (size_t size = 0; size < whole.size(); size += size < 64 ? 1 : 7) {
    write(whole.substr(0, size));
    ASSERT_NE(complaint(), "") << "of " << whole.size() << " bytes the first " << size;
  }
}

TEST_F(ProgramFile, FlippedBitsAreRefused) {
  const std::string whole = bytes();
  for (size_t at = 0; at < whole.size(); at += at < 64 ? 1 : 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(damaged);
    ASSERT_NE(complaint(), "") << "byte " << at;
  }
}

TEST_F(ProgramFile, ErrorsNameTheFile) {
  write(bytes().substr(0, 100));
  EXPECT_NE(complaint().find(path_.string()), std::string::npos);
  path_ = "/no/such/file.zprog";
  EXPECT_NE(complaint().find("/no/such/file.zprog: no such file"), std::string::npos);
}

TEST_F(ProgramFile, ContentsOutsideTheMemoryAreRefused) {
  const auto changed = [this](auto change) {
    Program p = sample();
    change(p);
    return complaint_about(p);
  };
  EXPECT_EQ(changed([](Program&) {}), "");
  EXPECT_NE(changed([](Program& p) { p.data_address = 8190; }), "");
  EXPECT_NE(changed([](Program& p) { p.data_address = ~uint64_t{0}; }), "");
  EXPECT_NE(changed([](Program& p) { p.program_address = 520; }), "");
  EXPECT_NE(changed([](Program& p) { p.program_address = 8192; }), "");
  EXPECT_NE(changed([](Program& p) { p.outputs[0].address = 8190; }), "");
  EXPECT_NE(changed([](Program& p) { p.outputs[0].nhwc[3] = 4; }), "");
  EXPECT_NE(changed([](Program& p) { p.inputs[0].type = "int4"; }), "");
  EXPECT_NE(changed([](Program& p) { p.inputs[0].shape = {1, 4}; }), "");
  EXPECT_NE(changed([](Program& p) { p.inputs[0].shape = {-1, -3}; }), "");
  EXPECT_NE(changed([](Program& p) { p.layer_of_instruction = {0, 1}; }), "");
}

TEST_F(ProgramFile, ANetworkWithoutALayerHasNoInstruction) {
  Program p = sample();
  p.instructions.clear();
  p.layer_of_instruction.clear();
  EXPECT_EQ(complaint_about(p), "");
}

TEST_F(ProgramFile, AnInstructionThatTheMachineRefusesIsNamed) {
  Program p = sample();
  isa::common_of(p.instructions[1]).read_banks = 1u << 16;
  const std::string said = complaint_about(p);
  EXPECT_NE(said.find("instruction 1"), std::string::npos) << said;
}

TEST_F(ProgramFile, CannotBeWrittenWhereThereIsNoFolder) {
  EXPECT_THROW(save_program(sample(), "/no/such/folder/x.zprog"), UserError);
}

// Constants of a file stand in the image as if they had been copied, and writing the image does not
// write the file.
TEST_F(ProgramFile, ConstantsAreTheSameMappedOrCopied) {
  for (const uint64_t address : {4096, 4097, 5000, 8191}) {
    for (const size_t size : {0, 1, 4095, 4096, 9000, 20000}) {
      Program p = sample();
      std::vector<uint8_t> bytes(size);
      for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 37 + i / 251);
      p.data = bytes;
      p.data_address = address;
      p.memory_bytes = 65536;
      save_program(p, path_);
      const std::string file = this->bytes();
      DeviceProgram mapped = device_program(load_program(path_));
      ASSERT_TRUE(mapped.memory == device_program(p).memory) << size << " bytes at " << address;
      std::ranges::fill(mapped.memory, uint8_t{0xAA});
      ASSERT_TRUE(this->bytes() == file);
    }
  }
}

TEST_F(ProgramFile, ConstantsThatStandElsewhereInTheirPageAreCopied) {
  Program p = sample();
  p.data = std::vector<uint8_t>(30000, 7);
  p.memory_bytes = 65536;
  save_program(p, path_);
  const auto file = FileMapping::open(path_);
  MemoryImage image(65536);
  image.place(*file, 3, 20000, 4096);
  EXPECT_TRUE(std::equal(image.begin() + 4096, image.begin() + 24096, file->bytes().begin() + 3,
                         [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }));
  EXPECT_EQ(image[4095], 0);
  EXPECT_EQ(image[24096], 0);
}

TEST(MemoryImage, GrowsWithZerosAlsoAfterItHasShrunk) {
  MemoryImage image(std::vector<uint8_t>(10000, 5));
  image.resize(5000);
  image.resize(10000);
  EXPECT_EQ(image[4999], 5);
  EXPECT_TRUE(std::all_of(image.begin() + 5000, image.end(), [](uint8_t b) { return b == 0; }));
  const MemoryImage copy = image;
  image[0] = 6;
  EXPECT_FALSE(copy == image);
}

TEST(DeviceImage, HoldsInstructionsAndConstantsAtTheirAddresses) {
  const Program p = sample();
  const DeviceProgram device = device_program(p);
  EXPECT_EQ(device.memory.size(), 8192u);
  EXPECT_EQ(device.instruction_count, 2u);
  EXPECT_EQ(device.program_address, 512u);
  const isa::Word second = isa::encode(p.instructions[1]);
  EXPECT_TRUE(std::equal(second.begin(), second.end(), device.memory.begin() + 512 + 64));
  EXPECT_EQ(device.memory[4096], 1);
  EXPECT_EQ(device.memory[4100], 5);
  EXPECT_EQ(device.memory[0], 0);
}

}  // namespace
}  // namespace zahl
