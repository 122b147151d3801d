#include "certificate/levels/check_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "certificate/levels/data_use.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl::certificate {
namespace {

constexpr size_t kMagicBytes = 8;

std::vector<uint8_t> bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void check_sections(const std::vector<ImageSection>& sections, const std::vector<uint8_t>& file,
                    Level& level) {
  static const std::vector<std::string> kKnown = {"CONF", "CODE", "FILL", "DATA", "META"};
  const size_t file_bytes = file.size();
  std::vector<std::string> failures;
  Json list = Json::array();
  uint64_t end = kMagicBytes + 8;
  for (const ImageSection& s : sections) {
    list.push_back({{"name", s.name}, {"offset", s.offset}, {"bytes", s.bytes}});
    if (std::ranges::find(kKnown, s.name) == kKnown.end())
      failures.push_back(fmt::format(
          "section '{}' at byte {} is none of CONF, CODE, FILL, DATA, META", s.name, s.offset));
    const auto bytes = std::span(file).subspan(s.offset, s.bytes);
    if (s.name == "FILL" && std::ranges::any_of(bytes, [](uint8_t byte) { return byte != 0; }))
      failures.push_back(fmt::format("section 'FILL' at byte {} is not all zeros", s.offset));
    if (std::ranges::count(sections, s.name, &ImageSection::name) > 1)
      failures.push_back(fmt::format("section '{}' occurs twice", s.name));
    end = std::max(end, s.offset + s.bytes);
  }
  if (end != file_bytes)
    failures.push_back(fmt::format("{} bytes follow the last section", file_bytes - end));
  add_check(level,
            "the image holds a configuration, code, data and a description, and nothing else",
            failures, fmt::format("{} sections", sections.size()), {{"sections", list}});
}

// Fields of every kind of instruction in the program, each an integer by the instruction set.
void check_words(const std::vector<uint8_t>& file, const ImageSection& code, const Program& program,
                 Level& level) {
  add_check(level,
            "every word decodes, is legal, has no reserved bit set, and encodes to the same bits",
            wrong_words(std::span(file).subspan(code.offset, code.bytes), program.config),
            fmt::format("{} instructions of {} bits", code.bytes / isa::kInstructionBytes,
                        isa::kInstructionBits));
  Json kinds = Json::object();
  std::vector<std::string> failures;
  for (const isa::Instruction& instruction : program.instructions) {
    std::visit(
        [&](const auto& x) {
          Json& kind = kinds[std::string(x.kName)];
          if (!kind.is_null()) return void(kind["count"] = kind["count"].template get<int>() + 1);
          kind = {{"count", 1}, {"fields", Json::object()}};
          const auto note = [&](const isa::FieldInfo& info, const auto& value) {
            using Value = std::remove_cvref_t<decltype(value)>;
            // Every field's C++ type comes from the same table as its bits.
            if constexpr (!std::is_integral_v<Value> && !std::is_enum_v<Value>)
              failures.push_back(fmt::format("{}.{} is no integer", x.kName, info.name));
            kind["fields"][std::string(info.name)] =
                fmt::format("{}{}", info.is_signed ? "int" : "uint", info.bits);
          };
          for_each_field(x.common, note);
          for_each_field(x, note);
        },
        instruction);
  }
  add_check(level, "every field of every instruction is an integer or a name for one", failures,
            fmt::format("{} kinds of instruction", kinds.size()), {{"instructions", kinds}});
}

void check_data(const Program& program, Level& level) {
  const DataUse use = follow_data(program);
  Json bytes = Json::object();
  std::string detail;
  for (size_t i = 0; i < use.bytes.size(); ++i) {
    if (use.bytes[i] == 0) continue;
    bytes[kReadingNames[i]] = use.bytes[i];
    detail += fmt::format("{}{} {}", detail.empty() ? "" : ", ", use.bytes[i], kReadingNames[i]);
  }
  add_check(
      level, "every byte of the data is read by an instruction, always with the same integer type",
      use.failures, fmt::format("{} bytes: {}", program.data.size(), detail), {{"bytes", bytes}});
}

void check_origin(const Program& program, const Program& recompiled, Level& level) {
  std::vector<std::string> failures;
  if (program.instructions.size() != recompiled.instructions.size()) {
    failures.push_back(fmt::format("it has {} instructions, the compiler makes {}",
                                   program.instructions.size(), recompiled.instructions.size()));
  } else {
    for (size_t i = 0; i < program.instructions.size(); ++i) {
      if (isa::encode(program.instructions[i]) != isa::encode(recompiled.instructions[i])) {
        failures.push_back(fmt::format("instruction {} is not what the compiler makes: {}", i,
                                       isa::disassemble(program.instructions[i])));
      }
    }
  }
  const auto [a, b] = std::ranges::mismatch(program.data, recompiled.data);
  if (a != program.data.end() || b != recompiled.data.end())
    failures.push_back(
        fmt::format("data byte {} is not what the compiler makes", a - program.data.begin()));
  add_check(level, "the program is what the compiler makes of the model", failures,
            "every instruction and every byte of the data");
}

}  // namespace

std::vector<ImageSection> sections_of_image(const std::vector<uint8_t>& file) {
  std::vector<ImageSection> sections;
  size_t at = kMagicBytes + 4;
  const auto number = [&]<class T>(T) {
    T value{};
    if (file.size() - std::min(at, file.size()) < sizeof(T))
      throw UserError("the header is cut short");
    std::memcpy(&value, file.data() + at, sizeof(T));
    at += sizeof(T);
    return value;
  };
  const auto count = number(uint32_t{});
  for (uint32_t i = 0; i < count; ++i) {
    ImageSection s;
    const auto name = number(std::array<char, 4>{});
    s.name.assign(name.data(), name.size());
    s.bytes = number(uint64_t{});
    number(uint32_t{});  // its checksum, which load_program checks
    s.offset = at;
    if (s.bytes > file.size() - at)
      throw UserError(fmt::format("section '{}' is cut short", s.name));
    at += s.bytes;
    sections.push_back(std::move(s));
  }
  return sections;
}

std::vector<std::string> wrong_words(std::span<const uint8_t> code, const hw::Config& config) {
  std::vector<std::string> failures;
  if (code.size() % isa::kInstructionBytes != 0)
    failures.push_back(fmt::format("the code ends {} bytes behind its last whole word",
                                   code.size() % isa::kInstructionBytes));
  for (size_t i = 0; i < code.size() / isa::kInstructionBytes; ++i) {
    isa::Word word;
    std::memcpy(word.data(), code.data() + i * word.size(), word.size());
    std::string why;
    const auto instruction = isa::decode_legal(word, config, &why);
    if (!instruction) {
      failures.push_back(fmt::format("instruction {}: {}", i, why));
    } else if (isa::encode(*instruction) != word) {
      failures.push_back(fmt::format("instruction {}: it encodes to other bits: {}", i,
                                     isa::disassemble(*instruction)));
    }
  }
  return failures;
}

Level check_image(const std::string& path, const Program* recompiled) {
  const auto start = std::chrono::steady_clock::now();
  Level level{.number = 2, .title = "Program"};
  const std::vector<uint8_t> file = bytes_of(path);
  level.hashes[path] = sha256_of_file(path);
  level.tools["instruction set"] = std::to_string(isa::kVersion);
  try {
    const auto sections = sections_of_image(file);
    check_sections(sections, file, level);
    const Program program = load_program(path);
    const auto code = std::ranges::find(sections, std::string("CODE"), &ImageSection::name);
    check_words(file, *code, program, level);
    check_data(program, level);
    if (recompiled != nullptr) check_origin(program, *recompiled, level);
  } catch (const UserError& error) {
    add_check(level, "the image is whole and every word of it is an instruction", {error.what()},
              "");
  }
  level.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return level;
}

}  // namespace zahl::certificate
