//===- NarrowFloat.cpp - Conversions that LLVM leaves to a library --------===//
//
// On processors without instructions for them, LLVM turns scalar conversions
// from and to half and bfloat16 into calls of functions that compilers'
// support libraries hold. An artifact needs libc only, so they are here.
// Rounding is to nearest, ties to even; a NaN stays one, made quiet.
//
//===----------------------------------------------------------------------===//

#include <cstdint>

namespace {

template <typename To, typename From>
To bitCast(From value) {
  return __builtin_bit_cast(To, value);
}

/// `bits` without its `shift` low bits, rounded to nearest even.
template <typename Bits>
Bits roundedShift(Bits bits, int shift) {
  Bits half = (Bits(1) << (shift - 1)) - 1 + ((bits >> shift) & 1);
  return (bits + half) >> shift;
}

/// From a double (11 exponent bits, bias 1023) to 16 bits with a mantissa of
/// `mantissa` bits and exponents of this bias. Every float is a double, so that
/// this rounds once from either.
uint16_t narrowed(double value, int mantissa, int bias) {
  uint64_t bits = bitCast<uint64_t>(value);
  uint16_t sign = bits >> 63 << 15;
  uint16_t infinity = 2 * bias + 1;
  infinity <<= mantissa;
  bits &= ~(uint64_t(1) << 63);
  if (bits > uint64_t(0x7ff) << 52)
    return sign | infinity | uint16_t(1) << (mantissa - 1) |
           (bits << 12 >> (64 - mantissa));
  int exponent = int(bits >> 52) - 1023 + bias;
  if (exponent > 2 * bias)
    return sign | infinity;
  if (exponent > 0) {
    uint64_t moved = bits - (uint64_t(1023 - bias) << 52);
    return sign | uint16_t(roundedShift(moved, 52 - mantissa));
  }
  // Subnormal: the mantissa with its leading one, shifted to the smallest
  // exponent.
  int shift = 52 - mantissa + 1 - exponent;
  if (shift > 54)
    return sign;
  uint64_t full = (bits & ((uint64_t(1) << 52) - 1)) | uint64_t(1) << 52;
  return sign | uint16_t(roundedShift(full, shift));
}

float widenedHalf(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t rest = half & 0x7fff;
  if (rest >= 0x7c00) // Infinity or NaN.
    return bitCast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  // The mantissa at a float's place, and a product that mends the exponent.
  float scaled = bitCast<float>(rest << 13) * 0x1p112f;
  return bitCast<float>(sign | bitCast<uint32_t>(scaled));
}

} // namespace

extern "C" {

__bf16 __truncsfbf2(float value) {
  return bitCast<__bf16>(narrowed(value, /*mantissa=*/7, /*bias=*/127));
}
__bf16 __truncdfbf2(double value) {
  return bitCast<__bf16>(narrowed(value, /*mantissa=*/7, /*bias=*/127));
}
_Float16 __truncsfhf2(float value) {
  return bitCast<_Float16>(narrowed(value, /*mantissa=*/10, /*bias=*/15));
}
_Float16 __truncdfhf2(double value) {
  return bitCast<_Float16>(narrowed(value, /*mantissa=*/10, /*bias=*/15));
}
float __extendhfsf2(_Float16 value) {
  return widenedHalf(bitCast<uint16_t>(value));
}

} // extern "C"
