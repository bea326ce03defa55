//===- LoopEmission.cpp - A linalg op as scalar loops ---------------------===//

#include "tegula/Tile/Transforms/LoopEmission.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

static SmallVector<Value> indicesOf(OpBuilder &builder, Location loc,
                                    AffineMap map, ValueRange loops) {
  SmallVector<Value> indices;
  for (AffineExpr result : map.getResults())
    indices.push_back(
        affine::expandAffineExpr(builder, loc, result, loops, {}));
  return indices;
}

void tegula::tile::emitPoint(OpBuilder &builder, linalg::LinalgOp op,
                             ValueRange loops) {
  Location loc = op.getLoc();
  Block &body = op->getRegion(0).front();
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty())
      continue;
    Value value = operand.get();
    if (isa<MemRefType>(value.getType()))
      value = memref::LoadOp::create(
          builder, loc, value,
          indicesOf(builder, loc, op.getMatchingIndexingMap(&operand), loops));
    mapping.map(argument, value);
  }
  for (Operation &inner : body.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), loops[index.getDim()]);
      continue;
    }
    Operation *clone = builder.clone(inner, mapping);
    clone->walk([&](linalg::IndexOp index) {
      index.replaceAllUsesWith(loops[index.getDim()]);
      index.erase();
    });
  }
  for (auto [init, result] :
       llvm::zip(op.getDpsInitsMutable(), body.getTerminator()->getOperands()))
    memref::StoreOp::create(
        builder, loc, mapping.lookupOrDefault(result), init.get(),
        indicesOf(builder, loc, op.getMatchingIndexingMap(&init), loops));
}

void tegula::tile::emitScalarLoops(OpBuilder &builder, linalg::LinalgOp op,
                                   ValueRange outer) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = op.getLoc();
  SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
  SmallVector<Value> loops(outer);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  for (const Range &range : ArrayRef(ranges).drop_front(outer.size())) {
    Value size = getValueOrCreateConstantIndexOp(builder, loc, range.size);
    auto loop = scf::ForOp::create(builder, loc, zero, size, one);
    loops.push_back(loop.getInductionVar());
    builder.setInsertionPointToStart(loop.getBody());
  }
  emitPoint(builder, op, loops);
}
