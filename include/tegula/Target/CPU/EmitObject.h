//===- EmitObject.h - LLVM modules to object files and assembly ----------===//

#ifndef TEGULA_TARGET_CPU_EMITOBJECT_H
#define TEGULA_TARGET_CPU_EMITOBJECT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace tegula {
namespace target {

/// For which machine to generate code, and how hard to try.
struct EmitOptions {
  std::string triple = "x86_64-unknown-linux-gnu";
  /// LLVM's name: "x86-64-v3", "znver3", "x86-64".
  std::string cpu = "x86-64";
  /// LLVM's list, added to those of the cpu: "+avx2,+fma".
  std::string features;
  /// 0 to 3. Never changes numbers: there are no fast-math flags at any level.
  unsigned optLevel = 3;
  /// The folder of a KernelCache that emitObjects uses; empty: none.
  std::string kernelCache;
};

/// The file kinds that the code generator writes.
enum class CodeKind { Object, Assembly };

/// A target machine for position-independent code; an error names the triple,
/// cpu or feature that LLVM does not know.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const EmitOptions &options);

/// Runs LLVM's optimisation pipeline on `module` for the machine. Sets triple,
/// data layout and the target attributes of all functions; declares them
/// nounwind, since emitted code never throws.
llvm::Error optimizeModule(llvm::Module &module, const EmitOptions &options);

/// Optimises `module` and returns its object file or assembly text.
llvm::Expected<llvm::SmallVector<char, 0>>
emitObject(llvm::Module &module, const EmitOptions &options,
           CodeKind kind = CodeKind::Object);

/// One module of a batch, made on the thread that compiles it, in an
/// LLVMContext of its own (`context` outlives the module).
using ModuleMaker = std::function<llvm::Expected<std::unique_ptr<llvm::Module>>(
    llvm::LLVMContext &context)>;

/// Makes and compiles all modules on up to `numThreads` threads (0: as many as
/// there are CPUs). Results are in the order of `makers`, whatever the threads
/// did. `progress(done)` is called after each, one call at a time.
llvm::Expected<std::vector<llvm::SmallVector<char, 0>>>
emitObjects(llvm::ArrayRef<ModuleMaker> makers, const EmitOptions &options,
            unsigned numThreads = 0,
            const std::function<void(size_t)> &progress = nullptr);

} // namespace target
} // namespace tegula

#endif // TEGULA_TARGET_CPU_EMITOBJECT_H
