// Walks an ONNX QDQ graph in order: each node by its row of the table of operators, its ports, and
// what cannot be read.
#pragma once

#include <map>

#include "compiler/frontend/onnx/context.h"

namespace zahl::frontend {

class OnnxReader {
 public:
  // With `left`, a node that cannot be read is put there and the walk goes on behind it: what the
  // node reads leaves the device, what it writes comes back as an input.
  explicit OnnxReader(OnnxGraph& graph, std::vector<LeftInFloat>* left = nullptr)
      : context_(graph), left_(left) {}
  Network read();

 private:
  void read_inputs();
  void read_outputs();
  void read_node(const OnnxNode& node);

  // left_in_float.cpp: for explaining, beyond the first node that cannot be read.
  void read_or_leave(const OnnxNode& node);
  void leave(const OnnxNode& node, const LeftInFloat& why);
  void leave_operand(const std::string& tensor, const std::string& reader);
  void leave_outputs();
  void hand_to_host(ValueId value);

  OnnxContext context_;
  std::vector<LeftInFloat>* left_;
  std::map<std::string, std::string> computed_in_float_;  // tensor by the node that was left
};

}  // namespace zahl::frontend
