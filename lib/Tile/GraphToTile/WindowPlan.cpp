//===- WindowPlan.cpp - How one window is lowered -------------------------===//

#include "WindowPlan.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

LogicalResult WindowPlan::checkBody(std::string &reason) {
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
  reason = "a window that is dynamic";
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    if (kind == utils::IteratorType::parallel)
      continue;
    if (ShapedType::isDynamic(ranges[loop]) || ranges[loop] == 0)
      return failure();
    taps.push_back(loop);
  }
  return success();
}

LogicalResult WindowPlan::checkOperands(std::string &reason) {
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
  return success();
}

FailureOr<WindowPlan> WindowPlan::make(const KernelFunction &kernel,
                                       sched::DepthwiseAttr schedule,
                                       ElementwiseEmitter &emitter,
                                       std::string &reason) {
  reason = "the kernel does not have exactly one window";
  if (kernel.body.reductions.size() != 1)
    return failure();
  WindowPlan plan{kernel, emitter, schedule, kernel.body.reductions.front(),
                  {},     {},      {},       {},
                  {},     {}};
  linalg::LinalgOp op = plan.op;
  plan.ranges = op.getStaticLoopRanges();
  if (op->getNumResults() != 1 || failed(plan.checkBody(reason)))
    return failure();
  kernel.bindInputs(emitter);
  if (failed(plan.checkOperands(reason)))
    return failure();
  plan.product = sched::matchContractionBody(op);
  if (schedule.getNumerics() != "fma" ||
      (plan.product && !plan.product->isFloat))
    plan.product = std::nullopt;
  auto source = op.getDpsInputs()[0].getDefiningOp<tensor::PadOp>();
  if (source && kernel.memoryOf(source.getSource()))
    plan.pad = source;
  emitter.bindSource(op->getResult(0), nullptr);
  auto dims = traceOutputs(kernel, emitter, op->getResult(0), &reason);
  if (failed(dims))
    return failure();
  plan.outputDims = *dims;
  return plan;
}

int64_t WindowPlan::tapCount() const {
  int64_t count = 1;
  for (unsigned tap : taps)
    count *= ranges[tap];
  return count;
}

SmallVector<SmallVector<int64_t>> WindowPlan::tapPositions() const {
  SmallVector<SmallVector<int64_t>> positions;
  SmallVector<int64_t> at(taps.size(), 0);
  while (true) {
    positions.push_back(at);
    int64_t next = int64_t(taps.size()) - 1;
    while (next >= 0 && ++at[next] == ranges[taps[next]])
      at[next--] = 0;
    if (next < 0)
      return positions;
  }
}

Value WindowPlan::combine(OpBuilder &builder, Location loc,
                          SmallVector<Value> arguments, Value accumulator,
                          ArrayRef<Coord> loops) {
  arguments.push_back(accumulator);
  if (!product) {
    Value yielded = op.getBlock()->getTerminator()->getOperand(0);
    return emitter.cloneBody(builder, op, arguments, loops, yielded).front();
  }
  SmallVector<Value> factors = emitter.cloneBody(
      builder, op, arguments, loops, ValueRange{product->lhs, product->rhs});
  return vector::FMAOp::create(
      builder, loc, emitter.broadcast(builder, loc, factors[0]),
      emitter.broadcast(builder, loc, factors[1]), accumulator);
}

SmallVector<Coord> WindowPlan::pointOf(ArrayRef<Coord> loops) const {
  SmallVector<Coord> point;
  for (unsigned loop : resultLoops)
    point.push_back(loops[loop]);
  return point;
}

Value WindowPlan::begin(OpBuilder &builder, Location loc, ArrayRef<Coord> loops,
                        Value mask) {
  emitter.beginPoint(mask);
  return emitter.emitVector(builder, loc, op.getDpsInits()[0], pointOf(loops));
}

void WindowPlan::end(OpBuilder &builder, Location loc, Value accumulator,
                     ArrayRef<Coord> loops, Value mask) {
  emitter.bindSource(
      op->getResult(0),
      [accumulator](OpBuilder &, Location, ElementwiseEmitter::Coords) {
        return accumulator;
      });
  emitter.beginPoint(mask);
  SmallVector<Coord> point = pointOf(loops);
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, outputDims)) {
    SmallVector<Coord> at = permuteCoords(point, dims);
    Value value = emitter.emitVector(builder, loc, output.tensor, at);
    emitter.store(builder, loc, value, output.memref, at);
  }
}
