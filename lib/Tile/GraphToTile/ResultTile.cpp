//===- ResultTile.cpp - What stands around a multiply-add loop ------------===//

#include "tegula/Tile/GraphToTile/ResultTile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tegula::tile;

SmallVector<Value> ResultTile::readInitial(OpBuilder &builder,
                                           Location loc) const {
  SmallVector<Value> values;
  for (auto [i, point] : llvm::enumerate(points)) {
    beginPoint(i);
    values.push_back(emitter.emitVector(builder, loc, initial, point));
  }
  return values;
}

SmallVector<Value> ResultTile::readPartial(OpBuilder &builder,
                                           Location loc) const {
  SmallVector<Value> values;
  for (auto [i, point] : llvm::enumerate(points)) {
    beginPoint(i);
    values.push_back(emitter.load(builder, loc, kernel.outputs[0].memref,
                                  permuteCoords(point, outputDims[0])));
  }
  return values;
}

SmallVector<Value> ResultTile::begin(OpBuilder &builder, Location loc,
                                     Value first) const {
  if (std::optional<int64_t> known = constantOf(first))
    return *known ? readInitial(builder, loc) : readPartial(builder, loc);
  auto ifOp =
      scf::IfOp::create(builder, loc, SmallVector<Type>(points.size(), type),
                        first, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(ifOp.thenBlock());
  SmallVector<Value> values = readInitial(builder, loc);
  scf::YieldOp::create(builder, loc, values);
  builder.setInsertionPointToStart(ifOp.elseBlock());
  values = readPartial(builder, loc);
  scf::YieldOp::create(builder, loc, values);
  return ifOp.getResults();
}

void ResultTile::storeOutputs(OpBuilder &builder, Location loc,
                              ValueRange accumulators) const {
  for (auto [i, point] : llvm::enumerate(points)) {
    Value accumulator = accumulators[i];
    emitter.bindSource(
        root, [accumulator](OpBuilder &, Location, ElementwiseEmitter::Coords) {
          return accumulator;
        });
    beginPoint(i);
    for (auto [output, dims] : llvm::zip_equal(kernel.outputs, outputDims)) {
      SmallVector<Coord> at = permuteCoords(point, dims);
      Value value = emitter.emitVector(builder, loc, output.tensor, at);
      emitter.store(builder, loc, value, output.memref, at);
    }
  }
}

void ResultTile::storePartial(OpBuilder &builder, Location loc,
                              ValueRange accumulators) const {
  for (auto [i, point] : llvm::enumerate(points)) {
    beginPoint(i);
    emitter.store(builder, loc, accumulators[i], kernel.outputs[0].memref,
                  permuteCoords(point, outputDims[0]));
  }
}

void ResultTile::end(OpBuilder &builder, IndexBuilder &index,
                     ValueRange accumulators, Value last) const {
  index.branch(
      last, [&] { storeOutputs(builder, index.loc, accumulators); },
      [&] { storePartial(builder, index.loc, accumulators); });
}
