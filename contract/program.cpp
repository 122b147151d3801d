#include "contract/program.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "isa/config.h"
#include "isa/encoding.h"
#include "isa/error.h"

namespace zahl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMagic = "ZAHLPROG";
constexpr uint32_t kFormatVersion = 2;
constexpr uint64_t kLargestMemory = uint64_t{1} << 32;
constexpr uint64_t kSectionHead = 16, kPage = 4096;

void put_u32(std::string& out, uint32_t v) { out.append(reinterpret_cast<const char*>(&v), 4); }
void put_u64(std::string& out, uint64_t v) { out.append(reinterpret_cast<const char*>(&v), 8); }

uint32_t crc_of(std::string_view bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

Json to_json(const HostTensor& t) {
  return {{"name", t.name},
          {"type", t.type},
          {"shape", t.shape},
          {"nhwc", t.nhwc},
          {"scale", t.scale},
          {"bytes", t.bytes},
          {"zero_point", t.zero_point},
          {"channels_first", t.channels_first},
          {"address", t.address}};
}

HostTensor host_tensor(const Json& j) {
  HostTensor t;
  j.at("name").get_to(t.name);
  j.at("type").get_to(t.type);
  j.at("shape").get_to(t.shape);
  j.at("nhwc").get_to(t.nhwc);
  j.at("scale").get_to(t.scale);
  j.at("bytes").get_to(t.bytes);
  j.at("zero_point").get_to(t.zero_point);
  j.at("channels_first").get_to(t.channels_first);
  j.at("address").get_to(t.address);
  return t;
}

Json to_json(const Estimate& e) {
  return {{"memory", e.memory.name},
          {"latency_cycles", e.memory.latency_cycles},
          {"bytes_per_cycle", e.memory.bytes_per_cycle},
          {"cycles", e.cycles},
          {"layer_cycles", e.layer_cycles}};
}

Estimate estimate(const Json& j, size_t layers) {
  Estimate e;
  j.at("memory").get_to(e.memory.name);
  j.at("latency_cycles").get_to(e.memory.latency_cycles);
  j.at("bytes_per_cycle").get_to(e.memory.bytes_per_cycle);
  j.at("cycles").get_to(e.cycles);
  j.at("layer_cycles").get_to(e.layer_cycles);
  if (e.layer_cycles.size() != layers) throw UserError("its estimate is of other layers");
  return e;
}

std::string config_text(const hw::Config& config) {
  std::string text = fmt::format("name = \"{}\"\n", config.name);
  for (const auto& p : hw::kParameters) text += fmt::format("{} = {}\n", p.name, config.*p.member);
  return text;
}

hw::Config config_from(std::string_view text) {
  hw::Config config;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find(" = ");
    if (equals == std::string::npos) throw UserError("its configuration is damaged");
    const std::string key = line.substr(0, equals), value = line.substr(equals + 3);
    if (key == "name" && value.size() >= 2) config.name = value.substr(1, value.size() - 2);
    for (const auto& p : hw::kParameters) {
      if (p.name == key) config.*p.member = std::stoi(value);
    }
  }
  for (const auto& p : hw::kParameters) {
    const int v = config.*p.member;
    if (v < p.minimum || v > p.maximum)
      throw UserError(fmt::format("{} = {} is out of range", p.name, v));
  }
  hw::check_config(config);
  return config;
}

// Layers of consecutive instructions are stored as (layer, count) runs.
Json runs_of(const std::vector<int32_t>& layers) {
  Json runs = Json::array();
  for (size_t i = 0; i < layers.size();) {
    size_t j = i;
    while (j < layers.size() && layers[j] == layers[i]) ++j;
    runs.push_back({layers[i], j - i});
    i = j;
  }
  return runs;
}

std::string meta_text(const Program& p) {
  Json meta = {{"network", p.network},           {"source_format", p.source_format},
               {"source_hash", p.source_hash},   {"program_address", p.program_address},
               {"data_address", p.data_address}, {"memory_bytes", p.memory_bytes}};
  for (const auto& t : p.inputs) meta["inputs"].push_back(to_json(t));
  for (const auto& t : p.outputs) meta["outputs"].push_back(to_json(t));
  meta["layers"] = Json::array();
  for (const auto& l : p.layers) {
    meta["layers"].push_back({{"name", l.name},
                              {"type", l.type},
                              {"macs", l.macs},
                              {"first_instruction", l.first_instruction},
                              {"weight_bytes", l.weight_bytes}});
  }
  meta["layer_runs"] = runs_of(p.layer_of_instruction);
  meta["least_traffic"] = {p.least_traffic.weights, p.least_traffic.ports,
                           p.least_traffic.large_maps};
  if (p.estimate) meta["estimate"] = to_json(*p.estimate);
  return meta.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void read_meta(std::string_view text, Program& p) {
  const Json meta = Json::parse(text);
  meta.at("network").get_to(p.network);
  meta.at("source_format").get_to(p.source_format);
  meta.at("source_hash").get_to(p.source_hash);
  meta.at("program_address").get_to(p.program_address);
  meta.at("data_address").get_to(p.data_address);
  meta.at("memory_bytes").get_to(p.memory_bytes);
  for (const auto& j : meta.at("inputs")) p.inputs.push_back(host_tensor(j));
  for (const auto& j : meta.at("outputs")) p.outputs.push_back(host_tensor(j));
  for (const auto& j : meta.at("layers")) {
    p.layers.push_back({j.at("name"), j.at("type"), j.at("macs"), j.at("first_instruction"),
                        j.at("weight_bytes")});
  }
  const Json& least = meta.at("least_traffic");
  p.least_traffic = {least.at(0), least.at(1), least.at(2)};
  if (meta.contains("estimate")) p.estimate = estimate(meta.at("estimate"), p.layers.size());
  for (const auto& run : meta.at("layer_runs")) {
    const auto count = run.at(1).get<size_t>();
    if (p.layer_of_instruction.size() + count > p.instructions.size())
      throw UserError("its layer map is too long");
    p.layer_of_instruction.insert(p.layer_of_instruction.end(), count, run.at(0).get<int32_t>());
  }
}

// Addresses and sizes must lie inside the memory before anything is placed there.
void check_places(const Program& p) {
  const auto inside = [&](uint64_t address, uint64_t bytes) {
    return address <= p.memory_bytes && bytes <= p.memory_bytes - address;
  };
  bool sound = p.memory_bytes <= kLargestMemory && p.program_address % 512 == 0 &&
               inside(p.program_address, p.instructions.size() * isa::kInstructionBytes) &&
               inside(p.data_address, p.data.size()) &&
               p.layer_of_instruction.size() == p.instructions.size();
  const auto check_tensor = [&](const HostTensor& t) {
    uint64_t elements = 1;
    for (int d : t.nhwc) {
      sound = sound && d >= 1 && d <= (1 << 24);
      elements *= static_cast<uint64_t>(std::max(d, 1));
      sound = sound && elements <= kLargestMemory;
      if (!sound) return;
    }
    uint64_t seen = 1;  // elements as the user counts them
    for (int64_t d : t.shape) {
      sound = sound && d >= 1 && d <= (1 << 24);
      seen *= static_cast<uint64_t>(std::max<int64_t>(d, 1));
      sound = sound && seen <= kLargestMemory;
      if (!sound) return;
    }
    sound = sound && elements == t.bytes && seen == elements && inside(t.address, t.bytes);
    sound = sound && (t.type == "float32" || t.type == "int8" || t.type == "uint8");
  };
  for (const auto& t : p.inputs) check_tensor(t);
  for (const auto& t : p.outputs) check_tensor(t);
  for (int32_t layer : p.layer_of_instruction)
    sound = sound && layer < static_cast<int32_t>(p.layers.size());
  if (!sound) throw UserError("it places data outside of its memory");
}

void decode_code(std::string_view code, Program& p) {
  if (code.size() % isa::kInstructionBytes != 0)
    throw UserError("its code is not whole instructions");
  p.instructions.reserve(code.size() / isa::kInstructionBytes);
  for (size_t at = 0; at < code.size(); at += isa::kInstructionBytes) {
    isa::Word word;
    std::memcpy(word.data(), code.data() + at, word.size());
    std::string why;
    const auto instruction = isa::decode_legal(word, p.config, &why);
    if (!instruction)
      throw UserError(fmt::format("instruction {}: {}", at / isa::kInstructionBytes, why));
    p.instructions.push_back(*instruction);
  }
}

std::map<std::string_view, std::string_view> sections_of(std::string_view file) {
  size_t at = kMagic.size();
  const auto take = [&](size_t count) {
    if (count > file.size() - at) throw UserError("it is cut short");
    at += count;
    return file.substr(at - count, count);
  };
  const auto number = [&]<class T>(T) {
    T v;
    std::memcpy(&v, take(sizeof(T)).data(), sizeof(T));
    return v;
  };
  const auto version = number(uint32_t{});
  if (version != kFormatVersion) {
    throw UserError(
        fmt::format("it has format version {}, this program reads {}; compile the model again",
                    version, kFormatVersion));
  }
  std::map<std::string_view, std::string_view> sections;
  const auto count = number(uint32_t{});
  if (count > 16) throw UserError("its header is damaged");
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view name = take(4);
    const auto size = number(uint64_t{});
    const auto crc = number(uint32_t{});
    const std::string_view bytes = take(size);
    if (crc_of(bytes) != crc) throw UserError(fmt::format("its section {} is damaged", name));
    sections[name] = bytes;
  }
  for (const char* name : {"CONF", "CODE", "DATA", "META"}) {
    if (!sections.contains(name)) throw UserError(fmt::format("it lacks the section {}", name));
  }
  return sections;
}

}  // namespace

int64_t Program::macs() const {
  int64_t sum = 0;
  for (const auto& layer : layers) sum += layer.macs;
  return sum;
}

void save_program(const Program& program, const std::filesystem::path& path) {
  std::string code;
  code.reserve(program.instructions.size() * isa::kInstructionBytes);
  for (const auto& instruction : program.instructions) {
    const isa::Word word = isa::encode(instruction);
    code.append(reinterpret_cast<const char*>(word.data()), word.size());
  }
  const std::string_view data(reinterpret_cast<const char*>(program.data.data()),
                              program.data.size());

  const std::filesystem::path part = path.string() + ".part";
  std::ofstream out(part, std::ios::binary);
  uint64_t written = 0;
  const auto put = [&](std::string_view bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    written += bytes.size();
  };
  const auto section = [&](const char* name, std::string_view bytes) {
    std::string head(name);
    put_u64(head, bytes.size());
    put_u32(head, crc_of(bytes));
    put(head);
    put(bytes);
  };
  std::string head(kMagic);
  put_u32(head, kFormatVersion);
  put_u32(head, 5);
  put(head);
  section("CONF", config_text(program.config));
  section("CODE", code);
  // Behind the heads of FILL and DATA, DATA's first byte has its place in a page.
  section("FILL", std::string((program.data_address - written - 2 * kSectionHead) % kPage, '\0'));
  section("DATA", data);
  section("META", meta_text(program));
  out.close();
  std::error_code error;
  if (out.good()) std::filesystem::rename(part, path, error);
  if (!out.good() || error) {
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    throw UserError(fmt::format(
        "{}: cannot write the program; check the folder and the space on the disk", path.string()));
  }
}

bool is_program_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string magic(kMagic.size(), '\0');
  in.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return in.good() && magic == kMagic;
}

Program load_program(const std::filesystem::path& path) {
  try {
    if (!std::filesystem::is_regular_file(path)) throw UserError("no such file");
    const auto file = FileMapping::open(path);
    if (!file->bytes().starts_with(kMagic))
      throw UserError("it is not a Zahl program; make one with zahl compile");
    const auto sections = sections_of(file->bytes());
    Program program;
    program.config = config_from(sections.at("CONF"));
    decode_code(sections.at("CODE"), program);
    const std::string_view data = sections.at("DATA");
    program.data =
        Constants(file, static_cast<size_t>(data.data() - file->bytes().data()), data.size());
    read_meta(sections.at("META"), program);
    check_places(program);
    return program;
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}: {}", path.string(), error.what()));
  } catch (const std::exception&) {
    throw UserError(
        fmt::format("{}: its description is damaged; compile the model again", path.string()));
  }
}

DeviceProgram device_program(const Program& program) {
  DeviceProgram device;
  device.memory.resize(program.memory_bytes);
  device.program_address = program.program_address;
  device.instruction_count = static_cast<uint32_t>(program.instructions.size());
  uint8_t* code = device.memory.data() + program.program_address;
  for (const auto& instruction : program.instructions) {
    const isa::Word word = isa::encode(instruction);
    std::memcpy(code, word.data(), word.size());
    code += word.size();
  }
  program.data.place(device.memory, program.data_address);
  return device;
}

}  // namespace zahl
