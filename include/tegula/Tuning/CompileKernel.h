//===- CompileKernel.h - A kernel alone, compiled and loaded ----*- C++ -*-===//

#ifndef TEGULA_TUNING_COMPILEKERNEL_H
#define TEGULA_TUNING_COMPILEKERNEL_H

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Pipeline/Compile.h"
#include "tegula/Tuning/Measure.h"

#include "llvm/ADT/SmallString.h"

namespace tegula::tuning {

/// A folder for libraries, gone with the object.
class LibraryFolder {
public:
  static llvm::Expected<LibraryFolder> create();
  LibraryFolder(LibraryFolder &&other) : path(std::move(other.path)) {
    other.path.clear();
  }
  ~LibraryFolder();

  /// A path that was not given before: loading one again would give the library
  /// of that time.
  llvm::SmallString<128> next();

  /// The path of a file that is called `name`.
  llvm::SmallString<128> file(const llvm::Twine &name) const;

private:
  LibraryFolder() = default;
  llvm::SmallString<128> path;
  size_t count = 0;
};

/// Compiles `kernel` as a model of its own under `schedule`, by the whole
/// pipeline with the model's own constants, and loads it. Fails with the
/// reason: a kernel that cannot stand alone, a compiler's complaint, inputs of
/// a type that nobody can make up.
llvm::Expected<std::unique_ptr<LoadedKernel>>
compileKernel(graph::KernelOp kernel, mlir::Attribute schedule,
              const pipeline::CompileOptions &options, LibraryFolder &folder);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_COMPILEKERNEL_H
