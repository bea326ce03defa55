//===- CompileMeasured.h - Compile, measure where unsure --------*- C++ -*-===//

#ifndef TEGULA_TUNING_COMPILEMEASURED_H
#define TEGULA_TUNING_COMPILEMEASURED_H

#include "tegula/Pipeline/Compile.h"

namespace tegula::tuning {

/// pipeline::compileFile with `options.measureSeconds` (without them: that, and
/// nothing else). First the kernels of which the cost model cannot say that its
/// choice is the fastest are measured under the fastest predicted schedules, as
/// many of them as there is time for, those with most to gain first. Times of
/// `options.tuningDatabase` are taken for measured, and new ones added to it;
/// it need not exist.
///
/// Schedules are of the numerics class that the cost model chose, so that the
/// seconds change speed and no result; but what the database holds of other
/// classes may be taken, as without measuring. False after an error diagnostic,
/// also where this machine cannot run what is compiled.
bool compileFile(llvm::StringRef path, const pipeline::CompileOptions &options,
                 llvm::StringRef output, mlir::MLIRContext &context);

/// The same for a model in memory.
bool compileBytes(llvm::StringRef bytes,
                  const pipeline::CompileOptions &options,
                  llvm::StringRef output, mlir::MLIRContext &context);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_COMPILEMEASURED_H
