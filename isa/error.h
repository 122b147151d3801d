// What a user is told when a model cannot be compiled: one sentence with node, operator, reason and
// remedy.
#pragma once

#include <stdexcept>

namespace zahl {

// The input (file, option, model) is at fault. The command line prints what() and exits with 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace zahl
