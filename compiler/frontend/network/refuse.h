// How the frontend says no: every message is one sentence with node, operator, reason and remedy.
// load_model puts the file's name in front.
#pragma once

#include <string>
#include <string_view>

#include "isa/error.h"

namespace zahl::frontend {

struct NodeName {
  std::string name;  // as in the user's file
  std::string type;  // the user's operator
};

// A node that cannot run on integers, and why. `remedy` completes "what would work: ...".
struct LeftInFloat {
  NodeName node;
  std::string reason{}, remedy{};
  bool follows = false;  // only because a node before or behind it is left
};

// What refuse() throws: the sentence for compile, its parts for explain, which goes on.
class Refusal : public UserError {
 public:
  Refusal(const std::string& sentence, LeftInFloat parts)
      : UserError(sentence), parts_(std::move(parts)) {}
  const LeftInFloat& parts() const { return parts_; }

 private:
  LeftInFloat parts_;
};

// "node 'NAME' (TYPE): REASON; REMEDY."
[[noreturn]] void refuse(const NodeName& node, std::string_view reason, std::string_view remedy);

// "REASON; REMEDY." for what concerns no single node.
[[noreturn]] void refuse(std::string_view reason, std::string_view remedy);

// What makes a float model work, by framework.
inline constexpr std::string_view kQuantizeOnnx =
    "quantize the model with onnxruntime.quantization.quantize_static, "
    "quant_format=QuantFormat.QDQ, int8 or uint8";
inline constexpr std::string_view kQuantizeTflite =
    "convert the model with tf.lite.TFLiteConverter, optimizations = [tf.lite.Optimize.DEFAULT], a "
    "representative_dataset and "
    "target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]";

}  // namespace zahl::frontend
