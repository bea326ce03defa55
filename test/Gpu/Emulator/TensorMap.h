//===- TensorMap.h - The contents of a CUtensorMap -------------*- C++ -*-===//
//
// cuTensorMapEncodeTiled of the fake driver writes this into the 128 bytes
// that only the hardware reads otherwise.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_TENSORMAP_H
#define TEGULA_TEST_GPU_EMULATOR_TENSORMAP_H

#include <cstdint>

namespace tegula::ptx {

struct TensorMap {
  static constexpr uint32_t kMagic = 0x54474d50;
  uint32_t magic;
  uint8_t dataType; ///< CUtensorMapDataType
  uint8_t rank;
  uint8_t swizzle;      ///< 0, 1, 2, 3: none, 32, 64, 128 bytes
  uint8_t fillsWithNaN; ///< What lies outside, instead of zero.
  uint64_t address;
  uint32_t size[5]; ///< In elements, the innermost dimension first.
  uint16_t box[5];
  uint8_t steps[5]; ///< Distance of the elements that are taken.
  uint8_t elementBytes;
  uint64_t strides[4]; ///< In bytes, from the second dimension on.
};
static_assert(sizeof(TensorMap) <= 128, "must fit a CUtensorMap");

/// Where the byte at `offset` of shared memory lies under a swizzle: 16-byte
/// chunks change places within the span.
inline uint32_t swizzled(uint32_t offset, unsigned swizzle) {
  const uint32_t bits = (1u << swizzle) - 1;
  return offset ^ ((offset >> 7 & bits) << 4);
}

} // namespace tegula::ptx

#endif
