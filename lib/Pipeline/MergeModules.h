//===- MergeModules.h - Kernels into units of compilation -------*- C++ -*-===//

#ifndef TEGULA_PIPELINE_MERGEMODULES_H
#define TEGULA_PIPELINE_MERGEMODULES_H

#include "mlir/IR/BuiltinOps.h"

namespace tegula::pipeline {

/// Regroups `module`, whose symbols have their final names: @main's function
/// and the nested kernel modules become nested modules of at least `minOps`
/// operations each (but for one), which are compiled in parallel. Every
/// kernel's order of appearance decides, so the outcome is deterministic.
void mergeModules(mlir::ModuleOp module, int64_t minOps);

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_MERGEMODULES_H
