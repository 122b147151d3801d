#include "compiler/plan/roots.h"

namespace zahl::plan {
namespace {

class Roots {
 public:
  Roots(const ir::Graph& graph, const Fusions& fusions) : graph_(graph), fusions_(fusions) {
    for (size_t i = 0; i < graph.tensors.size(); ++i) root_.push_back(static_cast<int>(i));
    for (const auto& node : graph.nodes) {
      if (const auto* r = std::get_if<ir::Reshape>(&node.operation))
        root_of(r->output) = root_of(r->input);
    }
    is_boundary_.assign(graph.tensors.size(), false);
    for (const auto& port : graph.inputs)
      is_boundary_[static_cast<size_t>(root_of(port.tensor))] = true;
    for (const auto& port : graph.outputs)
      is_boundary_[static_cast<size_t>(root_of(port.tensor))] = true;
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      if (const auto* e = std::get_if<ir::Eltwise>(&graph.nodes[n].operation))
        replace_operand(static_cast<int>(n), *e);
    }
  }

  std::vector<int> take() { return std::move(root_); }

 private:
  int& root_of(ir::TensorId t) { return root_[static_cast<size_t>(t)]; }

  void replace_operand(int node, const ir::Eltwise& e) {
    const int result = root_of(e.output);
    if (result != e.output || is_boundary_[static_cast<size_t>(result)]) return;
    for (ir::TensorId operand : {e.a, e.b}) {
      const int place = root_of(operand);
      if (!can_take(place, node, e.output)) continue;
      for (int& root : root_) {
        if (root == result) root = place;
      }
      return;
    }
  }

  // Whether the result may overwrite what lives at `place`, as it comes, row by row.
  bool can_take(int place, int node, ir::TensorId result) {
    const ir::Tensor& tensor = graph_.tensors[static_cast<size_t>(place)];
    if (tensor.constant || is_boundary_[static_cast<size_t>(place)] ||
        fusions_.is_transient[static_cast<size_t>(place)])
      return false;
    if (tensor.shape.elements() != graph_.tensors[static_cast<size_t>(result)].shape.elements())
      return false;
    const int now = fusions_.runs_with(node);
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      const int reader = static_cast<int>(n);
      const auto& operation = graph_.nodes[n].operation;
      if (reader == node || std::holds_alternative<ir::Reshape>(operation)) continue;
      for (ir::TensorId t : ir::inputs_of(operation)) {
        if (root_of(t) == place && !is_before(reader, now)) return false;
      }
    }
    return true;
  }

  // Whether `reader` has read a row before whatever runs with node `now` writes the same row of its
  // result.
  bool is_before(int reader, int now) const {
    if (fusions_.runs_with(reader) != now) return fusions_.runs_with(reader) < now;
    const int chain = fusions_.chain[static_cast<size_t>(reader)];
    if (chain < 0 || fusions_.chains[static_cast<size_t>(chain)].nodes.front() != reader)
      return false;
    const auto& head = std::get<ir::Conv>(graph_.nodes[static_cast<size_t>(reader)].operation);
    return head.kernel_h == 1;  // it reads no row twice
  }

  const ir::Graph& graph_;
  const Fusions& fusions_;
  std::vector<int> root_;
  std::vector<bool> is_boundary_;
};

}  // namespace

std::vector<int> find_roots(const ir::Graph& graph, const Fusions& fusions) {
  return Roots(graph, fusions).take();
}

}  // namespace zahl::plan
