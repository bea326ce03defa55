//===- KernelFunction.h - A kernel function before lowering -----*- C++ -*-===//
//
// Reads a kernel function (buffers in, linalg on tensors inside, results stored
// by bufferization.materialize_in_destination) and replaces its body.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TILE_GRAPHTOTILE_KERNELFUNCTION_H
#define TEGULA_TILE_GRAPHTOTILE_KERNELFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Tile/GraphToTile/EmitElementwise.h"

namespace tegula::tile {

struct KernelOutput {
  mlir::Value tensor; ///< The result inside the body.
  mlir::Value memref; ///< Where it is stored, dense row-major.
};

class KernelFunction {
public:
  /// Fails when the function is not in kernel-function form.
  static mlir::FailureOr<KernelFunction> read(mlir::func::FuncOp func);

  /// Tells `emitter` in which buffers the input tensors lie.
  void bindInputs(ElementwiseEmitter &emitter) const;

  /// The buffer of an input tensor, or null.
  mlir::Value memoryOf(mlir::Value tensor) const {
    return inputs.lookup(tensor);
  }

  /// The extent of a dimension of a tensor of the body (of a loop of `op`): a
  /// constant, or read from the buffer that it comes from.
  mlir::Value extentOf(mlir::OpBuilder &builder, mlir::Value tensor,
                       int64_t dim) const;
  mlir::Value extentOfLoop(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                           unsigned loop) const;

  /// A builder before the function's return; new code goes there, after the
  /// old operations.
  mlir::OpBuilder builder() const;

  /// Erases the old operations, once new code stands in their place.
  void eraseOldBody();

  mlir::func::FuncOp func;
  sched::KernelBody body;
  llvm::SmallVector<KernelOutput> outputs;

private:
  llvm::DenseMap<mlir::Value, mlir::Value> inputs;
  llvm::SmallVector<mlir::Operation *> oldOps;
};

/// For each output, which of its dimensions follows each dimension of `root`,
/// through the elementwise operations between. Fails with a reason if an output
/// is not an elementwise function of `root` over the same points.
/// `emitter` must have `root` bound as a source.
mlir::FailureOr<llvm::SmallVector<llvm::SmallVector<int64_t>>>
traceOutputs(const KernelFunction &kernel, const ElementwiseEmitter &emitter,
             mlir::Value root, std::string *reason);

/// Do all outputs have one shape, as far as it is known?
bool haveOneShape(llvm::ArrayRef<KernelOutput> outputs);

/// May dimension `dim` of the traced tensor be folded into `dim + 1`? True if
/// every access has both, next to each other, or neither.
/// Are lanes along dimension `dim` everywhere next to each other or all the
/// same, and nothing is computed from their numbers? Then a point may have more
/// lanes than a vector of the machine: nothing of it needs a mask, and what is
/// computed goes through several vectors in step, which hides latencies.
bool canWiden(llvm::ArrayRef<TensorAccess> accesses, int64_t dim);
bool canFold(llvm::ArrayRef<TensorAccess> accesses, int64_t dim, int64_t next);

/// A point of an output from a point of the root; see traceOutputs.
llvm::SmallVector<Coord> permuteCoords(llvm::ArrayRef<Coord> rootCoords,
                                       llvm::ArrayRef<int64_t> outputDims);

/// Creates the one outermost `scf.forall (%task) in (count)` and leaves the
/// builder inside.
mlir::Value beginTasks(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value count);

/// The same for at most `tasks` tasks that share `blocks` blocks evenly;
/// returns the task's first block and the one after its last.
std::pair<mlir::Value, mlir::Value> beginSharedTasks(mlir::OpBuilder &builder,
                                                     mlir::Location loc,
                                                     mlir::Value blocks,
                                                     int64_t tasks);

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_KERNELFUNCTION_H
