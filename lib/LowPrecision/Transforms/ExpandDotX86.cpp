//===- ExpandDotX86.cpp - Products of bytes by vpmaddubsw ----------------===//

#include "ExpandDot.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace tegula::lp;

/// The intrinsic of vpmaddubsw on vectors of `bits` bits.
static StringRef byteProduct(int64_t bits) {
  switch (bits) {
  case 128:
    return "llvm.x86.ssse3.pmadd.ub.sw.128";
  case 256:
    return "llvm.x86.avx2.pmadd.ub.sw";
  case 512:
    return "llvm.x86.avx512.pmaddubs.w.512";
  }
  return {};
}

Value tegula::lp::expandBytesX86(OpBuilder &b, DotBytesOp op,
                                 int64_t widestBits) {
  auto type = dyn_cast<VectorType>(op.getType());
  int64_t bits = type ? type.getNumElements() * 32 : 0;
  StringRef intrinsic = byteProduct(bits);
  if (!op.getNarrow() || bits > widestBits || intrinsic.empty())
    return {};
  Location loc = op.getLoc();
  Value lhs = splitLanes(b, loc, op.getLhs(), 8),
        rhs = splitLanes(b, loc, op.getRhs(), 8);
  int64_t pairs = type.getDimSize(0) * 2;
  Value sums = LLVM::CallIntrinsicOp::create(
                   b, loc, VectorType::get({pairs}, b.getI16Type()),
                   b.getStringAttr(intrinsic), ValueRange{lhs, rhs})
                   .getResult(0);
  return addNeighbours(b, loc, widenLanes(b, loc, sums), op.getAcc());
}
