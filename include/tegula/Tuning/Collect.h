//===- Collect.h - Measured kernels for training the cost model -*- C++ -*-===//

#ifndef TEGULA_TUNING_COLLECT_H
#define TEGULA_TUNING_COLLECT_H

#include "tegula/Pipeline/Compile.h"
#include "tegula/Tuning/EnergyCounter.h"
#include "tegula/Tuning/Measure.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace tegula::tuning {

struct CollectOptions {
  /// How models are compiled; the target must be one that this machine runs.
  pipeline::CompileOptions compile;
  /// Schedules of a kernel at most, the compiler's choice among them.
  size_t points = 36;
  uint64_t seed = 1; ///< Of the schedules that are drawn.
  /// Numbers of threads to measure with; 1 is always measured first.
  std::vector<unsigned> threads = {1};
  unsigned rounds = 12;
  double blockSeconds = 1e-3;
  /// Processes that measure at the same time share this file (MachineTurn.h).
  std::string lockFile;
  bool realTime = false; ///< Before other programs, if the system allows it.
  EnergyCounter *energy = nullptr; ///< If energy is to be measured.
};

/// A kernel under one schedule on so many threads.
struct CollectedKernel {
  std::string family;            ///< Of the schedule.
  std::string problem, schedule; ///< Texts of KernelText.h.
  std::string numerics;          ///< The class of the schedule.
  unsigned threads = 1;
  /// "ok", "wrong", or "failed: REASON"; only "ok" has times.
  std::string status = "ok";
  Timing timing;
  double referenceSeconds = 0; ///< Of the reference kernel in the same rounds.
  /// Of the processor's packages during one call, the idle parts included; 0:
  /// not measured.
  double joules = 0;
  MachineCode code;
  size_t spacePoints = 0;      ///< Points of the kernel's whole space.
  double compileSeconds = 0;   ///< CPU time of compiling and checking it.
  double predictedSeconds = 0; ///< By the cost model, of one thread.
};

/// Compiles and loads the first kernel of the model at `path` as the compiler
/// schedules it: what the machine's drift is known by.
llvm::Expected<std::unique_ptr<LoadedKernel>>
loadReference(llvm::StringRef path, const CollectOptions &options,
              mlir::MLIRContext &context);

/// Measures schedules of every kernel of the model at `path` whose family has a
/// space: the compiler's choice, then the one that is predicted to be fastest
/// of each family and numerics class, then some of those predicted to be fast
/// and some of all. Results are checked as in tuneFile, and on several threads
/// must be the bits of one. Kernels are timed in groups around `reference`, and
/// times of later groups corrected by what the compiler's choice takes there.
/// `report` is called with each row. Fails if the model cannot be compiled, or
/// none of its kernels has a space.
llvm::Error
collectFile(llvm::StringRef path, const CollectOptions &options,
            LoadedKernel &reference, mlir::MLIRContext &context,
            llvm::function_ref<void(const CollectedKernel &)> report);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_COLLECT_H
