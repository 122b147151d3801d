#include "sim/base/kernel_set.h"

#include <cstdlib>

namespace zahl::sim::kernels {

namespace {

KernelSet preferred() {
  const std::vector<KernelSet> available = available_kernel_sets();
  if (const char* wanted = std::getenv("ZAHL_KERNELS")) {
    for (KernelSet set : available) {
      if (name_of(set) == wanted) return set;
    }
  }
  return available.back();
}

KernelSet& current() {
  static KernelSet set = preferred();
  return set;
}

}  // namespace

std::vector<KernelSet> available_kernel_sets() {
  std::vector<KernelSet> sets = {KernelSet::Scalar};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) sets.push_back(KernelSet::Avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni")) {
    sets.push_back(KernelSet::Avx512);
  }
#endif
  return sets;
}

std::string_view name_of(KernelSet set) {
  constexpr std::string_view kNames[] = {"scalar", "avx2", "avx512"};
  return kNames[static_cast<int>(set)];
}

KernelSet kernel_set() { return current(); }
void use_kernel_set(KernelSet set) { current() = set; }

}  // namespace zahl::sim::kernels
