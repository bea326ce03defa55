//===- Passes.h - Passes over the lp dialect --------------------*- C++ -*-===//

#ifndef TEGULA_LOWPRECISION_TRANSFORMS_PASSES_H
#define TEGULA_LOWPRECISION_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"

namespace tegula::lp {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/LowPrecision/Transforms/Passes.h.inc"
} // namespace tegula::lp

#endif // TEGULA_LOWPRECISION_TRANSFORMS_PASSES_H
