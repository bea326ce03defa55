//===- AArch64Features.h - Extensions of AArch64 and who has them --------===//
//
// Freestanding; used through CpuFeatures.h.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_AARCH64FEATURES_H
#define TEGULA_MACHINE_AARCH64FEATURES_H

#include <stdint.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace tegula {
namespace machine {

/// One instruction-set extension: LLVM's name and the bits of the auxiliary
/// vector's AT_HWCAP or AT_HWCAP2 by which Linux grants it.
struct AArch64Feature {
  const char *name;
  uint8_t word; ///< 1: AT_HWCAP, 2: AT_HWCAP2.
  uint64_t bits;
};

/// Every extension that generated code may use beyond the base. Scalable
/// vectors (SVE) are not among them: schedules need to know their size.
constexpr AArch64Feature kAArch64Features[] = {
    {"neon", 1, 0x3},
    {"aes", 1, 0x18},
    {"sha2", 1, 0x60},
    {"crc", 1, 1u << 7},
    {"lse", 1, 1u << 8},
    {"fullfp16", 1, 0x600},
    {"rdm", 1, 1u << 12},
    {"jsconv", 1, 1u << 13},
    {"complxnum", 1, 1u << 14},
    {"rcpc", 1, 1u << 15},
    {"sha3", 1, 1u << 17 | 1u << 21},
    {"dotprod", 1, 1u << 20},
    {"fp16fml", 1, 1u << 23},
    {"fptoint", 2, 1u << 8},
    {"i8mm", 2, 1u << 13},
    {"bf16", 2, 1u << 14},
};

#if defined(__aarch64__)

/// Does this machine execute the instructions of `feature`?
inline bool hasFeature(const AArch64Feature &feature) {
  const uint64_t granted = getauxval(feature.word == 1 ? AT_HWCAP : AT_HWCAP2);
  return (granted & feature.bits) == feature.bits;
}

#endif // __aarch64__

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_AARCH64FEATURES_H
