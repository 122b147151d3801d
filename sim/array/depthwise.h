// What one depthwise instruction does: which accesses it makes and whether they are allowed, and
// the values.
#pragma once

#include <vector>

#include "contract/timing.h"
#include "generated/isa.h"
#include "sim/array/column_depthwise.h"
#include "sim/array/lines.h"
#include "sim/mem/storage.h"

namespace zahl::sim {

class Depthwise {
 public:
  void reset(const hw::Config& config);
  // Executes the instruction (values only if asked for). False: an access was not allowed, or a
  // place lies outside the line memory; in the latter case the accumulators are left alone.
  bool execute(const isa::Depthwise& x, Storage& storage, bool compute_values);

 private:
  enum class Mode { Unchecked, Checked };

  bool allowed(const isa::Depthwise& x, const Storage& storage) const;
  // Access by access without values.
  bool each_access_allowed(const isa::Depthwise& x, const Storage& storage) const;
  void compute(const isa::Depthwise& x, Storage& storage, Mode mode);
  void fill_plane(const isa::Depthwise& x, const Storage& storage, int64_t block,
                  int64_t first_channel, Mode mode);
  void find_taps(const isa::Depthwise& x, const Storage& storage, int64_t block,
                 int64_t first_channel, Mode mode);

  // The rows above the plane's first new row, out of the line memory; then the plane's last rows
  // into it.
  void resume_rows(const isa::Depthwise& x, int64_t block, int64_t first_channel);
  void keep_rows(const isa::Depthwise& x, int64_t block, int64_t first_channel);
  uint8_t* kept_row(const isa::Depthwise& x, int64_t block, int64_t first_channel, int64_t row);

  hw::Config config_;
  Lines lines_;
  std::vector<uint8_t> plane_;
  std::vector<kernels::Tap> taps_;
  std::vector<uint8_t> room_;
};

}  // namespace zahl::sim
