// The bytes of a model file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace zahl::frontend {

// The whole file, or UserError without its name.
std::vector<uint8_t> read_bytes(const std::filesystem::path& path);

bool is_tflite(const std::vector<uint8_t>& bytes);

}  // namespace zahl::frontend
