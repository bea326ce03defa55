//===- StagedWindow.cpp - Windows over padded rows in scratch -------------===//

#include "StagedWindow.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;
using llvm::alignTo;
using llvm::divideCeil;

/// What the rows of one task may take: half a level-1 cache.
static constexpr int64_t kScratchBytes = 16 * 1024;

/// A linear expression of the loops at a point.
static int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> point) {
  SmallVector<AffineExpr> values;
  for (int64_t value : point)
    values.push_back(getAffineConstantExpr(value, expr.getContext()));
  return cast<AffineConstantExpr>(expr.replaceDims(values)).getValue();
}

//===----------------------------------------------------------------------===//
// What is covered
//===----------------------------------------------------------------------===//

std::optional<StagedWindow> StagedWindow::make(WindowPlan &plan) {
  StagedWindow window(plan);
  window.vl = plan.schedule.getVl();
  if (!window.readAxes() || !window.readTaps() || !window.chooseBlock())
    return std::nullopt;
  return window;
}

/// The last two dimensions of the input and of the result belong together, and
/// no other dimension is padded or moves with the window.
bool StagedWindow::readAxes() {
  linalg::LinalgOp op = plan.op;
  AffineMap map = op.getIndexingMapsArray()[0];
  unsigned rank = map.getNumResults();
  if (rank < 2 || plan.resultLoops.size() < 2)
    return false;
  Value input = plan.pad ? plan.pad.getSource() : op.getDpsInputs()[0];
  memory = plan.kernel.memoryOf(input);
  auto type = dyn_cast<RankedTensorType>(input.getType());
  if (!memory || !type)
    return false;
  SmallVector<int64_t> origin(op.getNumLoops(), 0);
  Axis *axes[] = {&y, &x};
  for (unsigned dim = 0; dim < rank; ++dim) {
    int64_t low = 0, high = 0;
    if (plan.pad) {
      low = plan.pad.getStaticLow()[dim];
      high = plan.pad.getStaticHigh()[dim];
    }
    AffineExpr expr = map.getResult(dim);
    if (dim + 2 < rank) {
      auto loop = dyn_cast<AffineDimExpr>(expr);
      if (low != 0 || high != 0 || !loop ||
          llvm::is_contained(plan.taps, loop.getPosition()) ||
          llvm::is_contained(ArrayRef(plan.resultLoops).take_back(2),
                             loop.getPosition()))
        return false;
      continue;
    }
    Axis &axis = *axes[dim + 2 - rank];
    unsigned loop = ArrayRef(plan.resultLoops).take_back(2)[dim + 2 - rank];
    for (unsigned other : plan.resultLoops)
      if (other != loop && expr.isFunctionOfDim(other))
        return false;
    SmallVector<int64_t> point = origin;
    point[loop] = 1;
    axis.input = type.getDimSize(dim);
    axis.output = plan.ranges[loop];
    axis.padding = low;
    axis.stride = evaluate(expr, point);
    if (ShapedType::isDynamic(low) || ShapedType::isDynamic(high) || low < 0 ||
        high < 0 || axis.input <= 0 || axis.output <= 0 || axis.stride < 1 ||
        evaluate(expr, origin) != 0)
      return false;
  }
  return x.stride <= 2;
}

/// Taps in order of rows, then of columns; the other inputs have one value for
/// all points of a plane.
bool StagedWindow::readTaps() {
  linalg::LinalgOp op = plan.op;
  AffineMap map = op.getIndexingMapsArray()[0];
  for (OpOperand *operand : op.getDpsInputOperands())
    if (operand->getOperandNumber() != 0)
      for (unsigned loop : ArrayRef(plan.resultLoops).take_back(2))
        if (op.getMatchingIndexingMap(operand).isFunctionOfDim(loop))
          return false;
  SmallVector<int64_t> point(op.getNumLoops(), 0);
  unsigned rank = map.getNumResults();
  for (ArrayRef<int64_t> position : plan.tapPositions()) {
    for (auto [loop, at] : llvm::zip_equal(plan.taps, position))
      point[loop] = at;
    Tap tap;
    tap.row = evaluate(map.getResult(rank - 2), point);
    tap.column = evaluate(map.getResult(rank - 1), point);
    auto key = [](const Tap &t) { return std::pair(t.row, t.column); };
    if (tap.row < 0 || tap.column < 0 ||
        (!taps.empty() && !(key(taps.back()) < key(tap))))
      return false;
    y.reach = std::max(y.reach, tap.row);
    x.reach = std::max(x.reach, tap.column);
    taps.push_back(tap);
  }
  return true;
}

/// As many rows as scratch holds, in even blocks of whole tiles.
bool StagedWindow::chooseBlock() {
  // What vectors of columns read, and what whole vectors of a row fill.
  int64_t read = alignTo(x.output, vl) * x.stride + x.reach + 1;

  int64_t filled = std::max<int64_t>(x.padding + alignTo(x.input, vl),
                                     columnsRead() - 1 + vl);
  pitch = alignTo(std::max(read, filled), vl);
  int64_t bytes =
      cast<MemRefType>(memory.getType()).getElementTypeBitWidth() / 8;
  int64_t tile = plan.schedule.getRows();
  int64_t inputRows = kScratchBytes / std::max<int64_t>(1, bytes * pitch);
  int64_t most = (inputRows - y.reach - 1) / y.stride + 1;
  if (inputRows <= y.reach || bytes == 0)
    return false;
  if (most >= y.output) {
    blockRows = y.output;
    return true;
  }
  if (most < tile)
    return false;
  int64_t blocks = divideCeil(y.output, most / tile * tile);
  blockRows = alignTo(divideCeil(y.output, blocks), tile);
  return true;
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void StagedWindow::emit(OpBuilder &builder, Location loc) {
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

  int64_t inputRows = (blockRows - 1) * y.stride + y.reach + 1;
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  scratch = memref::AllocOp::create(
      builder, loc, MemRefType::get({inputRows, pitch}, element),
      builder.getI64IntegerAttr(64));
  Value fill = plan.pad ? plan.pad.getConstantPaddingValue()
                        : arith::ConstantOp::create(
                              builder, loc, builder.getZeroAttr(element))
                              .getResult();
  padding = vector::BroadcastOp::create(builder, loc,
                                        VectorType::get({vl}, element), fill);
  Value needed = index.add(
      index.mul(index.sub(rows, index.constant(1)), y.stride), y.reach + 1);
  Value start = index.mul(firstRow, y.stride);
  index.loop(index.constant(0), needed, 1, [&](Value row) {
    // A row above the first one is a large unsigned number.
    Value source = index.sub(index.add(start, row), index.constant(y.padding));
    index.branch(
        index.less(source, index.constant(y.input)),
        [&] { copyRow(index, source, row); },
        [&] { fillRow(index, 0, columnsRead(), row); });
  });
  loadOthers(builder, loc);
  emitTiles(index, rows);
}

/// Stores padding to columns [from, to) of a row, or a few more.
void StagedWindow::fillRow(IndexBuilder &index, int64_t from, int64_t to,
                           Value at) {
  for (int64_t column = from; column < to; column += vl)
    vector::StoreOp::create(index.builder, index.loc, padding, scratch,
                            ValueRange{at, index.constant(column)});
}

/// Copies row `row` of the input to row `at` of scratch, padding around it.
void StagedWindow::copyRow(IndexBuilder &index, Value row, Value at) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  AffineMap map = plan.op.getIndexingMapsArray()[0];
  SmallVector<Coord> coords;
  for (AffineExpr expr : map.getResults().drop_back(2))
    coords.push_back(plan.emitter.applyMap(builder, loc, expr, loops));
  coords.push_back(Coord::scalar(row));
  coords.push_back(Coord::lanes(Value()));
  auto copy = [&](Value column, Value mask) {
    plan.emitter.beginPoint(mask);
    coords.back().base = column;
    Value value = plan.emitter.load(builder, loc, memory, coords);
    if (mask)
      value = arith::SelectOp::create(builder, loc, mask, value, padding);
    vector::StoreOp::create(builder, loc, value, scratch,
                            ValueRange{at, index.add(column, x.padding)});
  };
  fillRow(index, 0, x.padding, at);
  int64_t whole = x.input / vl * vl;
  index.loop(index.constant(0), index.constant(whole), vl,
             [&](Value column) { copy(column, Value()); });
  if (int64_t rest = x.input - whole)
    copy(index.constant(whole),
         vector::CreateMaskOp::create(
             builder, loc, VectorType::get({vl}, builder.getI1Type()),
             index.constant(rest)));
  fillRow(index, x.padding + alignTo(x.input, vl), columnsRead(), at);
}

/// The weights stay in registers over the whole block.
void StagedWindow::loadOthers(OpBuilder &builder, Location loc) {
  IndexBuilder index{builder, loc};
  plan.emitter.beginPoint(Value());
  SmallVector<OpOperand *> inputs = plan.op.getDpsInputOperands();
  for (auto [tap, position] : llvm::zip_equal(taps, plan.tapPositions())) {
    for (auto [loop, at] : llvm::zip_equal(plan.taps, position))
      loops[loop] = Coord::scalar(index.constant(at));
    tap.others = plan.emitter.emitOperands(
        builder, loc, plan.op, ArrayRef(inputs).drop_front(), loops);
    for (Value &value : tap.others)
      if (value)
        value = plan.emitter.broadcast(builder, loc, value);
  }
}

//===----------------------------------------------------------------------===//
// A tile of rows
//===----------------------------------------------------------------------===//

void StagedWindow::emitTiles(IndexBuilder &index, Value rows) {
  int64_t tile = plan.schedule.getRows();
  Value whole = index.roundDown(rows, tile);
  if (y.output >= tile)
    index.loop(index.constant(0), whole, tile,
               [&](Value row) { emitTile(index, tile, row); });
  // Blocks but the last are whole tiles.
  if (int64_t rest = y.output % tile)
    index.branch(index.less(whole, rows),
                 [&] { emitTile(index, rest, whole); });
}

void StagedWindow::emitTile(IndexBuilder &index, int64_t rows, Value row) {
  int64_t whole = x.output / vl * vl;
  index.loop(index.constant(0), index.constant(whole), vl, [&](Value column) {
    emitVector(index, rows, row, column, Value());
  });
  if (int64_t rest = x.output - whole) {
    Value mask = vector::CreateMaskOp::create(
        index.builder, index.loc,
        VectorType::get({vl}, index.builder.getI1Type()), index.constant(rest));
    emitVector(index, rows, row, index.constant(whole), mask);
  }
}

/// The vector of a tap for columns of the result from `column` on.
Value StagedWindow::loadTap(IndexBuilder &index, Value row, Value column,
                            int64_t tapColumn) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  auto type = VectorType::get(
      {vl}, cast<MemRefType>(memory.getType()).getElementType());
  auto load = [&](int64_t offset) -> Value {
    Value at = index.add(index.mul(column, x.stride), offset);
    return vector::LoadOp::create(builder, loc, type, scratch,
                                  ValueRange{row, at});
  };
  if (x.stride == 1)
    return load(tapColumn);
  // Taps of even and odd columns share their loads.
  int64_t first = tapColumn / 2 * 2;
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < vl; ++lane)
    lanes.push_back(2 * lane + tapColumn - first);
  return vector::ShuffleOp::create(builder, loc, load(first), load(first + vl),
                                   lanes);
}

void StagedWindow::emitVector(IndexBuilder &index, int64_t rows, Value row,
                              Value column, Value mask) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  unsigned yLoop = *std::prev(plan.resultLoops.end(), 2);
  loops[plan.resultLoops.back()] = Coord::lanes(column);
  auto pointOf = [&](int64_t i) {
    loops[yLoop] = Coord::scalar(index.add(index.add(firstRow, row), i));
    return ArrayRef(loops);
  };
  SmallVector<Value> accumulators;
  for (int64_t i = 0; i < rows; ++i)
    accumulators.push_back(plan.begin(builder, loc, pointOf(i), mask));
  Value top = index.mul(row, y.stride);
  int64_t last = (rows - 1) * y.stride + y.reach;
  // By rows of the input: what is loaded is used at once by all sums.
  for (int64_t inputRow = 0; inputRow <= last; ++inputRow) {
    llvm::SmallDenseMap<int64_t, Value> loaded;
    for (const Tap &tap : taps)
      for (int64_t i = 0; i < rows; ++i) {
        if (i * y.stride + tap.row != inputRow)
          continue;
        Value &value = loaded[tap.column];
        if (!value)
          value = loadTap(index, index.add(top, inputRow), column, tap.column);
        SmallVector<Value> arguments = {value};
        arguments.append(tap.others);
        accumulators[i] =
            plan.combine(builder, loc, arguments, accumulators[i], loops);
      }
  }
  for (int64_t i = 0; i < rows; ++i)
    plan.end(builder, loc, accumulators[i], pointOf(i), mask);
}
