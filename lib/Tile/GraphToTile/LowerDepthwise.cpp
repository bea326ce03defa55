//===- LowerDepthwise.cpp - Windows without a sum over channels -----------===//
//
// Depthwise convolutions and pooling: lanes run along the last dimension of the
// result, the window's taps are taken in order. Windows over images of known
// sizes have tiles of rows and columns (WindowTiles); for others, a vector
// whose whole window lies inside the input reads it directly, and at the edges
// the padding is selected in registers.
//
//===----------------------------------------------------------------------===//

#include "WindowTiles.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Schedule/IR/WindowLimits.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERDEPTHWISEPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

/// Elements of a task, roughly.
static constexpr int64_t kGrain = 2048;

namespace {

/// One window point by point.
class WindowLowering {
public:
  WindowLowering(WindowPlan &plan, OpBuilder builder)
      : plan(plan), emitter(plan.emitter), op(plan.op), builder(builder),
        loc(op.getLoc()), index{this->builder, loc}, vl(plan.schedule.getVl()) {
  }

  void run();

private:
  void emitRow(Value row);
  void emitPoint(ArrayRef<Value> outer, Value column, Value mask);
  Value emitWindow(MutableArrayRef<Coord> loops, Value mask);
  Value isInside(ArrayRef<Coord> loops);
  SmallVector<Coord> shifted(ArrayRef<Coord> coords);

  WindowPlan &plan;
  ElementwiseEmitter &emitter;
  linalg::LinalgOp op;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;
  SmallVector<Value> outerExtents;
  Value innerExtent;
};

} // namespace

void WindowLowering::run() {
  unsigned rank = plan.resultLoops.size();
  while (outerExtents.size() + 1 < rank)
    outerExtents.push_back(plan.resultExtent(builder, outerExtents.size()));
  innerExtent = plan.resultExtent(builder, rank - 1);
  Value rows = index.constant(1);
  for (Value extent : outerExtents)
    rows = index.mul(rows, extent);
  int64_t inner = constantOf(innerExtent).value_or(kGrain);
  int64_t perTask = std::max<int64_t>(1, kGrain / std::max<int64_t>(inner, 1));
  Value task = beginTasks(builder, loc, index.ceilDiv(rows, perTask));
  Value low = index.mul(task, perTask);
  Value high = index.min(index.add(low, perTask), rows);
  index.loop(low, high, 1, [&](Value row) { emitRow(row); });
}

void WindowLowering::emitRow(Value row) {
  SmallVector<Value> outer = index.delinearize(row, outerExtents);
  Value whole = index.roundDown(innerExtent, vl);
  index.loop(index.constant(0), whole, vl,
             [&](Value column) { emitPoint(outer, column, Value()); });
  index.branch(index.less(whole, innerExtent), [&] {
    Value mask = vector::CreateMaskOp::create(
        builder, loc, VectorType::get({vl}, builder.getI1Type()),
        index.sub(innerExtent, whole));
    emitPoint(outer, whole, mask);
  });
}

/// The input's coordinates without the padding.
SmallVector<Coord> WindowLowering::shifted(ArrayRef<Coord> coords) {
  SmallVector<Coord> result(coords);
  for (auto [coord, low] : llvm::zip_equal(result, plan.pad.getMixedLowPad()))
    if (!isConstantIntValue(low, 0))
      coord.base = index.sub(
          coord.base, getValueOrCreateConstantIndexOp(builder, loc, low));
  return result;
}

/// Does the whole window of all lanes lie inside the unpadded input?
Value WindowLowering::isInside(ArrayRef<Coord> loops) {
  AffineMap map = op.getIndexingMapsArray()[0];
  Value inside;
  SmallVector<Coord> first(loops), last(loops);
  for (unsigned tap : plan.taps) {
    first[tap].base = index.constant(0);
    last[tap].base = index.constant(plan.ranges[tap] - 1);
  }
  for (Coord &coord : last)
    if (coord.kind == Coord::Lanes)
      coord = Coord::scalar(index.add(coord.base, vl - 1));
  for (Coord &coord : first)
    coord.kind = Coord::Scalar;
  auto at = [&](ArrayRef<Coord> point) {
    SmallVector<Coord> coords;
    for (AffineExpr expr : map.getResults())
      coords.push_back(emitter.applyMap(builder, loc, expr, point));
    return shifted(coords);
  };
  SmallVector<Coord> low = at(first), high = at(last);
  for (int64_t dim = 0; dim < map.getNumResults(); ++dim) {
    if (isConstantIntValue(plan.pad.getMixedLowPad()[dim], 0) &&
        isConstantIntValue(plan.pad.getMixedHighPad()[dim], 0))
      continue;
    Value extent =
        index.extent(plan.kernel.memoryOf(plan.pad.getSource()), dim);
    // Negative numbers are large unsigned ones.
    for (Value end : {low[dim].base, high[dim].base}) {
      Value here = index.less(end, extent);
      inside = inside ? builder.createOrFold<arith::AndIOp>(loc, inside, here)
                      : here;
    }
  }
  return inside;
}

Value WindowLowering::emitWindow(MutableArrayRef<Coord> loops, Value mask) {
  Value accumulator = plan.begin(builder, loc, loops, mask);
  for (ArrayRef<int64_t> position : plan.tapPositions()) {
    for (auto [tap, at] : llvm::zip_equal(plan.taps, position))
      loops[tap] = Coord::scalar(index.constant(at));
    accumulator = plan.combine(
        builder, loc,
        emitter.emitOperands(builder, loc, op, op.getDpsInputOperands(), loops),
        accumulator, loops);
  }
  return accumulator;
}

void WindowLowering::emitPoint(ArrayRef<Value> outer, Value column,
                               Value mask) {
  SmallVector<Coord> loops(op.getNumLoops());
  for (auto [loop, value] :
       llvm::zip_equal(ArrayRef(plan.resultLoops).drop_back(), outer))
    loops[loop] = Coord::scalar(value);
  loops[plan.resultLoops.back()] = Coord::lanes(column);
  Value accumulator;
  if (plan.pad && !mask) {
    Type type =
        VectorType::get({vl}, op.getBlock()->getArguments().back().getType());
    auto ifOp = scf::IfOp::create(builder, loc, TypeRange{type},
                                  isInside(loops), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    Value padded = plan.pad.getResult();
    emitter.bindSource(padded, [&](OpBuilder &b, Location at,
                                   ElementwiseEmitter::Coords coords) {
      return emitter.load(b, at, plan.kernel.memoryOf(plan.pad.getSource()),
                          shifted(coords));
    });
    scf::YieldOp::create(builder, loc, emitWindow(loops, mask));
    emitter.unbindSource(padded);
    builder.setInsertionPointToStart(ifOp.elseBlock());
    scf::YieldOp::create(builder, loc, emitWindow(loops, mask));
    accumulator = ifOp.getResult(0);
  } else {
    accumulator = emitWindow(loops, mask);
  }
  plan.end(builder, loc, accumulator, loops, mask);
}

namespace {

struct LowerDepthwisePass
    : public tile::impl::LowerDepthwisePassBase<LowerDepthwisePass> {
  void runOnOperation() override {
    lowerFamily<sched::DepthwiseAttr>(
        getOperation(), "window",
        [](KernelFunction &kernel, sched::DepthwiseAttr schedule,
           std::string &reason) -> LogicalResult {
          if (schedule.getVl() == 1) {
            reason = "no vectors";
            return failure();
          }
          ElementwiseEmitter emitter(schedule.getVl());
          auto plan = WindowPlan::make(kernel, schedule, emitter, reason);
          if (failed(plan))
            return failure();
          OpBuilder builder = kernel.builder();
          if (auto tiles = WindowTiles::make(*plan)) {
            tiles->emit(builder, plan->op.getLoc());
          } else if (plan->tapCount() <= sched::kMaxUnrolledTaps) {
            WindowLowering(*plan, builder).run();
          } else {
            reason = "many taps over images of unknown size";
            return failure();
          }
          kernel.eraseOldBody();
          return success();
        });
  }
};

} // namespace
