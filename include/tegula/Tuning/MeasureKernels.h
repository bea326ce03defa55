//===- MeasureKernels.h - What a model's kernels take -----------*- C++ -*-===//

#ifndef TEGULA_TUNING_MEASUREKERNELS_H
#define TEGULA_TUNING_MEASUREKERNELS_H

#include "tegula/Pipeline/Compile.h"
#include "tegula/Tuning/Measure.h"

#include <string>
#include <vector>

namespace tegula::tuning {

/// What one kernel took on this machine.
struct MeasuredKernel {
  Timing timing;
  std::string failure;    ///< Why there is no time; empty: there is one.
  int64_t operations = 0; ///< Arithmetic ones; 0: not counted.
};

/// Times every kernel with a schedule in `module` (scheduled with `profile`,
/// which counts operations), in order: each alone, on one thread, under the
/// schedule that it has. Kernels of one text and schedule are timed once.
/// Fails if there is no place for libraries.
llvm::Expected<std::vector<MeasuredKernel>>
measureKernels(mlir::ModuleOp module, const pipeline::CompileOptions &options);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_MEASUREKERNELS_H
