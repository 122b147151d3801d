// The scalar kernels for one element, as functions that a proof can follow: with sizes of 1 the
// compiler leaves neither loop nor memory. lemmas_cpp.py compiles this to LLVM's intermediate form
// and compares it with docs/arithmetic.md.
#include "sim/post/eltwise_lane.cpp"
#include "sim/post/requantizer.cpp"

namespace {

using zahl::isa::EltwiseOp;
using zahl::sim::kernels::DrainJob;
using zahl::sim::kernels::EltwiseJob;

zahl::sim::kernels::Finish finish_of(uint8_t rounding, int8_t zero_point, int8_t low, int8_t high) {
  return {static_cast<zahl::isa::Rounding>(rounding), zero_point, low, high, nullptr};
}

}  // namespace

extern "C" [[gnu::flatten]] int8_t proved_drain(int32_t accumulator, int32_t bias, uint32_t m0,
                                                uint8_t shift, uint8_t rounding, int8_t zero_point,
                                                int8_t low, int8_t high) {
  int8_t y = 0;
  DrainJob job;
  job.accumulators = &accumulator;
  job.vector_elements = job.channels = job.rows = job.columns = 1;
  job.bias[0] = bias;
  job.m0[0] = m0;
  job.shift[0] = shift;
  job.result = &y;
  job.finish = finish_of(rounding, zero_point, low, high);
  zahl::sim::kernels::drain_scalar(job);
  return y;
}

#define PROVED_ELTWISE(name, op, is_exact)                                                         \
  extern "C" [[gnu::flatten]] int8_t name(                                                         \
      int8_t a, int8_t b, int8_t a_zero, int8_t b_zero, uint32_t a_m0, uint32_t b_m0, uint32_t m0, \
      uint8_t a_shift, uint8_t b_shift, uint8_t shift, uint8_t rounding, int8_t zero_point,        \
      int8_t low, int8_t high) {                                                                   \
    int8_t y = 0;                                                                                  \
    EltwiseJob job;                                                                                \
    job.a = &a, job.b = &b, job.result = &y, job.count = 1;                                        \
    job.operation = op, job.exact = is_exact;                                                      \
    job.a_zero = a_zero, job.b_zero = b_zero;                                                      \
    job.a_m0 = a_m0, job.b_m0 = b_m0, job.m0 = m0;                                                 \
    job.a_shift = a_shift, job.b_shift = b_shift, job.shift = shift;                               \
    job.finish = finish_of(rounding, zero_point, low, high);                                       \
    zahl::sim::kernels::eltwise_scalar(job);                                                       \
    return y;                                                                                      \
  }

PROVED_ELTWISE(proved_eltwise_mul, EltwiseOp::Mul, false)
PROVED_ELTWISE(proved_eltwise_add_exact, EltwiseOp::Add, true)
PROVED_ELTWISE(proved_eltwise_sub_exact, EltwiseOp::Sub, true)
PROVED_ELTWISE(proved_eltwise_add_tfl, EltwiseOp::Add, false)
PROVED_ELTWISE(proved_eltwise_sub_tfl, EltwiseOp::Sub, false)
