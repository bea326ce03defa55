//===- WindowPlan.h - How one window is lowered -----------------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWPLAN_H

#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

#include <string>

namespace tegula::tile {

/// A depthwise convolution or a pooling: one operation whose reduction loops
/// are the taps of a window.
struct WindowPlan {
  const KernelFunction &kernel;
  ElementwiseEmitter &emitter;
  sched::DepthwiseAttr schedule;
  mlir::linalg::LinalgOp op;
  /// The factors of a fused multiply-add of floats; none: the body as it is.
  std::optional<sched::ContractionBody> product;
  mlir::tensor::PadOp pad; ///< Of the first operand, from memory; or null.
  llvm::SmallVector<unsigned> resultLoops, taps; ///< Loops.
  llvm::SmallVector<int64_t> ranges;
  llvm::SmallVector<llvm::SmallVector<int64_t>> outputDims;

  /// Reads the function; fails with a reason. `emitter` gets the inputs bound.
  static mlir::FailureOr<WindowPlan> make(const KernelFunction &kernel,
                                          sched::DepthwiseAttr schedule,
                                          ElementwiseEmitter &emitter,
                                          std::string &reason);

  int64_t tapCount() const;
  /// The taps in order, each as one number per reduction loop.
  llvm::SmallVector<llvm::SmallVector<int64_t>> tapPositions() const;

  /// The extent of dimension `dim` of the window's result.
  mlir::Value resultExtent(mlir::OpBuilder &builder, unsigned dim) const {
    return kernel.extentOf(builder, kernel.outputs[0].tensor,
                           outputDims[0][dim]);
  }

  /// The body on values for all inputs and the accumulator.
  mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc,
                      llvm::SmallVector<mlir::Value> arguments,
                      mlir::Value accumulator, llvm::ArrayRef<Coord> loops);

  /// The accumulator's first value, and what follows the last: the elementwise
  /// operations and the stores. Under `mask`, or null.
  mlir::Value begin(mlir::OpBuilder &builder, mlir::Location loc,
                    llvm::ArrayRef<Coord> loops, mlir::Value mask);
  void end(mlir::OpBuilder &builder, mlir::Location loc,
           mlir::Value accumulator, llvm::ArrayRef<Coord> loops,
           mlir::Value mask);

private:
  mlir::LogicalResult checkBody(std::string &reason);
  mlir::LogicalResult checkOperands(std::string &reason);
  llvm::SmallVector<Coord> pointOf(llvm::ArrayRef<Coord> loops) const;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWPLAN_H
