//===- Embedded.cpp - The runtime's object files inside the compiler -----===//

#include "tegula/Runtime/Embedded.h"

extern "C" {
extern const char tegula_embedded_runtime_begin[];
extern const char tegula_embedded_runtime_end[];
extern const char tegula_embedded_program_begin[];
extern const char tegula_embedded_program_end[];
extern const char tegula_embedded_weights_begin[];
extern const char tegula_embedded_weights_end[];
extern const char tegula_embedded_gpu_begin[];
extern const char tegula_embedded_gpu_end[];
}

tegula::runtime::EmbeddedObject tegula::runtime::embeddedRuntime() {
  return {tegula_embedded_runtime_begin,
          static_cast<size_t>(tegula_embedded_runtime_end -
                              tegula_embedded_runtime_begin)};
}

tegula::runtime::EmbeddedObject tegula::runtime::embeddedProgram() {
  return {tegula_embedded_program_begin,
          static_cast<size_t>(tegula_embedded_program_end -
                              tegula_embedded_program_begin)};
}

tegula::runtime::EmbeddedObject tegula::runtime::embeddedWeights() {
  return {tegula_embedded_weights_begin,
          static_cast<size_t>(tegula_embedded_weights_end -
                              tegula_embedded_weights_begin)};
}

tegula::runtime::EmbeddedObject tegula::runtime::embeddedGpu() {
  return {
      tegula_embedded_gpu_begin,
      static_cast<size_t>(tegula_embedded_gpu_end - tegula_embedded_gpu_begin)};
}
