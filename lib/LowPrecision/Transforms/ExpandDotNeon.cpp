//===- ExpandDotNeon.cpp - Products of pairs and bytes on AArch64 --------===//
//
// What is done to one operand alone is left to LLVM to share among the rows or
// columns of a register tile, so it counts little.
//
//===----------------------------------------------------------------------===//

#include "ExpandDot.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace tegula::lp;

/// A call of LLVM's intrinsic of that name.
static Value call(OpBuilder &b, Location loc, StringRef intrinsic, Type result,
                  ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, loc, result,
                                       b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

/// `bits` in every lane.
static Value splat(OpBuilder &b, Location loc, VectorType type, int64_t bits) {
  APInt value(type.getElementTypeBitWidth(), bits, /*isSigned=*/true,
              /*implicitTrunc=*/true);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, value));
}

/// Does a vector fill a register? The intrinsics are for those.
static bool isRegister(Type type) {
  auto vectorType = dyn_cast<VectorType>(type);
  return vectorType && vectorType.getNumElements() == 4;
}

Value tegula::lp::expandPairsNeon(OpBuilder &b, DotOp op) {
  if (!isRegister(op.getType()))
    return {};
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getType());
  auto half = [&](Value pairs, bool high) -> Value {
    if (high)
      pairs = arith::ShRUIOp::create(b, loc, pairs, splat(b, loc, type, 16));
    return arith::TruncIOp::create(b, loc, type.clone(b.getI16Type()), pairs);
  };
  Value sum = op.getAcc();
  for (bool high : {false, true})
    sum = arith::AddIOp::create(
        b, loc, sum,
        call(b, loc, "llvm.aarch64.neon.smull.v4i32", type,
             {half(op.getLhs(), high), half(op.getRhs(), high)}));
  return sum;
}

/// The products of even bytes and of odd bytes fit together into 16 bits: mul,
/// mla, and one sum of neighbours.
static Value expandNarrow(OpBuilder &b, DotBytesOp op) {
  Location loc = op.getLoc();
  Value lhs = splitLanes(b, loc, op.getLhs(), 16),
        rhs = splitLanes(b, loc, op.getRhs(), 16);
  auto type = cast<VectorType>(lhs.getType());
  Value eight = splat(b, loc, type, 8);
  Value lhsEven = arith::AndIOp::create(b, loc, lhs, splat(b, loc, type, 255));
  Value lhsOdd = arith::ShRUIOp::create(b, loc, lhs, eight);
  Value rhsEven = arith::ShRSIOp::create(
      b, loc, arith::ShLIOp::create(b, loc, rhs, eight), eight);
  Value rhsOdd = arith::ShRSIOp::create(b, loc, rhs, eight);
  Value sums = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, lhsEven, rhsEven),
      arith::MulIOp::create(b, loc, lhsOdd, rhsOdd));
  return call(b, loc, "llvm.aarch64.neon.saddlp.v4i32.v8i16", op.getType(),
              sums);
}

/// `acc` plus the products of four bytes each, by `intrinsic`.
static Value dot(OpBuilder &b, Location loc, StringRef intrinsic, Value acc,
                 Value lhs, Value rhs) {
  return call(b, loc, intrinsic, acc.getType(),
              {acc, splitLanes(b, loc, lhs, 8), splitLanes(b, loc, rhs, 8)});
}

/// A signed byte is an unsigned one less 128: what is too much, 128 times the
/// sum of `lhs`, is the same for all columns of a row.
static Value expandUnsigned(OpBuilder &b, DotBytesOp op) {
  constexpr StringLiteral udot("llvm.aarch64.neon.udot.v4i32.v16i8");
  Location loc = op.getLoc();
  auto type = cast<VectorType>(op.getType());
  Value bias = splat(b, loc, type, 0x80808080);
  Value rhs = arith::XOrIOp::create(b, loc, op.getRhs(), bias);
  Value excess = dot(b, loc, udot, splat(b, loc, type, 0), op.getLhs(), bias);
  Value sum = dot(b, loc, udot, op.getAcc(), op.getLhs(), rhs);
  return arith::SubIOp::create(b, loc, sum, excess);
}

Value tegula::lp::expandBytesNeon(OpBuilder &b, DotBytesOp op,
                                  NeonProducts products) {
  if (!isRegister(op.getType()))
    return {};
  switch (products) {
  case NeonProducts::I8mm:
    return dot(b, op.getLoc(), "llvm.aarch64.neon.usdot.v4i32.v16i8",
               op.getAcc(), op.getLhs(), op.getRhs());
  case NeonProducts::DotProd:
    return expandUnsigned(b, op);
  case NeonProducts::Base:
    if (op.getNarrow())
      return arith::AddIOp::create(b, op.getLoc(), op.getAcc(),
                                   expandNarrow(b, op));
  }
  return {};
}
