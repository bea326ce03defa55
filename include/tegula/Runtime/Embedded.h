//===- Embedded.h - The runtime's object files inside the compiler -------===//

#ifndef TEGULA_RUNTIME_EMBEDDED_H
#define TEGULA_RUNTIME_EMBEDDED_H

#include "tegula/Machine/Architecture.h"
#include <cstddef>

namespace tegula {
namespace runtime {

/// The bytes of an ELF relocatable object, valid for the life of the process.
struct EmbeddedObject {
  const char *data;
  size_t size;
};

enum class RuntimePart {
  Base,    ///< In every artifact: contexts, checks, memory, threads.
  Program, ///< The start code and main program of an executable artifact.
  Weights, ///< Besides, for a CPU with large weights.
  Gpu      ///< Besides, for a GPU. x86-64 only.
};

/// A part of the runtime for an architecture; no bytes if it has none.
EmbeddedObject embeddedRuntime(machine::Architecture architecture,
                               RuntimePart part);

} // namespace runtime
} // namespace tegula

#endif // TEGULA_RUNTIME_EMBEDDED_H
