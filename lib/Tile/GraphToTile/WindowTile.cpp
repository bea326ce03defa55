//===- WindowTile.cpp - Rows x columns of sums in registers ---------------===//

#include "WindowTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

void WindowTiles::emitTile(IndexBuilder &index, Tile tile) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  unsigned yLoop = *std::prev(plan.resultLoops.end(), 2);
  auto at = [&](int64_t row, Value column) {
    loops[yLoop] = Coord::scalar(index.add(index.add(firstRow, tile.row), row));
    loops[plan.resultLoops.back()] = Coord::lanes(column);
    return ArrayRef(loops);
  };
  Accumulators accumulators;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (Value column : tile.columns)
      accumulators.push_back(
          plan.begin(builder, loc, at(row, column), tile.mask));
  if (unroll)
    emitUnrolled(index, tile, accumulators);
  else
    emitLooped(index, tile, accumulators);
  for (int64_t row = 0; row < tile.rows; ++row)
    for (auto [i, column] : llvm::enumerate(tile.columns))
      plan.end(builder, loc, accumulators[row * tile.columns.size() + i],
               at(row, column), tile.mask);
}

/// By rows of the input: what is loaded is used at once by all sums.
void WindowTiles::emitUnrolled(IndexBuilder &index, const Tile &tile,
                               Accumulators &accumulators) {
  Value top = index.mul(tile.row, y.stride);
  int64_t last = (tile.rows - 1) * y.stride + y.reach();
  for (int64_t inputRow = 0; inputRow <= last; ++inputRow) {
    SmallVector<int64_t> rows;
    for (int64_t row = 0; row < tile.rows; ++row) {
      int64_t offset = inputRow - row * y.stride;
      if (offset >= 0 && offset <= y.reach() && offset % y.dilation == 0)
        rows.push_back(row);
    }
    accumulate(
        index, tile, index.add(top, inputRow), rows,
        [&](int64_t row, int64_t tap) {
          int64_t tapRow = (inputRow - row * y.stride) / y.dilation;
          return weights[tapRow * x.taps + tap];
        },
        accumulators);
  }
}

/// The same with a loop over the rows of the input that are taps of all rows of
/// the tile; those before and after it are unrolled.
void WindowTiles::emitLooped(IndexBuilder &index, const Tile &tile,
                             Accumulators &accumulators) {
  Value top = index.mul(tile.row, y.stride);
  int64_t first = (tile.rows - 1) * y.stride;
  // Row `step` of the input, as taps are apart; of one row of results, or where
  // they are not dilated.
  auto emitStep = [&](Value step, ArrayRef<int64_t> rows, Accumulators &sums) {
    accumulate(
        index, tile, index.add(top, index.mul(step, y.dilation)), rows,
        [&](int64_t row, int64_t tap) {
          Value tapRow = index.sub(step, index.constant(row * y.stride));
          return loadOthers(index, tapRow, tap);
        },
        sums);
  };
  auto emitEdge = [&](int64_t from, int64_t to) {
    for (int64_t step = from; step < to; ++step) {
      SmallVector<int64_t> rows;
      for (int64_t row = 0; row < tile.rows; ++row)
        if (step >= row * y.stride && step < row * y.stride + y.taps)
          rows.push_back(row);
      emitStep(index.constant(step), rows, accumulators);
    }
  };
  if (first >= y.taps)
    return emitEdge(0, first + y.taps);
  emitEdge(0, first);
  auto loop = scf::ForOp::create(index.builder, index.loc,
                                 index.constant(first), index.constant(y.taps),
                                 index.constant(1), accumulators);
  {
    OpBuilder::InsertionGuard guard(index.builder);
    index.builder.setInsertionPointToStart(loop.getBody());
    Accumulators sums(loop.getRegionIterArgs());
    emitStep(loop.getInductionVar(),
             llvm::to_vector(llvm::seq<int64_t>(0, tile.rows)), sums);
    scf::YieldOp::create(index.builder, index.loc, sums);
  }
  accumulators.assign(loop.getResults().begin(), loop.getResults().end());
  emitEdge(y.taps, first + y.taps);
}

/// Adds row `row` of the input (of scratch, or counted from the block's first)
/// to the sums of `rows`.
void WindowTiles::accumulate(IndexBuilder &index, const Tile &tile, Value row,
                             ArrayRef<int64_t> rows, OperandsOf others,
                             Accumulators &accumulators) {
  if (rows.empty())
    return;
  for (int64_t tap = 0; tap < x.taps; ++tap) {
    SmallVector<Value> loaded;
    for (Value column : tile.columns)
      loaded.push_back(loadTap(index, row, column, tap));
    for (int64_t of : rows) {
      Operands operands = others(of, tap);
      for (auto [i, value] : llvm::enumerate(loaded)) {
        SmallVector<Value> arguments = {value};
        arguments.append(operands);
        Value &sum = accumulators[of * tile.columns.size() + i];
        sum = plan.combine(index.builder, index.loc, arguments, sum, loops);
      }
    }
  }
}

/// The vector of a tap for columns of the result from `column` on.
Value WindowTiles::loadTap(IndexBuilder &index, Value row, Value column,
                           int64_t tap) {
  OpBuilder &builder = index.builder;
  Location loc = index.loc;
  int64_t offset = tap * x.dilation;
  if (!inPlace)
    return vector::LoadOp::create(
        builder, loc,
        VectorType::get({vl},
                        cast<MemRefType>(memory.getType()).getElementType()),
        scratch, ValueRange{row, placeOf(index, column, offset)});
  SmallVector<Coord> coords =
      inputRow(index, index.add(index.mul(firstRow, y.stride), row));
  auto load = [&](int64_t at) {
    coords.back().base = index.add(index.mul(column, x.stride), at);
    return plan.emitter.load(builder, loc, memory, coords);
  };
  if (x.stride == 1)
    return load(offset);
  // Taps of even and odd columns share their loads.
  int64_t first = offset / 2 * 2;
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < vl; ++lane)
    lanes.push_back(2 * lane + offset - first);
  return vector::ShuffleOp::create(builder, loc, load(first), load(first + vl),
                                   lanes);
}
