//===- KernelBody.h - What a kernel computes --------------------*- C++ -*-===//
//
// The body of a kernel, read as one root operation with its fused neighbours.
// Both who chooses a schedule and who lowers it look at a kernel through this
// header, so that they agree on the family and on the sizes.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_SCHEDULE_IR_KERNELBODY_H
#define TEGULA_SCHEDULE_IR_KERNELBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Block.h"

#include <optional>

namespace tegula::sched {

/// The families, one lowering each. `Loops` is the fallback.
enum class Family {
  Contraction,
  Convolution,
  Depthwise,
  Attention,
  Rows,
  Elementwise,
  Loops
};

/// The body's operations in order: the linalg operations that reduce, and the
/// tensors that leave the kernel.
struct KernelBody {
  /// Operations with a reduction loop, in order of the block.
  llvm::SmallVector<mlir::linalg::LinalgOp> reductions;
  /// Tensors stored to the kernel's destinations.
  llvm::SmallVector<mlir::Value> results;
  /// Something in the block is not linalg, tensor or scalar arithmetic.
  bool hasForeignOps = false;
};

/// Reads the block of a `graph.kernel` (whose terminator yields the results)
/// or of a kernel function (`bufferization.materialize_in_destination`).
KernelBody readKernelBody(mlir::Block &block);

/// How a contraction combines its operands:
/// `acc + lhs'(lhs) * rhs'(rhs)`, where lhs' and rhs' are scalar functions.
struct ContractionBody {
  mlir::Value lhs;      ///< The value multiplied from the first operand.
  mlir::Value rhs;      ///< The value multiplied from the second operand.
  bool isFloat = false; ///< mulf and addf, else integers.
  /// lp.dot of pairs or lp.dot_bytes, or null: muli and addi.
  mlir::Operation *dot = nullptr;
};

/// Matches the scalar body of a contraction or convolution.
std::optional<ContractionBody> matchContractionBody(mlir::linalg::LinalgOp op);

/// The loops of a contraction, by role. Lists hold loop numbers.
struct ContractionLoops {
  llvm::SmallVector<unsigned> batch; ///< In the result and not m or n.
  llvm::SmallVector<unsigned> m;     ///< In the first operand and the result.
  llvm::SmallVector<unsigned> n;     ///< In the second operand and the result.
  llvm::SmallVector<unsigned> k;     ///< Summed.
  /// The roles of the two operands are exchanged: the rows of the register
  /// tile come from the second.
  bool swapped = false;
};

/// Finds the loops of a contraction with one or more m, n and k loops. Adjacent
/// m (n, k) loops stay in one list only if the operands and the result hold
/// them next to each other in the same order; others become batch loops.
std::optional<ContractionLoops> matchContraction(mlir::linalg::LinalgOp op);

/// May the convolution `op` be computed by Winograd transforms? Two windows of
/// 3 taps, stride and dilation 1, one group, of f32; images of known size in
/// the order image, channel, row, column.
bool isWinogradConvolution(mlir::linalg::LinalgOp op);

/// The loops of a contraction or convolution read as one matrix product, by
/// role: result[m, n] = sum over k of rows[m, k] * columns[n, k]. Lists hold
/// loop numbers: batch, m and n in the result's order, k in the operation's.
struct MatmulLoops {
  llvm::SmallVector<unsigned> batch, m, n, k;
  /// The operand that the rows come from; the columns come from the other, and
  /// the result's last dimension is one of n.
  unsigned rows = 0;
};

/// Finds the roles for a multiply-add of two operands whose result is accessed
/// by loops alone; the operands may be accessed by sums of loops (windows).
std::optional<MatmulLoops> matchMatmul(mlir::linalg::LinalgOp op);

/// Bytes that a GPU copies to shared memory at once.
constexpr int64_t kCopyBytes = 16;

/// A dimension of an operand of a product, or several that lie next to each
/// other and are counted as one.
struct OperandDim {
  enum Role { Batch, Own, K };
  Role role = Batch; ///< Of batch; of m (n); of k.
  unsigned loop = 0; ///< The first one that counts it.
  llvm::SmallVector<int64_t> dims;
};

/// What tensor cores take for the product `op`: "f16" or "bf16", two operands
/// of that type that are extended and nothing else; "tf32x3", every other float
/// in two parts; "" if they take none.
llvm::StringRef tensorCoreNumerics(mlir::linalg::LinalgOp op);

/// May operand `number` of the product be copied `kCopyBytes` at a time, as it
/// lies in memory? Then it is what is multiplied (if `isExtended`, then after
/// an extension), each of its dimensions is counted by one loop, and in runs of
/// whole copies neighbours in memory are neighbours in k or in m (n): which one
/// is returned.
std::optional<OperandDim::Role> copyDirection(mlir::linalg::LinalgOp op,
                                              const MatmulLoops &loops,
                                              unsigned number, bool isExtended);

/// Most dimensions that a GPU's tensor map has.
constexpr size_t kMaxMapDims = 5;

/// The dimensions of operand `number` for a tensor map, by which a GPU copies
/// tiles on its own: one of m (n), one of k, and those of the batch. None if
/// they do not lie like this, or if the operand may not be copied
/// (copyDirection) or its sizes are not known.
std::optional<llvm::SmallVector<OperandDim>>
mapOperand(mlir::linalg::LinalgOp op, const MatmulLoops &loops, unsigned number,
           bool isExtended);

/// The family of a kernel.
Family classifyKernel(const KernelBody &body);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_KERNELBODY_H
