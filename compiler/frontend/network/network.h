// The frontend's private node list: what a file says once its Quantize and Dequantize nodes are
// absorbed, common to both formats. Tensors are int8 with one scale and zero point; layers carry
// normalised attributes and still real scales.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/frontend/network/refuse.h"
#include "compiler/ir/graph.h"

namespace zahl::frontend {

using ValueId = int;

// Bytes of another value: those at `offset` + the sum of index * step over all axes. Each dimension
// has axes of its own, slowest first.
struct View {
  ValueId root = -1;
  int64_t offset = 0;
  std::vector<std::vector<ir::Move::Axis>> dims;
};

struct Value {
  std::string name;
  std::vector<int64_t> dims;  // as in the user's file
  std::vector<int> order;  // the axes of dims as they lie in memory, slowest first; NCHW in memory
                           // as NHWC is 0, 2, 3, 1
  float scale = 1;
  int zero_point = 0;                           // of the int8 form
  bool is_unsigned = false;                     // uint8 where it was made; here re-labelled by -128
  std::optional<std::vector<int8_t>> constant;  // in memory order
  std::optional<View> view{};  // set where the value has no bytes of its own (view.h)
};

// Real bounds of a fused activation.
struct Clamp {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// Convolution, depthwise convolution, fully connected: y = sum of x * w + bias.
struct ConvLayer {
  ValueId input = -1, output = -1;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1,
      groups = 1;
  ir::Padding padding{};
  int out_channels = 1;
  std::vector<int8_t> weights{};  // output channel, kernel_h, kernel_w, input channel / groups
  int weight_zero = 0;
  std::vector<float> weight_scales{};  // one, or one an output channel
  std::vector<int32_t>
      bias{};  // one an output channel, of scale input scale * weight scale; empty: none
  std::vector<double> exact_bias{};  // the same before it is rounded, until the output's scale is
                                     // known (ONNX)
  bool float_scale_product = false;  // TFLite multiplies the two scales in float32 here
  // Where the bytes themselves are averaged, sum / divisor is not rounded to the nearest.
  enum class Ending { Nearest, Down, DownAboveZero, UpBelowZero };
  Ending ending = Ending::Nearest;
  int divisor = 0;         // a power of two or odd
  bool is_matrix = false;  // works on the rows of a matrix
  int64_t macs = 0;        // of an image, where the weights hold others than the network's; else 0
  Clamp clamp{};
};

struct PoolLayer {
  // Mean: the whole map, as TFLite's MEAN rounds it. Sum: of the whole map.
  enum class Kind { Maximum, Average, Mean, Sum };
  ValueId input = -1, output = -1;
  Kind kind = Kind::Maximum;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  ir::Padding padding{};
  bool count_includes_padding = false;
  bool averages_unsigned = false;  // TFLite rounds the mean of the uint8 form
  Clamp clamp{};
};

struct EltwiseLayer {
  ValueId a = -1, b = -1, output = -1;
  isa::EltwiseOp operation = isa::EltwiseOp::Add;
  Clamp clamp{};
};

struct TableLayer {
  ValueId input = -1, output = -1;
  std::array<int8_t, 256> table{};
};

struct SoftmaxLayer {
  ValueId input = -1, output = -1;
  float beta = 1;
};

struct ReshapeLayer {
  ValueId input = -1, output = -1;
};

// Constant padding of the map; `value` is the byte that stands there.
struct PadLayer {
  ValueId input = -1, output = -1;
  ir::Padding padding{};
  int value = 0;
};

// `axis` counts the dimensions.
struct ConcatLayer {
  std::vector<ValueId> inputs{};
  ValueId output = -1;
  int axis = 0;
};

// As ir::Move.
struct MoveLayer {
  ValueId input = -1, output = -1;
  int64_t offset = 0;
  std::vector<ir::Move::Axis> axes{};
};

// The kinds of layers, once: X(ConvLayer) X(PoolLayer) ... Overloads of integerize_layer are
// declared from this list (compiler/integerize/integerize.h).
#define ZAHL_LAYER_KINDS(X) \
  X(ConvLayer)              \
  X(PoolLayer)              \
  X(EltwiseLayer)           \
  X(TableLayer)             \
  X(SoftmaxLayer)           \
  X(ReshapeLayer)           \
  X(PadLayer)               \
  X(ConcatLayer)            \
  X(MoveLayer)

using LayerKind = std::variant<ConvLayer, PoolLayer, EltwiseLayer, TableLayer, SoftmaxLayer,
                               ReshapeLayer, PadLayer, ConcatLayer, MoveLayer>;

// Calls visit(id) with a reference to each value that the layer reads.
template <typename Kind, typename Visit>
void for_each_input(Kind& kind, Visit&& visit) {
  std::visit(
      [&](auto& layer) {
        if constexpr (requires { layer.a; }) {
          visit(layer.a);
          visit(layer.b);
        } else if constexpr (requires { layer.inputs; }) {
          for (auto& id : layer.inputs) visit(id);
        } else {
          visit(layer.input);
        }
      },
      kind);
}

struct Layer {
  NodeName node;
  LayerKind kind;
};

struct Port {
  ValueId value = -1;
  ir::HostView view;
  std::string name{};  // as in the user's file; empty: the value's own
};

enum class Arithmetic { Tflite, Onnx };

struct Network {
  std::string format;
  Arithmetic arithmetic = Arithmetic::Tflite;
  std::vector<Value> values;
  std::vector<Layer> layers;
  std::vector<Port> inputs, outputs;
  std::map<std::pair<ValueId, std::vector<int>>, ValueId>
      ordered;  // what in_memory_order (view.h) made
  std::map<ValueId, ValueId>
      bytes_of;  // values that are others' bytes, all of them in place, under other dimensions

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }
  ValueId add(Value value) {
    values.push_back(std::move(value));
    return static_cast<ValueId>(values.size()) - 1;
  }
};

// The shape in memory: N, H, W, C of dims in order, lower ranks with leading ones, higher ones with
// the slowest dimensions as one.
ir::Shape memory_shape(const Value& value);

// 0, 1, 2 ... : memory in the order of the axes.
std::vector<int> plain_order(size_t rank);

// Whether two orders lay out `dims` alike (axes of size one do not matter).
bool same_layout(const std::vector<int64_t>& dims, const std::vector<int>& a,
                 const std::vector<int>& b);

// "[1, 2, 3]".
std::string join(const std::vector<int64_t>& dims);

// Product of the dimensions; refuses dimensions below one and tensors beyond 2^28 elements.
int64_t element_count(const NodeName& node, const std::vector<int64_t>& dims);

// A constant repeated to `dims` (numpy's rules) in memory order `order`; nothing where the shapes
// do not fit.
std::optional<std::vector<int8_t>> broadcast(const Value& constant,
                                             const std::vector<int64_t>& dims,
                                             const std::vector<int>& order);

}  // namespace zahl::frontend
