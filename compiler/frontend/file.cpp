#include "compiler/frontend/file.h"

#include <cstring>
#include <fstream>

#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    refuse("the file does not exist", "name a quantized .tflite or .onnx file");
  if (std::filesystem::is_directory(status))
    refuse("this is a directory", "name a quantized .tflite or .onnx file");
  std::ifstream stream(path, std::ios::binary);
  std::vector<uint8_t> bytes;
  if (stream)
    bytes.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  if (!stream || stream.bad()) refuse("the file cannot be read", "check its permissions");
  if (bytes.empty()) refuse("the file is empty", "name a quantized .tflite or .onnx file");
  return bytes;
}

bool is_tflite(const std::vector<uint8_t>& bytes) {
  return bytes.size() >= 8 && std::memcmp(bytes.data() + 4, "TFL3", 4) == 0;
}

}  // namespace zahl::frontend
