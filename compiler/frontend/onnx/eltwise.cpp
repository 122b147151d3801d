#include "compiler/frontend/onnx/eltwise.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/notation.h"
#include "compiler/frontend/onnx/rules.h"
#include "compiler/frontend/onnx/weights.h"

namespace zahl::frontend {

using namespace onnx_rules;
void read_eltwise(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  if (node.inputs() != 2) refuse<kTwoInputs>(node.name(), node.inputs());
  if (read_added_bias(c, node)) return;
  EltwiseLayer layer;
  layer.operation = node.type() == "Add"   ? isa::EltwiseOp::Add
                    : node.type() == "Sub" ? isa::EltwiseOp::Sub
                                           : isa::EltwiseOp::Mul;
  for (size_t i : {size_t{0}, size_t{1}}) {
    if (!std::holds_alternative<FloatConstant>(c.meaning_of(node, i))) continue;
    refuse<kQuantizedOperand>(node.name(), node.input(i));
  }
  const bool a_is_constant = std::holds_alternative<QuantizedConstant>(c.meaning_of(node, 0));
  ValueId computed = settled(c.network, node.name(), c.value_of(node, a_is_constant ? 1 : 0));
  Value shape = c.network.value(computed);
  const Meaning& other = c.meaning_of(node, a_is_constant ? 0 : 1);
  ValueId second = -1;
  if (const auto* constant = std::get_if<QuantizedConstant>(&other)) {
    if (!constant->tensor->is_byte() || constant->scales.size() != 1) {
      refuse<kByteOperand>(node.name(), constant->name);
    }
    const int64_t label = constant->tensor->type == onnx::TensorProto::UINT8 ? 128 : 0;
    Value value;
    value.name = constant->name;
    value.dims = constant->tensor->dims;
    value.order = plain_order(value.dims.size());
    value.scale = constant->scales.front();
    value.zero_point =
        static_cast<int>(std::clamp<int64_t>(constant->zero_points.front() - label, -128, 127));
    value.constant.emplace();
    for (int64_t q : constant->tensor->integers)
      value.constant->push_back(static_cast<int8_t>(q - label));
    auto repeated = broadcast(value, shape.dims, shape.order);
    if (!repeated) {
      refuse<kOneRepeated>(node.name(), join(shape.dims), join(value.dims));
    }
    value.dims = shape.dims;
    value.order = shape.order;
    value.constant = std::move(repeated);
    second = c.network.add(std::move(value));
  } else {
    second = c.value_of(node, 1);
    const std::vector<int64_t> b = c.network.value(second).dims;
    const auto dims = common_dims(shape.dims, b);
    if (!dims) {
      refuse<kShapesFit>(node.name(), join(shape.dims), join(b));
    }
    const auto repeat = [&](ValueId id) {
      if (c.network.value(id).dims == *dims) return id;
      const Value like = c.network.value(id);
      return add_view(c.network, node.name(), like, like.name,
                      *broadcast(view_of(c.network, id), *dims));
    };
    if (shape.dims != *dims) {  // the larger operand decides the order
      second = settled(c.network, node.name(), repeat(second));
      shape = c.network.value(second);
      computed = in_memory_order(c.network, node.name(), repeat(computed), shape.order);
    } else {
      second = in_memory_order(c.network, node.name(), repeat(second), shape.order);
    }
  }
  layer.a = a_is_constant ? second : computed;
  layer.b = a_is_constant ? computed : second;
  c.set_pending(node, layer, shape.dims, shape.order);
}

namespace {

void read_softmax(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  const int64_t opset = node.integer("opset", c.graph.opset);  // a QLinearSoftmax brings its own
  ValueId input = c.value_of(node, 0);
  const auto rank = static_cast<int64_t>(c.network.value(input).dims.size());
  int64_t axis = node.integer("axis", opset < 13 ? 1 : -1);
  if (axis < 0) axis += rank;
  const bool exists = rank > 0 && axis >= 0 && axis < rank;
  if (exists) {  // innermost
    std::vector<int> order = c.network.value(input).order;
    if (order.back() != axis || c.network.value(input).view) {
      std::erase(order, static_cast<int>(axis));
      order.push_back(static_cast<int>(axis));
      input = in_memory_order(c.network, node.name(), input, order);
    }
  }
  const Value value = c.network.value(input);
  if (!exists ||
      (opset < 13 && axis + 1 < rank && value.dims[static_cast<size_t>(rank) - 1] != 1)) {
    refuse<kSoftmaxAxis>(node.name(), axis, join(value.dims));
  }
  c.set_pending(node, SoftmaxLayer{.input = input, .output = -1, .beta = 1}, value.dims,
                value.order);
}

void read_concat(OnnxContext& c, const OnnxNode& node, const OnnxOperator&) {
  ConcatLayer layer;
  std::vector<int64_t> dims;
  const int64_t given = node.integer("axis", 0);
  for (size_t i = 0; i < node.inputs(); ++i) {
    ValueId id = c.value_of(node, i);
    id = i == 0
             ? settled(c.network, node.name(), id)
             : in_memory_order(c.network, node.name(), id, c.network.value(layer.inputs[0]).order);
    layer.inputs.push_back(id);
    const std::vector<int64_t>& part = c.network.value(id).dims;
    const auto rank = static_cast<int64_t>(part.size());
    layer.axis = static_cast<int>(given < 0 ? given + rank : given);
    std::vector<int64_t> expected = dims.empty() ? part : dims;
    const bool exists = layer.axis >= 0 && layer.axis < rank && expected.size() == part.size();
    if (exists) expected[static_cast<size_t>(layer.axis)] = part[static_cast<size_t>(layer.axis)];
    if (!exists || expected != part) {
      refuse<kPartFits>(node.name(), join(part), join(dims), given);
    }
    if (dims.empty()) {
      dims = part;
    } else {
      dims[static_cast<size_t>(layer.axis)] += part[static_cast<size_t>(layer.axis)];
    }
  }
  const std::vector<int> order = c.network.value(layer.inputs.at(0)).order;
  c.set_pending(node, std::move(layer), std::move(dims), order);
}

void read_concat_or_bytes(OnnxContext& c, const OnnxNode& node, const OnnxOperator& op) {
  if (!read_on_bytes(c, node, op, read_concat)) read_concat(c, node, op);
}

constexpr OnnxOperator kRows[] = {
    {"Softmax", read_softmax, "softmax", kSoftmaxRules},
    {"Concat", read_concat_or_bytes, "a concatenation", kConcatRules},
};

}  // namespace

std::span<const OnnxOperator> onnx_eltwise_operators() { return kRows; }

}  // namespace zahl::frontend
