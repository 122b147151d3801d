#include "explain/complete_explanation.h"

#include <fmt/format.h>

#include "explain/explanation_json.h"
#include "explain/quantization_notes.h"
#include "explain/three_forms.h"
#include "host/npy.h"
#include "isa/error.h"

namespace zahl::explain {

nlohmann::ordered_json complete_explanation(const Explanation& e, const CompleteRequest& request) {
  nlohmann::ordered_json json = explanation_json(e);
  json["verdict"] = verdict(e);
  json["quantization"] = quantization_notes(e);
  FormsRequest forms{.layer = request.layer,
                     .inputs = {},
                     .input_name = fmt::format("random bytes, seed {}", request.seed),
                     .seed = request.seed};
  if (!request.input.empty()) {
    forms.inputs = host::load_arrays(request.input);
    forms.input_name = request.input;
  }
  std::string why;
  try {
    json["three_forms"] = three_forms(e, forms, why);
  } catch (const UserError& error) {
    throw UserError(request.input.empty() ? error.what()
                                          : fmt::format("{}: {}", request.input, error.what()));
  }
  json["three_forms_absent"] = why;
  return json;
}

}  // namespace zahl::explain
