//===- RankInference.h - Ranks that ONNX's inference leaves open *- C++ -*-===//

#ifndef TEGULA_LIB_FRONTEND_IR_RANKINFERENCE_H
#define TEGULA_LIB_FRONTEND_IR_RANKINFERENCE_H

#include "mlir/IR/Operation.h"

namespace tegula::onnx {

/// Gives the results of `op` among `types` that have an element type but no
/// rank the rank that follows from the operands' types alone.
void completeRanks(mlir::Operation *op,
                   llvm::MutableArrayRef<mlir::Type> types);

} // namespace tegula::onnx

#endif // TEGULA_LIB_FRONTEND_IR_RANKINFERENCE_H
