// The compiler's graph: what a frontend makes and the scheduler consumes.
//
// Promise: everything between the graph's inputs and outputs is an integer with a known zero point,
// and every operator carries the integers that the machine will use. Scales are kept for the host
// boundary and the reports only. Feature maps are NHWC; a tensor of lower rank has leading ones; a
// matrix row is a pixel and its columns are channels.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/ir/ids.h"
#include "generated/isa.h"

namespace zahl::ir {

struct Shape {
  int n = 1, h = 1, w = 1, c = 1;
  int64_t elements() const { return int64_t{n} * h * w * c; }
  bool operator==(const Shape&) const = default;
};

// How a graph input or output looks to the user, and what the host does with it.
struct HostView {
  enum class Type { Float32, Int8, UInt8 };
  Type type = Type::Int8;
  std::vector<int64_t> shape;   // as in the user's file
  bool channels_first = false;  // shape is N, C, spatial...: the host transposes to and from NHWC
};

struct Tensor {
  std::string name;  // as in the user's file
  Shape shape;
  double scale = 1.0;  // real value = scale * (q - zero_point)
  int zero_point = 0;  // of the int8 form; a uint8 tensor is re-labelled by -128
  std::optional<std::vector<int8_t>> constant{};  // NHWC
};

struct Padding {
  int top = 0, bottom = 0, left = 0, right = 0;

  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("top", top);
    visit("bottom", bottom);
    visit("left", left);
    visit("right", right);
  }
};

// y = clamp(zero_point + round((acc + bias) * m0 * 2^-shift), low, high), then the table.
// m0, shift have one entry a channel, or a single one for all; bias always has one a channel.
struct Requant {
  isa::Rounding rounding = isa::Rounding::HalfEven;
  std::vector<int32_t> bias{};
  std::vector<uint32_t> m0{};
  std::vector<uint8_t> shift{};
  int zero_point = 0, low = -128, high = 127;
  std::optional<std::array<int8_t, 256>> table{};  // entry q + 128

  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("rounding", rounding);
    visit("bias", bias);
    visit("m0", m0);
    visit("shift", shift);
    visit("zero_point", zero_point);
    visit("low", low);
    visit("high", high);
    visit("table", table);
  }
};

// Convolution and fully connected (a 1x1 convolution). The bias holds -Zx * sum(w - Zw), so padding
// reads Zx. `more_inputs` hold further input channels, behind those of `input`: the sum runs over
// all of them, and no concatenation of them need exist. They have the height, width and zero point
// of `input`; groups is then 1.
struct Conv {
  TensorId input, output;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1,
      groups = 1;
  Padding padding{};
  std::vector<int8_t> weights{};  // output channel, kernel_h, kernel_w, input channel / groups
  int weight_zero = 0;
  Requant requant{};
  std::vector<TensorId> more_inputs{};

  static constexpr std::string_view kKind = "conv";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("kernel_h", kernel_h);
    visit("kernel_w", kernel_w);
    visit("stride_h", stride_h);
    visit("stride_w", stride_w);
    visit("dilation_h", dilation_h);
    visit("dilation_w", dilation_w);
    visit("groups", groups);
    visit("padding", padding);
    visit("weights", weights);
    visit("weight_zero", weight_zero);
    visit("requant", requant);
    visit("more_inputs", more_inputs);
  }
};

struct Depthwise {
  TensorId input, output;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  Padding padding{};
  std::vector<int8_t> weights{};  // kernel_h, kernel_w, channel
  int weight_zero = 0;
  Requant requant{};

  static constexpr std::string_view kKind = "depthwise";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("kernel_h", kernel_h);
    visit("kernel_w", kernel_w);
    visit("stride_h", stride_h);
    visit("stride_w", stride_w);
    visit("padding", padding);
    visit("weights", weights);
    visit("weight_zero", weight_zero);
    visit("requant", requant);
  }
};

struct MaxPool {
  TensorId input, output;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  Padding padding{};  // never wins
  Requant requant{};  // scale change or clamp after the maximum; m0 and shift make 1 where there is
                      // none

  static constexpr std::string_view kKind = "max_pool";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("kernel_h", kernel_h);
    visit("kernel_w", kernel_w);
    visit("stride_h", stride_h);
    visit("stride_w", stride_w);
    visit("padding", padding);
    visit("requant", requant);
  }
};

// A factor m0 * 2^-shift, m0 below 2^31.
struct Multiplier {
  uint32_t m0 = 0;
  uint8_t shift = 0;
  bool operator==(const Multiplier&) const = default;
};

// y = clamp(zero_point + round(sum of (x - input_zero) * multiplier), low, high), then the table;
// the multiplier is average_multiplier(pool, count). Padding is left out of the count
// (count_includes_padding = false) or counts as zero, that is, reads input_zero. TFLite rounds the
// mean of the bytes themselves: input_zero is then not the zero point.
struct AveragePool {
  TensorId input, output;
  int kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1;
  Padding padding{};
  bool count_includes_padding = false;
  double scale_ratio = 1.0;  // input scale / output scale
  int input_zero = 0;
  std::optional<Multiplier> multiplier{};  // where it is no mean, or TFLite's MEAN; else from
                                           // scale_ratio and the count
  isa::Rounding rounding = isa::Rounding::HalfAway;
  int zero_point = 0, low = -128, high = 127;
  std::optional<std::array<int8_t, 256>> table{};

  static constexpr std::string_view kKind = "average_pool";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("kernel_h", kernel_h);
    visit("kernel_w", kernel_w);
    visit("stride_h", stride_h);
    visit("stride_w", stride_w);
    visit("padding", padding);
    visit("count_includes_padding", count_includes_padding);
    visit("input_zero", input_zero);
    visit("rounding", rounding);
    visit("zero_point", zero_point);
    visit("low", low);
    visit("high", high);
    visit("table", table);
    visit("multipliers", multipliers());
  }
  // average_multiplier(*this, count) for each number of taps that a window can hold, from 1 on.
  std::vector<Multiplier> multipliers() const;
};

// Both operands have the output's shape.
struct Eltwise {
  TensorId a, b, output;
  isa::EltwiseOp operation = isa::EltwiseOp::Add;
  int a_zero = 0, b_zero = 0;
  uint32_t a_m0 = 0, b_m0 = 0;
  uint8_t a_shift = 0, b_shift = 0;
  bool exact = false;
  isa::Rounding rounding = isa::Rounding::HalfEven;
  uint32_t m0 = 0;
  uint8_t shift = 0;
  int zero_point = 0, low = -128, high = 127;
  std::optional<std::array<int8_t, 256>> table{};

  static constexpr std::string_view kKind = "eltwise";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("a", a);
    visit("b", b);
    visit("output", output);
    visit("operation", operation);
    visit("a_zero", a_zero);
    visit("b_zero", b_zero);
    visit("a_m0", a_m0);
    visit("b_m0", b_m0);
    visit("a_shift", a_shift);
    visit("b_shift", b_shift);
    visit("exact", exact);
    visit("rounding", rounding);
    visit("m0", m0);
    visit("shift", shift);
    visit("zero_point", zero_point);
    visit("low", low);
    visit("high", high);
    visit("table", table);
  }
};

// One table look-up an element: any unary function, a scale change, an activation.
struct Lookup {
  TensorId input, output;
  std::array<int8_t, 256> table;  // entry q + 128

  static constexpr std::string_view kKind = "table";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("table", table);
  }
};

// Over the channels of each pixel.
struct Softmax {
  TensorId input, output;
  std::array<uint32_t, 256> exponentials;  // docs/machine.md, section 8
  uint32_t m0 = 1;
  uint8_t shift = 0;
  int zero_point = -128;

  static constexpr std::string_view kKind = "softmax";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("exponentials", exponentials);
    visit("m0", m0);
    visit("shift", shift);
    visit("zero_point", zero_point);
  }
};

// Same bytes in the same order under another shape.
struct Reshape {
  TensorId input, output;

  static constexpr std::string_view kKind = "reshape";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
  }
};

// The inputs one behind the other along `axis` of N, H, W, C (1 to 3), bytes as they are.
struct Concat {
  std::vector<TensorId> inputs;
  TensorId output;
  int axis = 3;

  static constexpr std::string_view kKind = "concat";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("inputs", inputs);
    visit("output", output);
    visit("axis", axis);
  }
};

// Bytes of the input in another arrangement: the output's bytes, in memory order, are counted by
// `axes`, slowest first, and the one at index i is byte `offset` + sum of i * step of the input.
// Slices, transpositions, nearest resizes, repetitions (step 0).
struct Move {
  struct Axis {
    int size = 1;
    int64_t step = 0;  // in the input
    bool operator==(const Axis&) const = default;
  };
  TensorId input, output;
  int64_t offset = 0;
  std::vector<Axis> axes{};

  static constexpr std::string_view kKind = "move";
  template <typename Visit>
  void for_each_field(Visit&& visit) const {
    visit("input", input);
    visit("output", output);
    visit("offset", offset);
    visit("axes", axes);
  }
};

// The operations, once: X(Conv) X(Depthwise) ... Each has a kKind, which is its name in exports and
// reports, and for_each_field, which calls visit(name, value) with each of its integers. Overloads
// of lower (compiler/lower/lower.h) and describe (explain/layer.h) are declared from this list.
#define ZAHL_IR_OPERATIONS(X) \
  X(Conv)                     \
  X(Depthwise)                \
  X(MaxPool)                  \
  X(AveragePool)              \
  X(Eltwise)                  \
  X(Lookup)                   \
  X(Softmax)                  \
  X(Reshape)                  \
  X(Concat)                   \
  X(Move)

using Operation = std::variant<Conv, Depthwise, MaxPool, AveragePool, Eltwise, Lookup, Softmax,
                               Reshape, Concat, Move>;

struct Node {
  std::string name;  // as in the user's file; several absorbed nodes are joined with " + "
  std::string type;  // the user's operator, e.g. "Conv" or "DEPTHWISE_CONV_2D"
  int64_t macs = 0;  // the network's own multiply-accumulates, nothing padded to the array
  Operation operation;
};

// Several ports may show one tensor: under other names, or in other types.
struct GraphPort {
  TensorId tensor;
  HostView view;
  std::string name{};  // as in the user's file; empty: the tensor's own
};

struct Graph {
  std::string name;
  std::string format;  // "onnx-qdq", "onnx-qoperator", "tflite"
  Indexed<TensorId, Tensor> tensors;
  Indexed<NodeId, Node> nodes;  // in an order in which every input comes before its use
  std::vector<GraphPort> inputs, outputs;
};

// The factor for a window of `count` taps: scale_ratio / count with 31 significant bits. With
// HalfAway it is rounded up, so that an exact tie of sum / count (scale_ratio 1) still falls away
// from zero: 3 / 6 gives 1, -3 / 6 gives -1. REQUIRES: count >= 1 and sums below 2^29 in magnitude.
Multiplier average_multiplier(const AveragePool& pool, int count);

// What the user calls the port.
const std::string& name_of(const Graph& graph, const GraphPort& port);

// The tensors that a node reads (constants included) and the one that it writes.
std::vector<TensorId> inputs_of(const Operation& operation);
TensorId output_of(const Operation& operation);

// Calls visit(id) with a reference to each tensor that a node reads, then to the one that it
// writes.
template <typename Op, typename Visit>
void for_each_tensor(Op& operation, Visit&& visit) {
  std::visit(
      [&](auto& op) {
        if constexpr (requires { op.a; }) {
          visit(op.a);
          visit(op.b);
        } else if constexpr (requires { op.inputs; }) {
          for (auto& id : op.inputs) visit(id);
        } else {
          visit(op.input);
          if constexpr (requires { op.more_inputs; }) {
            for (auto& id : op.more_inputs) visit(id);
          }
        }
        visit(op.output);
      },
      operation);
}

// The same move with axes of size one dropped and neighbours joined where they are one run.
Move simplified(const Move& move);

// Where the move takes some channels of every pixel as they are: the first of them. REQUIRES: a
// verified move.
std::optional<int> channel_slice(const Move& move, const Shape& input, const Shape& output);

// Where the move takes the same channels of every pixel in some order: these. REQUIRES: a verified
// move.
std::optional<std::vector<int>> chosen_channels(const Move& move, const Shape& input,
                                                const Shape& output);

// Checks that shapes fit, tensors are written once and before use, and every parameter is in range.
// Returns an empty string, or one sentence that names node and reason.
std::string verify(const Graph& graph);

}  // namespace zahl::ir
