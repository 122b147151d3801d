// What one conv instruction does: which accesses it makes and whether they are allowed, and the
// values.
#pragma once

#include <vector>

#include "generated/isa.h"
#include "sim/array/column_conv.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

inline int64_t vectors_of(const isa::Conv& x) { return int64_t{x.out_rows} * x.out_columns; }
bool row_is_valid(const isa::Conv& x, int64_t oy, int64_t kr);
int64_t row_address(const isa::Conv& x, int64_t oy, int64_t kr);
// The instruction whose lane 0 stands where the second stream's first lane does.
isa::Conv second_stream(const isa::Conv& x);

class Conv {
 public:
  void reset(const hw::Config& config) {
    config_ = config;
    kept_banks_ = kNothingKept;
  }
  // Executes the instruction (values only if asked for). False: an access was not allowed.
  bool execute(const isa::Conv& x, Storage& storage, bool compute_values);

 private:
  // Bytes from the first tap of an output row's first pixel, in one kernel row, to the end of the
  // last pixel's last tap, of which the first `lanes` of a vector count.
  int64_t row_span(const isa::Conv& x, int64_t lanes) const;
  int64_t pixel_span(const isa::Conv& x, int64_t lanes) const;
  bool allowed(const isa::Conv& x, const Storage& storage);
  bool source_allowed(const isa::Conv& x, int64_t lanes, const Storage& storage);
  // Access by access, as the machine makes them: for instructions that may be at fault.
  bool execute_checked(const isa::Conv& x, Storage& storage, bool compute_values);

  void compute(const isa::Conv& x, Storage& storage);
  // With a second stream, every vector is put together anew, each kernel row's one after another.
  void gather_inputs(const isa::Conv& x, const Storage& storage);
  void gather_stream(const isa::Conv& x, const Storage& storage, int64_t first_lane, int64_t lanes);
  int64_t gathered_bytes(const isa::Conv& x) const {
    return int64_t{x.kernel_columns} * x.chunks * config_.rows;  // of a vector's kernel row
  }
  // Whether the instruction before read the same input with the same geometry and nobody has
  // written there since.
  bool has_inputs_of(const isa::Conv& x, Storage& storage);
  void find_inputs(const isa::Conv& x, const Storage& storage);
  const int8_t* padded(const isa::Conv& x, const int8_t* row, int64_t first_pixel, int64_t pixels);

  static constexpr uint64_t kNothingKept = ~uint64_t{0};  // what no banks are

  hw::Config config_;
  // Often several instructions in a row take the same input to different output channels.
  isa::Conv kept_;
  uint64_t kept_banks_ = kNothingKept;
  uint32_t source_banks_ = 0;          // of the instruction at hand
  std::vector<const int8_t*> inputs_;  // [kernel row][vector]
  std::vector<int8_t> edges_;  // copies of gathered pixels and of those that reach into the padding
  size_t edges_used_ = 0;
  std::vector<int32_t> sums_;
};

}  // namespace zahl::sim
