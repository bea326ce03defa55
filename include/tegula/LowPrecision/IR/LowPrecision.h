//===- LowPrecision.h - The lp dialect --------------------------*- C++ -*-===//
//
// Numbers of few bits; LowPrecisionOps.td says what attributes and operations
// mean. Whoever packs, unpacks or reads codes asks the layout where they lie.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LOWPRECISION_IR_LOWPRECISION_H
#define TEGULA_LOWPRECISION_IR_LOWPRECISION_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/LowPrecision/IR/LowPrecisionDialect.h.inc"

namespace tegula::lp {

/// `size` positions of one dimension of a tile, `stride` apart.
struct Mode {
  char dim; ///< 'n' or 'k'.
  int64_t size;
  int64_t stride;

  bool operator==(const Mode &other) const {
    return dim == other.dim && size == other.size && stride == other.stride;
  }
};

inline llvm::hash_code hash_value(const Mode &mode) {
  return llvm::hash_combine(mode.dim, mode.size, mode.stride);
}

/// `[k8, n2*8]`.
mlir::FailureOr<llvm::SmallVector<Mode>> parseModes(mlir::AsmParser &parser);
void printModes(mlir::AsmPrinter &printer, llvm::ArrayRef<Mode> modes);

} // namespace tegula::lp

#define GET_ATTRDEF_CLASSES
#include "tegula/LowPrecision/IR/LowPrecisionAttrs.h.inc"

#define GET_OP_CLASSES
#include "tegula/LowPrecision/IR/LowPrecisionOps.h.inc"

namespace tegula::lp {

/// Reads and writes single codes of matrices of `positions` columns.
class CodeTable {
public:
  CodeTable(LayoutAttr layout, int64_t positions);

  int64_t read(llvm::ArrayRef<char> bytes, int64_t n, int64_t k) const;
  /// The place must be zero.
  void write(llvm::MutableArrayRef<char> bytes, int64_t n, int64_t k,
             int64_t code) const;

private:
  void
  forEachPlane(int64_t n, int64_t k,
               llvm::function_ref<void(PlaneAttr, int64_t bit)> body) const;

  LayoutAttr layout;
  int64_t across; ///< Tiles next to each other along k.
  /// The first bit of each element of a tile, plane by plane.
  llvm::SmallVector<int64_t> tileBits;
};

/// The codes of `rows` x `positions` that lie in `bytes` as `from` says, as
/// `to` says.
void relayCodes(LayoutAttr from, llvm::ArrayRef<char> bytes, LayoutAttr to,
                llvm::MutableArrayRef<char> out, int64_t rows,
                int64_t positions);

} // namespace tegula::lp

#endif // TEGULA_LOWPRECISION_IR_LOWPRECISION_H
