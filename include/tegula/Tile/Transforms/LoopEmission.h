//===- LoopEmission.h - A linalg op as scalar loops -------------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H
#define TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tegula::tile {

/// Emits `op`, which is on buffers, as a nest of scf.for around its scalar
/// body. The first loops are not emitted: `outer` holds their induction
/// variables.
void emitScalarLoops(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                     mlir::ValueRange outer);

/// Emits the scalar body of `op` for the point `loops`, one value per loop.
void emitPoint(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
               mlir::ValueRange loops);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H
