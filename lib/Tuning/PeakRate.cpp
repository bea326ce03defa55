//===- PeakRate.cpp - What the arithmetic units can do --------------------===//

#include "tegula/Tuning/PeakRate.h"

#include "tegula/Tuning/Measure.h"

#include <algorithm>
#include <cstdint>

/// As many chains as hide the latency of two units, without spilling.
static constexpr int kChains = 12;
static constexpr int64_t kSteps = 200000;

typedef float Vector16 __attribute__((vector_size(16)));
typedef float Vector32 __attribute__((vector_size(32)));
typedef float Vector64 __attribute__((vector_size(64)));

/// Operations of kSteps rounds. Inlined into functions that have the
/// instructions for `Vector`.
template <typename Vector>
[[gnu::always_inline]] static inline int64_t
multiplyAdd(volatile float *numbers) {
  Vector factor = {}, chains[kChains];
  factor += numbers[0];
  for (Vector &chain : chains)
    chain = Vector{} + numbers[1];
  for (int64_t step = 0; step != kSteps; ++step)
#pragma GCC unroll 12
    for (Vector &chain : chains)
      chain = chain * factor + factor;
  for (Vector &chain : chains)
    numbers[2] = numbers[2] + chain[0]; // So that somebody wants them.
  return kSteps * kChains * 2 * int64_t(sizeof(Vector) / sizeof(float));
}

static int64_t multiplyAdd128(volatile float *numbers) {
  return multiplyAdd<Vector16>(numbers);
}

#if defined(__x86_64__)
[[gnu::target("avx")]] static int64_t multiplyAdd256(volatile float *numbers) {
  return multiplyAdd<Vector32>(numbers);
}
[[gnu::target("avx,fma")]] static int64_t
multiplyAddFused256(volatile float *numbers) {
  return multiplyAdd<Vector32>(numbers);
}
[[gnu::target("avx512f")]] static int64_t
multiplyAddFused512(volatile float *numbers) {
  return multiplyAdd<Vector64>(numbers);
}
#endif

using tegula::tuning::threadSeconds;

using Loop = int64_t (*)(volatile float *);

static Loop loopFor(unsigned vectorBits, bool fusedMultiplyAdd) {
#if defined(__x86_64__)
  if (vectorBits == 512 && fusedMultiplyAdd)
    return multiplyAddFused512;
  if (vectorBits == 256)
    return fusedMultiplyAdd ? multiplyAddFused256 : multiplyAdd256;
#endif
  return vectorBits == 128 ? multiplyAdd128 : nullptr;
}

double tegula::tuning::multiplyAddPeak(unsigned vectorBits,
                                       bool fusedMultiplyAdd) {
  Loop loop = loopFor(vectorBits, fusedMultiplyAdd);
  if (!loop)
    return 0;
  constexpr int runs = 20;
  volatile float numbers[] = {0.5f, 1.0f, 0.0f};
  double best = 0;
  for (int run = 0; run != runs; ++run) {
    const double start = threadSeconds();
    const int64_t operations = loop(numbers);
    best = std::max(best, double(operations) / (threadSeconds() - start));
  }
  return best;
}
