#include "host/boundary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "isa/error.h"

namespace zahl::host {
namespace {

// Calls visit(index, offset) for each element of the user's layout, in its order, and its NHWC
// offset on the device.
template <class Visit>
void for_each_element(const HostTensor& t, int64_t elements, Visit&& visit) {
  const int64_t plane = t.channels_first ? int64_t{t.nhwc[1]} * t.nhwc[2] : 1;
  const int64_t channels = t.channels_first ? t.nhwc[3] : 1;
  for (int64_t index = 0, image = 0; index < elements; image += plane * channels) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t pixel = 0; pixel < plane; ++pixel, ++index)
        visit(index, image + pixel * channels + channel);
    }
  }
}

int8_t clamp_int8(double q) { return static_cast<int8_t>(std::clamp(q, -128.0, 127.0)); }

// In float32, as the frameworks do it; TFLite rounds ties away from zero, ONNX to even.
int8_t quantize(double value, const HostTensor& t, bool ties_away) {
  const float scaled = static_cast<float>(value) / static_cast<float>(t.scale);
  if (std::isnan(scaled)) return clamp_int8(t.zero_point);
  const float rounded = ties_away ? std::round(scaled) : std::nearbyint(scaled);
  return clamp_int8(static_cast<double>(rounded) + t.zero_point);
}

std::vector<int64_t> without_leading_ones(std::vector<int64_t> shape) {
  while (!shape.empty() && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

Array::Type type_of(const std::string& name) {
  if (name == "float32") return Array::Type::Float32;
  return name == "uint8" ? Array::Type::UInt8 : Array::Type::Int8;
}

int8_t device_value(const Array& array, int64_t index, const HostTensor& t, bool ties_away) {
  const double value = array.at(index);
  if (array.is_float()) return quantize(value, t, ties_away);
  // A byte of a uint8 tensor is re-labelled: the same value, 128 lower.
  const double q = array.type == Array::Type::UInt8 ? value - 128 : value;
  if (q < -128 || q > 127) {
    throw UserError(fmt::format(
        "input {}: element {} is {}, which is not a quantized 8-bit value; give floats or {}",
        t.name, index, value, t.type == "uint8" ? "uint8" : "int8"));
  }
  return static_cast<int8_t>(q);
}

Array dequantized(const Array& bytes, const HostTensor& t) {
  Array real;
  real.type = Array::Type::Float32;
  real.shape = bytes.shape;
  real.bytes.resize(bytes.bytes.size() * sizeof(float));
  for (size_t i = 0; i < bytes.bytes.size(); ++i) {
    const auto q = static_cast<float>(static_cast<int8_t>(bytes.bytes[i]) - t.zero_point);
    const float value = q * static_cast<float>(t.scale);
    std::memcpy(real.bytes.data() + i * sizeof(float), &value, sizeof(float));
  }
  return real;
}

}  // namespace

std::map<std::string, Array> random_inputs(const Program& program, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::map<std::string, Array> arrays;
  for (const HostTensor& t : program.inputs) {
    Array array;
    array.type = t.type == "uint8" ? Array::Type::UInt8 : Array::Type::Int8;
    array.shape = t.shape;
    array.bytes.resize(t.bytes);
    for (auto& b : array.bytes) b = static_cast<uint8_t>(random());
    const auto known = arrays.find(t.name);
    if (known == arrays.end()) {
      arrays.emplace(t.name, std::move(array));
    } else if (!known->second.is_float()) {  // quantized with several scales: real numbers
      known->second = dequantized(known->second, t);
    }
  }
  return arrays;
}

void place_inputs(const Program& program, const std::map<std::string, Array>& arrays,
                  MemoryImage& memory) {
  const bool ties_away = program.source_format.starts_with("tflite");
  std::vector<std::string> names;
  for (const HostTensor& t : program.inputs) {
    if (std::find(names.begin(), names.end(), t.name) == names.end()) names.push_back(t.name);
  }
  for (const auto& [name, array] : arrays) {
    const bool is_known = std::find(names.begin(), names.end(), name) != names.end() ||
                          (name.empty() && names.size() == 1);
    if (!is_known) {
      throw UserError(
          name.empty()
              ? fmt::format("the graph has {} inputs ({}); give a .npz file keyed by these names",
                            names.size(), fmt::join(names, ", "))
              : fmt::format("the graph has no input {}; it has {}", name, fmt::join(names, ", ")));
    }
  }
  for (const HostTensor& t : program.inputs) {
    auto found = arrays.find(t.name);
    if (found == arrays.end()) found = arrays.find("");
    if (found == arrays.end()) throw UserError(fmt::format("input {} is missing", t.name));
    const Array& array = found->second;
    if (without_leading_ones(array.shape) != without_leading_ones(t.shape)) {
      throw UserError(fmt::format("input {}: shape [{}] given, [{}] needed", t.name,
                                  fmt::join(array.shape, ", "), fmt::join(t.shape, ", ")));
    }
    uint8_t* const to = memory.data() + t.address;
    for_each_element(t, array.elements(), [&](int64_t i, int64_t device) {
      to[device] = static_cast<uint8_t>(device_value(array, i, t, ties_away));
    });
  }
}

DeviceProgram loaded_device(const Program& program, const std::map<std::string, Array>& inputs,
                            const std::string& file) {
  DeviceProgram device = device_program(program);
  try {
    place_inputs(program, inputs, device.memory);
  } catch (const UserError& error) {
    throw UserError(file.empty() ? error.what() : fmt::format("{}: {}", file, error.what()));
  }
  return device;
}

std::map<std::string, Array> take_outputs(const Program& program, const MemoryImage& memory) {
  std::map<std::string, Array> arrays;
  for (const HostTensor& t : program.outputs) {
    Array array;
    array.type = type_of(t.type);
    array.shape = t.shape;
    const int64_t elements = static_cast<int64_t>(t.bytes);
    array.bytes.resize(t.bytes * (array.type == Array::Type::Float32 ? 4 : 1));
    for_each_element(t, elements, [&](int64_t i, int64_t device) {
      const auto q = static_cast<int8_t>(memory[t.address + static_cast<uint64_t>(device)]);
      if (array.type == Array::Type::Float32) {
        const float value = static_cast<float>(q - t.zero_point) * static_cast<float>(t.scale);
        std::memcpy(array.bytes.data() + i * 4, &value, 4);
      } else {
        array.bytes[static_cast<size_t>(i)] =
            static_cast<uint8_t>(array.type == Array::Type::UInt8 ? q + 128 : q);
      }
    });
    arrays.emplace(t.name, std::move(array));
  }
  return arrays;
}

}  // namespace zahl::host
