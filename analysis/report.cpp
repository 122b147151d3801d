#include "analysis/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "analysis/bounds.h"
#include "analysis/estimate.h"
#include "analysis/timeline.h"
#include "isa/error.h"

namespace zahl::analysis {
namespace {

using Json = nlohmann::ordered_json;

uint64_t counter(const RunResult& run, isa::Counter c) {
  return run.counters[static_cast<size_t>(c)];
}

Json stalls_json(const LayerTime& time) {
  Json stalls;
  for (size_t c = 0; c < kCauseNames.size(); ++c)
    stalls[std::string(kCauseNames[c])] = time.stalls[c];
  return stalls;
}

// What both a layer and the whole run have.
void add_bounds(Json& json, const Bounds& b, int64_t cycles, const Program& program,
                const MemoryConfig& memory) {
  Json bounds;
  for (size_t u = 0; u < kLimits; ++u) bounds[std::string(kLimitNames[u])] = b.cycles[u];
  json["bounds"] = bounds;
  json["limit"] = kLimitNames[static_cast<size_t>(b.limit())];
  json["next_bound"] = {{"limit", kLimitNames[static_cast<size_t>(b.next_limit())]},
                        {"cycles", b.next()}};
  json["dependence_cycles"] = std::max<int64_t>(0, cycles - b.greatest());
  const Roofline r = roofline_of(b, program.config, memory);
  json["roofline"] = {{"macs_per_byte", r.macs_per_byte},
                      {"ridge", r.ridge},
                      {"side", r.is_memory_side() ? "memory" : "compute"},
                      {"cycles", r.cycles}};
  json["fill"] = {{"lanes", b.lane_fill(program.config)}, {"columns", b.column_fill()}};
}

Json layers_json(const Program& program, const MemoryConfig& memory, const RunResult& run) {
  const std::vector<LayerTime> times = layer_times(program, run);
  const std::vector<Bounds> bounds = layer_bounds(program, memory, run);
  const Estimate* estimate = estimate_for(program, memory);
  Json layers = Json::array();
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const Layer& layer = program.layers[i];
    const LayerTime& time = times[i];
    Json json = {{"name", layer.name},
                 {"operator", layer.type},
                 {"macs", layer.macs},
                 {"cycles", time.cycles},
                 {"estimated_cycles", nullptr},
                 {"busy_cycles", time.busy},
                 {"utilisation", utilisation(layer.macs, time.cycles, program.config)},
                 {"stall_cycles", stalls_json(time)},
                 {"read_bytes", bounds[i].read_bytes},
                 {"write_bytes", bounds[i].write_bytes},
                 {"weight_bytes", layer.weight_bytes}};
    if (estimate != nullptr) json["estimated_cycles"] = estimate->layer_cycles[i];
    add_bounds(json, bounds[i], time.cycles, program, memory);
    layers.push_back(std::move(json));
  }
  return layers;
}

Json energy_json(const Program& program, const EnergyTable& table) {
  const Energy e = energy_of(events_of(program), table);
  return {{"multiply_accumulate", e.multiply_accumulate},
          {"scratchpad", e.scratchpad},
          {"accumulators", e.accumulators},
          {"dram", e.dram},
          {"total", e.total()}};
}

Json estimate_json(const Program& program, const MemoryConfig& memory, const RunResult& run) {
  const Estimate* estimate = estimate_for(program, memory);
  if (estimate == nullptr) return nullptr;
  return {{"cycles", estimate->cycles}, {"difference", run.cycles - estimate->cycles}};
}

}  // namespace

Json report_json(const Program& program, const MemoryConfig& memory, const std::string& engine,
                 const RunResult& run, const EnergyTable& energy) {
  const bool has_time = engine != "reference";
  const int64_t macs = program.macs(), bus = program.config.bus_bytes;
  Json config = {{"name", program.config.name}};
  for (const auto& p : hw::kParameters) config[std::string(p.name)] = program.config.*p.member;
  Json json = {{"schema", kReportSchema},
               {"network", program.network},
               {"model_format", program.source_format},
               {"model_hash", program.source_hash},
               {"config", config},
               {"memory",
                {{"name", memory.name},
                 {"latency_cycles", memory.latency_cycles},
                 {"bytes_per_cycle", memory.bytes_per_cycle}}},
               {"engine", engine},
               {"macs", macs},
               {"instructions", program.instructions.size()},
               {"error", isa::kErrorNames[static_cast<size_t>(run.error)]}};
  if (!has_time) {
    for (const char* key : {"cycles", "utilisation", "dram_read_bytes", "dram_write_bytes"})
      json[key] = nullptr;
    json["layers"] = Json::array();
    return json;
  }
  json["cycles"] = run.cycles;
  json["utilisation"] = utilisation(macs, run.cycles, program.config);
  json["dram_read_bytes"] = static_cast<int64_t>(counter(run, isa::Counter::ReadBeats)) * bus;
  json["dram_write_bytes"] = static_cast<int64_t>(counter(run, isa::Counter::WriteBeats)) * bus;
  const LeastTraffic& least = program.least_traffic;
  json["least_dram_bytes"] = {{"weights", least.weights},
                              {"ports", least.ports},
                              {"large_maps", least.large_maps},
                              {"compulsory", least.compulsory()},
                              {"with_large_maps", least.compulsory() + least.large_maps}};
  const Bounds total = run_bounds(layer_bounds(program, memory, run), program.config, memory);
  json["fetch_bytes"] = total.fetch_bytes;
  json["busy_cycles"] = counter(run, isa::Counter::ArrayBusy);
  json["stall_cycles"] = stalls_json(sum_of(layer_times(program, run)));
  add_bounds(json, total, run.cycles, program, memory);
  json["energy_pj"] = energy_json(program, energy);
  json["estimate"] = estimate_json(program, memory, run);
  json["layers"] = layers_json(program, memory, run);
  for (size_t i = 0; i < isa::kCounterCount; ++i)
    json["counters"][std::string(isa::kCounterNames[i])] = run.counters[i];
  return json;
}

std::string outputs_text(const std::map<std::string, host::Array>& outputs) {
  std::string text;
  for (const auto& [name, array] : outputs) {
    text += fmt::format("output {} [{}]", name, fmt::join(array.shape, ", "));
    const int64_t elements = array.elements();
    if (elements > 0 && elements <= 10000) {
      std::vector<int64_t> order(static_cast<size_t>(elements));
      std::iota(order.begin(), order.end(), 0);
      const size_t top = std::min<size_t>(3, order.size());
      std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top),
                        order.end(), [&](int64_t a, int64_t b) {
                          return array.at(a) > array.at(b) || (array.at(a) == array.at(b) && a < b);
                        });
      for (size_t i = 0; i < top; ++i)
        text += fmt::format("{} [{}] = {:.6g}", i == 0 ? ":" : ",", order[i], array.at(order[i]));
    }
    text += '\n';
  }
  return text;
}

nlohmann::ordered_json host_json(const host::HostTimes& times) {
  return {{"start_up_seconds", times.start_up},
          {"run_seconds", times.runs},
          {"peak_bytes", host::peak_memory_bytes()}};
}

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void write_text(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return;
  }
  const std::string part = path + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out.good()) std::filesystem::rename(part, path, error);
  if (!out.good() || error) {
    std::filesystem::remove(part, error);
    throw UserError(
        fmt::format("{}: cannot write; check the folder and the space on the disk", path));
  }
}

}  // namespace zahl::analysis
