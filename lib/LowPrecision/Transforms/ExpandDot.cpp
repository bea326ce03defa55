//===- ExpandDot.cpp - Pairs of 16-bit products as arithmetic -------------===//

#include "ExpandDot.h"
#include "tegula/LowPrecision/Transforms/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/StringSwitch.h"

namespace tegula::lp {
#define GEN_PASS_DEF_EXPANDDOTPASS
#include "tegula/LowPrecision/Transforms/Passes.h.inc"
} // namespace tegula::lp

using namespace mlir;
using namespace tegula::lp;

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

Value tegula::lp::splitLanes(OpBuilder &b, Location loc, Value value,
                             int64_t bits) {
  int64_t lanes = cast<VectorType>(value.getType()).getDimSize(0);
  auto type = VectorType::get({lanes * 32 / bits}, b.getIntegerType(bits));
  return vector::BitCastOp::create(b, loc, type, value);
}

Value tegula::lp::widenLanes(OpBuilder &b, Location loc, Value narrow) {
  auto type = cast<VectorType>(narrow.getType()).clone(b.getI32Type());
  return arith::ExtSIOp::create(b, loc, type, narrow);
}

Value tegula::lp::addNeighbours(OpBuilder &b, Location loc, Value terms,
                                Value acc) {
  auto split = vector::DeinterleaveOp::create(b, loc, terms);
  Value pairs = arith::AddIOp::create(b, loc, split.getRes1(), split.getRes2());
  return arith::AddIOp::create(b, loc, acc, pairs);
}

static Value dotVectors(OpBuilder &b, Location loc, Value lhs, Value rhs,
                        Value acc) {
  Value products = arith::MulIOp::create(
      b, loc, widenLanes(b, loc, splitLanes(b, loc, lhs, 16)),
      widenLanes(b, loc, splitLanes(b, loc, rhs, 16)));
  return addNeighbours(b, loc, products, acc);
}

static Value dotScalars(OpBuilder &b, Location loc, Value lhs, Value rhs,
                        Value acc) {
  Value sixteen = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(16));
  auto low = [&](Value pair) -> Value {
    Value narrow = arith::TruncIOp::create(b, loc, b.getI16Type(), pair);
    return arith::ExtSIOp::create(b, loc, b.getI32Type(), narrow);
  };
  auto high = [&](Value pair) -> Value {
    return arith::ShRSIOp::create(b, loc, pair, sixteen);
  };
  Value first = arith::MulIOp::create(b, loc, low(lhs), low(rhs));
  Value second = arith::MulIOp::create(b, loc, high(lhs), high(rhs));
  Value pair = arith::AddIOp::create(b, loc, first, second);
  return arith::AddIOp::create(b, loc, acc, pair);
}

static Value dotPairs(OpBuilder &b, Location loc, Value lhs, Value rhs,
                      Value acc) {
  return isa<VectorType>(acc.getType()) ? dotVectors(b, loc, lhs, rhs, acc)
                                        : dotScalars(b, loc, lhs, rhs, acc);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// The even (odd) bytes of `value` as pairs of 16-bit integers.
static Value everyOtherByte(OpBuilder &b, Location loc, Value value, bool odd,
                            bool isSigned) {
  Type type = value.getType();
  auto constant = [&](int64_t bits) -> Value {
    Attribute scalar = b.getI32IntegerAttr(int32_t(bits));
    if (auto vectorType = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(vectorType, scalar));
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(scalar));
  };
  if (odd)
    value = arith::ShRUIOp::create(b, loc, value, constant(8));
  value = arith::AndIOp::create(b, loc, value, constant(0x00ff00ff));
  if (!isSigned)
    return value;
  // 0x80 * 0x1fe is 0xff00: the sign in all bits above it, in both halves.
  Value sign = arith::AndIOp::create(b, loc, value, constant(0x00800080));
  Value fill = arith::MulIOp::create(b, loc, sign, constant(0x1fe));
  return arith::OrIOp::create(b, loc, value, fill);
}

/// Exact for all bytes.
static Value dotBytes(OpBuilder &b, DotBytesOp op) {
  Location loc = op.getLoc();
  Value sum = op.getAcc();
  for (bool odd : {false, true})
    sum = dotPairs(
        b, loc, everyOtherByte(b, loc, op.getLhs(), odd, /*isSigned=*/false),
        everyOtherByte(b, loc, op.getRhs(), odd, /*isSigned=*/true), sum);
  return sum;
}

namespace {

struct ExpandDotPass : tegula::lp::impl::ExpandDotPassBase<ExpandDotPass> {
  using ExpandDotPassBase::ExpandDotPassBase;

  void runOnOperation() override {
    std::optional<NeonProducts> products = neonProducts();
    if (!neon.empty() && !products) {
      getOperation()->emitError() << "unknown products of AArch64 '" << neon
                                  << "': expected base, dotprod or i8mm";
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<DotOp, DotBytesOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder b(op);
      Value result = op->getResult(0);
      if (!isa<VectorType>(result.getType()) &&
          !result.getType().isInteger(32)) {
        op->emitOpError("is on tensors: it is expanded where loops are");
        return signalPassFailure();
      }
      result.replaceAllUsesWith(expand(b, op, products));
      op->erase();
    }
  }

private:
  std::optional<NeonProducts> neonProducts() const {
    return llvm::StringSwitch<std::optional<NeonProducts>>(neon)
        .Case("base", NeonProducts::Base)
        .Case("dotprod", NeonProducts::DotProd)
        .Case("i8mm", NeonProducts::I8mm)
        .Default(std::nullopt);
  }

  Value expand(OpBuilder &b, Operation *op,
               std::optional<NeonProducts> products) {
    if (auto dot = dyn_cast<DotOp>(op)) {
      Value special = products ? expandPairsNeon(b, dot) : Value();
      return special ? special
                     : dotPairs(b, dot.getLoc(), dot.getLhs(), dot.getRhs(),
                                dot.getAcc());
    }
    auto dot = cast<DotBytesOp>(op);
    Value special =
        products ? expandBytesNeon(b, dot, *products)
                 : expandBytesX86(b, dot, {byteProductBits, byteDotBits});
    return special ? special : dotBytes(b, dot);
  }
};

} // namespace
