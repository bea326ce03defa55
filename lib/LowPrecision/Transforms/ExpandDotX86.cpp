//===- ExpandDotX86.cpp - Products of bytes by vpmaddubsw, vpdpbusd ------===//

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

/// The intrinsic of vpdpbusd on vectors of `bits` bits.
static StringRef byteDot(int64_t bits) {
  switch (bits) {
  case 128:
    return "llvm.x86.avx512.vpdpbusd.128";
  case 256:
    return "llvm.x86.avx512.vpdpbusd.256";
  case 512:
    return "llvm.x86.avx512.vpdpbusd.512";
  }
  return {};
}

static Value callIntrinsic(OpBuilder &b, Location loc, StringRef name,
                           Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(name),
                                       operands)
      .getResult(0);
}

Value tegula::lp::expandBytesX86(OpBuilder &b, DotBytesOp op,
                                 X86Products products) {
  auto type = dyn_cast<VectorType>(op.getType());
  int64_t bits = type ? type.getNumElements() * 32 : 0;
  const bool isExact = bits <= products.exact && !byteDot(bits).empty();
  const bool isNarrow =
      op.getNarrow() && bits <= products.narrow && !byteProduct(bits).empty();
  if (!isExact && !isNarrow)
    return {};
  Location loc = op.getLoc();
  Value lhs = splitLanes(b, loc, op.getLhs(), 8),
        rhs = splitLanes(b, loc, op.getRhs(), 8);
  if (isExact)
    return callIntrinsic(b, loc, byteDot(bits), type, {op.getAcc(), lhs, rhs});
  auto sumsType = VectorType::get({type.getDimSize(0) * 2}, b.getI16Type());
  Value sums = callIntrinsic(b, loc, byteProduct(bits), sumsType, {lhs, rhs});
  return addNeighbours(b, loc, widenLanes(b, loc, sums), op.getAcc());
}
