// Level 2: the program. Every instruction word is what the instruction set says and nothing else,
// every field of it an integer, and every byte of the constants is read with an integer meaning.
#pragma once

#include <optional>
#include <span>

#include "certificate/levels/level.h"
#include "contract/program.h"

namespace zahl::certificate {

// One section of a program file as it stands there.
struct ImageSection {
  std::string name;
  uint64_t offset = 0, bytes = 0;
};

// The sections of a program file; throws UserError where its header is damaged.
std::vector<ImageSection> sections_of_image(const std::vector<uint8_t>& file);

// Each 64-byte word: known opcode, no reserved bit, legal on the machine, and encoding gives the
// same bytes again. Empty, or what is wrong, with the instruction's index.
std::vector<std::string> wrong_words(std::span<const uint8_t> code, const hw::Config& config);

// `path` is the program file; `recompiled`, if given, is what the compiler makes of the model.
Level check_image(const std::string& path, const Program* recompiled);

}  // namespace zahl::certificate
