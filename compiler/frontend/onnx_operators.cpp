// The operators that become layers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/frontend/onnx_reader.h"
#include "compiler/frontend/view.h"
#include "compiler/frontend/window.h"

namespace zahl::frontend {
namespace {

constexpr std::string_view kIntactFile = "use an intact file as written by onnx.save";

std::string join(const std::vector<int64_t>& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

struct Window {
  WindowAxis h, w;
};

// Kernel, strides, dilations and padding of a convolution or pool over a map of h x w.
Window window_of(const OnnxNode& node, int64_t h, int64_t w, const std::vector<int64_t>& kernel, bool has_ceil) {
  const auto strides = node.integers("strides", {1, 1}), dilations = node.integers("dilations", {1, 1});
  const auto pads = node.integers("pads", {0, 0, 0, 0});
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 || pads.size() != 4) {
    refuse(node.name(), fmt::format("it has {} spatial dimensions", kernel.size()), "use two-dimensional operators");
  }
  Window window{{h, kernel[0], strides[0], dilations[0], pads[0], pads[2]},
                {w, kernel[1], strides[1], dilations[1], pads[1], pads[3]}};
  const std::string automatic = node.text("auto_pad", "NOTSET");
  for (WindowAxis* axis : {&window.h, &window.w}) {
    if (automatic == "VALID") axis->before = axis->after = 0;
    WindowAxis unpadded = *axis;
    unpadded.input = 1 << 30;
    check(node.name(), unpadded);  // the attributes alone
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") pad_same(*axis, automatic == "SAME_LOWER");
    check(node.name(), *axis);
    if (has_ceil && node.integer("ceil_mode", 0) != 0) {
      pad_ceil(*axis);
      check(node.name(), *axis);
    }
  }
  return window;
}

template <typename Layer>
void set_window(const Window& window, Layer& layer) {
  layer.kernel_h = static_cast<int>(window.h.kernel);
  layer.kernel_w = static_cast<int>(window.w.kernel);
  layer.stride_h = static_cast<int>(window.h.stride);
  layer.stride_w = static_cast<int>(window.w.stride);
  layer.padding = {.top = static_cast<int>(window.h.before),
                   .bottom = static_cast<int>(window.h.after),
                   .left = static_cast<int>(window.w.before),
                   .right = static_cast<int>(window.w.after)};
}

}  // namespace

bool OnnxReader::read_layer(const OnnxNode& node) {
  using Read = void (OnnxReader::*)(const OnnxNode&);
  static const std::map<std::string, Read> kLayers = {
      {"Conv", &OnnxReader::read_conv},          {"Gemm", &OnnxReader::read_matrix},
      {"MatMul", &OnnxReader::read_matrix},      {"MaxPool", &OnnxReader::read_pool},
      {"AveragePool", &OnnxReader::read_pool},   {"GlobalAveragePool", &OnnxReader::read_mean},
      {"GlobalMaxPool", &OnnxReader::read_mean}, {"ReduceMean", &OnnxReader::read_mean},
      {"Add", &OnnxReader::read_eltwise},        {"Sub", &OnnxReader::read_eltwise},
      {"Mul", &OnnxReader::read_eltwise},        {"Softmax", &OnnxReader::read_softmax},
      {"Concat", &OnnxReader::read_concat},
  };
  const auto read = kLayers.find(node.type());
  if (read == kLayers.end()) return false;
  (this->*read->second)(node);
  return true;
}

void OnnxReader::set_pending(const OnnxNode& node, LayerKind kind, std::vector<int64_t> dims, std::vector<int> order) {
  element_count(node.name(), dims);
  Value output;
  output.name = node.output();
  output.dims = std::move(dims);
  output.order = std::move(order);
  Pending pending{.layer = std::make_shared<const Layer>(Layer{node.name(), std::move(kind)}),
                  .output = std::move(output),
                  .clamp = {},
                  .names = {node.name().name},
                  .moves = {}};
  floats_.insert_or_assign(node.output(), std::move(pending));
}

ValueId OnnxReader::feature_map(const OnnxNode& node, size_t input) {
  const ValueId id = value_of(node, input);
  const Value& value = network_.value(id);
  if (value.dims.size() != 4) {
    refuse(node.name(), fmt::format("its input '{}' has the shape {}", value.name, join(value.dims)),
           "use a four-dimensional feature map");
  }
  return in_memory_order(network_, node.name(), id, kChannelsFirst);
}

void OnnxReader::read_conv(const OnnxNode& node) {
  ConvLayer layer{.input = feature_map(node, 0)};
  const QuantizedConstant& weights = weights_of(node, 1);
  const std::vector<int64_t>& filter = weights.tensor->dims;  // output channel, input channel / groups, h, w
  const std::vector<int64_t> dims = network_.value(layer.input).dims;
  const int64_t groups = node.integer("group", 1);
  if (filter.size() != 4)
    refuse(node.name(), fmt::format("its weights have the shape {}", join(filter)), "use two-dimensional convolutions");
  element_count(node.name(), filter);
  const std::vector<int64_t> kernel{filter[2], filter[3]};
  if (groups < 1 || groups > dims[1] || filter[1] * groups != dims[1] || filter[0] % groups != 0 ||
      node.integers("kernel_shape", kernel) != kernel) {
    refuse(
        node.name(),
        fmt::format("weights of the shape {} in {} groups do not fit {} input channels", join(filter), groups, dims[1]),
        kIntactFile);
  }
  const Window window = window_of(node, dims[2], dims[3], kernel, false);
  set_window(window, layer);
  layer.dilation_h = static_cast<int>(window.h.dilation);
  layer.dilation_w = static_cast<int>(window.w.dilation);
  layer.groups = static_cast<int>(groups);
  layer.out_channels = static_cast<int>(filter[0]);
  read_weights(node, weights, 0, layer);
  // output, input, h, w becomes output, h, w, input.
  const std::vector<int8_t> source = layer.weights;
  const auto inputs = static_cast<size_t>(filter[1]), taps = static_cast<size_t>(filter[2] * filter[3]);
  for (size_t o = 0; o < static_cast<size_t>(filter[0]); ++o) {
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t t = 0; t < taps; ++t)
        layer.weights[(o * taps + t) * inputs + i] = source[(o * inputs + i) * taps + t];
    }
  }
  if (!node.input(2).empty()) add_bias(node, meaning_of(node, 2), layer);
  set_pending(node, std::move(layer), {dims[0], filter[0], window.h.output(), window.w.output()}, kChannelsFirst);
}

void OnnxReader::read_matrix(const OnnxNode& node) {
  const bool is_gemm = node.type() == "Gemm";
  const ValueId source = value_of(node, 0);
  const std::vector<int> places = places_in_memory(source);
  const auto order = plain_order(network_.value(source).dims.size());
  ConvLayer layer{.input = places.empty() ? in_memory_order(network_, node.name(), source, order)
                                          : as_it_lies(node, source)};
  layer.is_matrix = true;
  const QuantizedConstant& weights = weights_of(node, 1);
  const Value input = network_.value(layer.input);
  const std::vector<int64_t> matrix = weights.tensor->dims;
  const bool is_transposed = is_gemm && node.integer("transB", 0) != 0;  // stored as output, input
  if (is_gemm && (node.integer("transA", 0) != 0 || node.real("alpha", 1) != 1.0f ||
                  (node.real("beta", 1) != 1.0f && !node.input(2).empty()))) {
    refuse(node.name(), "transA, alpha and beta other than 1 are not supported",
           "fold them into the weights before quantizing");
  }
  if (matrix.size() != 2 || input.dims.empty() || input.dims.back() != matrix[is_transposed ? 1 : 0] ||
      (is_gemm && input.dims.size() != 2)) {
    refuse(node.name(), fmt::format("a product of {} and {} is not supported", join(input.dims), join(matrix)),
           "multiply rows by a constant matrix");
  }
  element_count(node.name(), matrix);
  const int64_t outputs = matrix[is_transposed ? 0 : 1], inputs = matrix[is_transposed ? 1 : 0];
  layer.out_channels = static_cast<int>(outputs);
  read_weights(node, weights, is_transposed ? 0 : 1, layer);
  const std::vector<int8_t> stored = layer.weights;
  const auto rows = static_cast<size_t>(outputs), columns = static_cast<size_t>(inputs);
  for (size_t o = 0; o < rows; ++o) {
    for (size_t i = 0; i < columns; ++i) {
      const size_t place = places.empty() ? i : static_cast<size_t>(places[i]);
      layer.weights[o * columns + place] = is_transposed ? stored[o * columns + i] : stored[i * rows + o];
    }
  }
  if (is_gemm && !node.input(2).empty()) add_bias(node, meaning_of(node, 2), layer);
  std::vector<int64_t> dims = input.dims;
  dims.back() = outputs;
  set_pending(node, std::move(layer), std::move(dims), order);
}

void OnnxReader::read_pool(const OnnxNode& node) {
  PoolLayer layer{.input = feature_map(node, 0)};
  const bool is_maximum = node.type() == "MaxPool";
  layer.kind = is_maximum ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  const std::vector<int64_t> dims = network_.value(layer.input).dims;
  const Window window = window_of(node, dims[2], dims[3], node.integers("kernel_shape", {}), true);
  if (window.h.dilation != 1 || window.w.dilation != 1)
    refuse(node.name(), "dilated pools are not supported", "use dilation 1");
  if (node.outputs() > 1 && !node.output(1).empty())
    refuse(node.name(), "indices of the maxima are not supported", "use the first output only");
  set_window(window, layer);
  layer.count_includes_padding = node.integer("count_include_pad", 0) != 0;
  if (!is_maximum && layer.count_includes_padding && node.integer("ceil_mode", 0) != 0) {
    refuse(node.name(), "ceil_mode together with count_include_pad is not supported",
           "pad explicitly and use ceil_mode 0");
  }
  set_pending(node, layer, {dims[0], dims[1], window.h.output(), window.w.output()}, kChannelsFirst);
}

void OnnxReader::read_mean(const OnnxNode& node) {
  PoolLayer layer{.input = feature_map(node, 0)};
  layer.kind = node.type() == "GlobalMaxPool" ? PoolLayer::Kind::Maximum : PoolLayer::Kind::Average;
  const std::vector<int64_t> dims = network_.value(layer.input).dims;
  bool keeps = true;
  if (node.type() == "ReduceMean") {
    auto axes = integers(node, 1, "axes").value_or(std::vector<int64_t>{});
    for (int64_t& axis : axes) axis += axis < 0 ? 4 : 0;
    std::ranges::sort(axes);
    keeps = node.integer("keepdims", 1) != 0;
    if (axes != std::vector<int64_t>{2, 3}) {
      refuse(node.name(), fmt::format("the mean over the axes {} is not supported", join(axes)),
             "take the mean over height and width");
    }
  }
  WindowAxis h{dims[2], dims[2]}, w{dims[3], dims[3]};
  check(node.name(), h);
  check(node.name(), w);
  set_window(Window{h, w}, layer);
  if (keeps) {
    set_pending(node, layer, {dims[0], dims[1], 1, 1}, kChannelsFirst);
  } else {
    set_pending(node, layer, {dims[0], dims[1]}, plain_order(2));
  }
}

void OnnxReader::read_eltwise(const OnnxNode& node) {
  if (node.inputs() != 2) refuse(node.name(), fmt::format("it has {} inputs", node.inputs()), "use two");
  if (read_added_bias(node)) return;
  EltwiseLayer layer;
  layer.operation = node.type() == "Add"   ? isa::EltwiseOp::Add
                    : node.type() == "Sub" ? isa::EltwiseOp::Sub
                                           : isa::EltwiseOp::Mul;
  for (size_t i : {size_t{0}, size_t{1}}) {
    if (!std::holds_alternative<FloatConstant>(meaning_of(node, i))) continue;
    refuse(node.name(),
           fmt::format("its constant operand '{}' has several elements and is floating point", node.input(i)),
           kSurround);
  }
  const bool a_is_constant = std::holds_alternative<QuantizedConstant>(meaning_of(node, 0));
  ValueId computed = settled(network_, node.name(), value_of(node, a_is_constant ? 1 : 0));
  Value shape = network_.value(computed);
  const Meaning& other = meaning_of(node, a_is_constant ? 0 : 1);
  ValueId second = -1;
  if (const auto* constant = std::get_if<QuantizedConstant>(&other)) {
    if (!constant->tensor->is_byte() || constant->scales.size() != 1) {
      refuse(node.name(), fmt::format("its constant operand '{}' is not int8 or uint8 with one scale", constant->name),
             kQuantizeOnnx);
    }
    const int64_t label = constant->tensor->type == onnx::TensorProto::UINT8 ? 128 : 0;
    Value value;
    value.name = constant->name;
    value.dims = constant->tensor->dims;
    value.order = plain_order(value.dims.size());
    value.scale = constant->scales.front();
    value.zero_point = static_cast<int>(std::clamp<int64_t>(constant->zero_points.front() - label, -128, 127));
    value.constant.emplace();
    for (int64_t q : constant->tensor->integers) value.constant->push_back(static_cast<int8_t>(q - label));
    auto repeated = broadcast(value, shape.dims, shape.order);
    if (!repeated) {
      refuse(node.name(),
             fmt::format("operands of the shapes {} and {} would both have to be repeated", join(shape.dims),
                         join(value.dims)),
             "give both operands the same shape");
    }
    value.dims = shape.dims;
    value.order = shape.order;
    value.constant = std::move(repeated);
    second = network_.add(std::move(value));
  } else {
    second = value_of(node, 1);
    const std::vector<int64_t> b = network_.value(second).dims;
    const auto dims = common_dims(shape.dims, b);
    if (!dims) {
      refuse(node.name(), fmt::format("the shapes {} and {} do not fit", join(shape.dims), join(b)), kIntactFile);
    }
    const auto repeat = [&](ValueId id) {
      if (network_.value(id).dims == *dims) return id;
      const Value like = network_.value(id);
      return add_view(network_, node.name(), like, like.name, *broadcast(view_of(network_, id), *dims));
    };
    if (shape.dims != *dims) {  // the larger operand decides the order
      second = settled(network_, node.name(), repeat(second));
      shape = network_.value(second);
      computed = in_memory_order(network_, node.name(), repeat(computed), shape.order);
    } else {
      second = in_memory_order(network_, node.name(), repeat(second), shape.order);
    }
  }
  layer.a = a_is_constant ? second : computed;
  layer.b = a_is_constant ? computed : second;
  set_pending(node, layer, shape.dims, shape.order);
}

void OnnxReader::read_softmax(const OnnxNode& node) {
  const int64_t opset = node.integer("opset", graph_.opset);  // a QLinearSoftmax brings its own
  ValueId input = value_of(node, 0);
  const auto rank = static_cast<int64_t>(network_.value(input).dims.size());
  int64_t axis = node.integer("axis", opset < 13 ? 1 : -1);
  if (axis < 0) axis += rank;
  const bool exists = rank > 0 && axis >= 0 && axis < rank;
  if (exists) {  // innermost
    std::vector<int> order = network_.value(input).order;
    if (order.back() != axis || network_.value(input).view) {
      std::erase(order, static_cast<int>(axis));
      order.push_back(static_cast<int>(axis));
      input = in_memory_order(network_, node.name(), input, order);
    }
  }
  const Value value = network_.value(input);
  if (!exists || (opset < 13 && axis + 1 < rank && value.dims[static_cast<size_t>(rank) - 1] != 1)) {
    refuse(node.name(), fmt::format("softmax over axis {} of the shape {} is not supported", axis, join(value.dims)),
           "take it over one axis (opset 13)");
  }
  set_pending(node, SoftmaxLayer{.input = input, .output = -1, .beta = 1}, value.dims, value.order);
}

void OnnxReader::read_concat(const OnnxNode& node) {
  ConcatLayer layer;
  std::vector<int64_t> dims;
  const int64_t given = node.integer("axis", 0);
  for (size_t i = 0; i < node.inputs(); ++i) {
    ValueId id = value_of(node, i);
    id = i == 0 ? settled(network_, node.name(), id)
                : in_memory_order(network_, node.name(), id, network_.value(layer.inputs[0]).order);
    layer.inputs.push_back(id);
    const std::vector<int64_t>& part = network_.value(id).dims;
    const auto rank = static_cast<int64_t>(part.size());
    layer.axis = static_cast<int>(given < 0 ? given + rank : given);
    std::vector<int64_t> expected = dims.empty() ? part : dims;
    const bool exists = layer.axis >= 0 && layer.axis < rank && expected.size() == part.size();
    if (exists) expected[static_cast<size_t>(layer.axis)] = part[static_cast<size_t>(layer.axis)];
    if (!exists || expected != part) {
      refuse(node.name(), fmt::format("{} does not fit behind {} along axis {}", join(part), join(dims), given),
             kIntactFile);
    }
    if (dims.empty()) {
      dims = part;
    } else {
      dims[static_cast<size_t>(layer.axis)] += part[static_cast<size_t>(layer.axis)];
    }
  }
  const std::vector<int> order = network_.value(layer.inputs.at(0)).order;
  set_pending(node, std::move(layer), std::move(dims), order);
}

// Where each element of a row lies in memory, for rows whose bytes lie together in another order (a flattened feature
// map); empty where they lie in order or not together.
std::vector<int> OnnxReader::places_in_memory(ValueId id) const {
  const Value& value = network_.value(id);
  if (!value.view || value.dims.empty() || !is_rearrangement(network_, *value.view)) return {};
  std::vector<int64_t> places = {0};
  for (const auto& axis : value.view->dims.back()) {
    std::vector<int64_t> finer;
    for (int64_t place : places) {
      for (int64_t i = 0; i < axis.size; ++i) finer.push_back(place + i * axis.step);
    }
    places = std::move(finer);
  }
  View rows = *value.view;  // in order as a whole?
  rows.dims.back() = {{static_cast<int>(places.size()), 1}};
  std::vector<ir::Move::Axis> axes;
  for (const auto& own : rows.dims) axes.insert(axes.end(), own.begin(), own.end());
  if (ir::simplified({-1, -1, 0, axes}).axes.size() != 1 ||
      std::ranges::max(places) != static_cast<int64_t>(places.size()) - 1)
    return {};
  return {places.begin(), places.end()};
}

// The rows of such a value, each in the order of memory.
ValueId OnnxReader::as_it_lies(const OnnxNode& node, ValueId id) {
  Value value = network_.value(id);
  const ValueId root = value.view->root;
  value.view.reset();
  value.order = plain_order(value.dims.size());
  const ValueId result = network_.add(std::move(value));
  network_.layers.push_back({node.name(), ReshapeLayer{root, result}});
  return result;
}

}  // namespace zahl::frontend
