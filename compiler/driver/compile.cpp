#include "compiler/driver/compile.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "compiler/emit/order.h"
#include "compiler/emit/tokens.h"
#include "compiler/frontend/load_model.h"
#include "compiler/ir/least_traffic.h"
#include "compiler/legalize/passes.h"
#include "compiler/schedule/schedule.h"
#include "compiler/schedule/shortcuts.h"
#include "compiler/verify/check_program.h"
#include "zahl/encoding.h"
#include "zahl/error.h"

namespace zahl::compiler {
namespace {

constexpr uint64_t kProgramAlignment = 512;
constexpr uint64_t kMemoryAlignment = 4096;

uint64_t align(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

std::string hash_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return fmt::format("{:016x}", hash_bytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
}

HostTensor host_tensor(const ir::GraphPort& port, const ir::Graph& graph, const schedule::MemoryPlan& plan) {
  constexpr std::array<const char*, 3> kTypes = {"float32", "int8", "uint8"};
  const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(port.tensor)];
  const auto& home = plan.homes[static_cast<size_t>(plan.root[static_cast<size_t>(port.tensor)])];
  HostTensor host;
  host.name = tensor.name;
  host.type = kTypes[static_cast<size_t>(port.view.type)];
  host.shape = port.view.shape;
  host.nhwc = {tensor.shape.n, tensor.shape.h, tensor.shape.w, tensor.shape.c};
  host.channels_first = port.view.channels_first;
  host.scale = tensor.scale;
  host.zero_point = tensor.zero_point;
  host.address = static_cast<uint64_t>(home.dram);
  host.bytes = static_cast<uint64_t>(tensor.shape.elements());
  return host;
}

// An instruction field has a range; a layer beyond it is the user's to know about, by name.
void check_fields(const std::vector<schedule::Planned>& sequence, const ir::Graph& graph) {
  for (const auto& planned : sequence) {
    try {
      isa::encode(planned.instruction);
    } catch (const std::out_of_range& error) {
      const auto& node = graph.nodes[static_cast<size_t>(std::max(planned.layer, 0))];
      throw UserError(
          fmt::format("node {}: operator {} is too large for the machine ({})", node.name, node.type, error.what()));
    }
  }
}

}  // namespace

Program compile_graph(const ir::Graph& given, const hw::Config& config, const schedule::Options& options) {
  ir::Graph graph = given;
  legalize::arrange(graph);
  if (const std::string reason = ir::verify(graph); !reason.empty())
    throw std::logic_error(fmt::format("after 'arrange': {}", reason));
  schedule::MemoryPlan plan = schedule::plan_memory(graph, config, options);
  if (plan.traffic > 0) {
    ir::Graph late = schedule::with_late_shortcuts(graph);
    schedule::MemoryPlan other = schedule::plan_memory(late, config, options);
    if (other.traffic < plan.traffic) graph = std::move(late), plan = std::move(other);
  }
  schedule::Schedule schedule = schedule::schedule_graph(graph, config, std::move(plan));
  std::vector<schedule::Planned> sequence = emit::order_steps(std::move(schedule.steps), options.load_ahead);
  emit::assign_tokens(sequence, config);
  check_fields(sequence, graph);

  Program program;
  program.config = config;
  program.network = graph.name;
  program.source_format = graph.format;
  program.data = std::move(schedule.data);
  program.data_address = static_cast<uint64_t>(schedule.data_address);
  program.program_address = align(program.data_address + program.data.size(), kProgramAlignment);
  program.memory_bytes = align(program.program_address + sequence.size() * isa::kInstructionBytes, kMemoryAlignment);
  for (const auto& node : graph.nodes) {
    program.layers.push_back({node.name, node.type, node.macs, 0, ir::weight_bytes(node.operation)});
  }
  program.least_traffic = ir::least_traffic(given, config.scratchpad_bytes());
  for (size_t i = sequence.size(); i-- > 0;) {
    if (sequence[i].layer >= 0)
      program.layers[static_cast<size_t>(sequence[i].layer)].first_instruction = static_cast<uint32_t>(i);
  }
  for (auto& planned : sequence) {
    program.layer_of_instruction.push_back(planned.layer);
    program.instructions.push_back(std::move(planned.instruction));
  }
  for (const auto& port : graph.inputs) program.inputs.push_back(host_tensor(port, graph, schedule.plan));
  for (const auto& port : graph.outputs) program.outputs.push_back(host_tensor(port, graph, schedule.plan));

  const std::string error = verify::check_program(program);
  if (!error.empty())
    throw std::logic_error(fmt::format("the compiler made an unsound program for {}: {}", graph.name, error));
  return program;
}

Program compile_model(const std::filesystem::path& model, const hw::Config& config, const Search& search) {
  const ir::Graph graph = frontend::load_model(model);
  Program program = search_program(graph, config, search);
  program.source_hash = hash_file(model);
  return program;
}

}  // namespace zahl::compiler
