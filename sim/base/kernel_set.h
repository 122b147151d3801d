// Which instructions of the host the kernels use. All sets give the same bytes.
#pragma once

#include <string_view>
#include <vector>

namespace zahl::sim::kernels {

enum class KernelSet { Scalar, Avx2, Avx512 };

// Those that this host can run, slowest first.
std::vector<KernelSet> available_kernel_sets();
std::string_view name_of(KernelSet set);

// The fastest one, or the one that the environment variable ZAHL_KERNELS (scalar, avx2, avx512)
// names.
KernelSet kernel_set();
// REQUIRES: available.
void use_kernel_set(KernelSet set);

}  // namespace zahl::sim::kernels
