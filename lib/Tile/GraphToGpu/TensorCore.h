//===- TensorCore.h - The matrix instruction of a warp ----------*- C++ -*-===//
//
// mma.sync multiplies a 16 x k by a k x 8 tile. Lane l of the warp, with
// g = l / 4 and t = l % 4, holds of one tile
//
//   result   (g, 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
//   rows     (g, .) (g + 8, .) at k = t, then the same at k = t + 4 [TF32]
//   columns  (., g) at k = t and k = t + 4                          [TF32]
//
// 16-bit operands hold pairs (2t, 2t + 1) of 16 positions instead of t of 8.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_TENSORCORE_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_TENSORCORE_H

#include "mlir/IR/Builders.h"

namespace tegula::tile {

/// The instruction for one kind of operands.
class TensorCore {
public:
  static constexpr int64_t kRows = 16, kColumns = 8;

  /// `numerics` of #sched.gpu_matmul.
  TensorCore(mlir::OpBuilder &builder, mlir::Location loc,
             llvm::StringRef numerics);

  /// What operands in shared memory are.
  mlir::Type getElementType() const { return element; }
  /// Positions of k that one instruction takes.
  int64_t getDepth() const { return isSplit ? 8 : 16; }

  /// One operand of the instruction.
  struct Fragment {
    /// Registers; of split operands the leading part.
    llvm::SmallVector<mlir::Value> main;
    /// Split operands: the rest, and the leading part where it is finite.
    llvm::SmallVector<mlir::Value> rest, finite;
  };

  /// A fragment of registers, each a float or a vector of two 16-bit floats.
  Fragment makeFragment(llvm::ArrayRef<mlir::Value> registers) const;

  /// accumulators += rows * columns; four floats.
  void multiply(const Fragment &rows, const Fragment &columns,
                llvm::MutableArrayRef<mlir::Value> accumulators) const;

private:
  void issue(llvm::ArrayRef<mlir::Value> rows,
             llvm::ArrayRef<mlir::Value> columns,
             llvm::MutableArrayRef<mlir::Value> accumulators) const;

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Type element;
  bool isSplit;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_TENSORCORE_H
