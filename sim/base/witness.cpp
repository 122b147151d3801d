#include "sim/base/witness.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "isa/error.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace zahl::sim {

namespace {

// What the signal handler may read.
struct Place {
  bool is_in_section = false;
  isa::Unit unit{};
  uint32_t index = 0;
  int64_t sections = 0;
};
Place place;
struct sigaction handler_before;

const char* name_of(int code) {
  switch (code) {
    case FPE_INTDIV:
      return "an integer division by zero";
    case FPE_FLTDIV:
      return "a floating-point division by zero";
    case FPE_FLTOVF:
      return "a floating-point overflow";
    case FPE_FLTUND:
      return "a floating-point underflow";
    case FPE_FLTRES:
      return "an inexact floating-point result";
    default:
      return "an invalid floating-point operation";
  }
}

// The signal is raised by an instruction of ours, never inside the C library's allocation: what is
// called here may be.
void report(int, siginfo_t* info, void*) {
  Dl_info symbol{};
  const bool is_found = dladdr(info->si_addr, &symbol) != 0;
  int status = 0;
  const char* name = is_found && symbol.dli_sname != nullptr
                         ? abi::__cxa_demangle(symbol.dli_sname, nullptr, nullptr, &status)
                         : nullptr;
  if (name == nullptr)
    name =
        is_found && symbol.dli_sname != nullptr ? symbol.dli_sname : "a function without a symbol";
  const char* file = is_found ? symbol.dli_fname : "?";
  const auto offset =
      reinterpret_cast<uintptr_t>(info->si_addr) - reinterpret_cast<uintptr_t>(symbol.dli_fbase);
  char where[64] = "between the starts of instructions";
  if (place.is_in_section) {
    std::snprintf(where, sizeof where, "in instruction %u (%s)", place.index,
                  isa::kUnitNames[static_cast<size_t>(place.unit)].data());
  }
  char line[1024];
  const int length =
      std::snprintf(line, sizeof line, "witness: %s %s, in %s (%s+0x%zx)\n", name_of(info->si_code),
                    where, name, file, static_cast<size_t>(offset));
  if (write(STDERR_FILENO, line, static_cast<size_t>(length)) < 0) _exit(1);
  _exit(1);
}

#if defined(__x86_64__)
constexpr uint32_t kMasks = 0x1f80, kFlags = 0x3f;  // of MXCSR
constexpr uint16_t kX87Masks = 0x3f;

uint32_t witness_read_masks() { return _mm_getcsr(); }
void witness_write_masks(uint32_t value) { _mm_setcsr(value); }
uint16_t witness_read_x87() {
  uint16_t value = 0;
  __asm__ __volatile__("fnstcw %0" : "=m"(value));
  return value;
}
void witness_write_x87(uint16_t value) {
  __asm__ __volatile__("fnclex\n\tfldcw %0" : : "m"(value));
}
#endif

}  // namespace

#if defined(__x86_64__)
Witness::Witness() : masks_(witness_read_masks()), x87_masks_(witness_read_x87()) {
  place = {};
  is_watching = true;
  struct sigaction action {};
  action.sa_sigaction = report;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGFPE, &action, &handler_before);
  witness_write_masks(masks_ & ~(kMasks | kFlags));
  witness_write_x87(static_cast<uint16_t>(x87_masks_ & ~kX87Masks));
}

Witness::~Witness() {
  witness_write_masks(masks_);
  witness_write_x87(x87_masks_);
  sigaction(SIGFPE, &handler_before, nullptr);
  is_watching = false;
}

int64_t Witness::finish() const {
  if ((witness_read_masks() & kMasks) != 0 || (witness_read_x87() & kX87Masks) != 0) {
    throw std::runtime_error("floating-point exceptions were masked while the witness watched");
  }
  return place.sections;
}
#else
Witness::Witness() { throw UserError("--witness needs an x86-64 host"); }
Witness::~Witness() = default;
int64_t Witness::finish() const { return 0; }
#endif

void Witness::enter(isa::Unit unit, uint32_t index) {
  place.unit = unit;
  place.index = index;
  place.is_in_section = true;
  ++place.sections;
}

void Witness::leave() { place.is_in_section = false; }

}  // namespace zahl::sim
