#include "isa/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

#include "isa/error.h"

namespace zahl::hw {
namespace {

#include "generated/presets.inc"

template <size_t N>
using Presets = std::array<std::pair<std::string_view, std::string_view>, N>;

template <size_t N>
std::vector<std::string> names_of(const Presets<N>& presets) {
  std::vector<std::string> names;
  for (const auto& [name, text] : presets) names.emplace_back(name);
  return names;
}

// The parsed preset or file, and the name to call it by.
template <size_t N>
std::pair<toml::table, std::string> read_toml(const std::string& preset_or_path,
                                              const Presets<N>& presets, std::string_view what) {
  for (const auto& [name, text] : presets) {
    if (name == preset_or_path) return {toml::parse(text), preset_or_path};
  }
  const std::filesystem::path path(preset_or_path);
  if (path.extension() != ".toml" || !std::filesystem::is_regular_file(path)) {
    throw UserError(fmt::format("{}: no such {}; give one of {} or a .toml file", preset_or_path,
                                what, fmt::join(names_of(presets), ", ")));
  }
  try {
    return {toml::parse_file(path.string()), path.stem().string()};
  } catch (const toml::parse_error& error) {
    throw UserError(fmt::format("{}: line {}: {}", preset_or_path, error.source().begin.line,
                                error.description()));
  }
}

int integer_at(const toml::table& table, std::string_view key, const std::string& where,
               int minimum, int maximum) {
  const auto value = table[key].value_exact<int64_t>();
  if (!value) throw UserError(fmt::format("{}: needs an integer {}", where, key));
  if (*value < minimum || *value > maximum) {
    throw UserError(
        fmt::format("{}: {} = {} is not in {} to {}", where, key, *value, minimum, maximum));
  }
  return static_cast<int>(*value);
}

struct MemoryKey {
  std::string_view name;
  int MemoryConfig::*member;
  int minimum, maximum;
};
constexpr std::array<MemoryKey, 2> kMemoryKeys = {
    {{"latency_cycles", &MemoryConfig::latency_cycles, 1, 1000000},
     {"bytes_per_cycle", &MemoryConfig::bytes_per_cycle, 1, 64}}};

}  // namespace

Config load_config(const std::string& preset_or_path) {
  const auto [table, name] = read_toml(preset_or_path, kMachinePresets, "machine preset");
  Config config;
  config.name = name;
  for (const auto& p : kParameters) {
    config.*p.member = integer_at(table, p.name, preset_or_path, p.minimum, p.maximum);
  }
  for (const auto& [key, node] : table) {
    if (std::none_of(kParameters.begin(), kParameters.end(),
                     [&](const auto& p) { return p.name == key.str(); })) {
      throw UserError(fmt::format("{}: unknown key {}", preset_or_path, key.str()));
    }
  }
  check_config(config);
  return config;
}

MemoryConfig load_memory(const std::string& preset_or_path) {
  const auto [table, name] = read_toml(preset_or_path, kMemoryPresets, "memory preset");
  MemoryConfig memory;
  memory.name = name;
  for (const auto& key : kMemoryKeys) {
    memory.*key.member = integer_at(table, key.name, preset_or_path, key.minimum, key.maximum);
  }
  for (const auto& [key, node] : table) {
    if (std::none_of(kMemoryKeys.begin(), kMemoryKeys.end(),
                     [&](const auto& k) { return k.name == key.str(); })) {
      throw UserError(fmt::format("{}: unknown key {}", preset_or_path, key.str()));
    }
  }
  return memory;
}

void apply_settings(const std::vector<std::string>& settings, Config& config,
                    MemoryConfig& memory) {
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos)
      throw UserError(fmt::format("--set {}: write key=value", setting));
    const std::string key = setting.substr(0, equals), text = setting.substr(equals + 1);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw UserError(fmt::format("--set {}: {} is not an integer", setting, text));
    }
    const auto in_range = [&](int minimum, int maximum) {
      if (value < minimum || value > maximum) {
        throw UserError(
            fmt::format("--set {}: the value must be {} to {}", setting, minimum, maximum));
      }
    };
    bool known = false;
    for (const auto& p : kParameters) {
      if (p.name != key) continue;
      in_range(p.minimum, p.maximum);
      if (config.*p.member != value) config.name = fmt::format("{}+{}", config.name, setting);
      config.*p.member = value;
      known = true;
    }
    for (const auto& k : kMemoryKeys) {
      if (fmt::format("memory.{}", k.name) != key) continue;
      in_range(k.minimum, k.maximum);
      if (memory.*k.member != value)
        memory.name = fmt::format("{}+{}", memory.name, setting.substr(7));
      memory.*k.member = value;
      known = true;
    }
    if (!known) {
      std::vector<std::string> keys;
      for (const auto& p : kParameters) keys.emplace_back(p.name);
      for (const auto& k : kMemoryKeys) keys.push_back(fmt::format("memory.{}", k.name));
      throw UserError(
          fmt::format("--set {}: unknown key; known are {}", setting, fmt::join(keys, ", ")));
    }
  }
  check_config(config);
}

void check_config(const Config& c) {
  for (const auto& p : kParameters) {
    const int value = c.*p.member;
    if (p.power_of_two && (value & (value - 1)) != 0) {
      throw UserError(fmt::format("{}: {} = {} is not a power of two", c.name, p.name, value));
    }
  }
  if (c.line_bytes < c.rows || c.line_bytes < c.columns || c.line_bytes < c.bus_bytes) {
    throw UserError(fmt::format("{}: line_bytes = {} must be at least rows, columns and bus_bytes",
                                c.name, c.line_bytes));
  }
  if (c.fetch_burst > c.fetch_depth) {
    throw UserError(fmt::format("{}: fetch_burst must not exceed fetch_depth", c.name));
  }
  if (c.burst_bytes < c.bus_bytes || c.burst_bytes / c.bus_bytes > 256) {
    throw UserError(fmt::format("{}: burst_bytes must be 1 to 256 times bus_bytes", c.name));
  }
  if (c.scratchpad_bytes() > (1 << 24))
    throw UserError(fmt::format("{}: the scratchpad must not exceed 16 MiB", c.name));
  if (c.accumulator_vectors() > 4096)
    throw UserError(fmt::format("{}: at most 4096 accumulator vectors", c.name));
}

std::vector<std::string> machine_preset_names() { return names_of(kMachinePresets); }
std::vector<std::string> memory_preset_names() { return names_of(kMemoryPresets); }

}  // namespace zahl::hw
