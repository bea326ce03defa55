//===- RegisterTile.cpp - The multiply-accumulate loop --------------------===//

#include "tegula/Tile/GraphToTile/RegisterTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// Clones lhs' or rhs' onto `value`, the value of block argument `argument`.
static Value prepare(OpBuilder &builder, ElementwiseEmitter &emitter,
                     linalg::LinalgOp op, unsigned argument, Value wanted,
                     Value value) {
  SmallVector<Value> arguments(op.getBlock()->getNumArguments());
  arguments[argument] = value;
  SmallVector<Coord> noLoops;
  return emitter.cloneBody(builder, op, arguments, noLoops, wanted).front();
}

Value MultiplyAdd::prepareScalar(OpBuilder &builder,
                                 ElementwiseEmitter &emitter,
                                 Value value) const {
  return prepare(builder, emitter, op, swapped ? 1 : 0,
                 swapped ? body.rhs : body.lhs, value);
}

Value MultiplyAdd::prepareVector(OpBuilder &builder,
                                 ElementwiseEmitter &emitter,
                                 Value value) const {
  return prepare(builder, emitter, op, swapped ? 0 : 1,
                 swapped ? body.lhs : body.rhs, value);
}

Value MultiplyAdd::accumulate(OpBuilder &builder, Location loc, Value scalar,
                              Value vector, Value accumulator) const {
  if (body.dot) {
    Operation *dot = builder.clone(*body.dot);
    dot->setOperands(swapped ? ValueRange{vector, scalar, accumulator}
                             : ValueRange{scalar, vector, accumulator});
    dot->getResult(0).setType(accumulator.getType());
    return dot->getResult(0);
  }
  if (!body.isFloat) {
    Value product = arith::MulIOp::create(builder, loc, scalar, vector);
    return arith::AddIOp::create(builder, loc, accumulator, product);
  }
  if (!fused) {
    Value product = arith::MulFOp::create(builder, loc, scalar, vector);
    return arith::AddFOp::create(builder, loc, accumulator, product);
  }
  if (isa<VectorType>(vector.getType()))
    return vector::FMAOp::create(builder, loc, scalar, vector, accumulator);
  return math::FmaOp::create(builder, loc, scalar, vector, accumulator);
}

SmallVector<Value> RegisterTile::emit(OpBuilder &builder, Location loc,
                                      const MultiplyAdd &mac,
                                      const ElementwiseEmitter &emitter,
                                      Value count, ValueRange initial) const {
  IndexBuilder index{builder, loc};
  // One position of k: all vectors first, then row by row.
  auto step = [&](Value k, int64_t number,
                  SmallVectorImpl<Value> &accumulators) {
    SmallVector<Value> columns;
    for (int64_t v = 0; v != vectors; ++v)
      columns.push_back(loadVector(builder, v, k, number));
    for (int64_t row = 0; row != rows; ++row) {
      Value scalar =
          emitter.broadcast(builder, loc, loadScalar(builder, row, k, number));
      for (int64_t v = 0; v != vectors; ++v) {
        Value &accumulator = accumulators[row * vectors + v];
        accumulator =
            mac.accumulate(builder, loc, scalar, columns[v], accumulator);
      }
    }
  };
  Value whole = index.roundDown(count, unroll);
  auto forOp = scf::ForOp::create(builder, loc, index.constant(0), whole,
                                  index.constant(unroll), initial);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(forOp.getBody());
    SmallVector<Value> accumulators(forOp.getRegionIterArgs());
    for (int64_t u = 0; u != unroll; ++u)
      step(forOp.getInductionVar(), u, accumulators);
    scf::YieldOp::create(builder, loc, accumulators);
  }
  SmallVector<Value> accumulators(forOp.getResults());
  int64_t rest = constantOf(count).value_or(0) % unroll;
  for (int64_t u = 0; u != rest; ++u)
    step(whole, u, accumulators);
  return accumulators;
}

void tegula::tile::forRowTiles(const IndexBuilder &index, Value low, Value high,
                               std::optional<int64_t> extent, int64_t mr,
                               function_ref<void(Value, int64_t)> body) {
  Value at = low;
  auto tiles = [&](int64_t rows) {
    Value end = index.add(at, index.roundDown(index.sub(high, at), rows));
    index.loop(at, end, rows, [&](Value row) { body(row, rows); });
    at = end;
  };
  if (!extent || *extent >= mr)
    tiles(mr);
  if (extent && *extent % mr != 0)
    tiles(*extent % mr);
  if (!extent)
    for (int64_t rows = llvm::PowerOf2Ceil(mr) / 2; rows >= 1; rows /= 2)
      tiles(rows);
}
