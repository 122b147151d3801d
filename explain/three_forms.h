// One layer computed three ways on the same data: in float between Dequantize and Quantize, as an
// integer requantized by the exact rational M, and by M0 * 2^-n as the device does.
#pragma once

#include <nlohmann/json.hpp>

#include "explain/explanation.h"
#include "host/npy.h"

namespace zahl::explain {

struct FormsRequest {
  std::string layer;  // name or part of one; empty: the first convolution or matrix product
  std::map<std::string, host::Array> inputs{};  // empty: seeded random bytes
  std::string input_name;  // for the text: the file, or how the bytes were made
  uint64_t seed = 1;
};

// round(v * m0 * 2^-shift) by the definition of docs/arithmetic.md, section 1, in unbounded
// integers.
Integer requantized(const Integer& v, uint32_t m0, int shift, isa::Rounding rounding);

// The object `three_forms` of docs/explain.md; null with a reason in `why` where no layer can be
// shown. Throws UserError where `layer` names none, or several, or inputs do not fit.
nlohmann::ordered_json three_forms(const Explanation& e, const FormsRequest& request,
                                   std::string& why);

}  // namespace zahl::explain
