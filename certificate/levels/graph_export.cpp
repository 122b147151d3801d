#include "certificate/levels/graph_export.h"

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>

namespace zahl::certificate {
namespace {

using Json = nlohmann::ordered_json;

template <typename T, typename From>
host::Array array_of(host::Array::Type type, const From& values) {
  host::Array array{.type = type, .shape = {static_cast<int64_t>(values.size())}, .bytes = {}};
  array.bytes.resize(values.size() * sizeof(T));
  size_t at = 0;
  for (const auto& v : values) {
    const T value = static_cast<T>(v);
    std::memcpy(array.bytes.data() + at, &value, sizeof(T));
    at += sizeof(T);
  }
  return array;
}

class Exporter {
 public:
  explicit Exporter(const ir::Graph& graph) : graph_(graph) {}

  std::map<std::string, host::Array> run() {
    Json nodes = Json::array(), tensors = Json::array();
    for (ir::TensorId id : graph_.tensors.ids()) tensors.push_back(tensor(id));
    for (const ir::Node& n : graph_.nodes) {
      Json j = std::visit([&](const auto& op) { return node(op); }, n.operation);
      j["name"] = n.name;
      nodes.push_back(std::move(j));
      ++index_;
    }
    Json inputs = Json::array(), outputs = Json::array();
    for (const ir::GraphPort& p : graph_.inputs) inputs.push_back(p.tensor);
    for (const ir::GraphPort& p : graph_.outputs) outputs.push_back(p.tensor);
    const Json json = {
        {"tensors", tensors}, {"nodes", nodes}, {"inputs", inputs}, {"outputs", outputs}};
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    arrays_["graph"] = text_array(text);
    return std::move(arrays_);
  }

 private:
  std::string keep(const char* what, host::Array array) {
    const std::string key = fmt::format("{}{}", what, index_);
    arrays_[key] = std::move(array);
    return key;
  }

  Json tensor(ir::TensorId id) {
    const ir::Tensor& t = graph_.tensors[id];
    Json j = {{"name", t.name},
              {"shape", {t.shape.n, t.shape.h, t.shape.w, t.shape.c}},
              {"scale", t.scale},
              {"zero_point", t.zero_point}};
    if (t.constant) {
      const std::string key = fmt::format("constant{}", id.number());
      arrays_[key] = int8_array(*t.constant);
      j["constant"] = key;
    }
    return j;
  }

  Json stage(isa::Rounding rounding, int zero_point, int low, int high,
             const std::optional<std::array<int8_t, 256>>& table) {
    Json j = {{"rounding", isa::kRoundingNames[static_cast<size_t>(rounding)]},
              {"zero_point", zero_point},
              {"low", low},
              {"high", high}};
    if (table) j["table"] = keep("table", array_of<int8_t>(host::Array::Type::Int8, *table));
    return j;
  }

  Json requant(const ir::Requant& r) {
    Json j = stage(r.rounding, r.zero_point, r.low, r.high, r.table);
    j["bias"] = keep("bias", array_of<int32_t>(host::Array::Type::Int32, r.bias));
    j["m0"] = keep("m0_", array_of<int64_t>(host::Array::Type::Int64, r.m0));
    j["shift"] = keep("shift", array_of<int64_t>(host::Array::Type::Int64, r.shift));
    return j;
  }

  template <typename Op>
  static Json window(const char* kind, const Op& op) {
    return {{"kind", kind},
            {"input", op.input},
            {"output", op.output},
            {"kernel", {op.kernel_h, op.kernel_w}},
            {"stride", {op.stride_h, op.stride_w}},
            {"padding", {op.padding.top, op.padding.bottom, op.padding.left, op.padding.right}}};
  }

  Json node(const ir::Conv& op) {
    Json j = window("conv", op);
    j["more_inputs"] = op.more_inputs;
    j["dilation"] = {op.dilation_h, op.dilation_w};
    j["groups"] = op.groups;
    j["weights"] = keep("weights", int8_array(op.weights));
    j["weight_zero"] = op.weight_zero;
    j["requant"] = requant(op.requant);
    return j;
  }
  Json node(const ir::Depthwise& op) {
    Json j = window("depthwise", op);
    j["weights"] = keep("weights", int8_array(op.weights));
    j["weight_zero"] = op.weight_zero;
    j["requant"] = requant(op.requant);
    return j;
  }
  Json node(const ir::MaxPool& op) {
    Json j = window("max_pool", op);
    j["requant"] = requant(op.requant);
    return j;
  }
  Json node(const ir::AveragePool& op) {
    Json j = window("average_pool", op);
    j["input_zero"] = op.input_zero;
    j["count_includes_padding"] = op.count_includes_padding;
    // One multiplier for each number of taps that a window can hold.
    Json multipliers = Json::object();
    for (int count = 1; count <= op.kernel_h * op.kernel_w; ++count) {
      const ir::Multiplier m = ir::average_multiplier(op, count);
      multipliers[std::to_string(count)] = {m.m0, m.shift};
    }
    j["multipliers"] = multipliers;
    j["requant"] = stage(op.rounding, op.zero_point, op.low, op.high, op.table);
    return j;
  }
  Json node(const ir::Eltwise& op) {
    Json j = {{"kind", isa::kEltwiseOpNames[static_cast<size_t>(op.operation)]},
              {"a", op.a},
              {"b", op.b},
              {"output", op.output},
              {"a_zero", op.a_zero},
              {"b_zero", op.b_zero},
              {"a_m0", op.a_m0},
              {"b_m0", op.b_m0},
              {"a_shift", op.a_shift},
              {"b_shift", op.b_shift},
              {"exact", op.exact},
              {"m0", op.m0},
              {"shift", op.shift}};
    j["requant"] = stage(op.rounding, op.zero_point, op.low, op.high, op.table);
    return j;
  }
  Json node(const ir::Lookup& op) {
    return {{"kind", "table"},
            {"input", op.input},
            {"output", op.output},
            {"table", keep("table", array_of<int8_t>(host::Array::Type::Int8, op.table))}};
  }
  Json node(const ir::Softmax& op) {
    return {{"kind", "softmax"},
            {"input", op.input},
            {"output", op.output},
            {"m0", op.m0},
            {"shift", op.shift},
            {"zero_point", op.zero_point},
            {"exponentials",
             keep("exponentials", array_of<int64_t>(host::Array::Type::Int64, op.exponentials))}};
  }
  Json node(const ir::Concat& op) {
    return {{"kind", "concat"}, {"inputs", op.inputs}, {"output", op.output}, {"axis", op.axis}};
  }
  Json node(const ir::Move& op) {
    Json axes = Json::array();
    for (const ir::Move::Axis& axis : op.axes) axes.push_back({axis.size, axis.step});
    return {{"kind", "move"},
            {"input", op.input},
            {"output", op.output},
            {"offset", op.offset},
            {"axes", axes}};
  }
  Json node(const ir::Reshape& op) {
    return {{"kind", "reshape"}, {"input", op.input}, {"output", op.output}};
  }

  const ir::Graph& graph_;
  std::map<std::string, host::Array> arrays_;
  size_t index_ = 0;
};

}  // namespace

host::Array text_array(const std::string& text) {
  return array_of<uint8_t>(host::Array::Type::UInt8, text);
}

host::Array int8_array(const std::vector<int8_t>& values) {
  return array_of<int8_t>(host::Array::Type::Int8, values);
}

std::map<std::string, host::Array> export_graph(const ir::Graph& graph) {
  return Exporter(graph).run();
}

}  // namespace zahl::certificate
