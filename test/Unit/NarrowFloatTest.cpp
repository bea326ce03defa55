//===- NarrowFloatTest.cpp - The artifact's conversions against APFloat ---===//

#include "llvm/ADT/APFloat.h"

#include "gtest/gtest.h"

#include <cstring>
#include <random>

using llvm::APFloat;

extern "C" {
__bf16 __truncsfbf2(float value);
__bf16 __truncdfbf2(double value);
_Float16 __truncsfhf2(float value);
_Float16 __truncdfhf2(double value);
float __extendhfsf2(_Float16 value);
}

namespace {

template <typename T>
uint16_t bitsOf(T value) {
  uint16_t bits;
  memcpy(&bits, &value, 2);
  return bits;
}

uint16_t expected(APFloat value, const llvm::fltSemantics &semantics) {
  bool exact;
  value.convert(semantics, APFloat::rmNearestTiesToEven, &exact);
  return value.bitcastToAPInt().getZExtValue();
}

/// Any bits, and values near the smallest, the largest and ties.
template <typename Float, typename Bits>
Float randomFloat(std::mt19937_64 &random) {
  Bits bits = random();
  if (random() % 2) {
    int exponent = int(random() % 60) - 45;
    Float value =
        std::ldexp(Float(1) + Float(random() % 4096) / 2048, exponent);
    return random() % 2 ? value : -value;
  }
  Float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

template <typename Float, typename Bits, typename Convert>
void compare(Convert convert, const llvm::fltSemantics &semantics) {
  std::mt19937_64 random(5);
  for (int i = 0; i != 200000; ++i) {
    Float value = randomFloat<Float, Bits>(random);
    if (value == value)
      ASSERT_EQ(bitsOf(convert(value)), expected(APFloat(value), semantics))
          << value;
  }
}

TEST(NarrowFloat, RoundsOnceToNearestEven) {
  compare<float, uint32_t>(__truncsfbf2, APFloat::BFloat());
  compare<double, uint64_t>(__truncdfbf2, APFloat::BFloat());
  compare<float, uint32_t>(__truncsfhf2, APFloat::IEEEhalf());
  compare<double, uint64_t>(__truncdfhf2, APFloat::IEEEhalf());
}

TEST(NarrowFloat, EveryHalfWidensExactly) {
  for (unsigned bits = 0; bits != 0x10000; ++bits) {
    APFloat half(APFloat::IEEEhalf(), llvm::APInt(16, bits));
    uint16_t stored = bits;
    _Float16 value;
    memcpy(&value, &stored, 2);
    float wide = __extendhfsf2(value);
    if (half.isNaN())
      EXPECT_NE(wide, wide) << bits;
    else
      EXPECT_EQ(wide, half.convertToFloat()) << bits;
  }
}

TEST(NarrowFloat, NaNStaysQuiet) {
  EXPECT_EQ(bitsOf(__truncsfbf2(NAN)), 0x7fc0);
  EXPECT_EQ(bitsOf(__truncsfhf2(-NAN)), 0xfe00);
}

} // namespace
