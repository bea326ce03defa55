//===- ExpandDot.cpp - Pairs of 16-bit products as arithmetic -------------===//

#include "tegula/LowPrecision/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

namespace tegula::lp {
#define GEN_PASS_DEF_EXPANDDOTPASS
#include "tegula/LowPrecision/Transforms/Passes.h.inc"
} // namespace tegula::lp

using namespace mlir;
using namespace tegula::lp;

/// The pairs of `value` as 32-bit lanes, twice as many.
static Value halves(OpBuilder &b, Location loc, Value value) {
  int64_t lanes = cast<VectorType>(value.getType()).getDimSize(0) * 2;
  Value narrow = vector::BitCastOp::create(
      b, loc, VectorType::get({lanes}, b.getI16Type()), value);
  return arith::ExtSIOp::create(
      b, loc, VectorType::get({lanes}, b.getI32Type()), narrow);
}

static Value expandVector(OpBuilder &b, DotOp op) {
  Location loc = op.getLoc();
  Value products = arith::MulIOp::create(b, loc, halves(b, loc, op.getLhs()),
                                         halves(b, loc, op.getRhs()));
  auto split = vector::DeinterleaveOp::create(b, loc, products);
  Value pairs = arith::AddIOp::create(b, loc, split.getRes1(), split.getRes2());
  return arith::AddIOp::create(b, loc, op.getAcc(), pairs);
}

static Value expandScalar(OpBuilder &b, DotOp op) {
  Location loc = op.getLoc();
  Value sixteen = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(16));
  auto low = [&](Value pair) -> Value {
    Value narrow = arith::TruncIOp::create(b, loc, b.getI16Type(), pair);
    return arith::ExtSIOp::create(b, loc, b.getI32Type(), narrow);
  };
  auto high = [&](Value pair) -> Value {
    return arith::ShRSIOp::create(b, loc, pair, sixteen);
  };
  Value first =
      arith::MulIOp::create(b, loc, low(op.getLhs()), low(op.getRhs()));
  Value second =
      arith::MulIOp::create(b, loc, high(op.getLhs()), high(op.getRhs()));
  Value pair = arith::AddIOp::create(b, loc, first, second);
  return arith::AddIOp::create(b, loc, op.getAcc(), pair);
}

namespace {

struct ExpandDotPass : tegula::lp::impl::ExpandDotPassBase<ExpandDotPass> {
  void runOnOperation() override {
    SmallVector<DotOp> ops;
    getOperation()->walk([&](DotOp op) { ops.push_back(op); });
    for (DotOp op : ops) {
      OpBuilder b(op);
      auto type = dyn_cast<VectorType>(op.getType());
      if (!type && !op.getType().isInteger(32)) {
        op.emitOpError("is on tensors: it is expanded where loops are");
        return signalPassFailure();
      }
      op.getResult().replaceAllUsesWith(type ? expandVector(b, op)
                                             : expandScalar(b, op));
      op.erase();
    }
  }
};

} // namespace
