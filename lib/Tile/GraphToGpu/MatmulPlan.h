//===- MatmulPlan.h - How one product is lowered for a GPU ------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_MATMULPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_MATMULPLAN_H

#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"
#include "tegula/Tile/GraphToTile/RegisterTile.h"

#include <string>

namespace tegula::tile {

/// A contraction or convolution as batch x (m x k) x (k x n).
struct MatmulPlan {
  sched::GpuMatmulAttr schedule;
  sched::MatmulLoops loops;
  MultiplyAdd mac;
  mlir::Value root; ///< The result of the product.
  /// The start of the sums; null for zero.
  mlir::Value initial;
  mlir::AffineMap resultMap;
  /// Per output, see traceOutputs.
  llvm::SmallVector<llvm::SmallVector<int64_t>> outputDims;

  /// One of the two operands.
  struct Operand {
    mlir::Value tensor;
    mlir::AffineMap map;
    /// Loops of m (of n for the columns).
    llvm::SmallVector<unsigned> loops;
    bool isRows = false;
    /// Neighbours in memory are neighbours in k, else in m (n).
    bool runsAlongK = false;
    /// Where the operand lies; null if it is computed.
    mlir::Value memory;
    /// Its dimensions for a tensor map, where the schedule wants one.
    llvm::SmallVector<sched::OperandDim> mapDims;
  };
  Operand rows, columns;

  /// Reads the function; fails with a reason when the lowering does not cover
  /// it. `emitter` gets the inputs bound.
  static mlir::FailureOr<MatmulPlan> make(const KernelFunction &kernel,
                                          sched::GpuMatmulAttr schedule,
                                          ElementwiseEmitter &emitter,
                                          std::string &reason);
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_MATMULPLAN_H
