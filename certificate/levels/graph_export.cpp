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
      Json j = std::visit([&](const auto& op) { return field("", op); }, n.operation);
      j["kind"] = std::visit([](const auto& op) { return op.kKind; }, n.operation);
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

  // A field as JSON; arrays are kept apart, under a key that names the field.
  Json field(const char*, int value) { return value; }
  Json field(const char*, uint32_t value) { return value; }
  Json field(const char*, uint8_t value) { return value; }
  Json field(const char*, int64_t value) { return value; }
  Json field(const char*, bool value) { return value; }
  Json field(const char*, ir::TensorId value) { return value; }
  Json field(const char*, const std::vector<ir::TensorId>& value) { return value; }
  Json field(const char*, isa::Rounding value) {
    return isa::kRoundingNames[static_cast<size_t>(value)];
  }
  Json field(const char*, isa::EltwiseOp value) {
    return isa::kEltwiseOpNames[static_cast<size_t>(value)];
  }
  Json field(const char*, const std::vector<ir::Multiplier>& value) {
    Json json = Json::array();
    for (const ir::Multiplier& m : value) json.push_back({m.m0, m.shift});
    return json;
  }
  Json field(const char*, const std::vector<ir::Move::Axis>& value) {
    Json json = Json::array();
    for (const ir::Move::Axis& axis : value) json.push_back({axis.size, axis.step});
    return json;
  }
  Json field(const char* name, const std::vector<int8_t>& value) {
    return keep(name, int8_array(value));
  }
  Json field(const char* name, const std::array<int8_t, 256>& value) {
    return keep(name, array_of<int8_t>(host::Array::Type::Int8, value));
  }
  Json field(const char* name, const std::optional<std::array<int8_t, 256>>& value) {
    return value ? field(name, *value) : Json();
  }
  template <typename T>
  requires requires(const T& values) { values.size(); }
  Json field(const char* name, const T& values) {
    return keep(name, array_of<int64_t>(host::Array::Type::Int64, values));
  }
  template <typename T>
  requires requires(const T& fields) {
    fields.for_each_field([](auto&&...) {});
  }
  Json field(const char*, const T& fields) {
    Json json = Json::object();
    fields.for_each_field(
        [&](const char* name, const auto& value) { json[name] = field(name, value); });
    return json;
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
