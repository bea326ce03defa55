//===- Weights.h - Constants behind linked code --------------------------===//
//
// Weights can be larger than everything else together, so the linker never
// sees them. It lays out a placeholder, a section of their size that takes no
// space in the file; afterwards they are written once, from where they are to
// the end of the artifact, and its headers are made to point there.
//
// The section is a "large" one (.lrodata): linkers keep it apart, and code
// reaches its start through the GOT, so 32-bit relocations do not limit it.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TARGET_CPU_WEIGHTS_H
#define TEGULA_LIB_TARGET_CPU_WEIGHTS_H

#include "tegula/Target/CPU/Link.h"
#include "llvm/ADT/SmallVector.h"

namespace tegula {
namespace target {

/// Entries in order, aligned, not overlapping, within the size.
llvm::Error checkWeights(const WeightBlob &weights);

/// A relocatable object that defines tegula_weights without its contents.
llvm::SmallVector<char, 0> makePlaceholder(uint64_t size,
                                           machine::Architecture architecture);

/// Gives the linked file at `path`, or the only member of an archive, its
/// weights. Nothing is added if the linker dropped the placeholder because no
/// code uses it.
llvm::Error appendWeights(const std::string &path, const WeightBlob &weights);

} // namespace target
} // namespace tegula

#endif // TEGULA_LIB_TARGET_CPU_WEIGHTS_H
