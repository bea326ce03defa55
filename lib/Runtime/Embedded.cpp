//===- Embedded.cpp - The runtime's object files inside the compiler -----===//

#include "tegula/Runtime/Embedded.h"

using namespace tegula::machine;
using namespace tegula::runtime;

/// The bounds of a part, which Embedded.S defines.
#define TEGULA_DECLARE(part)                                                   \
  extern "C" const char tegula_##part##_begin[], tegula_##part##_end[];
#define TEGULA_OBJECT(part)                                                    \
  {tegula_##part##_begin,                                                      \
   static_cast<size_t>(tegula_##part##_end - tegula_##part##_begin)}

TEGULA_DECLARE(x86_64_runtime)
TEGULA_DECLARE(x86_64_program)
TEGULA_DECLARE(x86_64_weights)
TEGULA_DECLARE(x86_64_gpu)
TEGULA_DECLARE(aarch64_runtime)
TEGULA_DECLARE(aarch64_program)
TEGULA_DECLARE(aarch64_weights)

EmbeddedObject tegula::runtime::embeddedRuntime(Architecture architecture,
                                                RuntimePart part) {
  const bool isArm = architecture == Architecture::AArch64;
  switch (part) {
  case RuntimePart::Base:
    return isArm ? EmbeddedObject TEGULA_OBJECT(aarch64_runtime)
                 : EmbeddedObject TEGULA_OBJECT(x86_64_runtime);
  case RuntimePart::Program:
    return isArm ? EmbeddedObject TEGULA_OBJECT(aarch64_program)
                 : EmbeddedObject TEGULA_OBJECT(x86_64_program);
  case RuntimePart::Weights:
    return isArm ? EmbeddedObject TEGULA_OBJECT(aarch64_weights)
                 : EmbeddedObject TEGULA_OBJECT(x86_64_weights);
  case RuntimePart::Gpu:
    if (!isArm)
      return TEGULA_OBJECT(x86_64_gpu);
  }
  return {nullptr, 0};
}
