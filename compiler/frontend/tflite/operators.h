// The table of TFLite operators: what reads each. The rows stand where their functions do, in the
// file of their kind; the walk over a file (reader.h) knows the table alone.
#pragma once

#include "compiler/frontend/tflite/context.h"
#include "compiler/frontend/tflite/rules.h"

namespace zahl::frontend {

struct TfliteOperator {
  tflite::BuiltinOperator code;
  void (*read)(TfliteContext& c, const TfliteFile::Operator& op);
  std::string_view becomes;  // on the device
  RuleList rules;            // by which it may refuse an operator
};

// By kind.
std::span<const TfliteOperator> tflite_notation_operators();
std::span<const TfliteOperator> tflite_convolution_operators();
std::span<const TfliteOperator> tflite_pool_operators();
std::span<const TfliteOperator> tflite_eltwise_operators();
std::span<const TfliteOperator> tflite_function_operators();
std::span<const TfliteOperator> tflite_move_operators();
std::span<const TfliteOperator> tflite_pad_operators();

// All rows, in the order of the kinds.
const std::vector<TfliteOperator>& tflite_operators();

// The row's function; a refusal that is by none of its rules is marked (Refusal::is_listed).
void read(TfliteContext& c, const TfliteFile::Operator& op, const TfliteOperator& row);

// Null where no row has the code.
const TfliteOperator* find_operator(tflite::BuiltinOperator code);

}  // namespace zahl::frontend
