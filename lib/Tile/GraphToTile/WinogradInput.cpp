//===- WinogradInput.cpp - Input tiles, transformed -----------------------===//

#include "WinogradInput.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

WinogradInput::WinogradInput(const WinogradPlan &plan,
                             WinogradEmitter &transforms, OpBuilder &builder,
                             Location loc)
    : plan(plan), transforms(transforms), builder(builder), loc(loc),
      index{builder, loc},
      vector(VectorType::get({plan.schedule.getVl()}, builder.getF32Type())) {
  int64_t results = plan.transform.results;
  chunkColumns = results * plan.schedule.getVl();
  // The last tile reads two columns of the next one.
  int64_t columns =
      plan.tiles.columns * results + plan.transform.size() - results;
  chunks = llvm::divideCeil(columns, chunkColumns);
}

void WinogradInput::prepare() {
  flat = index.flatten(plan.convolution.inputMemory);
  // One more vector: tiles that do not exist read behind the last one.
  int64_t tiles = (chunks + 1) * plan.schedule.getVl();
  scratch = memref::AllocOp::create(
      builder, loc,
      MemRefType::get({plan.transform.size(), plan.transform.results, tiles},
                      builder.getF32Type()),
      builder.getI64IntegerAttr(64));
}

void WinogradInput::emit(Value tiles, Value image, Value row, Value first) {
  int64_t size = plan.transform.size();
  Value height = index.constant(plan.input.rows);
  Value y = index.sub(index.mul(row, plan.transform.results),
                      index.constant(plan.padding.rows));
  // As unsigned numbers, negative rows are larger than every height.
  SmallVector<Value> valid;
  Value inside;
  for (int64_t i = 0; i != size; ++i) {
    valid.push_back(index.less(index.add(y, i), height));
    inside = inside ? arith::AndIOp::create(builder, loc, inside, valid.back())
                    : valid.back();
  }
  int64_t channelSize = plan.input.rows * plan.input.columns;
  Value start = index.add(index.mul(image, plan.channels * channelSize),
                          index.mul(y, plan.input.columns));
  start = index.sub(start, index.constant(plan.padding.columns));
  auto forChannels = [&](Rows rows) {
    index.loop(index.constant(0), index.constant(plan.channels), 1,
               [&](Value channel) {
                 emitColumns(index.add(start, index.mul(channel, channelSize)),
                             rows);
                 emitTiles(tiles, channel, first);
               });
  };
  index.branch(inside, [&] { forChannels({}); }, [&] { forChannels(valid); });
}

/// Transforms all columns of a row of tiles; `base` is where the first column's
/// first row would lie. `valid` says which rows exist (none: all do).
void WinogradInput::emitColumns(Value base, Rows valid) {
  auto isFull = [&](int64_t chunk) {
    int64_t low = chunk * chunkColumns - plan.padding.columns;
    return low >= 0 && low + chunkColumns <= plan.input.columns;
  };
  // Those that lie inside the image are all alike.
  int64_t chunk = 0;
  while (chunk != chunks) {
    int64_t end = chunk + 1;
    while (isFull(chunk) && end != chunks && isFull(end))
      ++end;
    if (end - chunk == 1)
      emitChunk(base, index.constant(chunk), valid);
    else
      index.loop(index.constant(chunk), index.constant(end), 1,
                 [&](Value at) { emitChunk(base, at, valid); });
    chunk = end;
  }
}

/// A vector of columns of one row of the image. `column`, the first one's
/// number, or -1 if all exist.
Value WinogradInput::loadColumns(Value at, int64_t column, Value valid) {
  int64_t lanes = vector.getNumElements();
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vector));
  int64_t low = std::max<int64_t>(0, -column);
  int64_t high = std::min(lanes, plan.input.columns - column);
  if (high <= low)
    return zero;
  bool isFull = low == 0 && high == lanes;
  if (isFull && !valid)
    return vector::LoadOp::create(builder, loc, vector, flat, at);
  SmallVector<bool> exists;
  for (int64_t lane = 0; lane != lanes; ++lane)
    exists.push_back(lane >= low && lane < high);
  auto maskType = VectorType::get({lanes}, builder.getI1Type());
  Value mask = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(maskType, ArrayRef<bool>(exists)));
  if (valid)
    mask = arith::AndIOp::create(
        builder, loc, mask,
        vector::BroadcastOp::create(builder, loc, maskType, valid));
  return vector::MaskedLoadOp::create(builder, loc, vector, flat, at, mask,
                                      zero);
}

void WinogradInput::emitChunk(Value base, Value chunk, Rows valid) {
  int64_t size = plan.transform.size(), results = plan.transform.results;
  int64_t lanes = vector.getNumElements();
  Value start = index.add(base, index.mul(chunk, chunkColumns));
  std::optional<int64_t> number = constantOf(chunk);
  SmallVector<SmallVector<Value>> transformed(size);
  for (int64_t v = 0; v != results; ++v) {
    // A chunk in a loop is one of those whose columns all exist.
    int64_t column = number ? *number * chunkColumns - plan.padding.columns : 0;
    SmallVector<Value> rows;
    for (int64_t i = 0; i != size; ++i) {
      Value at = index.add(start, i * plan.input.columns + v * lanes);
      rows.push_back(loadColumns(at, number ? column + v * lanes : 0,
                                 valid.empty() ? Value() : valid[i]));
    }
    for (auto [i, value] : llvm::enumerate(transforms.input(rows)))
      transformed[i].push_back(value);
  }
  Value tile = index.mul(chunk, lanes);
  for (int64_t i = 0; i != size; ++i)
    for (auto [column, value] :
         llvm::enumerate(transforms.toTiles(transformed[i])))
      vector::StoreOp::create(
          builder, loc, value, scratch,
          ValueRange{index.constant(i), index.constant(column), tile});
}

/// Transforms the rows of one channel's tiles.
void WinogradInput::emitTiles(Value tiles, Value channel, Value first) {
  int64_t size = plan.transform.size(), results = plan.transform.results;
  int64_t lanes = vector.getNumElements();
  index.loop(index.constant(0), index.constant(size), 1, [&](Value i) {
    index.loop(index.constant(0), index.constant(plan.tiles.columns), lanes,
               [&](Value tile) {
                 SmallVector<Value> columns;
                 for (int64_t j = 0; j != size; ++j)
                   columns.push_back(vector::LoadOp::create(
                       builder, loc, vector, scratch,
                       ValueRange{i, index.constant(j % results),
                                  index.add(tile, j / results)}));
                 Value at = index.add(first, tile);
                 for (auto [j, value] :
                      llvm::enumerate(transforms.input(columns))) {
                   Value element = index.add(index.mul(i, size), j);
                   vector::StoreOp::create(builder, loc, value, tiles,
                                           ValueRange{element, channel, at});
                 }
               });
  });
}
