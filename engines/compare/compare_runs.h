// Two runs of one program side by side: how many differences, and the first one in words.
#pragma once

#include <string>
#include <string_view>

#include "contract/run.h"

namespace zahl {

struct CompareOptions {
  bool compare_times =
      true;  // false where one of the two is the reference, which has no notion of time
  bool compare_bytes = true;  // memory and the data of transactions
};

struct RunComparison {
  int64_t byte_differences = 0;   // of the memory, and transactions whose data differ
  int64_t cycle_differences = 0;  // instruction starts and ends, and the run's length
  int64_t transaction_differences =
      0;  // transactions that differ in anything but data, or stand in one run alone
  int64_t counter_differences = 0;
  int64_t error_differences = 0;  // error code, index
  std::string first_difference;   // empty when equal; several lines else

  bool is_equal() const {
    return byte_differences + cycle_differences + transaction_differences + counter_differences +
               error_differences ==
           0;
  }
};

// `a_name` and `b_name` say which engines the runs come from.
RunComparison compare_runs(const DeviceProgram& program, std::string_view a_name,
                           const RunResult& a, std::string_view b_name, const RunResult& b,
                           const CompareOptions& options = {});

}  // namespace zahl
