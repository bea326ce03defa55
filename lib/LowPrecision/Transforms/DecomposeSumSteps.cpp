//===- DecomposeSumSteps.cpp - Steps summed element by element ------------===//

#include "tegula/LowPrecision/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

namespace tegula::lp {
#define GEN_PASS_DEF_DECOMPOSESUMSTEPSPASS
#include "tegula/LowPrecision/Transforms/Passes.h.inc"
} // namespace tegula::lp

using namespace mlir;
using namespace tegula::lp;

/// Four sums of bytes, modulo 256: the highest bits apart, so that no sum
/// carries into the next byte.
static Value addBytes(OpBuilder &b, Location loc, Value x, Value y) {
  auto masked = [&](Value value, uint32_t mask) -> Value {
    Value bits =
        arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(int32_t(mask)));
    return arith::AndIOp::create(b, loc, value, bits);
  };
  Value low = arith::AddIOp::create(b, loc, masked(x, 0x7f7f7f7f),
                                    masked(y, 0x7f7f7f7f));
  Value high = arith::XOrIOp::create(b, loc, x, y);
  return arith::XOrIOp::create(b, loc, low, masked(high, 0x80808080));
}

/// The number of the current position of k.
static Value linearK(OpBuilder &b, SumStepsOp op) {
  auto type = cast<RankedTensorType>(op.getResult().getType());
  SmallVector<Value> indices;
  AffineExpr expr = b.getAffineConstantExpr(0);
  for (int64_t dim = 1; dim != type.getRank(); ++dim) {
    expr = expr * type.getDimSize(dim) + b.getAffineDimExpr(dim - 1);
    indices.push_back(linalg::IndexOp::create(b, op.getLoc(), dim));
  }
  auto map = AffineMap::get(indices.size(), 0, expr);
  return affine::AffineApplyOp::create(b, op.getLoc(), map, indices);
}

/// The quad of the current position and column.
static Value emitQuad(OpBuilder &b, SumStepsOp op) {
  Location loc = op.getLoc();
  Value n = linalg::IndexOp::create(b, loc, 0);
  Value k = linearK(b, op);
  AffineExpr expr = b.getAffineDimExpr(0);
  auto apply = [&](AffineExpr expr) -> Value {
    return affine::AffineApplyOp::create(b, loc, AffineMap::get(1, 0, expr),
                                         ValueRange{n});
  };
  auto index = [&](Value from, Value at) -> Value {
    Value value = tensor::ExtractOp::create(b, loc, from, ValueRange{at});
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
  };
  Value column = apply(expr % op.getColumns());
  AffineExpr panel = expr.floorDiv(op.getColumns());
  Value low = index(op.getStarts(), apply(panel * op.getBlocks()));
  Value high = index(op.getStarts(), apply((panel + 1) * op.getBlocks()));
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value zero = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  auto loop = scf::ForOp::create(
      b, loc, low, high, one, zero,
      [&](OpBuilder &b, Location loc, Value step, ValueRange sum) {
        Value position = index(op.getPositions(), step);
        Value here = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           position, k);
        Value quad = tensor::ExtractOp::create(b, loc, op.getSteps(),
                                               ValueRange{step, column});
        Value added = addBytes(b, loc, sum[0], quad);
        Value next = arith::SelectOp::create(b, loc, here, added, sum[0]);
        scf::YieldOp::create(b, loc, next);
      });
  return loop.getResult(0);
}

namespace {

struct DecomposeSumStepsPass
    : tegula::lp::impl::DecomposeSumStepsPassBase<DecomposeSumStepsPass> {
  void runOnOperation() override {
    SmallVector<SumStepsOp> ops;
    getOperation()->walk([&](SumStepsOp op) { ops.push_back(op); });
    for (SumStepsOp op : ops) {
      OpBuilder b(op);
      Location loc = op.getLoc();
      auto type = cast<RankedTensorType>(op.getResult().getType());
      Value empty = tensor::EmptyOp::create(b, loc, type.getShape(),
                                            type.getElementType());
      int64_t rank = type.getRank();
      SmallVector<utils::IteratorType> loops(rank,
                                             utils::IteratorType::parallel);
      auto generic = linalg::GenericOp::create(
          b, loc, type, ValueRange(), empty, b.getMultiDimIdentityMap(rank),
          loops, [&](OpBuilder &b, Location loc, ValueRange) {
            linalg::YieldOp::create(b, loc, emitQuad(b, op));
          });
      op.getResult().replaceAllUsesWith(generic.getResult(0));
      op.erase();
    }
  }
};

} // namespace
