// Translates one TFLite operator after another. Quantize and Dequantize operators at the edges
// become part of the ports.
#pragma once

#include <map>

#include "compiler/frontend/tflite/file.h"

namespace zahl::frontend {

class TfliteReader {
 public:
  // With `left`, an operator that cannot be read is put there and the walk goes on behind it: what
  // it reads leaves the device, what it writes comes back as an input.
  explicit TfliteReader(const TfliteFile& file, std::vector<LeftInFloat>* left = nullptr)
      : file_(file), left_(left) {}
  Network read();

 private:
  using Operator = TfliteFile::Operator;

  void read_inputs();
  void read_outputs();
  void read_operator(const Operator& op);
  void read_or_leave(const Operator& op);  // tflite_left_in_float.cpp
  void leave_outputs();

  void read_conv(const Operator& op);
  void read_depthwise(const Operator& op);
  void read_fully_connected(const Operator& op);
  void read_pool(const Operator& op);
  void read_mean(const Operator& op);
  void read_eltwise(const Operator& op);
  void read_unary(const Operator& op);
  void read_softmax(const Operator& op);
  void read_reshape(const Operator& op);
  void read_transpose(const Operator& op);
  void read_split(const Operator& op);
  void read_slice(const Operator& op);
  void read_strided_slice(const Operator& op);
  void read_resize(const Operator& op);
  void read_blocks(const Operator& op);
  void read_concatenation(const Operator& op);
  void read_pad(const Operator& op);
  void read_quantize(const Operator& op);
  void read_dequantize(const Operator& op);

  void require_operands(const Operator& op, size_t minimum, size_t maximum) const;
  // The quantized value of a tensor; made on first use. Refuses types other than int8 and uint8, by
  // the type's own sentence.
  ValueId value_of(const NodeName& node, int tensor);
  // An operand with its bytes in the order of its axes.
  ValueId input_of(const Operator& op, size_t index) {
    return in_order(op.node, value_of(op.node, op.inputs[index]));
  }
  ValueId in_order(const NodeName& node, ValueId value);
  ValueId output_of(const Operator& op) { return value_of(op.node, op.outputs.front()); }
  Clamp clamp_of(const NodeName& node, tflite::ActivationFunctionType activation) const;
  // Weights as int8 with their zero point and scales; quantized along `axis` where there are
  // several.
  void read_weights(const Operator& op, int tensor, int axis, ConvLayer& layer) const;
  void read_bias(const Operator& op, ConvLayer& layer) const;
  // Sets strides, dilations and padding; checks that the output has the shape that follows.
  // tflite_moves.cpp: outputs that are views of an input.
  struct Span {
    int64_t begin, count, step;
  };
  void set_view(const Operator& op, size_t output, ValueId source, const View& view);
  void set_slices(const Operator& op, size_t output, ValueId source,
                  const std::vector<Span>& spans);
  template <typename Layer>
  void set_window(const Operator& op, Layer& layer, tflite::Padding padding) const;
  // The value under a shape of rows and columns; a Reshape layer is put in where needed.
  ValueId as_matrix(const Operator& op, ValueId value, int64_t columns);
  void add(const Operator& op, LayerKind kind) {
    network_.layers.push_back({op.node, std::move(kind)});
  }

  const TfliteFile& file_;
  std::vector<LeftInFloat>* left_;
  Network network_;
  std::map<int, ValueId> values_;
  std::map<int, ir::HostView> float_ports_;  // float tensors at the edges
};

}  // namespace zahl::frontend
