// Walks an ONNX QDQ graph in order and keeps, for each tensor, what it means; each QuantizeLinear
// ends a layer.
#pragma once

#include <map>
#include <tuple>

#include "compiler/frontend/onnx/meaning.h"

namespace zahl::frontend {

class OnnxReader {
 public:
  // With `left`, a node that cannot be read is put there and the walk goes on behind it: what the
  // node reads leaves the device, what it writes comes back as an input.
  explicit OnnxReader(const OnnxGraph& graph, std::vector<LeftInFloat>* left = nullptr)
      : graph_(graph), left_(left) {}
  Network read();

 private:
  struct Scaling {
    float scale = 1;
    int zero_point = 0;  // of the int8 form
    bool is_unsigned = false;
  };
  struct Parent {  // of a value made by a table
    ValueId value;
    std::array<int8_t, 256> table;
    std::string name;
  };

  // onnx_reader.cpp: ports; onnx_notation.cpp: Q and DQ.
  void read_inputs();
  void read_outputs();
  void read_node(const OnnxNode& node);
  bool read_on_bytes(const OnnxNode& node);
  void read_quantize(const OnnxNode& node);
  void read_dequantize(const OnnxNode& node);
  Scaling scaling_of(const OnnxNode& node) const;
  std::vector<float> scales_of(const OnnxNode& node) const;
  ValueId finish(const OnnxNode& node, const Pending& pending, const Scaling& scaling);
  ValueId add_table(const OnnxNode& node, const Function& function, const Scaling& scaling);
  void quantize_constant(const OnnxNode& node, const OnnxTensor& tensor);
  bool wants_channels_last(const std::string& tensor) const;

  // onnx_left_in_float.cpp: for explaining, beyond the first node that cannot be read.
  void read_or_leave(const OnnxNode& node);
  void leave(const OnnxNode& node, const LeftInFloat& why);
  void leave_operand(const std::string& tensor, const std::string& reader);
  void leave_outputs();
  void hand_to_host(ValueId value);

  // onnx_moves.cpp, onnx_spans.cpp, onnx_resize.cpp, onnx_pad.cpp: nodes that only rearrange, and
  // resizes.
  struct Span {  // indices begin, begin + step ... of an axis
    size_t axis;
    int64_t begin, count, step;
  };
  bool read_move(const OnnxNode& node);
  ValueId apply_move(const Move& move, ValueId value);
  std::vector<int64_t> wanted_dims(const OnnxNode& node, const std::vector<int64_t>& from) const;
  ValueId reshape(const OnnxNode& node, ValueId value, const std::vector<int64_t>& dims);
  ValueId transpose(const OnnxNode& node, ValueId value, std::vector<int64_t> permutation);
  ValueId slice(const OnnxNode& node, ValueId value, const std::vector<Span>& spans,
                const std::string& name);
  Span split_span(const OnnxNode& node, const std::vector<int64_t>& dims, size_t output) const;
  std::vector<Span> slice_spans(const OnnxNode& node, const std::vector<int64_t>& dims) const;
  std::vector<int64_t> resized_dims(const OnnxNode& node, const std::vector<int64_t>& dims) const;
  ValueId apply_resize(const OnnxNode& node, ValueId value);
  ValueId apply_linear_resize(const OnnxNode& node, ValueId value,
                              const std::vector<int64_t>& dims);
  bool is_linear_resize(const OnnxNode& node) const;
  ConvLayer linear_filter(const OnnxNode& node, ValueId value, const std::vector<int64_t>& dims);
  ValueId with_border(const OnnxNode& node, ValueId value, size_t axis, int times, int border,
                      int skip);
  void read_linear_resize(const OnnxNode& node);
  ValueId apply_blocks(const OnnxNode& node, ValueId value);
  ValueId apply_pad(const OnnxNode& node, ValueId value);

  // onnx_functions.cpp: element by element.
  bool read_function(const OnnxNode& node);
  Function function_of(ValueId value) const;
  bool climb(Function& function) const;
  bool clamp_pending(const OnnxNode& node);
  Clamp clip_bounds(const OnnxNode& node) const;

  // onnx_operators.cpp, onnx_weights.cpp: the layers.
  bool read_layer(const OnnxNode& node);
  void read_conv(const OnnxNode& node);
  void read_matrix(const OnnxNode& node);
  void read_pool(const OnnxNode& node);
  void read_mean(const OnnxNode& node);
  void read_eltwise(const OnnxNode& node);
  void read_softmax(const OnnxNode& node);
  void read_concat(const OnnxNode& node);
  bool read_added_bias(const OnnxNode& node);
  void read_weights(const OnnxNode& node, const QuantizedConstant& constant, int axis,
                    ConvLayer& layer) const;
  std::vector<double> constant_values(const OnnxNode& node, const Meaning& meaning) const;
  void add_bias(const OnnxNode& node, const Meaning& bias, ConvLayer& layer) const;
  void set_pending(const OnnxNode& node, LayerKind kind, std::vector<int64_t> dims,
                   std::vector<int> order);

  const Meaning& meaning_of(const OnnxNode& node, size_t input) const;
  // The operand's value; refuses operands that are computed in floating point.
  ValueId value_of(const OnnxNode& node, size_t input) const;
  const QuantizedConstant& weights_of(const OnnxNode& node, size_t input) const;
  std::vector<int> places_in_memory(ValueId value) const;
  ValueId as_it_lies(const OnnxNode& node, ValueId value);
  ValueId feature_map(const OnnxNode& node, size_t input);
  const OnnxTensor* constant(const std::string& name) const;
  // Constant integers of an operand or, in old opsets, of an attribute.
  std::optional<std::vector<int64_t>> integers(const OnnxNode& node, size_t input,
                                               const char* attribute) const;

  const OnnxGraph& graph_;
  std::vector<LeftInFloat>* left_;
  std::map<std::string, std::string> computed_in_float_;  // tensor by the node that was left
  Network network_;
  std::map<std::string, Meaning> floats_;
  std::map<std::string, ValueId> bytes_;  // quantized tensors
  std::map<std::string, std::shared_ptr<const OnnxTensor>>
      quantized_;                                       // constants that the graph quantizes itself
  std::map<std::string, const OnnxPort*> byte_inputs_;  // graph inputs that are int8 or uint8
  std::map<ValueId, Parent> parents_;
  std::map<std::tuple<const Layer*, float, float, float, int, bool>, ValueId> finished_;
};

// Joins the names of absorbed nodes.
std::string joined(const std::vector<std::string>& names);

inline const std::vector<int> kChannelsFirst = {0, 2, 3, 1};  // NCHW in memory as NHWC
inline constexpr std::string_view kSurround =
    "put QuantizeLinear and DequantizeLinear around it, as quantize_static does for operators in "
    "op_types_to_quantize";

}  // namespace zahl::frontend
