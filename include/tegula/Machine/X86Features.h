//===- X86Features.h - Extensions of x86-64 and who has them -------------===//
//
// Freestanding; used through CpuFeatures.h.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_X86FEATURES_H
#define TEGULA_MACHINE_X86FEATURES_H

#include <stdint.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tegula {
namespace machine {

/// The part of the processor state that the operating system must save.
enum class CpuState : uint8_t { None, Ymm, Zmm, Tile };

/// One instruction-set extension: LLVM's name and the CPUID bit that says so.
struct X86Feature {
  const char *name;
  uint32_t leaf, subleaf;
  char reg; // 'a', 'b', 'c' or 'd': EAX to EDX.
  uint8_t bit;
  CpuState state;
};

/// Every extension that generated code may use. Tuning features of LLVM
/// ("fast-...") are not extensions and are not here.
constexpr X86Feature kX86Features[] = {
    {"sse3", 1, 0, 'c', 0, CpuState::None},
    {"pclmul", 1, 0, 'c', 1, CpuState::None},
    {"ssse3", 1, 0, 'c', 9, CpuState::None},
    {"fma", 1, 0, 'c', 12, CpuState::Ymm},
    {"cx16", 1, 0, 'c', 13, CpuState::None},
    {"sse4.1", 1, 0, 'c', 19, CpuState::None},
    {"sse4.2", 1, 0, 'c', 20, CpuState::None},
    {"movbe", 1, 0, 'c', 22, CpuState::None},
    {"popcnt", 1, 0, 'c', 23, CpuState::None},
    {"avx", 1, 0, 'c', 28, CpuState::Ymm},
    {"f16c", 1, 0, 'c', 29, CpuState::Ymm},
    {"bmi", 7, 0, 'b', 3, CpuState::None},
    {"avx2", 7, 0, 'b', 5, CpuState::Ymm},
    {"bmi2", 7, 0, 'b', 8, CpuState::None},
    {"avx512f", 7, 0, 'b', 16, CpuState::Zmm},
    {"avx512dq", 7, 0, 'b', 17, CpuState::Zmm},
    {"avx512ifma", 7, 0, 'b', 21, CpuState::Zmm},
    {"avx512cd", 7, 0, 'b', 28, CpuState::Zmm},
    {"avx512bw", 7, 0, 'b', 30, CpuState::Zmm},
    {"avx512vl", 7, 0, 'b', 31, CpuState::Zmm},
    {"avx512vbmi", 7, 0, 'c', 1, CpuState::Zmm},
    {"avx512vbmi2", 7, 0, 'c', 6, CpuState::Zmm},
    {"gfni", 7, 0, 'c', 8, CpuState::None},
    {"vpclmulqdq", 7, 0, 'c', 10, CpuState::Ymm},
    {"avx512vnni", 7, 0, 'c', 11, CpuState::Zmm},
    {"avx512bitalg", 7, 0, 'c', 12, CpuState::Zmm},
    {"avx512vpopcntdq", 7, 0, 'c', 14, CpuState::Zmm},
    {"avx512vp2intersect", 7, 0, 'd', 8, CpuState::Zmm},
    {"amx-bf16", 7, 0, 'd', 22, CpuState::Tile},
    {"avx512fp16", 7, 0, 'd', 23, CpuState::Zmm},
    {"amx-tile", 7, 0, 'd', 24, CpuState::Tile},
    {"amx-int8", 7, 0, 'd', 25, CpuState::Tile},
    {"avxvnni", 7, 1, 'a', 4, CpuState::Ymm},
    {"avx512bf16", 7, 1, 'a', 5, CpuState::Zmm},
    {"amx-fp16", 7, 1, 'a', 21, CpuState::Tile},
    {"avxifma", 7, 1, 'a', 23, CpuState::Ymm},
    {"avxvnniint8", 7, 1, 'd', 4, CpuState::Ymm},
    {"avxneconvert", 7, 1, 'd', 5, CpuState::Ymm},
    {"avxvnniint16", 7, 1, 'd', 10, CpuState::Ymm},
    {"sahf", 0x80000001, 0, 'c', 0, CpuState::None},
    {"lzcnt", 0x80000001, 0, 'c', 5, CpuState::None},
    {"sse4a", 0x80000001, 0, 'c', 6, CpuState::None},
    {"xop", 0x80000001, 0, 'c', 11, CpuState::Ymm},
    {"fma4", 0x80000001, 0, 'c', 16, CpuState::Ymm},
    {"tbm", 0x80000001, 0, 'c', 21, CpuState::None},
};

#if defined(__x86_64__)

/// Does the operating system save the registers of `state`?
inline bool savesCpuState(CpuState state) {
  if (state == CpuState::None)
    return true;
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 27)))
    return false;
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint32_t mask = state == CpuState::Ymm   ? 0x6u
                        : state == CpuState::Zmm ? 0xe6u
                                                 : 0x600e6u;
  return (low & mask) == mask;
}

/// Does this machine execute the instructions of `feature`?
inline bool hasFeature(const X86Feature &feature) {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &eax, &ebx, &ecx, &edx))
    return false;
  // Leaf 7 says in EAX how many subleaves it has.
  if (feature.leaf == 7 && feature.subleaf > 0) {
    uint32_t last = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(7, 0, &last, &b, &c, &d);
    if (last < feature.subleaf)
      return false;
  }
  const uint32_t word = feature.reg == 'a'   ? eax
                        : feature.reg == 'b' ? ebx
                        : feature.reg == 'c' ? ecx
                                             : edx;
  return (word >> feature.bit & 1) && savesCpuState(feature.state);
}

#endif // __x86_64__

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_X86FEATURES_H
