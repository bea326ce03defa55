//===- BufferizeKernel.h - Kernel functions to buffers ----------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_BUFFERIZEKERNEL_H
#define TEGULA_TILE_TRANSFORMS_BUFFERIZEKERNEL_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tegula::tile {

/// Whether no family lowering has taken the kernel function `func`: it still
/// computes on tensors.
bool isKernelOnTensors(mlir::func::FuncOp func);

/// Turns the body of a kernel function from tensors to buffers, with linalg
/// operations for everything that is computed or copied.
llvm::LogicalResult bufferizeKernel(mlir::func::FuncOp func);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_BUFFERIZEKERNEL_H
