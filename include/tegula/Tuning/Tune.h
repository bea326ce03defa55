//===- Tune.h - Measure the schedules of a model's kernels ------*- C++ -*-===//

#ifndef TEGULA_TUNING_TUNE_H
#define TEGULA_TUNING_TUNE_H

#include "tegula/Pipeline/Compile.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include <limits>
#include <string>

namespace tegula::tuning {

struct TuneOptions {
  /// How the model is compiled; the target must be one that this machine runs.
  pipeline::CompileOptions compile;
  /// The file that measurements are added to and taken from.
  std::string database;
  /// One of searchNames().
  std::string search = "beam";
  uint64_t seed = 1;
  /// For all kernels together; those that may gain most get most of it: by how
  /// far the intervals of the predictions overlap, and how often they run.
  double seconds = 60;
  /// At most so many schedules of a kernel.
  size_t schedules = std::numeric_limits<size_t>::max();
  /// Only kernels of which another schedule might be faster than the chosen
  /// one, as far as the intervals of the predictions say.
  bool onlyUnsure = false;
  /// Only schedules of the numerics class of the chosen one: no result of the
  /// model changes.
  bool keepsBits = false;
};

/// What became of one kernel of the model.
struct TunedKernel {
  std::string node;         ///< Of the model, empty if it has no name.
  size_t uses = 1;          ///< Kernels of the model with the same text.
  size_t points = 0;        ///< Of its space.
  size_t measured = 0;      ///< Of them, with a time, now or before.
  size_t failed = 0;        ///< Of them, without.
  std::string chosen;       ///< The compiler's own choice...
  double chosenSeconds = 0; ///< ...and its time.
  std::string best;         ///< The fastest measured schedule...
  double bestSeconds = 0;   ///< ...and its time.
};

/// Compiles kernel by kernel under schedules that the search asks for, checks
/// their results (the same bits within a numerics class, up to rounding between
/// classes), times them beside the compiler's choice, and adds what was
/// measured to the database. `report` is called with each kernel when it is
/// done. False after an error diagnostic.
/// `module` is what pipeline::scheduleFile gave for `options.compile`.
bool tuneModule(mlir::ModuleOp module, const TuneOptions &options,
                llvm::function_ref<void(const TunedKernel &)> report);

/// The same for the model at `path`.
bool tuneFile(llvm::StringRef path, const TuneOptions &options,
              mlir::MLIRContext &context,
              llvm::function_ref<void(const TunedKernel &)> report);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_TUNE_H
