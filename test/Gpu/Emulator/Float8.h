//===- Float8.h - Floats of eight bits -------------------------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_FLOAT8_H
#define TEGULA_TEST_GPU_EMULATOR_FLOAT8_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tegula::ptx {

/// An 8-bit float: exponent and mantissa bits, bias, and whether it has
/// infinities.
template <int Exponent, int Mantissa, int Bias, bool HasInfinity>
struct Float8 {
  static double largest() {
    return HasInfinity ? std::ldexp(2 - std::ldexp(1.0, -Mantissa),
                                    (1 << Exponent) - 2 - Bias)
                       : std::ldexp(2 - std::ldexp(2.0, -Mantissa),
                                    (1 << Exponent) - 1 - Bias);
  }
  /// Rounds to nearest even and saturates to the largest finite value.
  static uint8_t from(double x) {
    const uint8_t sign = std::signbit(x) ? 0x80 : 0;
    if (x != x)
      return 0x7f;
    x = std::min(std::fabs(x), largest());
    int exponent = x > 0 ? std::max(std::ilogb(x), 1 - Bias) : 1 - Bias;
    const double unit = std::ldexp(1.0, exponent - Mantissa);
    const int scaled = static_cast<int>(std::nearbyint(x / unit));
    // Both a subnormal and a carry into the exponent come out of the sum.
    return sign | (scaled + ((exponent + Bias - 1) << Mantissa));
  }
  static double value(uint8_t bits) {
    const int exponent = bits >> Mantissa & ((1 << Exponent) - 1);
    const int mantissa = bits & ((1 << Mantissa) - 1);
    const double sign = bits & 0x80 ? -1 : 1;
    if (HasInfinity && exponent == (1 << Exponent) - 1)
      return mantissa ? NAN : sign * INFINITY;
    if (!HasInfinity && (bits & 0x7f) == 0x7f)
      return NAN;
    const int whole = exponent ? mantissa + (1 << Mantissa) : mantissa;
    return sign * std::ldexp(whole, std::max(exponent, 1) - Bias - Mantissa);
  }
};
using E4M3 = Float8<4, 3, 7, false>;
using E5M2 = Float8<5, 2, 15, true>;

} // namespace tegula::ptx

#endif
