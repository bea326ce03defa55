//===- Compile.h - From a model to an artifact ------------------*- C++ -*-===//

#ifndef TEGULA_PIPELINE_COMPILE_H
#define TEGULA_PIPELINE_COMPILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "tegula/Machine/Machine.h"
#include "tegula/Schedule/Transforms/ExplainSchedules.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <string>
#include <vector>

namespace tegula::pipeline {

/// What `compile` writes.
enum class Emit {
  SharedObject,
  Object,
  Archive,
  Executable,
  LLVM,
  Asm,
  MLIR,
  ONNX,
  PTX ///< The device code of a model for a GPU, as text.
};

/// In which form a GPU artifact holds its kernels.
enum class GpuImage {
  Cubin, ///< Machine code of the target's chip; needs ptxas to compile.
  Ptx    ///< Text that the driver translates when the model is loaded.
};

/// Everything that decides what is made of a model. The same model and options
/// give the same bytes.
struct CompileOptions {
  Emit emit = Emit::SharedObject;
  /// "host", what machine::machineFor takes, or what machine::gpuFor takes.
  std::string target = "host";
  GpuImage gpuImage = GpuImage::Cubin;
  /// The assembler of GPU code; empty: the one that target::findPtxas finds.
  std::string ptxas;
  /// 0: one kernel per operator, plain loops. 3: everything.
  unsigned optLevel = 3;
  /// Extents for symbolic dimensions, by name.
  llvm::StringMap<int64_t> dims;
  /// The name of the typed functions; empty: that of the output file.
  std::string name;
  /// A file of a learned cost model, "analytic", or empty for the default.
  std::string costModel;
  /// A file of schedules to take (Schedule/README.md); empty: choose all.
  std::string schedules;
  /// Take this point of every kernel's space, or draw one; -1: choose.
  int64_t schedulePoint = -1, scheduleSeed = -1;
  /// A file of measured schedules (TuningDatabase.h); empty: none.
  std::string tuningDatabase;
  /// Seconds for measuring schedules of kernels that the cost model is not sure
  /// of; 0: nothing is measured. Heeded by tuning::compileFile only.
  double measureSeconds = 0;
  /// Stop after this stage and write its MLIR; empty: go on to the end.
  std::string stopAfter;
  /// A folder for the MLIR of each stage; empty: none.
  std::string dumpStages;
  /// Check the IR after every pass and the contract of every stage.
  bool verify = false;
  /// Print the time of each stage to standard error.
  bool timing = false;
  /// The artifact records when its kernels run (`tegula bench --profile`).
  bool profile = false;
  /// A folder of generated code to take from and add to (KernelCache.h).
  std::string kernelCache;
  /// Threads of the compiler; 0: as many as there are CPUs.
  unsigned threads = 0;
  /// Called with the name of a stage when it begins, and after each of the
  /// `total` parts of a stage that has parts; on any thread, one call at a
  /// time.
  std::function<void(llvm::StringRef stage, size_t done, size_t total)>
      progress;
};

/// Reads the words of the command line or of tegula_compile. On failure
/// `message` says which word is wrong and what would be right.
bool parseOptions(llvm::ArrayRef<llvm::StringRef> words,
                  CompileOptions &options, std::string &message);

/// What an operator cannot be lowered for, and where it stands in the model.
struct UnsupportedNode {
  /// "Gemm", "ml.Scaler", or "com.example:Foo" of a domain ONNX does not have.
  std::string op;
  std::string node, reason;
};

/// Imports the model at `path` and says what keeps it from being compiled, in
/// the order of the model. False after an error diagnostic when it cannot be
/// imported at all. `numOps` is how many operators there are.
bool checkFile(llvm::StringRef path, const CompileOptions &options,
               mlir::MLIRContext &context,
               std::vector<UnsupportedNode> &unsupported, size_t &numOps);

/// Compiles the model at `path` as far as its schedules. Null after an error
/// diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> scheduleFile(llvm::StringRef path,
                                               const CompileOptions &options,
                                               mlir::MLIRContext &context);

/// The same for a model in memory.
mlir::OwningOpRef<mlir::ModuleOp> scheduleBytes(llvm::StringRef bytes,
                                                const CompileOptions &options,
                                                mlir::MLIRContext &context);

/// What the cost model is told of `machine`.
cost::CpuTarget cpuTarget(const machine::Machine &machine);

/// Explains the schedules of what scheduleFile gave for `options`. False after
/// an error diagnostic.
bool explainModule(mlir::ModuleOp module, const CompileOptions &options,
                   std::vector<sched::KernelExplanation> &kernels);

/// How a tuning database names `machine`.
std::string tuningMachine(const machine::Machine &machine);

/// The frontend's passes with what the Graph stage can lower.
void buildModelPipeline(mlir::OpPassManager &pm);

/// A context with all dialects and interfaces that compilation needs.
std::unique_ptr<mlir::MLIRContext> createContext();

/// Compiles the model at `path` to `output`. False after an error diagnostic on
/// `context`; `output` is untouched then.
bool compileFile(llvm::StringRef path, const CompileOptions &options,
                 llvm::StringRef output, mlir::MLIRContext &context);

/// The same for a model in memory.
bool compileBytes(llvm::StringRef bytes, const CompileOptions &options,
                  llvm::StringRef output, mlir::MLIRContext &context);

/// The same for an imported model, or one that is already linalg on tensors.
/// With `stopAfter` and no `output` the module is left as that stage leaves it,
/// and nothing is written.
bool compileModule(mlir::ModuleOp module, const CompileOptions &options,
                   llvm::StringRef output);

/// The text of a diagnostic for people: severity, the ONNX node if the location
/// has its name, and the message.
std::string formatDiagnostic(const mlir::Diagnostic &diagnostic);

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_COMPILE_H
