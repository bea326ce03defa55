//===- WindowTiles.cpp - Windows in tiles of rows and columns -------------===//

#include "WindowTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "tegula/Schedule/IR/WindowLimits.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;
using llvm::alignTo;
using llvm::divideCeil;

//===----------------------------------------------------------------------===//
// What is covered
//===----------------------------------------------------------------------===//

std::optional<WindowTiles> WindowTiles::make(WindowPlan &plan) {
  std::optional<sched::PlaneWindow> window = sched::matchPlaneWindow(plan.op);
  if (!window || window->x.stride > 2)
    return std::nullopt;
  WindowTiles tiles(plan, *window);
  tiles.memory = plan.kernel.memoryOf(window->input);
  tiles.vl = plan.schedule.getVl();
  tiles.unroll =
      plan.schedule.getUnroll() && plan.tapCount() <= sched::kMaxUnrolledTaps;
  // Rows of a tile share what they load only where each is a tap of all.
  bool skipsRows = window->y.dilation > 1 && plan.schedule.getRows() > 1;
  if (!tiles.memory ||
      (!tiles.unroll &&
       (window->x.taps > sched::kMaxUnrolledTaps || skipsRows)))
    return std::nullopt;
  tiles.inPlace = plan.schedule.getInPlace() && tiles.canReadInPlace();
  if (!tiles.chooseBlock())
    return std::nullopt;
  return tiles;
}

/// Vectors of taps lie inside the rows of the input.
bool WindowTiles::canReadInPlace() const {
  if (plan.pad || x.output < vl)
    return false;
  int64_t last = (x.output - vl) * x.stride + x.reach() / x.stride * x.stride +
                 x.stride * vl - 1;
  return last < x.input;
}

/// As many rows as the schedule says, in even blocks of whole tiles.
bool WindowTiles::chooseBlock() {
  int64_t tile = plan.schedule.getRows();
  int64_t blocks = divideCeil(
      y.output, std::max(tile, plan.schedule.getBlock() / tile * tile));
  blockRows =
      std::min<int64_t>(y.output, alignTo(divideCeil(y.output, blocks), tile));
  // What vectors of columns read; what whole vectors of the input, and of
  // padding to the row's end, fill.
  int64_t needed = std::max(x.output, vl) + x.reach() / x.stride;
  int64_t copied = divideCeil(x.padding, x.stride) +
                   alignTo(divideCeil(x.input, x.stride), vl);
  int64_t filled = divideCeil(x.read(), x.stride) - 1 + vl;
  pitch = alignTo(std::max({needed, copied, filled}), vl);
  int64_t rows = (blockRows - 1) * y.stride + y.reach() + 1;
  int64_t bytes =
      cast<MemRefType>(memory.getType()).getElementTypeBitWidth() / 8;
  return bytes > 0 &&
         (inPlace || rows * pitch * x.stride * bytes <= sched::kMaxWindowBytes);
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void WindowTiles::emit(OpBuilder &builder, Location loc) {
  IndexBuilder index{builder, loc};
  SmallVector<Value> extents;
  for (unsigned dim = 0; dim + 2 < plan.resultLoops.size(); ++dim)
    extents.push_back(plan.resultExtent(builder, dim));
  extents.push_back(index.ceilDiv(index.constant(y.output), blockRows));
  Value count = index.constant(1);
  for (Value extent : extents)
    count = index.mul(count, extent);
  Value task = beginTasks(builder, loc, count);
  SmallVector<Value> at = index.delinearize(task, extents);

  loops.assign(plan.op.getNumLoops(), Coord::scalar(index.constant(0)));
  for (auto [loop, value] : llvm::zip_equal(
           ArrayRef(plan.resultLoops).drop_back(2), ArrayRef(at).drop_back()))
    loops[loop] = Coord::scalar(value);
  firstRow = index.mul(at.back(), blockRows);
  Value rows = index.min(index.constant(blockRows),
                         index.sub(index.constant(y.output), firstRow));
  if (!inPlace)
    stageRows(index, rows);
  if (unroll)
    for (int64_t row = 0; row < y.taps; ++row)
      for (int64_t column = 0; column < x.taps; ++column)
        weights.push_back(loadOthers(index, index.constant(row), column));
  emitTiles(index, rows);
}

/// The operands but the first at a tap, as vectors.
WindowTiles::Operands WindowTiles::loadOthers(IndexBuilder &index, Value row,
                                              int64_t column) {
  plan.emitter.beginPoint(Value());
  if (y.tapLoop)
    loops[*y.tapLoop] = Coord::scalar(row);
  if (x.tapLoop)
    loops[*x.tapLoop] = Coord::scalar(index.constant(column));
  SmallVector<OpOperand *> inputs = plan.op.getDpsInputOperands();
  Operands others = plan.emitter.emitOperands(
      index.builder, index.loc, plan.op, ArrayRef(inputs).drop_front(), loops);
  for (Value &value : others)
    if (value)
      value = plan.emitter.broadcast(index.builder, index.loc, value);
  return others;
}

void WindowTiles::emitTiles(IndexBuilder &index, Value rows) {
  int64_t tile = plan.schedule.getRows();
  Value whole = index.roundDown(rows, tile);
  if (y.output >= tile)
    index.loop(index.constant(0), whole, tile,
               [&](Value row) { emitRowOfTiles(index, tile, row); });
  // Blocks but the last are whole tiles.
  if (int64_t rest = y.output % tile)
    index.branch(index.less(whole, rows),
                 [&] { emitRowOfTiles(index, rest, whole); });
}

/// Groups of whole vectors, then what is left: its last vector ends with the
/// row, and computes some columns again.
void WindowTiles::emitRowOfTiles(IndexBuilder &index, int64_t rows, Value row) {
  int64_t group = plan.schedule.getColumns() * vl;
  int64_t whole = x.output / group * group;
  index.loop(index.constant(0), index.constant(whole), group, [&](Value first) {
    Tile tile{rows, row, {}, Value()};
    for (int64_t column = 0; column < group; column += vl)
      tile.columns.push_back(index.add(first, column));
    emitTile(index, tile);
  });
  if (whole == x.output)
    return;
  Tile tile{rows, row, {}, Value()};
  if (x.output < vl)
    tile.mask = vector::CreateMaskOp::create(
        index.builder, index.loc,
        VectorType::get({vl}, index.builder.getI1Type()),
        index.constant(x.output));
  for (int64_t column = whole; column < x.output; column += vl)
    tile.columns.push_back(
        index.constant(std::max<int64_t>(0, std::min(column, x.output - vl))));
  emitTile(index, tile);
}
