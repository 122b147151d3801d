#include <algorithm>
#include <map>
#include <numeric>

#include "compiler/legalize/passes.h"

namespace zahl::legalize {
namespace {

constexpr size_t kMostParts = 8;  // of one convolution: each takes its share of the workspace where it streams

// A part of a tensor's channels.
struct Range {
  int first = 0, count = 0;
};

template <typename T>
std::vector<T> taken(const std::vector<T>& values, const Range& range, size_t stride = 1) {
  const auto begin = values.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(range.first) * stride);
  return {begin, begin + static_cast<ptrdiff_t>(static_cast<size_t>(range.count) * stride)};
}

ir::Requant taken(const ir::Requant& requant, const Range& range) {
  ir::Requant part = requant;
  part.bias = taken(requant.bias, range);
  if (requant.m0.size() > 1) {
    part.m0 = taken(requant.m0, range);
    part.shift = taken(requant.shift, range);
  }
  return part;
}

// The operator on some channels of its input, for operators that work channel by channel.
ir::Operation on_channels(const ir::Depthwise& op, const Range& range) {
  ir::Depthwise part = op;
  part.requant = taken(op.requant, range);
  part.weights.clear();
  const size_t channels = op.requant.bias.size();
  for (size_t tap = 0; tap < op.weights.size(); tap += channels) {
    const auto begin = op.weights.begin() + static_cast<ptrdiff_t>(tap) + range.first;
    part.weights.insert(part.weights.end(), begin, begin + range.count);
  }
  return part;
}
ir::Operation on_channels(const ir::MaxPool& op, const Range& range) {
  ir::MaxPool part = op;
  part.requant = taken(op.requant, range);
  return part;
}
ir::Operation on_channels(const ir::AveragePool& op, const Range&) { return op; }
ir::Operation on_channels(const ir::Lookup& op, const Range&) { return op; }

class Arranger {
 public:
  explicit Arranger(ir::Graph& graph) : graph_(graph) {}

  void run() {
    cut_convolutions();
    for (const ir::Node& node : graph_.nodes) {
      for (ir::TensorId id : ir::inputs_of(node.operation)) ++readers_[id];
    }
    for (const ir::GraphPort& port : graph_.outputs) ++readers_[port.tensor];
    std::vector<ir::Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (ir::Node& node : nodes) {
      if (!resolve(node)) add(std::move(node));
    }
    prune(graph_);
  }

 private:
  ir::Tensor& tensor(ir::TensorId id) { return graph_.tensors[static_cast<size_t>(id)]; }

  void add(ir::Node node) {
    writers_[ir::output_of(node.operation)] = graph_.nodes.size();
    graph_.nodes.push_back(std::move(node));
  }

  // The concatenation along the channels that makes the tensor, if one does.
  const ir::Node* concat_of(ir::TensorId id) const {
    const auto writer = writers_.find(id);
    if (writer == writers_.end()) return nullptr;
    const ir::Node& node = graph_.nodes[writer->second];
    const auto* concat = std::get_if<ir::Concat>(&node.operation);
    return concat && concat->axis == 3 ? &node : nullptr;
  }

  // Does the node without the bytes of a concatenation. False where it stays as it is.
  bool resolve(ir::Node& node) {
    for_each_alias(node);
    if (auto* conv = std::get_if<ir::Conv>(&node.operation)) return sum_over_parts(node, *conv), false;
    if (auto* move = std::get_if<ir::Move>(&node.operation)) return take_part(node, *move);
    if (auto* concat = std::get_if<ir::Concat>(&node.operation)) return flatten(*concat), false;
    if (auto* lookup = std::get_if<ir::Lookup>(&node.operation); lookup && look_up_first(node, *lookup)) return true;
    return std::visit(
        [&](auto& op) {
          if constexpr (requires { on_channels(op, Range{}); }) return do_by_parts(node, op);
          return false;
        },
        node.operation);
  }

  void for_each_alias(ir::Node& node) {
    const ir::TensorId output = ir::output_of(node.operation);
    ir::for_each_tensor(node.operation, [&](ir::TensorId& id) {
      const auto alias = aliases_.find(id);
      if (id != output && alias != aliases_.end()) id = alias->second;
    });
  }

  void sum_over_parts(ir::Node& node, ir::Conv& conv) {
    const ir::Node* source = concat_of(conv.input);
    if (!source || conv.groups != 1 || !conv.more_inputs.empty()) return;
    const auto& concat = std::get<ir::Concat>(source->operation);
    if (!pads_alike(concat) || concat.inputs.size() > kMostParts) return;
    node.name = source->name + " + " + node.name;
    conv.input = concat.inputs.front();
    conv.more_inputs.assign(concat.inputs.begin() + 1, concat.inputs.end());
  }

  // What reads the padding of a part reads the same byte as in the whole.
  bool pads_alike(const ir::Concat& concat) {
    return std::ranges::all_of(concat.inputs, [&](ir::TensorId id) {
      return tensor(id).zero_point == tensor(concat.output).zero_point && !tensor(id).constant;
    });
  }

  // A concatenation of concatenations is one.
  void flatten(ir::Concat& concat) {
    std::vector<ir::TensorId> inputs;
    for (ir::TensorId id : concat.inputs) {
      const ir::Node* inner = concat.axis == 3 ? concat_of(id) : nullptr;
      if (!inner) {
        inputs.push_back(id);
        continue;
      }
      const auto& parts = std::get<ir::Concat>(inner->operation).inputs;
      inputs.insert(inputs.end(), parts.begin(), parts.end());
    }
    concat.inputs = std::move(inputs);
  }

  // Channels first .. first + count - 1 of a concatenation, as whole parts of it; empty where they are none.
  std::vector<ir::TensorId> parts_between(const ir::Concat& concat, const Range& range) {
    std::vector<ir::TensorId> parts;
    int at = 0;
    for (ir::TensorId id : concat.inputs) {
      const int end = at + tensor(id).shape.c;
      if (at >= range.first && end <= range.first + range.count) parts.push_back(id);
      at = end;
    }
    int count = 0;
    for (ir::TensorId id : parts) count += tensor(id).shape.c;
    return count == range.count ? parts : std::vector<ir::TensorId>{};
  }

  bool take_part(ir::Node& node, ir::Move& move) {
    const ir::Node* source = concat_of(move.input);
    const auto first = ir::channel_slice(move, tensor(move.input).shape, tensor(move.output).shape);
    if (!source || !first) return false;
    const auto& concat = std::get<ir::Concat>(source->operation);
    const std::vector<ir::TensorId> parts = parts_between(concat, {*first, tensor(move.output).shape.c});
    if (parts.size() == 1 && !is_output(move.output)) {
      aliases_[move.output] = parts.front();
      return true;
    }
    if (parts.size() > 1) {
      node.operation = ir::Concat{parts, move.output, 3};
      return false;
    }
    int at = 0;  // perhaps some channels of one part
    for (ir::TensorId id : concat.inputs) {
      const ir::Shape& shape = tensor(id).shape;
      if (*first >= at && *first + tensor(move.output).shape.c <= at + shape.c) {
        node.operation = ir::Move{
            id, move.output, *first - at, {{shape.n * shape.h * shape.w, shape.c}, {tensor(move.output).shape.c, 1}}};
        return false;
      }
      at += shape.c;
    }
    return false;
  }

  template <typename Op>
  bool do_by_parts(const ir::Node& node, const Op& op) {
    const ir::Node* source = concat_of(op.input);
    if (!source || !pads_alike(std::get<ir::Concat>(source->operation))) return false;
    const std::vector<ir::TensorId> inputs = std::get<ir::Concat>(source->operation).inputs;
    const std::string name = source->name;
    ir::Concat result{{}, op.output, 3};
    int at = 0;
    for (ir::TensorId id : inputs) {
      const Range range{at, tensor(id).shape.c};
      at += range.count;
      ir::Node part = node;
      part.operation = on_channels(op, range);
      part.macs = node.macs * range.count / tensor(op.output).shape.c;
      const ir::TensorId output = new_part(op.output, range);
      ir::for_each_tensor(part.operation, [&, is_input = true](ir::TensorId& t) mutable {
        t = is_input ? id : output;
        is_input = false;
      });
      add(std::move(part));
      result.inputs.push_back(output);
    }
    add({name, "Concat", 0, std::move(result)});
    return true;
  }

  // A table over repeated bytes: the bytes are fewer before they are repeated.
  bool look_up_first(const ir::Node& node, const ir::Lookup& lookup) {
    const auto writer = writers_.find(lookup.input);
    if (writer == writers_.end() || readers_[lookup.input] != 1) return false;
    ir::Node repeat = graph_.nodes[writer->second];
    const auto* move = std::get_if<ir::Move>(&repeat.operation);
    if (!move || tensor(move->input).shape.elements() >= tensor(move->output).shape.elements()) return false;
    ir::Tensor few = tensor(lookup.output);
    few.shape = tensor(move->input).shape;
    graph_.tensors.push_back(std::move(few));
    const auto between = static_cast<ir::TensorId>(graph_.tensors.size()) - 1;
    ir::Node first = node;
    first.operation = ir::Lookup{move->input, between, lookup.table};
    repeat.operation = ir::Move{between, lookup.output, move->offset, move->axes};
    add(std::move(first));
    add(std::move(repeat));
    return true;
  }

  ir::TensorId new_part(ir::TensorId whole, const Range& range) {
    ir::Tensor part = tensor(whole);
    part.shape.c = range.count;
    part.name.append("[").append(std::to_string(range.first)).append(":");
    part.name.append(std::to_string(range.first + range.count)).append("]");
    graph_.tensors.push_back(std::move(part));
    return static_cast<ir::TensorId>(graph_.tensors.size()) - 1;
  }

  bool is_output(ir::TensorId id) const {
    return std::ranges::any_of(graph_.outputs, [&](const ir::GraphPort& port) { return port.tensor == id; });
  }

  // Convolutions of whose result only slices along the channels are read, none of them twice.
  void cut_convolutions() {
    std::map<ir::TensorId, std::vector<size_t>> readers;
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      for (ir::TensorId id : ir::inputs_of(graph_.nodes[n].operation)) readers[id].push_back(n);
    }
    std::vector<ir::Node> nodes;
    std::vector<bool> is_done(graph_.nodes.size());
    for (size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (is_done[n]) continue;
      const ir::Node& node = graph_.nodes[n];
      const auto* conv = std::get_if<ir::Conv>(&node.operation);
      const auto slices = conv ? slices_of(*conv, readers[conv->output]) : std::vector<std::pair<size_t, Range>>{};
      if (slices.empty()) {
        nodes.push_back(node);
        continue;
      }
      for (const auto& [reader, range] : slices) {
        nodes.push_back(cut(node, *conv, graph_.nodes[reader], range));
        is_done[reader] = true;
      }
    }
    graph_.nodes = std::move(nodes);
  }

  std::vector<std::pair<size_t, Range>> slices_of(const ir::Conv& conv, const std::vector<size_t>& readers) {
    std::vector<std::pair<size_t, Range>> slices;
    int sum = 0;
    for (size_t reader : readers) {
      const auto* move = std::get_if<ir::Move>(&graph_.nodes[reader].operation);
      const auto first =
          move ? ir::channel_slice(*move, tensor(conv.output).shape, tensor(move->output).shape) : std::nullopt;
      if (!first) return {};
      slices.push_back({reader, {*first, tensor(move->output).shape.c}});
      sum += slices.back().second.count;
    }
    if (conv.groups != 1 || is_output(conv.output) || sum > tensor(conv.output).shape.c) return {};
    return slices;
  }

  ir::Node cut(const ir::Node& node, const ir::Conv& conv, const ir::Node& slice, const Range& range) {
    ir::Conv part = conv;
    part.output = ir::output_of(slice.operation);
    part.weights = taken(conv.weights, range, conv.weights.size() / conv.requant.bias.size());
    part.requant = taken(conv.requant, range);
    const int64_t macs = node.macs * range.count / tensor(conv.output).shape.c;
    return {node.name + " + " + slice.name, node.type, macs, std::move(part)};
  }

  ir::Graph& graph_;
  std::map<ir::TensorId, size_t> writers_;
  std::map<ir::TensorId, int> readers_;
  std::map<ir::TensorId, ir::TensorId> aliases_;
};

}  // namespace

void arrange(ir::Graph& graph) {
  Arranger(graph).run();
  fuse(graph);  // a part may be read by a table alone where the whole was not
}

}  // namespace zahl::legalize
