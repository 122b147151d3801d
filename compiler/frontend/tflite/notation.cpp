// QUANTIZE and DEQUANTIZE: ports of the network, or a change of scale.
#include <algorithm>

#include "compiler/frontend/tflite/functions.h"
#include "compiler/frontend/tflite/operators.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

using namespace tflite_rules;
namespace {

using Operator = TfliteFile::Operator;
using tflite::BuiltinOperator;

void read_quantize(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  const int source = op.inputs.front();
  if (const auto port = c.float_ports.find(source); port != c.float_ports.end()) {
    c.network.inputs.push_back({c.output_of(op), port->second, c.file.name(source)});
    c.float_ports.erase(port);  // a second QUANTIZE of it is refused as floating point
    return;
  }
  const ValueId input = c.input_of(op, 0);
  // A change between uint8 and int8 alone is the same byte re-labelled.
  const ValueId output = c.output_of(op);
  const Value &x = c.network.value(input), &y = c.network.value(output);
  if (x.scale == y.scale && x.zero_point == y.zero_point && x.dims == y.dims) {
    c.values[op.outputs.front()] = input;
    return;
  }
  read_rescale(c, op);
}

void read_dequantize(TfliteContext& c, const Operator& op) {
  c.require_operands(op, 1, 1);
  const ValueId input = c.input_of(op, 0);
  const auto outputs = c.file.outputs();
  if (std::ranges::find(outputs, op.outputs.front()) == outputs.end()) {
    refuse<kDequantizeLast>(op.node);
  }
  c.values[op.outputs.front()] = input;
}

constexpr TfliteOperator kRows[] = {
    {BuiltinOperator::QUANTIZE, read_quantize, "a table between scales; at the edge the host's",
     kQuantizeRules},
    {BuiltinOperator::DEQUANTIZE, read_dequantize, "the host's", kDequantizeRules},
};

}  // namespace

std::span<const TfliteOperator> tflite_notation_operators() { return kRows; }

}  // namespace zahl::frontend
