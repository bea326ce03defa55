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

class ElementwiseLowering {
public:
  ElementwiseLowering(KernelFunction &kernel, sched::ElementwiseAttr schedule,
                      ElementwiseEmitter &emitter, int64_t vl,
                      ArrayRef<bool> folded, bool inPairs, bool inStep)
      : kernel(kernel), schedule(schedule), emitter(emitter),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc}, vl(vl), folded(folded), inPairs(inPairs),
        inStep(inStep) {}

  void run();

private:
  void emitRow(Value row, Value low, Value high);
  void emitPoint(ArrayRef<Value> outer, Value column, Value mask);
  Value maskOf(Value count);
  void emitPairs(Value row, ArrayRef<Value> outer, Value column, Value count);

  KernelFunction &kernel;
  sched::ElementwiseAttr schedule;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;
  /// Per dimension: folded into the next one.
  ArrayRef<bool> folded;
  /// The last dimension has two elements that are computed apart: lanes run
  /// along the one before (`folded` has no entry for the last).
  bool inPairs;
  /// Unrolled vectors are one point (see canWiden), else one after the other.
  bool inStep;
  SmallVector<Value> outerExtents;
  Value innerExtent;
};

} // namespace

void ElementwiseLowering::run() {
  Value memref = kernel.outputs.front().memref;
  SmallVector<Value> groups;
  Value product = index.constant(1);
  for (unsigned dim = 0; dim != folded.size(); ++dim) {
    product = index.mul(product, index.extent(memref, dim));
    if (folded[dim])
      continue;
    groups.push_back(product);
    product = index.constant(1);
  }
  innerExtent = groups.empty() ? product : groups.pop_back_val();
  outerExtents = groups;
  Value rows = index.constant(1);
  for (Value extent : outerExtents)
    rows = index.mul(rows, extent);

  int64_t grain = schedule.getGrain();
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
  index.loop(rowLow, rowHigh, 1, [&](Value row) { emitRow(row, low, high); });
  kernel.eraseOldBody();
}

void ElementwiseLowering::emitRow(Value row, Value low, Value high) {
  SmallVector<Value> outer = index.delinearize(row, outerExtents);
  Value at = low;
  std::optional<int64_t> inner = constantOf(innerExtent);
  auto columns = [&](int64_t step) {
    if (inner && *inner < step)
      return;
    Value end = index.add(at, index.roundDown(index.sub(high, at), step));
    int64_t lanes = inStep ? step : vl;
    emitter.setLanes(lanes);
    index.loop(at, end, step, [&](Value column) {
      for (int64_t offset = 0; offset != step; offset += lanes)
        if (inPairs)
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
    if (inPairs)
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
      RowSpace{SmallVector<bool>(folded), {}, {}}.pointAt(outer, column);
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
      RowSpace{SmallVector<bool>(folded), {}, {}}.pointAt(outer, column);
  emitter.beginPoint(mask);
  for (const KernelOutput &output : kernel.outputs) {
    Value value = emitter.emitVector(builder, loc, output.tensor, coords);
    emitter.store(builder, loc, value, output.memref, coords);
  }
}

/// With vectors if every operation has a vector form, else with scalars.
static LogicalResult lower(KernelFunction &kernel,
                           sched::ElementwiseAttr schedule,
                           std::string &reason) {
  if (!haveOneShape(kernel.outputs)) {
    reason = "the outputs differ in shape";
    return failure();
  }
  Value tensor = kernel.outputs.front().tensor;
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t vl : {schedule.getVl(), int64_t(1)}) {
    if (rank == 0 && vl != 1)
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
    SmallVector<bool> folded(rank, false);
    for (int64_t dim = 0; dim + 1 < rank; ++dim)
      folded[dim] = canFold(accesses, dim, dim + 1);
    auto shape = cast<RankedTensorType>(tensor.getType()).getShape();
    bool inPairs = vl > 1 && rank > 1 && shape.back() == 2 && !folded[rank - 2];
    if (inPairs)
      folded.pop_back();
    bool inStep = vl > 1 && !inPairs && canWiden(accesses, rank - 1);
    ElementwiseLowering(kernel, schedule, emitter, vl, folded, inPairs, inStep)
        .run();
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
