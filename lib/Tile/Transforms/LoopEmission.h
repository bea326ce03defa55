//===- LoopEmission.h - A linalg op as scalar loops -------------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H
#define TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tegula::tile {

/// Emits `op`, which is on buffers, as a nest of scf.for around its scalar
/// body. The first loops are not emitted: `outer` holds their induction
/// variables.
void emitScalarLoops(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                     mlir::ValueRange outer);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_LOOPEMISSION_H
