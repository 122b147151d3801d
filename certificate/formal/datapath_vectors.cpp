// The C++ kernels against docs/arithmetic.md, by numbers: a specification in 128-bit integers,
// written from that page, on directed and random vectors, and what can be decided by trying
// everything.
//
//   datapath_vectors drain COUNT     COUNT results of kernels::drain, each kernel set
//   datapath_vectors eltwise COUNT   COUNT results of kernels::eltwise: all 65,536 byte pairs for
//   each set of parameters datapath_vectors reciprocal      every argument of one_over_one_plus_x,
//   and that no step leaves int32 datapath_vectors average         every count below 2^21, every
//   sum at which a quotient changes
//
// Prints one line; exit code 1 and the numbers of the first difference if there is one.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sim/base/kernel_set.h"
#include "sim/post/eltwise_lane.h"
#include "sim/post/reciprocal.h"
#include "sim/post/requantizer.h"
#include "sim/post/rounding.h"

namespace {

using zahl::isa::EltwiseOp;
using zahl::isa::Rounding;
using zahl::sim::kernels::DrainJob;
using zahl::sim::kernels::EltwiseJob;
using Wide = __int128;

// --- the specification

Wide floor_power(Wide p, int n) { return p >> n; }  // floor(p * 2^-n)

Wide plus_half(Wide p, int n) {
  return floor_power(2 * p + (Wide{1} << n), n + 1);
}  // floor(p * 2^-n + 1/2)

Wide half_away(Wide p, int n) { return p < 0 ? -plus_half(-p, n) : plus_half(p, n); }

Wide half_even(Wide p, int n) {
  const Wide f = floor_power(p, n), twice_rest = 2 * (p - (f << n)), unit = Wide{1} << n;
  if (twice_rest != unit) return twice_rest < unit ? f : f + 1;
  return f % 2 == 0 ? f : f + 1;
}

Wide rounded(Rounding mode, Wide p, int n) {
  switch (mode) {
    case Rounding::HalfUp:
      return plus_half(p, n);
    case Rounding::HalfEven:
      return half_even(p, n);
    case Rounding::HalfAway:
      return half_away(p, n);
    default:
      return n <= 31 ? plus_half(p, n) : half_away(plus_half(p, 31), n - 31);
  }
}

int clamped(Wide x, int low, int high) {
  return static_cast<int>(x < low ? low : x > high ? high : x);
}

int wrapped(Wide x) {
  return static_cast<int>(static_cast<uint32_t>(static_cast<unsigned __int128>(x)));
}

// --- numbers

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t bits() {
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1dull;
  }
  int below(int n) { return static_cast<int>((bits() >> 33) % static_cast<uint64_t>(n)); }
  // Any word, small ones, powers of two and their neighbours, and the ends of the range.
  int32_t word() {
    switch (below(8)) {
      case 0:
        return below(2001) - 1000;
      case 1:
        return static_cast<int32_t>((1u << below(32)) + static_cast<uint32_t>(below(3)) - 1u);
      case 2:
        return below(2) != 0 ? INT32_MIN + below(3) : INT32_MAX - below(3);
      default:
        return static_cast<int32_t>(bits() >> 32);
    }
  }
  uint32_t m0() {
    switch (below(8)) {
      case 0:
        return 1u << below(31);
      case 1:
        return below(2) != 0 ? 0x7fffffffu - static_cast<uint32_t>(below(3))
                             : static_cast<uint32_t>(below(3));
      case 2:
        return static_cast<uint32_t>(bits() >> 33);
      default:
        return 0x40000000u | static_cast<uint32_t>(bits() >> 34);
    }
  }
  zahl::sim::kernels::Finish finish() {
    zahl::sim::kernels::Finish f;
    f.rounding = static_cast<Rounding>(below(4));
    f.zero_point = below(256) - 128;
    if (below(2) != 0) {
      f.low = below(256) - 128;
      f.high = f.low + below(128 - f.low);
    }
    return f;
  }

 private:
  uint64_t state_;
};

std::vector<zahl::sim::kernels::KernelSet> kernel_sets() {
  std::vector<zahl::sim::kernels::KernelSet> sets;
  for (auto set : zahl::sim::kernels::available_kernel_sets()) {
    if (set != zahl::sim::kernels::KernelSet::Avx2)
      sets.push_back(set);  // its post kernels are the scalar ones
  }
  return sets;
}

std::string names() {
  std::string text;
  for (auto set : kernel_sets())
    text += (text.empty() ? "" : ", ") + std::string(zahl::sim::kernels::name_of(set));
  return text;
}

// --- drain

constexpr int kChannels = 16, kPixels = 256;

DrainJob random_drain(Random& random) {
  DrainJob job;
  job.vector_elements = job.channels = kChannels;
  job.rows = 1;
  job.columns = kPixels;
  job.row_step = int64_t{kChannels} * kPixels;
  job.pixel_step = kChannels;
  job.finish = random.finish();
  for (size_t c = 0; c < kChannels; ++c) {
    job.bias[c] = random.below(2) != 0 ? random.word() : 0;
    job.m0[c] = random.m0();
    // Around the shift that brings 32 bits times 31 bits to a byte, where ties and clamps are, and
    // everywhere else.
    job.shift[c] =
        static_cast<uint8_t>(random.below(2) != 0 ? 30 + random.below(34) : random.below(64));
  }
  return job;
}

int run_drain(int64_t count) {
  Random random(20261123);
  std::vector<int32_t> accumulators(kChannels * kPixels);
  std::vector<int8_t> results(accumulators.size());
  int64_t done = 0;
  while (done < count) {
    DrainJob job = random_drain(random);
    for (int32_t& a : accumulators) a = random.word();
    job.accumulators = accumulators.data();
    job.result = results.data();
    std::vector<int8_t> expected(results.size());
    for (size_t i = 0; i < accumulators.size(); ++i) {
      const size_t c = i % kChannels;
      const Wide product = Wide{wrapped(Wide{accumulators[i]} + job.bias[c])} * job.m0[c];
      expected[i] = static_cast<int8_t>(
          clamped(job.finish.zero_point + rounded(job.finish.rounding, product, job.shift[c]),
                  job.finish.low, job.finish.high));
    }
    for (auto set : kernel_sets()) {
      zahl::sim::kernels::use_kernel_set(set);
      zahl::sim::kernels::drain(job);
      for (size_t i = 0; i < results.size(); ++i) {
        if (results[i] == expected[i]) continue;
        const size_t c = i % kChannels;
        std::printf(
            "%s: accumulator = %d, bias = %d, m0 = %u, shift = %d, rounding = %d, zero_point = %d, "
            "low = %d, high = "
            "%d: "
            "result %d, specification %d\n",
            zahl::sim::kernels::name_of(set).data(), accumulators[i], job.bias[c], job.m0[c],
            job.shift[c], static_cast<int>(job.finish.rounding), job.finish.zero_point,
            job.finish.low, job.finish.high, results[i], expected[i]);
        return 1;
      }
    }
    done += static_cast<int64_t>(results.size());
  }
  std::printf("%" PRId64 " results of drain equal the specification (kernels: %s)\n", done,
              names().c_str());
  return 0;
}

// --- eltwise

int specified_eltwise(const EltwiseJob& job, int a, int b) {
  const int qa = a - job.a_zero, qb = b - job.b_zero,
            sign = job.operation == EltwiseOp::Sub ? -1 : 1;
  Wide product = 0;
  if (job.operation == EltwiseOp::Mul) {
    product = Wide{qa * qb} * job.m0;
  } else if (job.exact) {
    product = Wide{qa} * job.a_m0 + sign * Wide{qb} * job.b_m0;
  } else {
    const Wide unit = 1 << 20;
    const Wide big_a = rounded(Rounding::TflDouble, qa * unit * job.a_m0, 31 + job.a_shift);
    const Wide big_b = rounded(Rounding::TflDouble, qb * unit * job.b_m0, 31 + job.b_shift);
    product = (big_a + sign * big_b) * job.m0;
  }
  const Wide value = rounded(job.finish.rounding, product, job.shift);
  return clamped(job.finish.zero_point + value, job.finish.low, job.finish.high);
}

EltwiseJob random_eltwise(Random& random) {
  EltwiseJob job;
  job.operation = static_cast<EltwiseOp>(random.below(3));
  job.finish = random.finish();
  job.exact = job.operation != EltwiseOp::Mul && job.finish.rounding != Rounding::TflDouble &&
              random.below(2) != 0;
  job.a_zero = random.below(256) - 128;
  job.b_zero = random.below(256) - 128;
  job.a_m0 = random.m0();
  job.b_m0 = random.m0();
  job.m0 = random.m0();
  job.a_shift = random.below(32);
  job.b_shift = random.below(32);
  job.shift = random.below(64);
  return job;
}

int run_eltwise(int64_t count) {
  Random random(20261124);
  constexpr size_t kPairs = 65536;
  std::vector<int8_t> a(kPairs), b(kPairs), results(kPairs), expected(kPairs);
  for (size_t i = 0; i < kPairs; ++i) {
    a[i] = static_cast<int8_t>(i & 255);
    b[i] = static_cast<int8_t>(i >> 8);
  }
  int64_t done = 0;
  while (done < count) {
    EltwiseJob job = random_eltwise(random);
    job.a = a.data();
    job.b = b.data();
    job.result = results.data();
    job.count = kPairs;
    for (size_t i = 0; i < kPairs; ++i)
      expected[i] = static_cast<int8_t>(specified_eltwise(job, a[i], b[i]));
    for (auto set : kernel_sets()) {
      zahl::sim::kernels::use_kernel_set(set);
      zahl::sim::kernels::eltwise(job);
      for (size_t i = 0; i < kPairs; ++i) {
        if (results[i] == expected[i]) continue;
        std::printf(
            "%s: a = %d, b = %d, operation = %d, exact = %d, a_zero = %d, b_zero = %d, a_m0 = %u, "
            "b_m0 = %u, m0 = %u, "
            "a_shift = %d, b_shift = %d, shift = %d, rounding = %d: result %d, specification %d\n",
            zahl::sim::kernels::name_of(set).data(), a[i], b[i], static_cast<int>(job.operation),
            job.exact, job.a_zero, job.b_zero, job.a_m0, job.b_m0, job.m0, job.a_shift, job.b_shift,
            job.shift, static_cast<int>(job.finish.rounding), results[i], expected[i]);
        return 1;
      }
    }
    done += kPairs;
  }
  std::printf("%" PRId64 " results of eltwise equal the specification (kernels: %s)\n", done,
              names().c_str());
  return 0;
}

// --- the reciprocal of softmax

bool fits(int64_t x) { return x >= INT32_MIN && x <= INT32_MAX; }

// floor(a * b * 2^-31 + 1/2); both fit int32.
int64_t srdhm(int64_t a, int64_t b) { return (2 * a * b + (int64_t{1} << 31)) >> 32; }

int run_reciprocal() {
  for (int64_t d = int64_t{1} << 30; d < int64_t{1} << 31; ++d) {
    int64_t x = 1515870810 + srdhm(d, -1010580540);
    bool is_inside = fits(x);
    for (int step = 0; step < 3; ++step) {
      const int64_t e = (int64_t{1} << 29) - srdhm(d, x), correction = 4 * srdhm(x, e);
      is_inside = is_inside && fits(e) && fits(correction) && fits(x + correction);
      x += correction;
    }
    const int64_t expected = std::min<int64_t>(2 * x, INT32_MAX);
    for (int64_t f = 2 * d - (int64_t{1} << 31); f < 2 * d - (int64_t{1} << 31) + 2; ++f) {
      const int32_t result = zahl::sim::kernels::one_over_one_plus_x(static_cast<int32_t>(f));
      if (is_inside && x >= 0 && result == expected) continue;
      std::printf("one_over_one_plus_x(%" PRId64 "): result %d, specification %" PRId64 "%s\n", f,
                  result, expected, is_inside && x >= 0 ? "" : "; a step leaves int32");
      return 1;
    }
  }
  std::printf(
      "one_over_one_plus_x equals the specification for all 2^31 arguments; every step fits int32, "
      "the last x is not "
      "negative\n");
  return 0;
}

// --- averages

int run_average() {
  // Both sides are odd in s and do not fall as s grows, so that they are equal for all s >= 0 if
  // they are wherever the quotient of the specification steps from q - 1 to q, and just before.
  int64_t points = 0;
  for (int64_t k = 1; k < 1 << 21; ++k) {
    int log = 0;
    while (k >> (log + 1) != 0) ++log;
    const int n = 30 + log;
    const int64_t m0 = ((int64_t{1} << n) + k - 1) / k;
    const auto by_product = [&](int64_t s) { return (2 * s * m0 + (int64_t{1} << n)) >> (n + 1); };
    bool is_equal = m0 < int64_t{1} << 31 && by_product(0) == 0 && by_product(128 * k) == 128;
    for (int64_t q = 1; q <= 128; ++q) {
      const int64_t s = q * k - k / 2;  // the least s with floor((s + floor(k / 2)) / k) = q
      is_equal = is_equal && by_product(s) == q && by_product(s - 1) == q - 1;
      points += 2;
    }
    if (is_equal) continue;
    std::printf("average of %" PRId64 " elements: m0 = %" PRId64
                ", shift = %d does not divide every sum\n",
                k, m0, n);
    return 1;
  }
  std::printf(
      "half_away(s * m0 * 2^-n) = half_away(s / k) for all k < 2^21, abs(s) <= 128 * k (%" PRId64
      " steps)\n",
      points);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  const int64_t vectors = count > 2 ? std::atoll(arguments[2]) : 1 << 20;
  if (what == "drain") return run_drain(vectors);
  if (what == "eltwise") return run_eltwise(vectors);
  if (what == "reciprocal") return run_reciprocal();
  if (what == "average") return run_average();
  std::fprintf(stderr,
               "usage: datapath_vectors drain COUNT | eltwise COUNT | reciprocal | average\n");
  return 2;
}
