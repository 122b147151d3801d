// A row of a table of operators, for whoever prints it.
#pragma once

#include <string>
#include <vector>

#include "compiler/frontend/network/refuse.h"

namespace zahl::frontend {

struct OperatorLine {
  std::string name;     // as a file writes it
  std::string becomes;  // on the device
  RuleList rules;
};

}  // namespace zahl::frontend
