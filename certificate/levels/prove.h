// The certificate of a model or a program: which levels are run, on what, and what they said.
#pragma once

#include <string>
#include <vector>

#include "certificate/levels/certificate.h"

namespace zahl::certificate {

struct ProveRequest {
  std::string subject;  // a model, or a program
  std::string model;    // of a program: the model that it was compiled from; empty: not given
  std::string input;    // file of the run's input; empty: random by `seed`
  std::string keep;     // where the arrays of the run are kept; empty: nowhere
  std::string config = "edge16", memory = "dram";
  std::vector<std::string> settings{};
  std::vector<std::string> bindings{};  // of the model's open dimensions, NAME=VALUE
  std::vector<int> levels{};            // empty: all
  uint64_t seed = 1;
  bool is_quick = false;   // without level 3
  bool wants_rtl = false;  // run the RTL too, however large the network is
  std::string source;      // Zahl's source tree, or what is installed of it
  std::string build;       // build folder, or prefix of the installation
};

// Throws UserError where the subject cannot be read at all; what is merely wrong with it is in the
// certificate.
Certificate prove(const ProveRequest& request);

}  // namespace zahl::certificate
