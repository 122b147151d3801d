#include "compiler/driver/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "compiler/ir/least_traffic.h"
#include "isa/encoding.h"
#include "isa/error.h"
#include "isa/round.h"

namespace zahl::compiler {
namespace {

constexpr uint64_t kProgramAlignment = 512;
constexpr uint64_t kMemoryAlignment = 4096;

HostTensor host_tensor(const ir::GraphPort& port, const ir::Graph& graph,
                       const plan::MemoryPlan& plan) {
  constexpr std::array<const char*, 3> kTypes = {"float32", "int8", "uint8"};
  const ir::Tensor& tensor = graph.tensors[port.tensor];
  const auto& home = plan.homes[plan.root[port.tensor]];
  HostTensor host;
  host.name = ir::name_of(graph, port);
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
void check_fields(const std::vector<lower::Planned>& sequence, const ir::Graph& graph) {
  for (const auto& planned : sequence) {
    try {
      isa::encode(planned.instruction);
    } catch (const std::out_of_range& error) {
      const auto& node = graph.nodes[planned.layer];
      throw UserError(fmt::format("node {}: operator {} is too large for the machine ({})",
                                  node.name, node.type, error.what()));
    }
  }
}

}  // namespace

Program program_image(const ir::Graph& graph, const hw::Config& config,
                      const plan::MemoryPlan& plan, const lower::Schedule& schedule,
                      std::vector<lower::Planned> sequence) {
  check_fields(sequence, graph);
  Program program;
  program.config = config;
  program.network = graph.name;
  program.source_format = graph.format;
  program.data = schedule.data;
  program.data_address = static_cast<uint64_t>(schedule.data_address);
  program.program_address = round_up(program.data_address + program.data.size(), kProgramAlignment);
  program.memory_bytes = round_up(
      program.program_address + sequence.size() * isa::kInstructionBytes, kMemoryAlignment);
  for (const auto& node : graph.nodes) {
    program.layers.push_back(
        {node.name, node.type, node.macs, 0, ir::weight_bytes(node.operation)});
  }
  for (size_t i = sequence.size(); i-- > 0;) {
    if (sequence[i].layer.exists())
      program.layers[sequence[i].layer.index()].first_instruction = static_cast<uint32_t>(i);
  }
  for (auto& planned : sequence) {
    program.layer_of_instruction.push_back(planned.layer.number());
    program.instructions.push_back(std::move(planned.instruction));
  }
  for (const auto& port : graph.inputs) program.inputs.push_back(host_tensor(port, graph, plan));
  for (const auto& port : graph.outputs) program.outputs.push_back(host_tensor(port, graph, plan));

  return program;
}

}  // namespace zahl::compiler
