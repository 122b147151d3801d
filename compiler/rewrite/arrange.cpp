#include "compiler/rewrite/arrange.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "compiler/rewrite/channels.h"
#include "compiler/rewrite/fuse.h"
#include "compiler/rewrite/prune.h"
#include "isa/round.h"

namespace zahl::rewrite {
namespace {

constexpr int kBlock =
    16;  // channels that a machine takes at once, roughly: to compare ways of doing the same
constexpr size_t kMostParts =
    8;  // of one convolution: each takes its share of the workspace where it is striped

class Arranger {
 public:
  explicit Arranger(ir::Graph& graph) : graph_(graph) {}

  void run() {
    cut_convolutions(graph_);
    for (const ir::Node& node : graph_.nodes) {
      for (ir::TensorId id : ir::inputs_of(node.operation)) ++readers_[id];
    }
    for (const ir::GraphPort& port : graph_.outputs) ++readers_[port.tensor];
    ir::Indexed<ir::NodeId, ir::Node> nodes = std::move(graph_.nodes);
    graph_.nodes.clear();
    for (ir::Node& node : nodes) {
      if (!resolve(node)) add(std::move(node));
    }
    prune(graph_);
  }

 private:
  ir::Tensor& tensor(ir::TensorId id) { return graph_.tensors[id]; }

  void add(ir::Node node) {
    const ir::TensorId output = ir::output_of(node.operation);
    writers_[output] = graph_.nodes.add(std::move(node));
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
    if (auto* conv = std::get_if<ir::Conv>(&node.operation)) {
      choose_by_weights(node, *conv);
      return sum_over_parts(node, *conv), false;
    }
    if (auto* move = std::get_if<ir::Move>(&node.operation)) {
      if (take_part(node, *move)) return true;
      if (std::holds_alternative<ir::Move>(node.operation)) choose_by_convolution(node);
      if (auto* conv = std::get_if<ir::Conv>(&node.operation)) sum_over_parts(node, *conv);
      return false;
    }
    if (auto* concat = std::get_if<ir::Concat>(&node.operation)) return flatten(*concat), false;
    if (auto* lookup = std::get_if<ir::Lookup>(&node.operation);
        lookup && look_up_first(node, *lookup))
      return true;
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

  // A convolution over chosen channels, in any order, is one over all of them: the others weigh
  // nothing.
  void choose_by_weights(ir::Node& node, ir::Conv& conv) {
    const auto writer = writers_.find(conv.input);
    const ir::Move* move = writer == writers_.end()
                               ? nullptr
                               : std::get_if<ir::Move>(&graph_.nodes[writer->second].operation);
    if (!move || conv.groups != 1 || !conv.more_inputs.empty()) return;
    const ir::Shape &all = tensor(move->input).shape, &some = tensor(conv.input).shape;
    const auto channels = ir::chosen_channels(*move, all, some);
    if (!channels || tensor(move->input).zero_point != tensor(conv.input).zero_point ||
        tensor(move->input).constant)
      return;
    const int64_t taps = int64_t{conv.kernel_h} * conv.kernel_w,
                  results = tensor(conv.output).shape.elements();
    const int64_t more = taps * (blocks(all.c) - blocks(some.c)) * results / kBlock;
    if (more > int64_t{blocks(all.c)} * blocks(some.c) * some.elements() / some.c)
      return;  // than choosing alone
    ir::Conv wide = conv;
    wide.input = move->input;
    const auto inputs = static_cast<size_t>(all.c), chosen = channels->size();
    wide.weights.assign(conv.weights.size() / chosen * inputs,
                        static_cast<int8_t>(conv.weight_zero));
    std::set<int> distinct(channels->begin(), channels->end());
    if (distinct.size() != chosen) return;
    for (size_t tap = 0; tap < conv.weights.size() / chosen; ++tap) {
      for (size_t c = 0; c < chosen; ++c)
        wide.weights[tap * inputs + static_cast<size_t>((*channels)[c])] =
            conv.weights[tap * chosen + c];
    }
    node.name = graph_.nodes[writer->second].name + " + " + node.name;
    conv = std::move(wide);
  }

  // Single channels are chosen faster by a convolution of ones than byte by byte.
  void choose_by_convolution(ir::Node& node) {
    const ir::Move move = std::get<ir::Move>(node.operation);
    const ir::Shape &all = tensor(move.input).shape, &some = tensor(move.output).shape;
    const auto channels = ir::chosen_channels(move, all, some);
    if (!channels || tensor(move.input).constant) return;
    int runs = 1;
    for (size_t i = 1; i < channels->size(); ++i)
      runs += (*channels)[i] == (*channels)[i - 1] + 1 ? 0 : 1;
    if (blocks(all.c) * blocks(some.c) >= runs) return;
    ir::Conv conv{.input = move.input, .output = move.output};
    conv.weights.assign(channels->size() * static_cast<size_t>(all.c), 0);
    for (size_t i = 0; i < channels->size(); ++i)
      conv.weights[i * static_cast<size_t>(all.c) + static_cast<size_t>((*channels)[i])] = 1;
    conv.requant.rounding = isa::Rounding::HalfUp;
    conv.requant.bias.assign(channels->size(), 0);
    conv.requant.m0 = {1};
    conv.requant.shift = {0};
    node.operation = std::move(conv);
  }

  static int blocks(int channels) { return ceil_div(channels, kBlock); }

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

  // Channels first .. first + count - 1 of a concatenation, as whole parts of it; empty where they
  // are none.
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
    const std::vector<ir::TensorId> parts =
        parts_between(concat, {*first, tensor(move.output).shape.c});
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
        node.operation =
            ir::Move{id,
                     move.output,
                     *first - at,
                     {{shape.n * shape.h * shape.w, shape.c}, {tensor(move.output).shape.c, 1}}};
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
    if (!move || tensor(move->input).shape.elements() >= tensor(move->output).shape.elements())
      return false;
    ir::Tensor few = tensor(lookup.output);
    few.shape = tensor(move->input).shape;
    const ir::TensorId between = graph_.tensors.add(std::move(few));
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
    return graph_.tensors.add(std::move(part));
  }

  bool is_output(ir::TensorId id) const {
    return std::ranges::any_of(graph_.outputs,
                               [&](const ir::GraphPort& port) { return port.tensor == id; });
  }

  ir::Graph& graph_;
  std::map<ir::TensorId, ir::NodeId> writers_;
  std::map<ir::TensorId, int> readers_;
  std::map<ir::TensorId, ir::TensorId> aliases_;
};

}  // namespace

void arrange(ir::Graph& graph) {
  Arranger(graph).run();
  fuse(graph);  // a part may be read by a table alone where the whole was not
}

}  // namespace zahl::rewrite
