// A witness of a run: while it lives, every floating-point exception of this thread stops the
// program, inexact results and denormal operands included, in SSE, AVX and x87.
//
// It sees whatever rounds, overflows, divides by zero or is invalid. It does not see a float
// operation whose result is exact, a comparison of numbers, or a move; the check of the object code
// does (docs/certificate_objects.md).
#pragma once

#include <cstdint>

#include "generated/isa.h"

namespace zahl::sim {

class Witness {
 public:
  // One at a time in a process. Throws UserError on a host that is no x86-64.
  Witness();
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // What ran since the witness came. Throws std::runtime_error if somebody has masked exceptions
  // meanwhile.
  int64_t finish() const;

  // While it lives the device executes instruction `index`. An exception is reported with it: one
  // line to standard error with instruction, unit and function, and the process ends with exit
  // code 1.
  class Section {
   public:
    Section(isa::Unit unit, uint32_t index) {
      if (is_watching) enter(unit, index);
    }
    ~Section() {
      if (is_watching) leave();
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;
  };

 private:
  static void enter(isa::Unit unit, uint32_t index);
  static void leave();

  static inline bool is_watching = false;
  uint32_t masks_ = 0;
  uint16_t x87_masks_ = 0;
};

}  // namespace zahl::sim
