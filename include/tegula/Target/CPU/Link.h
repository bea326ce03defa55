//===- Link.h - Object files to a finished artifact ----------------------===//
//
// All linking happens in this process, through lld: a user of Tegula needs no
// compiler, linker or C library headers.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TARGET_CPU_LINK_H
#define TEGULA_TARGET_CPU_LINK_H

#include "tegula/Machine/Architecture.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tegula {
namespace target {

/// What --emit= makes out of object files.
enum class OutputKind {
  SharedObject, ///< Exports tegula_model and the typed functions.
  Object,       ///< One relocatable file; exports the typed functions only.
  Archive,      ///< The same in a static library.
  Executable    ///< A program that reads and writes .npy files.
};

/// The constants of a model: what `tegula_weights` points to.
struct WeightBlob {
  /// Bytes that someone else owns, at a multiple of 64.
  struct Entry {
    uint64_t offset;
    llvm::ArrayRef<char> bytes;
  };
  std::vector<Entry> entries; ///< By offset, not overlapping; gaps are zero.
  uint64_t size = 0;
};

struct LinkOptions {
  /// That of the objects.
  machine::Architecture architecture = machine::Architecture::X86_64;
  /// The model's C identifier (see sanitizeIdentifier): decides the exported
  /// names and the soname.
  std::string name;
  /// Written once, straight into the artifact: neither a copy in memory nor a
  /// temporary file is made.
  WeightBlob weights;
  /// Link with the part of the runtime that drives a GPU (x86-64).
  bool withGpu = false;
  /// A directory for intermediate files; empty: a private one, removed at the
  /// end.
  std::string workDirectory;
};

/// Links object files (their bytes), the weights and the runtime (which the
/// compiler carries) to `outputPath`, which is replaced in one step when
/// everything succeeded. The bytes depend on the objects, the weights and the
/// name only. ELF for Linux.
///
/// `objects` must define tegula_entry, tegula_manifest and the typed functions
/// of emitManifest. Symbols of libc and libm may be used;
/// anything else undefined is an error that names it.
///
/// Calls from several threads wait for each other, because lld has global
/// state. It also resets the llvm::cl options of the process: read them before.
llvm::Error linkArtifact(llvm::ArrayRef<llvm::StringRef> objects,
                         OutputKind kind, const LinkOptions &options,
                         llvm::StringRef outputPath);

/// The names that an artifact called `name` exports besides tegula_model.
std::vector<std::string> exportedSymbols(llvm::StringRef name);

} // namespace target
} // namespace tegula

#endif // TEGULA_TARGET_CPU_LINK_H
