#include "compiler/plan/roots.h"

namespace zahl::plan {
namespace {

class Roots {
 public:
  Roots(const ir::Graph& graph, const Fusions& fusions) : graph_(graph), fusions_(fusions) {
    for (ir::TensorId t : graph.tensors.ids()) root_.add(t);
    for (const auto& node : graph.nodes) {
      if (const auto* r = std::get_if<ir::Reshape>(&node.operation))
        root_of(r->output) = root_of(r->input);
    }
    is_boundary_.assign(graph.tensors.size(), false);
    for (const auto& port : graph.inputs) is_boundary_[root_of(port.tensor)] = true;
    for (const auto& port : graph.outputs) is_boundary_[root_of(port.tensor)] = true;
    for (ir::NodeId n : graph.nodes.ids()) {
      if (const auto* e = std::get_if<ir::Eltwise>(&graph.nodes[n].operation))
        replace_operand(n, *e);
    }
  }

  ir::Indexed<ir::TensorId, ir::TensorId> take() { return std::move(root_); }

 private:
  ir::TensorId& root_of(ir::TensorId t) { return root_[t]; }

  void replace_operand(ir::NodeId node, const ir::Eltwise& e) {
    const ir::TensorId result = root_of(e.output);
    if (result != e.output || is_boundary_[result]) return;
    for (ir::TensorId operand : {e.a, e.b}) {
      const ir::TensorId place = root_of(operand);
      if (!can_take(place, node, e.output)) continue;
      for (ir::TensorId& root : root_) {
        if (root == result) root = place;
      }
      return;
    }
  }

  // Whether the result may overwrite what lives at `place`, as it comes, row by row.
  bool can_take(ir::TensorId place, ir::NodeId node, ir::TensorId result) {
    const ir::Tensor& tensor = graph_.tensors[place];
    if (tensor.constant || is_boundary_[place] || fusions_.is_transient[place]) return false;
    if (tensor.shape.elements() != graph_.tensors[result].shape.elements()) return false;
    const ir::NodeId now = fusions_.runs_with(node);
    for (ir::NodeId reader : graph_.nodes.ids()) {
      const auto& operation = graph_.nodes[reader].operation;
      if (reader == node || std::holds_alternative<ir::Reshape>(operation)) continue;
      for (ir::TensorId t : ir::inputs_of(operation)) {
        if (root_of(t) == place && !is_before(reader, now)) return false;
      }
    }
    return true;
  }

  // Whether `reader` has read a row before whatever runs with node `now` writes the same row of its
  // result.
  bool is_before(ir::NodeId reader, ir::NodeId now) const {
    if (fusions_.runs_with(reader) != now) return fusions_.runs_with(reader) < now;
    const ChainId chain = fusions_.chain[reader];
    if (!chain.exists() || fusions_.chains[chain].nodes.front() != reader) return false;
    const auto& head = std::get<ir::Conv>(graph_.nodes[reader].operation);
    return head.kernel_h == 1;  // it reads no row twice
  }

  const ir::Graph& graph_;
  const Fusions& fusions_;
  ir::Indexed<ir::TensorId, ir::TensorId> root_;
  ir::Indexed<ir::TensorId, bool> is_boundary_;
};

}  // namespace

ir::Indexed<ir::TensorId, ir::TensorId> find_roots(const ir::Graph& graph, const Fusions& fusions) {
  return Roots(graph, fusions).take();
}

}  // namespace zahl::plan
