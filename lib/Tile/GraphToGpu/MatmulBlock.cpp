//===- MatmulBlock.cpp - One block's part of a product --------------------===//

#include "MatmulBlock.h"
#include "GpuBlock.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace tegula::tile;

MatmulBlock::MatmulBlock(KernelFunction &kernel, MatmulPlan &plan,
                         ElementwiseEmitter &emitter, int64_t threads)
    : kernel(kernel), plan(plan), emitter(emitter), builder(kernel.builder()),
      loc(plan.mac.op->getLoc()), index{builder, loc} {
  prepareSide(rows, plan.rows, plan.schedule.getTileM());
  prepareSide(columns, plan.columns, plan.schedule.getTileN());
  SmallVector<Value> counts;
  extentK = productOf(plan.loops.k, kExtents);
  Value count = productOf(plan.loops.batch, batchExtents);
  for (const Side *side : {&rows, &columns}) {
    counts.push_back(index.ceilDiv(side->extent, side->tile));
    count = index.mul(count, counts.back());
  }
  Value block = beginBlocks(builder, loc, count, threads);
  counts.insert(counts.begin(), batchExtents.begin(), batchExtents.end());
  batchIndices = delinearize(builder, loc, block, counts);
  columns.first = index.mul(batchIndices.pop_back_val(), columns.tile);
  rows.first = index.mul(batchIndices.pop_back_val(), rows.tile);
  thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
}

/// Of a dimension of the result from the first output, which has the same.
Value MatmulBlock::extentOf(unsigned loop) {
  for (auto [dim, expr] : llvm::enumerate(plan.resultMap.getResults()))
    if (expr == builder.getAffineDimExpr(loop))
      return index.extent(kernel.outputs[0].memref, plan.outputDims[0][dim]);
  return kernel.extentOfLoop(builder, plan.mac.op, loop);
}

Value MatmulBlock::productOf(ArrayRef<unsigned> loops,
                             SmallVectorImpl<Value> &extents) {
  Value product = index.constant(1);
  for (unsigned loop : loops) {
    extents.push_back(extentOf(loop));
    product = index.mul(product, extents.back());
  }
  return product;
}

void MatmulBlock::prepareSide(Side &side, const MatmulPlan::Operand &operand,
                              int64_t tile) {
  side.operand = &operand;
  side.tile = tile;
  side.extent = productOf(operand.loops, side.extents);
}

static void place(ArrayRef<unsigned> loops, ArrayRef<Value> indices,
                  MutableArrayRef<Coord> coords) {
  for (auto [loop, index] : llvm::zip_equal(loops, indices))
    coords[loop] = Coord::scalar(index);
}

SmallVector<Coord> MatmulBlock::pointOf(const Side &side, Value row, Value k) {
  SmallVector<Coord> loops(plan.mac.op.getNumLoops());
  place(plan.loops.batch, batchIndices, loops);
  place(side.operand->loops, delinearize(builder, loc, row, side.extents),
        loops);
  place(plan.loops.k, delinearize(builder, loc, k, kExtents), loops);
  SmallVector<Coord> coords;
  for (AffineExpr expr : side.operand->map.getResults())
    coords.push_back(emitter.applyMap(builder, loc, expr, loops));
  return coords;
}

MatmulBlock::Position MatmulBlock::positionAt(const Side &side, Value inTile) {
  Value at = index.add(side.first, inTile);
  return {index.less(at, side.extent),
          delinearize(builder, loc, at, side.extents)};
}

void MatmulBlock::emitInside(const Position &row, const Position &column,
                             Value accumulator) {
  SmallVector<Coord> loops(plan.mac.op.getNumLoops());
  place(plan.loops.batch, batchIndices, loops);
  place(plan.loops.m, row.indices, loops);
  place(plan.loops.n, column.indices, loops);
  SmallVector<Coord> point;
  for (AffineExpr expr : plan.resultMap.getResults())
    point.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  emitter.beginPoint(Value());
  if (plan.initial)
    accumulator = arith::AddFOp::create(
        builder, loc, emitter.emit(builder, loc, plan.initial, point),
        accumulator);
  emitter.bindSource(plan.root, [accumulator](OpBuilder &, Location,
                                              ElementwiseEmitter::Coords) {
    return accumulator;
  });
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, plan.outputDims)) {
    SmallVector<Coord> coords = permuteCoords(point, dims);
    Value value = emitter.emit(builder, loc, output.tensor, coords);
    emitter.store(builder, loc, value, output.memref, coords);
  }
}

void MatmulBlock::emitResults(Value row, Value column, int64_t fragmentsM,
                              int64_t fragmentsN,
                              ArrayRef<Value> accumulators) {
  SmallVector<Position> m, n;
  for (int64_t i = 0; i != fragmentsM * 2; ++i)
    m.push_back(positionAt(rows, index.add(row, i * 8)));
  for (int64_t j = 0; j != fragmentsN * 2; ++j)
    n.push_back(positionAt(columns, index.add(column, j / 2 * 8 + j % 2)));
  for (auto [number, accumulator] : llvm::enumerate(accumulators)) {
    int64_t tile = number / 4, i = tile / fragmentsN, j = tile % fragmentsN;
    const Position &inM = m[i * 2 + number % 4 / 2];
    const Position &inN = n[j * 2 + number % 2];
    Value inside = arith::AndIOp::create(builder, loc, inM.inside, inN.inside);
    Value sum = accumulator;
    index.branch(inside, [&] { emitInside(inM, inN, sum); });
  }
}

Value MatmulBlock::batchIndex(unsigned loop) const {
  return batchIndices[llvm::find(plan.loops.batch, loop) -
                      plan.loops.batch.begin()];
}
