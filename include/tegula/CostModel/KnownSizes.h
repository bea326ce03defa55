//===- KnownSizes.h - Numbers that formulas may compute with ----*- C++ -*-===//
//
// Problems come from models and texts, schedules from files: any number may
// stand in any field. Formulas divide by extents and multiply two of them.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_KNOWNSIZES_H
#define TEGULA_COSTMODEL_KNOWNSIZES_H

#include "tegula/CostModel/Kernels.h"

#include <algorithm>
#include <string_view>

namespace tegula::cost {

/// What an extent is at most: no kernel gets near, and products of two are
/// numbers.
inline constexpr int64_t kLargestExtent = int64_t(1) << 31;

/// A guess for an extent that is only known at run time.
inline constexpr int64_t typicalExtent(std::string_view field) {
  // Times of an unknown number of products are those of one.
  if (field == "batch" || field == "groups")
    return 1;
  return field == "planes" ? 64 : 128;
}

/// `value` with a guess for each unknown extent, and all numbers between 1
/// (those that are 0 by default: 0) and kLargestExtent. What is already so, as
/// in all legal kernels of known sizes, stays.
template <typename Struct>
Struct withKnownSizes(Struct value) {
  const Struct defaults;
  const auto least = numbersOf(defaults);
  size_t index = 0;
  forEachField(value, [&](const char *name, auto &member) {
    int64_t low = std::min<int64_t>(least[index++], 1);
    if constexpr (std::is_same_v<decltype(member), int64_t &>)
      member = member == kDynamic ? typicalExtent(name)
                                  : std::clamp(member, low, kLargestExtent);
  });
  return value;
}

/// Are all extents known, but for how often the same is done?
template <typename Struct>
bool isKnown(const Struct &value) {
  bool known = true;
  forEachField(value, [&](const char *name, auto member) {
    known &= int64_t(member) != kDynamic || typicalExtent(name) == 1;
  });
  return known;
}

/// A product of extents that is an extent again.
inline int64_t product(int64_t a, int64_t b) {
  return std::min(a * b, kLargestExtent);
}

/// a / b, rounded up.
inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_KNOWNSIZES_H
