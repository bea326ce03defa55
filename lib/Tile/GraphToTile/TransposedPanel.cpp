//===- TransposedPanel.cpp - Packing columns that lie along k -------------===//

#include "TransposedPanel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula::tile;

void tegula::tile::packTransposed(const IndexBuilder &index, int64_t vl,
                                  int64_t columns, Value count, Value panel,
                                  Value first,
                                  function_ref<Value(int64_t, Coord)> read) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  Value whole = index.roundDown(count, vl);
  Type element = cast<MemRefType>(panel.getType()).getElementType();
  for (int64_t column = 0; column < columns; column += vl) {
    Value at = index.add(first, column);
    index.loop(index.constant(0), whole, vl, [&](Value k) {
      Value square = arith::ConstantOp::create(
          builder, loc,
          builder.getZeroAttr(VectorType::get({vl, vl}, element)));
      for (int64_t lane = 0; lane != vl; ++lane)
        square = vector::InsertOp::create(
            builder, loc, read(column + lane, Coord::lanes(k)), square, lane);
      square = vector::TransposeOp::create(builder, loc, square,
                                           ArrayRef<int64_t>{1, 0});
      for (int64_t lane = 0; lane != vl; ++lane)
        vector::StoreOp::create(
            builder, loc, vector::ExtractOp::create(builder, loc, square, lane),
            panel, ValueRange{index.add(k, lane), at});
    });
    index.loop(whole, count, 1, [&](Value k) {
      for (int64_t lane = 0; lane != vl; ++lane)
        memref::StoreOp::create(builder, loc,
                                read(column + lane, Coord::scalar(k)), panel,
                                ValueRange{k, index.add(at, lane)});
    });
  }
}
