//===- DecomposeDequantize.cpp - Codes read one at a time -----------------===//

#include "tegula/LowPrecision/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

namespace tegula::lp {
#define GEN_PASS_DEF_DECOMPOSEDEQUANTIZEPASS
#include "tegula/LowPrecision/Transforms/Passes.h.inc"
} // namespace tegula::lp

using namespace mlir;
using namespace tegula::lp;

/// The code of (k, n) as i32.
static Value emitCode(OpBuilder &b, DequantizeOp op, Value k, Value n) {
  Location loc = op.getLoc();
  AffineExpr kExpr, nExpr;
  bindDims(b.getContext(), kExpr, nExpr);
  LayoutAttr layout = op.getLayout();
  int64_t positions = op.getResult().getType().getDimSize(0);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
  };
  Value code;
  for (auto [number, plane] : llvm::enumerate(layout.getPlanes())) {
    AffineExpr bit = layout.getBit(number, positions, nExpr, kExpr);
    auto at = [&](AffineExpr expr) -> Value {
      return affine::AffineApplyOp::create(b, loc, AffineMap::get(2, 0, expr),
                                           ValueRange{k, n});
    };
    Value byte = tensor::ExtractOp::create(b, loc, op.getCodes(),
                                           ValueRange{at(bit.floorDiv(8))});
    byte = arith::ExtUIOp::create(b, loc, b.getI32Type(), byte);
    Value down =
        arith::IndexCastOp::create(b, loc, b.getI32Type(), at(bit % 8));
    Value part = arith::ShRUIOp::create(b, loc, byte, down);
    part = arith::AndIOp::create(b, loc, part,
                                 constant((1 << plane.getBits()) - 1));
    part = arith::ShLIOp::create(b, loc, part, constant(plane.getShift()));
    code = code ? Value(arith::OrIOp::create(b, loc, code, part)) : part;
  }
  return code;
}

/// (code - zero) * scale.
static Value emitNumber(OpBuilder &b, DequantizeOp op) {
  Location loc = op.getLoc();
  Value k = linalg::IndexOp::create(b, loc, 0);
  Value n = linalg::IndexOp::create(b, loc, 1);
  SchemeAttr scheme = op.getScheme();
  Value group = affine::AffineApplyOp::create(
      b, loc,
      AffineMap::get(1, 0, b.getAffineDimExpr(0).floorDiv(scheme.getGroup())),
      ValueRange{k});
  auto parameter = [&](Value from) -> Value {
    return tensor::ExtractOp::create(b, loc, from, ValueRange{n, group});
  };
  Value zero = op.getZeros()
                   ? Value(arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                                  parameter(op.getZeros())))
                   : Value(arith::ConstantOp::create(
                         b, loc, b.getI32IntegerAttr(scheme.getZero())));
  Value centred = arith::SubIOp::create(b, loc, emitCode(b, op, k, n), zero);
  Value number = arith::SIToFPOp::create(b, loc, b.getF32Type(), centred);
  return arith::MulFOp::create(b, loc, number, parameter(op.getScales()));
}

namespace {

struct DecomposeDequantizePass
    : tegula::lp::impl::DecomposeDequantizePassBase<DecomposeDequantizePass> {
  void runOnOperation() override {
    SmallVector<DequantizeOp> ops;
    getOperation()->walk([&](DequantizeOp op) { ops.push_back(op); });
    for (DequantizeOp op : ops)
      decompose(op);
  }

private:
  static void decompose(DequantizeOp op) {
    OpBuilder b(op);
    Location loc = op.getLoc();
    RankedTensorType type = op.getResult().getType();
    Value empty =
        tensor::EmptyOp::create(b, loc, type.getShape(), type.getElementType());
    SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
    auto generic = linalg::GenericOp::create(
        b, loc, type, ValueRange(), empty, b.getMultiDimIdentityMap(2), loops,
        [&](OpBuilder &b, Location loc, ValueRange) {
          linalg::YieldOp::create(b, loc, emitNumber(b, op));
        });
    op.getResult().replaceAllUsesWith(generic.getResult(0));
    op.erase();
  }
};

} // namespace
