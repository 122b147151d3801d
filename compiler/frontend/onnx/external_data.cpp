// Constants in files beside the model. A model may name only files of its own folder: neither an
// absolute path, nor "..", nor a link that leads out of it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "compiler/frontend/onnx/graph.h"

namespace zahl::frontend {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length{};
};

constexpr std::string_view kOneFile =
    "save the model in one file with onnx.save_model(model, path, save_as_external_data=False)";

Place place_of(const NodeName& owner, const onnx::TensorProto& tensor) {
  Place place;
  for (const auto& entry : tensor.external_data()) {
    const std::string& text = entry.value();
    uint64_t number = 0;
    const bool is_number = std::from_chars(text.data(), text.data() + text.size(), number).ptr ==
                               text.data() + text.size() &&
                           !text.empty();
    if (entry.key() == "location") place.location = text;
    if (entry.key() != "offset" && entry.key() != "length") continue;
    if (!is_number) refuse(owner, "its external data have no sound place", kIntactFile);
    (entry.key() == "offset" ? place.offset : place.length.emplace()) = number;
  }
  return place;
}

// The file, inside the folder once all links are followed.
fs::path inside(const NodeName& owner, const fs::path& folder, const std::string& location) {
  const fs::path relative(location);
  const bool climbs = std::ranges::find(relative, fs::path("..")) != relative.end();
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() ||
      climbs) {
    refuse(owner, fmt::format("its data lie in '{}', outside the model's folder", location),
           kOneFile);
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? fs::path(".") : folder, error);
  const fs::path file = error ? fs::path() : fs::canonical(root / relative, error);
  if (error) {
    refuse(owner, fmt::format("its data lie in '{}', which does not exist", location),
           "put that file beside the model");
  }
  const auto [at, end] = std::ranges::mismatch(root, file);
  if (at != root.end())
    refuse(owner, fmt::format("'{}' is a link that leads out of the model's folder", location),
           kOneFile);
  if (!fs::is_regular_file(file, error))
    refuse(owner, fmt::format("'{}' is not a file", location), kOneFile);
  return file;
}

void load(onnx::TensorProto& tensor, const fs::path& folder) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return;
  const NodeName owner{tensor.name(), "initializer"};
  const Place place = place_of(owner, tensor);
  const fs::path file = inside(owner, folder, place.location);
  std::error_code error;
  const uint64_t size = fs::file_size(file, error);
  const uint64_t length = place.length.value_or(size - std::min(size, place.offset));
  if (error || place.offset > size || length > size - place.offset) {
    refuse(owner, fmt::format("'{}' ends before its data do", place.location),
           "put the file there that was written with the model");
  }
  std::string bytes(length, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(place.offset));
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(length)))
    refuse(owner, fmt::format("'{}' cannot be read", place.location), "check its permissions");
  tensor.set_raw_data(std::move(bytes));
  tensor.clear_external_data();
  tensor.set_data_location(onnx::TensorProto::DEFAULT);
}

}  // namespace

void load_external_data(onnx::ModelProto& model, const fs::path& folder) {
  for (onnx::TensorProto& tensor : *model.mutable_graph()->mutable_initializer())
    load(tensor, folder);
  for (onnx::NodeProto& node : *model.mutable_graph()->mutable_node()) {
    for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) load(*attribute.mutable_t(), folder);
    }
  }
}

}  // namespace zahl::frontend
