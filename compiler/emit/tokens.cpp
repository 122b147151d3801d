#include "compiler/emit/tokens.h"

#include <algorithm>
#include <array>

#include "isa/encoding.h"

namespace zahl::emit {
namespace {

using isa::kUnitCount;
using lower::Access;
using lower::Planned;
using lower::Space;

// By unit, how many of its instructions have ended for certain at some point of another: a vector
// clock (Fidge 1988, Mattern 1989, after Lamport 1978). An instruction that waits for another takes
// the maximum of both, since whatever ended before that one has ended before this one too.
using VectorClock = std::array<uint32_t, kUnitCount>;

uint32_t banks_between(int64_t begin, int64_t end, int64_t bank_size) {
  uint32_t mask = 0;
  for (int64_t bank = begin / bank_size; bank <= (end - 1) / bank_size; ++bank) mask |= 1u << bank;
  return mask;
}

void assign_claims(Planned& planned, const hw::Config& config) {
  isa::Common& common = isa::common_of(planned.instruction);
  for (const Access& access : planned.accesses) {
    if (access.begin >= access.end) continue;
    if (access.space == Space::Scratchpad) {
      (access.is_write ? common.write_banks : common.read_banks) |=
          banks_between(access.begin, access.end, config.scratchpad_bank_bytes);
    } else if (access.space == Space::Accumulator) {
      common.accumulator_banks |=
          banks_between(access.begin, access.end, config.accumulator_bank_vectors);
    }
  }
}

bool must_be_ordered(const Planned& a, const Planned& b) {
  const isa::Common& x = isa::common_of(a.instruction);
  const isa::Common& y = isa::common_of(b.instruction);
  if ((x.read_banks & y.read_banks) != 0 || (x.write_banks & y.write_banks) != 0 ||
      (x.accumulator_banks & y.accumulator_banks) != 0)
    return true;
  for (const Access& p : a.accesses) {
    for (const Access& q : b.accesses) {
      if ((p.is_write || q.is_write) && p.overlaps(q)) return true;
    }
  }
  return false;
}

struct Issued {
  const Planned* planned;
  VectorClock clock;  // what has ended when this one has
};

}  // namespace

void assign_tokens(std::vector<Planned>& sequence, const hw::Config& config) {
  std::array<std::vector<Issued>, kUnitCount> issued;
  std::array<VectorClock, kUnitCount>
      known{};  // by unit: what its latest instruction has waited for
  for (Planned& planned : sequence) {
    assign_claims(planned, config);
    isa::Common& common = isa::common_of(planned.instruction);
    const size_t unit = static_cast<size_t>(isa::unit_of(planned.instruction));
    VectorClock& clock = known[unit];
    for (bool has_changed = true; has_changed;) {
      has_changed = false;
      for (size_t other = 0; other < kUnitCount; ++other) {
        if (other == unit) continue;
        const auto& earlier = issued[other];
        size_t n = earlier.size();
        while (n > clock[other] && !must_be_ordered(planned, *earlier[n - 1].planned)) --n;
        if (n <= clock[other]) continue;
        common.wait[other] = static_cast<uint32_t>(n);
        const VectorClock& implied = earlier[n - 1].clock;
        for (size_t u = 0; u < kUnitCount; ++u) {
          if (u != unit) clock[u] = std::max(clock[u], implied[u]);
        }
        clock[other] = std::max(clock[other], static_cast<uint32_t>(n));
        has_changed = true;
      }
    }
    // Waits that another wait implies are met by then: drop them.
    for (size_t u = 0; u < kUnitCount; ++u) {
      for (size_t v = 0; v < kUnitCount; ++v) {
        if (u == v || common.wait[u] == 0 || common.wait[v] == 0) continue;
        if (issued[v][common.wait[v] - 1].clock[u] >= common.wait[u]) common.wait[u] = 0;
      }
    }
    VectorClock ended = clock;
    ended[unit] = static_cast<uint32_t>(issued[unit].size()) + 1;
    issued[unit].push_back({&planned, ended});
  }
}

}  // namespace zahl::emit
