//===- Link.h - Object files to a finished artifact ----------------------===//
//
// All linking happens in this process, through lld: a user of Tegula needs no
// compiler, linker or C library headers.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TARGET_CPU_LINK_H
#define TEGULA_TARGET_CPU_LINK_H

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

/// An object file to link: bytes in memory, or the path of a file (for the
/// weights, which should not be in memory a second time).
struct LinkInput {
  llvm::StringRef bytes;
  std::string path;

  static LinkInput fromBytes(llvm::StringRef bytes) { return {bytes, {}}; }
  static LinkInput fromPath(llvm::StringRef path) { return {{}, path.str()}; }
};

struct LinkOptions {
  /// The model's C identifier (see sanitizeIdentifier): decides the exported
  /// names and the soname.
  std::string name;
  /// A directory for intermediate files; empty: a private one, removed at the
  /// end.
  std::string workDirectory;
};

/// Links `inputs` and the runtime (which the compiler carries) to `outputPath`,
/// which is replaced in one step when everything succeeded. The bytes depend on
/// the inputs and on `options.name` only. x86-64 ELF.
///
/// `inputs` must define tegula_entry, tegula_manifest, tegula_weights and the
/// typed functions of emitManifest. Symbols of libc and libm may be used;
/// anything else undefined is an error that names it.
///
/// Calls from several threads wait for each other, because lld has global
/// state. It also resets the llvm::cl options of the process: read them before.
llvm::Error linkArtifact(llvm::ArrayRef<LinkInput> inputs, OutputKind kind,
                         const LinkOptions &options,
                         llvm::StringRef outputPath);

/// The names that an artifact called `name` exports besides tegula_model.
std::vector<std::string> exportedSymbols(llvm::StringRef name);

} // namespace target
} // namespace tegula

#endif // TEGULA_TARGET_CPU_LINK_H
