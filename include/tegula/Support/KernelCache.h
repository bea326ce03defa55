//===- KernelCache.h - Generated code that is found again -------*- C++ -*-===//

#ifndef TEGULA_SUPPORT_KERNELCACHE_H
#define TEGULA_SUPPORT_KERNELCACHE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace tegula {

/// A folder of generated code, each file found by what it was generated from.
///
/// A compiler that is run again over a model, of which one layer has changed,
/// generates the code of one kernel:
///
///   KernelCache cache(directory);
///   auto object = cache.get(text, [&] { return generate(module); });
///
/// `text` is everything that decides the code: the module, the processor, the
/// level of optimisation, the version of the generator. The file's name is a
/// hash of it, and the file holds it whole: a hit is a comparison of all bytes,
/// so two texts of one hash never meet. Whoever can write to the folder decides
/// what is linked: it deserves the trust of the compiler's own files. A file
/// that is cut short or damaged is a miss, and so is a folder that cannot be
/// read or written: it costs time, never the compilation.
///
/// Several processes and threads may share a folder; files appear complete.
class KernelCache {
public:
  using Code = llvm::SmallVector<char, 0>;

  /// Keeps code in `directory`, which is made with the first file; nothing is
  /// kept if it is empty.
  explicit KernelCache(llvm::StringRef directory) : directory(directory) {}

  /// The code of `text`: from the folder, or what `generate` returns, which is
  /// kept unless it is an error.
  llvm::Expected<Code>
  get(llvm::StringRef text,
      llvm::function_ref<llvm::Expected<Code>()> generate) const;

  /// The same for what is generated from `module`. `generator` is everything
  /// else that decides the code, LLVM's version apart. A cache without a folder
  /// does not look at the module.
  llvm::Expected<Code>
  get(const llvm::Module &module, llvm::StringRef generator,
      llvm::function_ref<llvm::Expected<Code>()> generate) const;

  /// Removes files unused for a week, and the oldest beyond 4 GiB or three
  /// quarters of the free space; looks once in 20 minutes.
  void prune() const;

private:
  std::optional<Code> find(llvm::StringRef path, llvm::StringRef text) const;
  void keep(llvm::StringRef path, llvm::StringRef text, const Code &code) const;

  std::string directory;
};

} // namespace tegula

#endif // TEGULA_SUPPORT_KERNELCACHE_H
