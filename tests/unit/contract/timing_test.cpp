#include "contract/timing.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "isa/config.h"

namespace zahl::timing {
namespace {

using Cells = std::vector<std::string>;

// The cells of a line of a table, without the blanks around them.
Cells cells_of(const std::string& line) {
  Cells cells;
  std::istringstream text(line.substr(1));
  for (std::string cell; std::getline(text, cell, '|');) {
    const size_t first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

struct Example {
  std::string instruction;  // name field=value ...
  std::map<std::string, int64_t> figures;
};

// All rows of the tables of docs/machine.md, section 10.
std::vector<Example> examples() {
  std::ifstream page(ZAHL_SOURCE_DIR "/docs/machine.md");
  std::vector<Example> found;
  Cells heads;
  bool is_there = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) is_there = line.find("Worked examples") != std::string::npos;
    if (!is_there || !line.starts_with("|")) {
      heads.clear();
      continue;
    }
    const Cells cells = cells_of(line);
    if (heads.empty()) {
      heads = cells;
    } else if (cells[0].starts_with("`")) {
      Example example{cells[0].substr(1, cells[0].size() - 2), {}};
      for (size_t i = 1; i < cells.size(); ++i) example.figures[heads[i]] = std::stoll(cells[i]);
      found.push_back(std::move(example));
    }
  }
  return found;
}

template <size_t I = 0>
isa::Instruction default_of(const std::string& name) {
  if constexpr (I < std::variant_size_v<isa::Instruction>) {
    using Kind = std::variant_alternative_t<I, isa::Instruction>;
    return name == Kind::kName ? isa::Instruction{Kind{}} : default_of<I + 1>(name);
  }
  throw std::runtime_error("no instruction is named " + name);
}

isa::Instruction parse(const std::string& text) {
  std::istringstream words(text);
  std::string word;
  words >> word;
  isa::Instruction instruction = default_of(word);
  while (words >> word) {
    const size_t equals = word.find('=');
    bool is_known = false;
    std::visit(
        [&](auto& x) {
          isa::for_each_field(x, [&](const isa::FieldInfo& info, auto& field) {
            if (info.name != word.substr(0, equals)) return;
            is_known = true;
            field = static_cast<std::remove_reference_t<decltype(field)>>(
                std::stoll(word.substr(equals + 1)));
          });
        },
        instruction);
    EXPECT_TRUE(is_known) << word;
  }
  return instruction;
}

// What the functions say of it, by the heads of the page's tables.
std::map<std::string, int64_t> figures_of(const isa::Instruction& instruction,
                                          const hw::Config& config) {
  return std::visit(
      [&](const auto& x) -> std::map<std::string, int64_t> {
        constexpr isa::Unit kUnit = std::remove_cvref_t<decltype(x)>::kUnit;
        if constexpr (kUnit == isa::Unit::Array) {
          const TileSequence tiles = tile_sequence(x, config);
          const ArrayCycles cycles = array_cycles(tiles, 0, 0);
          EXPECT_EQ(tiles.first(cycles.end), cycles.first);
          return {{"T", tiles.tiles},
                  {"S", tiles.vectors},
                  {"q_0", cycles.first},
                  {"ready", cycles.ready},
                  {"e", cycles.end}};
        } else if constexpr (kUnit == isa::Unit::Post) {
          return {{"e - s", post_cycles(x, config)}};
        } else {
          return {{"beats", transfer_beats(x, config)}};
        }
      },
      instruction);
}

TEST(Timing, GivesTheWorkedExamplesOfTheMachinesPage) {
  const hw::Config config = hw::load_config("edge16");
  std::map<std::string_view, int> seen;
  for (const Example& example : examples()) {
    const isa::Instruction instruction = parse(example.instruction);
    ++seen[std::visit([](const auto& x) { return x.kName; }, instruction)];
    EXPECT_EQ(figures_of(instruction, config), example.figures) << example.instruction;
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<isa::Instruction>) << "an instruction has no example";
}

TEST(Timing, WaitsForTheStreamBefore) {
  const TileSequence tiles{3, 10, false, 16};
  EXPECT_EQ(array_cycles(tiles, 5, 21).first, 22);  // its weights come later
  EXPECT_EQ(array_cycles(tiles, 5, 23).first, 23);  // the array is taken longer
  EXPECT_EQ(array_cycles(tiles, 5, 23).streamed, 23 + 2 * 16 + 10);
}

TEST(Timing, CutsARowAtMultiplesOfTheBurst) {
  EXPECT_EQ(burst_length(504, 100, 256), 8u);
  EXPECT_EQ(burst_length(512, 100, 256), 100u);
  EXPECT_EQ(burst_length(512, 300, 256), 256u);
}

}  // namespace
}  // namespace zahl::timing
