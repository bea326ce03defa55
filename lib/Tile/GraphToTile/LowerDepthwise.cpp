//===- LowerDepthwise.cpp - Windows without a sum over channels -----------===//
//
// Depthwise convolutions and pooling: lanes run along the last dimension of the
// result, the window's taps are unrolled in order. A vector whose whole window
// lies inside the input reads it directly; at the edges the padding is selected
// in registers. Nothing is materialised.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/GraphToTile/RegisterTile.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERDEPTHWISEPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

/// Taps that are unrolled at most.
static constexpr int64_t kMaxTaps = 64;
/// Elements of a task, roughly.
static constexpr int64_t kGrain = 2048;

namespace {

class WindowLowering {
public:
  WindowLowering(KernelFunction &kernel, sched::DepthwiseAttr schedule,
                 ElementwiseEmitter &emitter)
      : kernel(kernel), schedule(schedule), emitter(emitter),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc}, vl(schedule.getVl()) {}

  LogicalResult prepare(std::string &reason);
  void run();

private:
  LogicalResult checkBody(std::string &reason);
  void emitRow(Value row);
  void emitPoint(ArrayRef<Value> outer, Value column, Value mask);
  Value emitWindow(MutableArrayRef<Coord> loops);
  Value emitTap(ArrayRef<Coord> loops, Value accumulator);
  Value isInside(ArrayRef<Coord> loops);
  SmallVector<Coord> shifted(ArrayRef<Coord> coords);

  KernelFunction &kernel;
  sched::DepthwiseAttr schedule;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;
  linalg::LinalgOp op;
  std::optional<sched::ContractionBody> product;
  tensor::PadOp pad; ///< Of the first operand, from memory; or null.
  SmallVector<unsigned> resultLoops, taps;
  SmallVector<int64_t> ranges;
  SmallVector<SmallVector<int64_t>> outputDims;
  SmallVector<Value> outerExtents;
  Value innerExtent;
};

} // namespace

LogicalResult WindowLowering::checkBody(std::string &reason) {
  reason = "a window whose body has no vector form";
  for (Operation &inner : op.getBlock()->without_terminator())
    if (inner.getNumResults() != 1 ||
        !(OpTrait::hasElementwiseMappableTraits(&inner) ||
          isa<arith::ConstantOp>(inner)))
      return failure();
  reason = "a result that is not the parallel loops";
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!map.isProjectedPermutation() || map.getNumResults() == 0 ||
      map.getNumResults() != op.getNumParallelLoops())
    return failure();
  for (AffineExpr expr : map.getResults())
    resultLoops.push_back(cast<AffineDimExpr>(expr).getPosition());
  reason = "a window that is dynamic or has many taps";
  int64_t count = 1;
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::parallel)
      continue;
    if (ShapedType::isDynamic(ranges[loop]))
      return failure();
    count *= ranges[loop];
    taps.push_back(loop);
  }
  return success(count >= 1 && count <= kMaxTaps);
}

LogicalResult WindowLowering::prepare(std::string &reason) {
  reason = "the kernel does not have exactly one window";
  if (kernel.body.reductions.size() != 1)
    return failure();
  op = kernel.body.reductions.front();
  ranges = op.getStaticLoopRanges();
  if (op->getNumResults() != 1 || failed(checkBody(reason)))
    return failure();
  kernel.bindInputs(emitter);
  reason = "an operand cannot be computed point by point";
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<ShapedType>(operand.get().getType()) ||
        (op.isDpsInput(&operand) &&
         op.getMatchingBlockArgument(&operand).use_empty()))
      continue;
    for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults())
      if (!expr.isPureAffine() || expr.getKind() == AffineExprKind::Mod ||
          expr.getKind() == AffineExprKind::FloorDiv ||
          expr.getKind() == AffineExprKind::CeilDiv)
        return failure();
    if (failed(emitter.trace(operand.get(), &reason)))
      return failure();
  }
  product = sched::matchContractionBody(op);
  if (schedule.getNumerics() != "fma" || (product && !product->isFloat))
    product = std::nullopt;
  auto source = op.getDpsInputs()[0].getDefiningOp<tensor::PadOp>();
  if (source && kernel.memoryOf(source.getSource()))
    pad = source;
  emitter.bindSource(op->getResult(0), nullptr);
  auto dims = traceOutputs(kernel, emitter, op->getResult(0), &reason);
  if (failed(dims))
    return failure();
  outputDims = *dims;
  return success();
}

void WindowLowering::run() {
  while (outerExtents.size() + 1 < resultLoops.size())
    outerExtents.push_back(kernel.extentOf(builder, kernel.outputs[0].tensor,
                                           outputDims[0][outerExtents.size()]));
  innerExtent = kernel.extentOf(builder, kernel.outputs[0].tensor,
                                outputDims[0][resultLoops.size() - 1]);
  Value rows = index.constant(1);
  for (Value extent : outerExtents)
    rows = index.mul(rows, extent);
  int64_t inner = constantOf(innerExtent).value_or(kGrain);
  int64_t perTask = std::max<int64_t>(1, kGrain / std::max<int64_t>(inner, 1));
  Value task = beginTasks(builder, loc, index.ceilDiv(rows, perTask));
  Value low = index.mul(task, perTask);
  Value high = index.min(index.add(low, perTask), rows);
  index.loop(low, high, 1, [&](Value row) { emitRow(row); });
  kernel.eraseOldBody();
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
  for (auto [coord, low] : llvm::zip_equal(result, pad.getMixedLowPad()))
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
  for (unsigned tap : taps) {
    first[tap].base = index.constant(0);
    last[tap].base = index.constant(ranges[tap] - 1);
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
    if (isConstantIntValue(pad.getMixedLowPad()[dim], 0) &&
        isConstantIntValue(pad.getMixedHighPad()[dim], 0))
      continue;
    Value extent = index.extent(kernel.memoryOf(pad.getSource()), dim);
    // Negative numbers are large unsigned ones.
    for (Value end : {low[dim].base, high[dim].base}) {
      Value here = index.less(end, extent);
      inside = inside ? builder.createOrFold<arith::AndIOp>(loc, inside, here)
                      : here;
    }
  }
  return inside;
}

Value WindowLowering::emitTap(ArrayRef<Coord> loops, Value accumulator) {
  if (!product)
    return emitter.emitTerm(builder, loc, op, loops, accumulator);
  SmallVector<Value> arguments =
      emitter.emitOperands(builder, loc, op, op.getDpsInputOperands(), loops);
  arguments.push_back(accumulator);
  SmallVector<Value> factors = emitter.cloneBody(
      builder, op, arguments, loops, ValueRange{product->lhs, product->rhs});
  return vector::FMAOp::create(
      builder, loc, emitter.broadcast(builder, loc, factors[0]),
      emitter.broadcast(builder, loc, factors[1]), accumulator);
}

Value WindowLowering::emitWindow(MutableArrayRef<Coord> loops) {
  SmallVector<Coord> point;
  for (unsigned loop : resultLoops)
    point.push_back(loops[loop]);
  Value accumulator =
      emitter.emitVector(builder, loc, op.getDpsInits()[0], point);
  SmallVector<int64_t> at(taps.size(), 0);
  while (true) {
    for (auto [tap, position] : llvm::zip_equal(taps, at))
      loops[tap] = Coord::scalar(index.constant(position));
    accumulator = emitTap(loops, accumulator);
    int64_t next = int64_t(taps.size()) - 1;
    while (next >= 0 && ++at[next] == ranges[taps[next]])
      at[next--] = 0;
    if (next < 0)
      return accumulator;
  }
}

void WindowLowering::emitPoint(ArrayRef<Value> outer, Value column,
                               Value mask) {
  SmallVector<Coord> loops(op.getNumLoops());
  for (auto [loop, value] :
       llvm::zip_equal(ArrayRef(resultLoops).drop_back(), outer))
    loops[loop] = Coord::scalar(value);
  loops[resultLoops.back()] = Coord::lanes(column);
  auto window = [&] {
    emitter.beginPoint(mask);
    return emitWindow(loops);
  };
  Value accumulator;
  if (pad && !mask) {
    Type type =
        VectorType::get({vl}, op.getBlock()->getArguments().back().getType());
    auto ifOp = scf::IfOp::create(builder, loc, TypeRange{type},
                                  isInside(loops), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    Value padded = pad.getResult();
    emitter.bindSource(padded, [&](OpBuilder &b, Location at,
                                   ElementwiseEmitter::Coords coords) {
      return emitter.load(b, at, kernel.memoryOf(pad.getSource()),
                          shifted(coords));
    });
    scf::YieldOp::create(builder, loc, window());
    emitter.unbindSource(padded);
    builder.setInsertionPointToStart(ifOp.elseBlock());
    scf::YieldOp::create(builder, loc, window());
    accumulator = ifOp.getResult(0);
  } else {
    accumulator = window();
  }
  emitter.bindSource(
      op->getResult(0),
      [accumulator](OpBuilder &, Location, ElementwiseEmitter::Coords) {
        return accumulator;
      });
  emitter.beginPoint(mask);
  SmallVector<Coord> point;
  for (unsigned loop : resultLoops)
    point.push_back(loops[loop]);
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, outputDims)) {
    SmallVector<Coord> at = permuteCoords(point, dims);
    Value value = emitter.emitVector(builder, loc, output.tensor, at);
    emitter.store(builder, loc, value, output.memref, at);
  }
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
          WindowLowering lowering(kernel, schedule, emitter);
          if (failed(lowering.prepare(reason)))
            return failure();
          lowering.run();
          return success();
        });
  }
};

} // namespace
