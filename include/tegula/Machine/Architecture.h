//===- Architecture.h - Instruction sets of CPU targets ------------------===//
//
// Freestanding: the compiler and the runtime of every artifact use it.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_ARCHITECTURE_H
#define TEGULA_MACHINE_ARCHITECTURE_H

#include <stdint.h>

namespace tegula {
namespace machine {

/// What an artifact's code is made of; Linux and little endian all.
enum class Architecture : uint8_t { X86_64, AArch64 };

/// That of this code itself.
#if defined(__aarch64__)
constexpr Architecture kThisArchitecture = Architecture::AArch64;
#else
constexpr Architecture kThisArchitecture = Architecture::X86_64;
#endif

/// The largest page that a system may have: what a loader maps by itself lies
/// at a multiple of it.
constexpr uint64_t maxPageBytes(Architecture architecture) {
  return architecture == Architecture::AArch64 ? 65536 : 4096;
}

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_ARCHITECTURE_H
