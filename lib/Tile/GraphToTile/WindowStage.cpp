//===- WindowStage.cpp - Padded rows of a block in scratch ----------------===//

#include "WindowTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;
using llvm::alignTo;

/// Copies the input rows of `rows` rows of the result, padding around them.
void WindowTiles::stageRows(IndexBuilder &index, Value rows) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  int64_t inputRows = (blockRows - 1) * y.stride + y.reach() + 1;
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  scratch = memref::AllocOp::create(
      builder, loc, MemRefType::get({inputRows, pitch * x.stride}, element),
      builder.getI64IntegerAttr(64));
  Value fill = plan.pad ? plan.pad.getConstantPaddingValue()
                        : arith::ConstantOp::create(
                              builder, loc, builder.getZeroAttr(element))
                              .getResult();
  padding = vector::BroadcastOp::create(builder, loc,
                                        VectorType::get({vl}, element), fill);
  Value needed = index.add(
      index.mul(index.sub(rows, index.constant(1)), y.stride), y.reach() + 1);
  Value start = index.mul(firstRow, y.stride);
  index.loop(index.constant(0), needed, 1, [&](Value row) {
    // A row above the first one is a large unsigned number.
    Value source = index.sub(index.add(start, row), index.constant(y.padding));
    index.branch(
        index.less(source, index.constant(y.input)),
        [&] { copyRow(index, source, row); },
        [&] { fillRow(index, 0, x.read(), row); });
  });
}

/// Where column `column` * stride + `offset` of the padded input lies in a row
/// of scratch.
Value WindowTiles::placeOf(IndexBuilder &index, Value column,
                           int64_t offset) const {
  return index.add(column, offset % x.stride * pitch + offset / x.stride);
}

/// Stores padding to columns [from, to) of the padded input, or a few more.
void WindowTiles::fillRow(IndexBuilder &index, int64_t from, int64_t to,
                          Value at) {
  for (int64_t parity = 0; parity < x.stride; ++parity)
    for (int64_t column = from + parity; column < to; column += vl * x.stride)
      vector::StoreOp::create(
          index.builder, index.loc, padding, scratch,
          ValueRange{at, placeOf(index, index.constant(0), column)});
}

/// The coordinates of a row of the input; the column is open.
SmallVector<Coord> WindowTiles::inputRow(IndexBuilder &index, Value row) {
  AffineMap map = plan.op.getIndexingMapsArray()[0];
  SmallVector<Coord> coords;
  for (AffineExpr expr : map.getResults().drop_back(2))
    coords.push_back(
        plan.emitter.applyMap(index.builder, index.loc, expr, loops));
  coords.push_back(Coord::scalar(row));
  coords.push_back(Coord::lanes(Value()));
  return coords;
}

/// Copies row `row` of the input to row `at` of scratch, padding around it.
void WindowTiles::copyRow(IndexBuilder &index, Value row, Value at) {
  SmallVector<Coord> coords = inputRow(index, row);
  int64_t step = vl * x.stride;
  int64_t whole = x.input / step * step;
  // Whole vectors of padding: what they cover too much is written after them.
  fillRow(index, 0, x.padding, at);
  index.loop(index.constant(0), index.constant(whole), step,
             [&](Value column) { copyPart(index, coords, column, step, at); });
  if (whole != x.input)
    copyPart(index, coords, index.constant(whole), x.input - whole, at);
  fillRow(index, x.padding + alignTo(x.input, step), x.read(), at);
}

/// Copies `count` columns of the input, at most as many as `stride` vectors
/// have; even and odd ones apart for a stride of two.
void WindowTiles::copyPart(IndexBuilder &index, MutableArrayRef<Coord> coords,
                           Value column, int64_t count, Value at) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  SmallVector<Value> loaded;
  for (int64_t part = 0; part < x.stride; ++part) {
    int64_t lanes = std::clamp<int64_t>(count - part * vl, 0, vl);
    Value mask;
    if (lanes < vl)
      mask = vector::CreateMaskOp::create(
          builder, loc, VectorType::get({vl}, builder.getI1Type()),
          index.constant(lanes));
    plan.emitter.beginPoint(mask);
    coords.back().base = index.add(column, part * vl);
    Value value =
        lanes == 0 ? padding : plan.emitter.load(builder, loc, memory, coords);
    if (mask && lanes != 0)
      value = arith::SelectOp::create(builder, loc, mask, value, padding);
    loaded.push_back(value);
  }
  for (int64_t parity = 0; parity < x.stride; ++parity) {
    Value value = loaded[0];
    if (x.stride == 2) {
      SmallVector<int64_t> lanes;
      for (int64_t lane = 0; lane < vl; ++lane)
        lanes.push_back(2 * lane + parity);
      value =
          vector::ShuffleOp::create(builder, loc, loaded[0], loaded[1], lanes);
    }
    vector::StoreOp::create(
        builder, loc, value, scratch,
        ValueRange{at, placeOf(index, index.div(column, x.stride),
                               x.padding + parity)});
  }
}
