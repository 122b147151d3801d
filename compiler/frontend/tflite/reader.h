// Translates one TFLite operator after another by its row of the table of operators. Quantize and
// Dequantize operators at the edges become part of the ports.
#pragma once

#include "compiler/frontend/tflite/context.h"

namespace zahl::frontend {

class TfliteReader {
 public:
  // With `left`, an operator that cannot be read is put there and the walk goes on behind it: what
  // it reads leaves the device, what it writes comes back as an input.
  explicit TfliteReader(const TfliteFile& file, std::vector<LeftInFloat>* left = nullptr)
      : context_(file), left_(left) {}
  Network read();

 private:
  void read_inputs();
  void read_outputs();
  void read_operator(const TfliteFile::Operator& op);
  void read_or_leave(const TfliteFile::Operator& op);  // left_in_float.cpp
  void leave_outputs();

  TfliteContext context_;
  std::vector<LeftInFloat>* left_;
};

}  // namespace zahl::frontend
