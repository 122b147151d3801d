#include "explain/explanation.h"

#include <algorithm>

namespace zahl::explain {
namespace {

bool is_dynamic(const std::string& type) {
  return type == "DynamicQuantizeLinear" || type == "DynamicQuantizeMatMul" ||
         type == "MatMulIntegerToFloat" || type == "DynamicQuantizeLSTM";
}

std::string format_of(const Explanation& e) {
  const auto any = [&](auto&& is) {
    return std::ranges::any_of(e.source.nodes,
                               [&](const frontend::SourceNode& n) { return is(n.node.type); });
  };
  if (e.source.is_tflite) {
    const bool has_scales = std::ranges::any_of(
        e.source.tensors, [](const auto& t) { return !t.is_constant && !t.scales.empty(); });
    return has_scales ? "tflite" : "tflite-float";
  }
  if (e.dynamic_nodes > 0) return "onnx-dynamic";
  if (any([](const std::string& t) { return t.starts_with("QLinear") || t.starts_with("QGemm"); }))
    return "onnx-qoperator";
  return any([](const std::string& t) { return t == "QuantizeLinear" || t == "DequantizeLinear"; })
             ? "onnx-qdq"
             : "onnx-float";
}

}  // namespace

Explanation explain_parts(SourceGraph source, compiler::PartialModel model) {
  Explanation e;
  e.source = std::move(source);
  e.graph = std::move(model.graph);
  e.left = std::move(model.left_in_float);
  e.notes = std::move(model.notes);
  e.name = e.graph.name;
  e.dynamic_nodes = static_cast<int>(
      std::ranges::count_if(e.source.nodes, [](const auto& n) { return is_dynamic(n.node.type); }));
  e.format = format_of(e);
  e.layers.resize(e.graph.nodes.size());
  assign_owners(e);
  for (ir::NodeId k : e.layers.ids()) e.layers[k] = facts_of(e, k, std::move(e.layers[k]));
  follow_pairs(e);
  return e;
}

Explanation explain_model(const frontend::ModelFile& file) {
  compiler::PartialModel model = compiler::load_partly(file);
  Explanation e = explain_parts(frontend::read_source(file.path), std::move(model));
  e.path = file.path.string();
  return e;
}

}  // namespace zahl::explain
