//===- Embedded.h - The runtime's object files inside the compiler -------===//

#ifndef TEGULA_RUNTIME_EMBEDDED_H
#define TEGULA_RUNTIME_EMBEDDED_H

#include <cstddef>

namespace tegula {
namespace runtime {

/// The bytes of an ELF relocatable object, valid for the life of the process.
struct EmbeddedObject {
  const char *data;
  size_t size;
};

/// What every artifact is linked with: contexts, checks, memory, threads.
EmbeddedObject embeddedRuntime();

/// What artifacts for a CPU with large weights are linked with besides.
EmbeddedObject embeddedWeights();

/// What artifacts for a GPU are linked with besides.
EmbeddedObject embeddedGpu();

/// The start code and main program of an executable artifact.
EmbeddedObject embeddedProgram();

} // namespace runtime
} // namespace tegula

#endif // TEGULA_RUNTIME_EMBEDDED_H
