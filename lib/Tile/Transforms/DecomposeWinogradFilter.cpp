//===- DecomposeWinogradFilter.cpp - Filters from their transforms --------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Graph/IR/Winograd.h"

namespace tegula::tile {
#define GEN_PASS_DEF_DECOMPOSEWINOGRADFILTERPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;

/// What element `number` of a transform adds, in one dimension, to the tap
/// that `tap` counts.
static Value weightOf(OpBuilder &b, Location loc,
                      const graph::WinogradTransform::Row &taps, Value tap) {
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(float(value)));
  };
  Value weight = constant(taps.back());
  for (int64_t i = int64_t(taps.size()) - 2; i >= 0; --i) {
    Value number = arith::ConstantIndexOp::create(b, loc, i);
    Value here =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, tap, number);
    weight = arith::SelectOp::create(b, loc, here, constant(taps[i]), weight);
  }
  return weight;
}

/// The tap of a filter at the loops' position.
static Value emitTap(OpBuilder &b, graph::WinogradFilterOp op) {
  Location loc = op.getLoc();
  Value loops[4];
  for (auto [dim, loop] : llvm::enumerate(loops))
    loop = linalg::IndexOp::create(b, loc, dim);
  auto transform = *graph::WinogradTransform::ofElements(
      op.getTransform().getType().getDimSize(0));
  std::vector<graph::WinogradTransform::Row> inverse =
      transform.filterInverse();
  Value sum = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0f));
  for (auto [y, rows] : llvm::enumerate(inverse))
    for (auto [x, columns] : llvm::enumerate(inverse)) {
      Value element =
          arith::ConstantIndexOp::create(b, loc, y * inverse.size() + x);
      Value value = tensor::ExtractOp::create(
          b, loc, op.getTransform(), ValueRange{element, loops[0], loops[1]});
      Value weight =
          arith::MulFOp::create(b, loc, weightOf(b, loc, rows, loops[2]),
                                weightOf(b, loc, columns, loops[3]));
      value = arith::MulFOp::create(b, loc, value, weight);
      sum = arith::AddFOp::create(b, loc, sum, value);
    }
  return sum;
}

namespace {

struct DecomposeWinogradFilterPass
    : tegula::tile::impl::DecomposeWinogradFilterPassBase<
          DecomposeWinogradFilterPass> {
  void runOnOperation() override {
    SmallVector<graph::WinogradFilterOp> ops;
    getOperation()->walk(
        [&](graph::WinogradFilterOp op) { ops.push_back(op); });
    for (graph::WinogradFilterOp op : ops) {
      OpBuilder b(op);
      Location loc = op.getLoc();
      RankedTensorType type = op.getFilter().getType();
      Value empty = tensor::EmptyOp::create(b, loc, type.getShape(),
                                            type.getElementType());
      SmallVector<utils::IteratorType> loops(type.getRank(),
                                             utils::IteratorType::parallel);
      auto generic = linalg::GenericOp::create(
          b, loc, type, ValueRange(), empty,
          b.getMultiDimIdentityMap(type.getRank()), loops,
          [&](OpBuilder &b, Location loc, ValueRange) {
            linalg::YieldOp::create(b, loc, emitTap(b, op));
          });
      op.getFilter().replaceAllUsesWith(generic.getResult(0));
      op.erase();
    }
  }
};

} // namespace
