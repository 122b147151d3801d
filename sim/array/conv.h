// What one conv instruction does: which accesses it makes and whether they are allowed, and the values.
#pragma once

#include <vector>

#include "arith/conv.h"
#include "mem/storage.h"
#include "zahl/isa.h"

namespace zahl::sim {

class Conv {
 public:
  void reset(const hw::Config& config) {
    config_ = config;
    kept_banks_ = kNothingKept;
  }
  // Executes the instruction (values only if asked for). False: an access was not allowed.
  bool execute(const isa::Conv& x, mem::Storage& storage, bool compute_values);

 private:
  // Bytes from the first tap of an output row's first pixel, in one kernel row, to the end of the last pixel's last
  // tap.
  int64_t row_span(const isa::Conv& x) const;
  int64_t pixel_span(const isa::Conv& x) const;
  bool allowed(const isa::Conv& x, const mem::Storage& storage);
  bool source_allowed(const isa::Conv& x, const mem::Storage& storage);
  // Access by access, as the machine makes them: for instructions that may be at fault.
  bool execute_checked(const isa::Conv& x, mem::Storage& storage, bool compute_values);

  void compute(const isa::Conv& x, mem::Storage& storage);
  // Whether the instruction before read the same input with the same geometry and nobody has written there since.
  bool has_inputs_of(const isa::Conv& x, mem::Storage& storage);
  void find_inputs(const isa::Conv& x, const mem::Storage& storage);
  const int8_t* padded(const isa::Conv& x, const int8_t* row, int64_t first_pixel, int64_t pixels);

  static constexpr uint64_t kNothingKept = ~uint64_t{0};  // what no banks are

  hw::Config config_;
  // Often several instructions in a row take the same input to different output channels.
  isa::Conv kept_;
  uint64_t kept_banks_ = kNothingKept;
  uint32_t source_banks_ = 0;          // of the instruction at hand
  std::vector<const int8_t*> inputs_;  // [kernel row][vector]
  std::vector<int8_t> edges_;          // copies of pixels that reach into the padding, padding filled in
  size_t edges_used_ = 0;
  std::vector<int32_t> sums_;
};

}  // namespace zahl::sim
