// NumPy's .npy and .npz files. Throws UserError with one sentence for whatever is not a sound
// array.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zahl::host {

struct Array {
  enum class Type { Float32, Float64, Int8, UInt8, Int16, Int32, Int64 };
  Type type = Type::Float32;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;  // little-endian, C order

  int64_t elements() const;
  double at(int64_t index) const;
  bool is_float() const { return type == Type::Float32 || type == Type::Float64; }
};

// One array under the name "" for .npy, all under their names for .npz.
std::map<std::string, Array> load_arrays(const std::filesystem::path& path);
// Written as .npz if the path ends so, else as .npy, which holds one array. The file appears only
// when complete.
void save_arrays(const std::filesystem::path& path, const std::map<std::string, Array>& arrays);

}  // namespace zahl::host
