//===- CpuFeatures.h - Which instructions this machine has ---------------===//
//
// Freestanding: used by the machine probe of the compiler and, compiled into
// every artifact, by the check that refuses to run on a lesser processor.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_CPUFEATURES_H
#define TEGULA_MACHINE_CPUFEATURES_H

#include "tegula/Machine/AArch64Features.h"
#include "tegula/Machine/Architecture.h"
#include "tegula/Machine/X86Features.h"
#include <stddef.h>
#include <string.h>

namespace tegula {
namespace machine {

/// Number `index` of the extensions of an architecture, by LLVM's name; null
/// behind the last.
inline const char *cpuFeatureName(Architecture architecture, size_t index) {
  if (architecture == Architecture::AArch64)
    return index < sizeof(kAArch64Features) / sizeof(kAArch64Features[0])
               ? kAArch64Features[index].name
               : nullptr;
  return index < sizeof(kX86Features) / sizeof(kX86Features[0])
             ? kX86Features[index].name
             : nullptr;
}

/// Does this machine execute the instructions of the extension whose name has
/// `length` characters? Not if the name is unknown.
inline bool hasCpuFeature(const char *name, size_t length) {
#if defined(__aarch64__)
  for (const AArch64Feature &feature : kAArch64Features)
#else
  for (const X86Feature &feature : kX86Features)
#endif
    if (strlen(feature.name) == length &&
        memcmp(feature.name, name, length) == 0)
      return hasFeature(feature);
  return false;
}

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_CPUFEATURES_H
