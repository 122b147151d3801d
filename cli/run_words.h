// The words that run and cosim share: the models, their inputs, and where outputs and reports go.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/machine_words.h"
#include "host/npy.h"

namespace zahl::cli {

struct RunWords {
  MachineWords machine;
  std::vector<std::string> models;
  size_t jobs;
  std::string input, output, json;
  std::optional<uint64_t> seed;
  bool has_layers = false;
};

void add_run_words(CLI::App& verb, RunWords& words);

// The input file's arrays, or seeded random ones; the seed goes to standard error, where it is in
// nobody's way.
std::map<std::string, host::Array> inputs_of(const RunWords& words, const Program& program);

// Shapes of the input file's arrays; empty where there is none.
std::map<std::string, std::vector<int64_t>> shapes_of(const RunWords& words);

// One of the models, and where its JSON goes: to the file that was named, or, of several, to
// `text`.
struct OneModel {
  std::string model;
  std::string* text = nullptr;
};
void deliver_json(const RunWords& words, const OneModel& one, const nlohmann::ordered_json& json);

// One model is run here; several are independent runs, `jobs` at a time, their reports a list in
// the order given, null where a run failed. The exit code is the greatest of theirs.
int for_each_model(const RunWords& words, const std::function<int(const OneModel&)>& run);

}  // namespace zahl::cli
