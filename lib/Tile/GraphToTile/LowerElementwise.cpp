//===- LowerElementwise.cpp - All-parallel kernels ------------------------===//
//
// Dimensions that every access holds next to each other are folded into one;
// lanes run along the last. One task is a block of rows, or a part of one row:
//
//   for row in rows of the task
//     for j in columns step vl: store(emit(output, [row.., lanes j]))
//     the rest under a mask
//
//===----------------------------------------------------------------------===//

#include "TransposedReads.h"
#include "tegula/Tile/GraphToTile/RowReduction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERELEMENTWISEPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

/// How the points of a result are visited.
struct Traversal {
  /// Lanes of a point.
  int64_t vl = 1;
  /// Per dimension: folded into the next one.
  SmallVector<bool> folded;
  /// The last dimension has two elements that are computed apart: lanes run
  /// along the one before (`folded` has no entry for the last).
  bool inPairs = false;
  /// Unrolled vectors are one point (see canWiden), else one after the other.
  bool inStep = false;
  /// The dimension, after folding, along which squares are transposed.
  std::optional<int64_t> transposedDim;
  SmallVector<Value> inputs; ///< Of those squares.
};

class ElementwiseLowering {
public:
  ElementwiseLowering(KernelFunction &kernel, sched::ElementwiseAttr schedule,
                      ElementwiseEmitter &emitter, const Traversal &traversal)
      : kernel(kernel), schedule(schedule), emitter(emitter),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc}, traversal(traversal), vl(traversal.vl) {}

  void run();

private:
  void emitRow(Value row, Value low, Value high);
  void emitPoint(ArrayRef<Value> outer, Value column, Value mask);
  Value maskOf(Value count);
  void emitPairs(Value row, ArrayRef<Value> outer, Value column, Value count);
  void emitSquares(SmallVector<Value> outer, Value low, Value high);
  void emitSquare(SmallVector<Value> outer, Value row, Value rows, Value column,
                  Value columns);

  KernelFunction &kernel;
  sched::ElementwiseAttr schedule;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  const Traversal &traversal;
  int64_t vl;
  std::unique_ptr<TransposedReads> transposed;
  /// Rows that are transposed together.
  int64_t blockRows = 1;
  Value rowExtent; ///< Of the transposed dimension.
  /// That of the transposed dimension counts blocks of rows.
  SmallVector<Value> outerExtents;
  Value innerExtent;
};

} // namespace

void ElementwiseLowering::run() {
  Value memref = kernel.outputs.front().memref;
  SmallVector<Value> groups;
  Value product = index.constant(1);
  for (unsigned dim = 0; dim != traversal.folded.size(); ++dim) {
    product = index.mul(product, index.extent(memref, dim));
    if (traversal.folded[dim])
      continue;
    groups.push_back(product);
    product = index.constant(1);
  }
  innerExtent = groups.empty() ? product : groups.pop_back_val();
  outerExtents = groups;
  if (traversal.transposedDim) {
    blockRows = std::max(schedule.getTile(), vl);
    transposed = std::make_unique<TransposedReads>(emitter, traversal.inputs);
    Value &extent = outerExtents[*traversal.transposedDim];
    rowExtent = extent;
    extent = index.ceilDiv(extent, blockRows);
  }
  Value rows = index.constant(1);
  for (Value extent : outerExtents)
    rows = index.mul(rows, extent);

  int64_t grain = std::max(schedule.getGrain() / blockRows, vl);
  int64_t part = (grain + vl - 1) / vl * vl;
  std::optional<int64_t> inner = constantOf(innerExtent);
  int64_t rowsPerTask =
      inner ? std::max<int64_t>(1, grain / std::max<int64_t>(*inner, 1)) : 1;
  Value parts = index.ceilDiv(innerExtent, part);
  Value count = index.mul(index.ceilDiv(rows, rowsPerTask), parts);
  Value task = beginTasks(builder, loc, count);
  SmallVector<Value> at =
      index.delinearize(task, {index.ceilDiv(rows, rowsPerTask), parts});
  Value low = index.mul(at[1], part);
  Value high = index.min(index.add(low, part), innerExtent);
  Value rowLow = index.mul(at[0], rowsPerTask);
  Value rowHigh = index.min(index.add(rowLow, rowsPerTask), rows);
  index.loop(rowLow, rowHigh, 1, [&](Value row) {
    if (transposed)
      emitSquares(index.delinearize(row, outerExtents), low, high);
    else
      emitRow(row, low, high);
  });
  kernel.eraseOldBody();
}

/// A block of rows, square by square; what is left of it at its right and lower
/// edges under masks.
void ElementwiseLowering::emitSquares(SmallVector<Value> outer, Value low,
                                      Value high) {
  Value rowLow = index.mul(outer[*traversal.transposedDim], blockRows);
  Value rowHigh = index.min(index.add(rowLow, blockRows), rowExtent);
  Value rowWhole =
      index.add(rowLow, index.roundDown(index.sub(rowHigh, rowLow), vl));
  auto column = [&](Value at, Value columns) {
    index.loop(rowLow, rowWhole, vl, [&](Value row) {
      emitSquare(outer, row, Value(), at, columns);
    });
    std::optional<int64_t> known = constantOf(rowExtent);
    if (known && *known % vl == 0)
      return;
    index.branch(index.less(rowWhole, rowHigh), [&] {
      emitSquare(outer, rowWhole, index.sub(rowHigh, rowWhole), at, columns);
    });
  };
  Value whole = index.add(low, index.roundDown(index.sub(high, low), vl));
  index.loop(low, whole, vl, [&](Value at) { column(at, Value()); });
  std::optional<int64_t> known = constantOf(innerExtent);
  if (known && *known % vl == 0)
    return;
  index.branch(index.less(whole, high),
               [&] { column(whole, index.sub(high, whole)); });
}

void ElementwiseLowering::emitSquare(SmallVector<Value> outer, Value row,
                                     Value rows, Value column, Value columns) {
  transposed->beginSquare(vl, row, rows, column, columns);
  Value mask = columns ? maskOf(columns) : Value();
  for (int64_t number = 0; number != vl; ++number) {
    auto point = [&] {
      Value at = index.add(row, number);
      outer[*traversal.transposedDim] = at;
      transposed->beginRow(number, at);
      emitPoint(outer, column, mask);
    };
    if (rows && number != 0)
      index.branch(index.less(index.constant(number), rows), point);
    else
      point();
  }
}

void ElementwiseLowering::emitRow(Value row, Value low, Value high) {
  SmallVector<Value> outer = index.delinearize(row, outerExtents);
  Value at = low;
  std::optional<int64_t> inner = constantOf(innerExtent);
  auto columns = [&](int64_t step) {
    if (inner && *inner < step)
      return;
    Value end = index.add(at, index.roundDown(index.sub(high, at), step));
    int64_t lanes = traversal.inStep ? step : vl;
    emitter.setLanes(lanes);
    index.loop(at, end, step, [&](Value column) {
      for (int64_t offset = 0; offset != step; offset += lanes)
        if (traversal.inPairs)
          emitPairs(row, outer, index.add(column, offset), Value());
        else
          emitPoint(outer, index.add(column, offset), Value());
    });
    emitter.setLanes(vl);
    at = end;
  };
  int64_t unroll = schedule.getUnroll();
  if (unroll > 1)
    columns(vl * unroll);
  if (unroll == 1 || !inner || *inner % (vl * unroll) >= vl)
    columns(vl);
  if (vl == 1 || (inner && *inner % vl == 0))
    return;
  index.branch(index.less(at, high), [&] {
    Value rest = index.sub(high, at);
    if (traversal.inPairs)
      emitPairs(row, outer, at, rest);
    else
      emitPoint(outer, at, maskOf(rest));
  });
}

/// The first `count` lanes.
Value ElementwiseLowering::maskOf(Value count) {
  return vector::CreateMaskOp::create(
      builder, loc, VectorType::get({vl}, builder.getI1Type()), count);
}

/// Both elements of `count` (null: of all) lanes, and their stores: what is
/// first and second in turn.
void ElementwiseLowering::emitPairs(Value row, ArrayRef<Value> outer,
                                    Value column, Value count) {
  SmallVector<Coord> coords =
      RowSpace{traversal.folded, {}, {}}.pointAt(outer, column);
  emitter.beginPoint(count ? maskOf(count) : Value());
  Value first = index.mul(index.add(index.mul(row, innerExtent), column), 2);
  for (const KernelOutput &output : kernel.outputs) {
    Value values[2];
    for (int64_t i : {0, 1}) {
      SmallVector<Coord> point = coords;
      point.push_back(Coord::scalar(index.constant(i)));
      values[i] = emitter.emitVector(builder, loc, output.tensor, point);
    }
    Value flat = index.flatten(output.memref);
    for (int64_t half : {0, 1}) {
      SmallVector<int64_t> lanes;
      for (int64_t lane = 0; lane != vl; ++lane)
        lanes.push_back((half * vl + lane) / 2 + lane % 2 * vl);
      Value turns =
          vector::ShuffleOp::create(builder, loc, values[0], values[1], lanes);
      Value at = index.add(first, half * vl);
      if (!count) {
        vector::StoreOp::create(builder, loc, turns, flat, at);
        continue;
      }
      Value limit = index.constant(half * vl);
      Value rest =
          builder.createOrFold<arith::MaxUIOp>(loc, index.mul(count, 2), limit);
      vector::MaskedStoreOp::create(builder, loc, flat, at,
                                    maskOf(index.sub(rest, limit)), turns);
    }
  }
}

void ElementwiseLowering::emitPoint(ArrayRef<Value> outer, Value column,
                                    Value mask) {
  SmallVector<Coord> coords =
      RowSpace{traversal.folded, {}, {}}.pointAt(outer, column);
  emitter.beginPoint(mask);
  for (const KernelOutput &output : kernel.outputs) {
    Value value = emitter.emitVector(builder, loc, output.tensor, coords);
    emitter.store(builder, loc, value, output.memref, coords);
  }
}

static Traversal traversalOf(const KernelFunction &kernel,
                             ArrayRef<TensorAccess> accesses, int64_t vl) {
  const KernelOutput &output = kernel.outputs.front();
  ArrayRef<int64_t> shape =
      cast<RankedTensorType>(output.tensor.getType()).getShape();
  int64_t rank = shape.size();
  Traversal traversal;
  traversal.vl = vl;
  traversal.folded.assign(rank, false);
  for (int64_t dim = 0; dim + 1 < rank; ++dim)
    traversal.folded[dim] = canFold(accesses, dim, dim + 1);
  if (vl == 1)
    return traversal;
  traversal.inPairs =
      rank > 1 && shape.back() == 2 && !traversal.folded[rank - 2];
  if (traversal.inPairs) {
    traversal.folded.pop_back();
    return traversal;
  }
  traversal.inStep = canWiden(accesses, rank - 1);
  std::optional<int64_t> dim = findTransposedDim(accesses, rank);
  if (!dim)
    return traversal;
  // More rows than this do not fit into registers.
  constexpr int64_t kMaxSquare = 16;
  traversal.vl = std::min(vl, kMaxSquare);
  traversal.transposedDim =
      llvm::count(ArrayRef(traversal.folded).take_front(*dim), false);
  for (const TensorAccess &access : accesses)
    if (access.tensor)
      traversal.inputs.push_back(access.tensor);
  return traversal;
}

/// With vectors if every operation has a vector form, else with scalars.
static LogicalResult lower(KernelFunction &kernel,
                           sched::ElementwiseAttr schedule,
                           std::string &reason) {
  if (!haveOneShape(kernel.outputs)) {
    reason = "the outputs differ in shape";
    return failure();
  }
  auto memref = cast<MemRefType>(kernel.outputs.front().memref.getType());
  for (int64_t vl : {schedule.getVl(), int64_t(1)}) {
    if (memref.getRank() == 0 && vl != 1)
      continue;
    ElementwiseEmitter emitter(vl);
    kernel.bindInputs(emitter);
    SmallVector<TensorAccess> accesses;
    bool covered = true;
    for (const KernelOutput &output : kernel.outputs) {
      auto found = emitter.trace(output.tensor, &reason);
      covered &= succeeded(found);
      if (succeeded(found))
        accesses.append(*found);
    }
    if (!covered)
      continue;
    Traversal traversal = traversalOf(kernel, accesses, vl);
    emitter.setLanes(traversal.vl);
    ElementwiseLowering(kernel, schedule, emitter, traversal).run();
    return success();
  }
  return failure();
}

namespace {

struct LowerElementwisePass
    : public tile::impl::LowerElementwisePassBase<LowerElementwisePass> {
  void runOnOperation() override {
    lowerFamily<sched::ElementwiseAttr>(getOperation(), "elementwise", lower);
  }
};

} // namespace
