//===- ExpandDot.h - Products of bytes by instruction set ----------------===//

#ifndef TEGULA_LIB_LOWPRECISION_TRANSFORMS_EXPANDDOT_H
#define TEGULA_LIB_LOWPRECISION_TRANSFORMS_EXPANDDOT_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

namespace tegula::lp {

/// A vector of 32-bit lanes as one of lanes of `bits` bits.
mlir::Value splitLanes(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value value, int64_t bits);

/// The lanes of `narrow` with their sign in 32 bits.
mlir::Value widenLanes(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value narrow);

/// `acc` plus the sums of neighbours in `terms`, which has twice the lanes.
mlir::Value addNeighbours(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value terms, mlir::Value acc);

/// The widest vectors that x86 multiplies bytes in, in bits; 0: none.
struct X86Products {
  int64_t narrow = 0; ///< `vpmaddubsw`, which saturates at 16 bits.
  int64_t exact = 0;  ///< `vpdpbusd`.
};

/// By `vpdpbusd`, or `vpmaddubsw` for narrow products; null if neither does.
mlir::Value expandBytesX86(mlir::OpBuilder &b, DotBytesOp op,
                           X86Products products);

/// What AArch64 multiplies bytes by, besides what every processor has.
enum class NeonProducts {
  Base,    ///< Nothing.
  DotProd, ///< `udot`: unsigned times unsigned.
  I8mm     ///< `usdot`: unsigned times signed.
};

/// By `smlal` on vectors of pairs.
mlir::Value expandPairsNeon(mlir::OpBuilder &b, DotOp op);

/// By `usdot`, `udot`, or products of 16-bit lanes for narrow ones; null if
/// only the products of every processor are left.
mlir::Value expandBytesNeon(mlir::OpBuilder &b, DotBytesOp op,
                            NeonProducts products);

} // namespace tegula::lp

#endif // TEGULA_LIB_LOWPRECISION_TRANSFORMS_EXPANDDOT_H
