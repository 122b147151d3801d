// Nodes that take parts of an axis, or trade space for channels.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/network/view.h"
#include "compiler/frontend/onnx/reader.h"
#include "isa/round.h"

namespace zahl::frontend {
namespace {

constexpr std::string_view kIntactFile = "use an intact file as written by onnx.save";
std::string join(const std::vector<int64_t>& dims) {
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

size_t axis_of(const OnnxNode& node, int64_t axis, size_t rank) {
  const int64_t counted = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
  if (counted < 0 || counted >= static_cast<int64_t>(rank)) {
    refuse(node.name(), fmt::format("axis {} does not exist in {} dimensions", axis, rank),
           kIntactFile);
  }
  return static_cast<size_t>(counted);
}

}  // namespace

OnnxReader::Span OnnxReader::split_span(const OnnxNode& node, const std::vector<int64_t>& dims,
                                        size_t output) const {
  const size_t axis = axis_of(node, node.integer("axis", 0), dims.size());
  const auto parts = static_cast<int64_t>(node.outputs());
  const int64_t even = ceil_div(dims[axis], parts);
  std::vector<int64_t> sizes(static_cast<size_t>(parts), even);
  sizes.back() = dims[axis] - even * (parts - 1);
  if (const auto given = integers(node, 1, "split")) sizes = *given;
  int64_t sum = 0, begin = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || sizes[i] > dims[axis])
      refuse(node.name(), fmt::format("it splits {} into {}", dims[axis], join(sizes)),
             kIntactFile);
    if (i == output) begin = sum;
    sum += sizes[i];
  }
  if (sizes.size() != node.outputs() || sum != dims[axis]) {
    refuse(node.name(), fmt::format("it splits {} into {}", dims[axis], join(sizes)), kIntactFile);
  }
  return {axis, begin, sizes[output], 1};
}

std::vector<OnnxReader::Span> OnnxReader::slice_spans(const OnnxNode& node,
                                                      const std::vector<int64_t>& dims) const {
  const auto starts = integers(node, 1, "starts"), ends = integers(node, 2, "ends");
  if (!starts || !ends || starts->size() != ends->size()) {
    refuse(node.name(), "its starts and ends are not constants",
           "export the model with fixed shapes");
  }
  std::vector<int64_t> axes(starts->size()), steps(starts->size(), 1);
  for (size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<int64_t>(i);
  if (const auto given = integers(node, 3, "axes")) axes = *given;
  if (const auto given = integers(node, 4, "steps")) steps = *given;
  if (axes.size() != starts->size() || steps.size() != starts->size())
    refuse(node.name(), "its starts, ends, axes and steps differ in number", kIntactFile);
  std::vector<Span> spans;
  for (size_t i = 0; i < axes.size(); ++i) {
    const size_t axis = axis_of(node, axes[i], dims.size());
    const auto inside = [&](int64_t index) {
      return std::clamp<int64_t>(index < 0 ? index + dims[axis] : index, 0, dims[axis]);
    };
    const int64_t begin = inside((*starts)[i]), end = inside((*ends)[i]);
    if (steps[i] < 1)
      refuse(node.name(), fmt::format("it goes in steps of {}", steps[i]), "use positive steps");
    if (end <= begin) refuse(node.name(), "its result is empty", kIntactFile);
    if (begin == 0 && end == dims[axis] && steps[i] == 1) continue;
    spans.push_back({axis, begin, (end - begin + steps[i] - 1) / steps[i], steps[i]});
  }
  return spans;
}

ValueId OnnxReader::apply_blocks(const OnnxNode& node, ValueId id) {
  const std::vector<int64_t> dims = network_.value(id).dims;
  const int64_t b = node.integer("blocksize", 0);
  const bool gives_space = node.type() == "DepthToSpace";
  if (dims.size() != 4 || b < 1 || b > 64 ||
      (gives_space ? dims[1] % (b * b) != 0 : dims[2] % b != 0 || dims[3] % b != 0)) {
    refuse(node.name(), fmt::format("blocks of {} do not fit the shape {}", b, join(dims)),
           kIntactFile);
  }
  const int64_t n = dims[0], c = dims[1], h = dims[2], w = dims[3];
  if (!gives_space) {
    id = reshape(node, id, {n, c, h / b, b, w / b, b});
    id = transpose(node, id, {0, 3, 5, 1, 2, 4});
    return reshape(node, id, {n, c * b * b, h / b, w / b});
  }
  const bool is_crd = node.text("mode", "DCR") == "CRD";
  id = is_crd ? reshape(node, id, {n, c / (b * b), b, b, h, w})
              : reshape(node, id, {n, b, b, c / (b * b), h, w});
  id = is_crd ? transpose(node, id, {0, 1, 4, 2, 5, 3}) : transpose(node, id, {0, 3, 4, 1, 5, 2});
  return reshape(node, id, {n, c / (b * b), h * b, w * b});
}

}  // namespace zahl::frontend
