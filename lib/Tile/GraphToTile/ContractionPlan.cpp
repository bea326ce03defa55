//===- ContractionPlan.cpp - How one contraction is lowered ---------------===//

#include "ContractionPlan.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The position of a loop among the results of `map`.
static int64_t dimOfLoop(AffineMap map, unsigned loop) {
  for (auto [dim, expr] : llvm::enumerate(map.getResults()))
    if (cast<AffineDimExpr>(expr).getPosition() == loop)
      return dim;
  return -1;
}

/// Can all of `loops` be one folded dimension of a tensor with these accesses?
static bool foldsIn(ArrayRef<TensorAccess> accesses, AffineMap map,
                    ArrayRef<unsigned> loops) {
  for (unsigned i = 0; i + 1 < loops.size(); ++i)
    if (!canFold(accesses, dimOfLoop(map, loops[i]),
                 dimOfLoop(map, loops[i + 1])))
      return false;
  return true;
}

/// The same for an output, whose dimensions follow the root's through `dims`.
static bool foldsInOutput(ArrayRef<TensorAccess> accesses,
                          ArrayRef<int64_t> dims, AffineMap map,
                          ArrayRef<unsigned> loops) {
  for (unsigned i = 0; i + 1 < loops.size(); ++i) {
    int64_t first = dims[dimOfLoop(map, loops[i])];
    int64_t second = dims[dimOfLoop(map, loops[i + 1])];
    if (first + 1 != second || !canFold(accesses, first, second))
      return false;
  }
  return true;
}

/// Leaves in `loops` only the last one; the others become batch loops.
static void unfold(SmallVectorImpl<unsigned> &loops,
                   SmallVectorImpl<unsigned> &batch) {
  if (loops.size() < 2)
    return;
  batch.append(loops.begin(), loops.end() - 1);
  loops.erase(loops.begin(), loops.end() - 1);
}

/// Recognises `columns` as the unpacked form of a panel layout.
static LogicalResult findPackedColumns(const KernelFunction &kernel,
                                       ContractionPlan &plan,
                                       std::string &reason) {
  if (auto dequantize = plan.columns.getDefiningOp<lp::DequantizeOp>()) {
    auto codes = PackedCodes::read(kernel, dequantize, plan.schedule.getNr(),
                                   plan.schedule.getVl(), reason);
    if (failed(codes))
      return failure();
    plan.codes = *codes;
    return success();
  }
  if (auto sum = plan.columns.getDefiningOp<lp::SumStepsOp>()) {
    auto steps = PackedSteps::read(kernel, sum, plan.schedule.getNr(),
                                   plan.schedule.getKc(), reason);
    if (failed(steps))
      return failure();
    plan.steps = *steps;
    return success();
  }
  auto unpack = plan.columns.getDefiningOp<linalg::UnPackOp>();
  if (!unpack)
    return success();
  plan.packedColumns = kernel.memoryOf(unpack.getSource());
  int64_t n = dimOfLoop(plan.columnsMap, plan.loops.n.back());
  SmallVector<int64_t> tiles = unpack.getStaticTiles();
  if (!plan.packedColumns || unpack.getInnerDimsPos() != ArrayRef<int64_t>{n} ||
      tiles != ArrayRef<int64_t>{plan.schedule.packedColumns()} ||
      plan.loops.n.size() != 1) {
    reason = "packed operand does not have the schedule's layout";
    return failure();
  }
  plan.packedDims = llvm::to_vector(unpack.getOuterDimsPerm());
  if (plan.packedDims.empty())
    plan.packedDims =
        llvm::to_vector(llvm::seq<int64_t>(0, plan.columnsMap.getNumResults()));
  // The folded k must lie together in the packed tensor, too.
  for (unsigned i = 0; i + 1 < plan.loops.k.size(); ++i) {
    int64_t first = dimOfLoop(plan.columnsMap, plan.loops.k[i]);
    int64_t *at = llvm::find(plan.packedDims, first);
    if (at + 1 == plan.packedDims.end() ||
        at[1] != dimOfLoop(plan.columnsMap, plan.loops.k[i + 1])) {
      reason = "packed operand does not keep k together";
      return failure();
    }
  }
  return success();
}

/// Decides which loops stay folded; fails if k cannot.
static LogicalResult settleFolding(const KernelFunction &kernel,
                                   const ElementwiseEmitter &emitter,
                                   ContractionPlan &plan, std::string &reason) {
  auto rows = emitter.trace(plan.rows, &reason);
  if (failed(rows))
    return failure();
  FailureOr<SmallVector<TensorAccess>> columns = SmallVector<TensorAccess>();
  if (!plan.hasPackedColumns())
    columns = emitter.trace(plan.columns, &reason);
  auto initial = emitter.trace(plan.initial, &reason);
  if (failed(columns) || failed(initial))
    return failure();
  if (!foldsIn(*rows, plan.rowsMap, plan.loops.k) ||
      !foldsIn(*columns, plan.columnsMap, plan.loops.k)) {
    reason = "the summed dimensions cannot be read as one";
    return failure();
  }
  bool foldM = foldsIn(*rows, plan.rowsMap, plan.loops.m) &&
               foldsIn(*initial, plan.resultMap, plan.loops.m);
  bool foldN = foldsIn(*columns, plan.columnsMap, plan.loops.n) &&
               foldsIn(*initial, plan.resultMap, plan.loops.n);
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, plan.outputDims)) {
    auto accesses = emitter.trace(output.tensor, &reason);
    if (failed(accesses))
      return failure();
    foldM &= foldsInOutput(*accesses, dims, plan.resultMap, plan.loops.m);
    foldN &= foldsInOutput(*accesses, dims, plan.resultMap, plan.loops.n);
  }
  if (!foldM)
    unfold(plan.loops.m, plan.loops.batch);
  if (!foldN)
    unfold(plan.loops.n, plan.loops.batch);
  return success();
}

/// May the only output hold partial sums?
static bool canRevisitOutput(const KernelFunction &kernel,
                             const ContractionPlan &plan) {
  if (kernel.outputs.size() != 1)
    return false;
  auto type = cast<MemRefType>(kernel.outputs[0].memref.getType());
  int64_t n = dimOfLoop(plan.resultMap, plan.loops.n.back());
  return type.getElementType() == plan.mac.accumulatorType() &&
         plan.outputDims[0][n] == type.getRank() - 1;
}

FailureOr<ContractionPlan>
ContractionPlan::make(const KernelFunction &kernel,
                      sched::ContractionAttr schedule,
                      ElementwiseEmitter &emitter, std::string &reason) {
  if (kernel.body.reductions.size() != 1) {
    reason = "the kernel does not have exactly one contraction";
    return failure();
  }
  linalg::LinalgOp op = kernel.body.reductions.front();
  auto loops = sched::matchContraction(op);
  if (!loops) {
    reason = "the root is not a contraction";
    return failure();
  }
  ContractionPlan plan;
  plan.schedule = schedule;
  plan.loops = *loops;
  plan.mac = {op, *sched::matchContractionBody(op), loops->swapped,
              schedule.getNumerics() == "fma"};
  plan.root = op->getResult(0);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned first = loops->swapped ? 1 : 0;
  plan.rows = op.getDpsInputs()[first];
  plan.rowsMap = maps[first];
  plan.columns = op.getDpsInputs()[1 - first];
  plan.columnsMap = maps[1 - first];
  plan.initial = op.getDpsInits()[0];
  plan.resultMap = maps[2];

  kernel.bindInputs(emitter);
  emitter.bindSource(plan.root, nullptr);
  auto outputDims = traceOutputs(kernel, emitter, plan.root, &reason);
  if (failed(outputDims))
    return failure();
  plan.outputDims = *outputDims;
  if (failed(findPackedColumns(kernel, plan, reason)) ||
      failed(settleFolding(kernel, emitter, plan, reason)))
    return failure();
  int64_t lastDim = plan.columnsMap.getNumResults() - 1;
  plan.transposedColumns =
      kernel.memoryOf(plan.columns) &&
      dimOfLoop(plan.columnsMap, plan.loops.k.back()) == lastDim;
  plan.revisitsOutput = canRevisitOutput(kernel, plan);
  return plan;
}

SmallVector<Coord> ContractionPlan::coordsOf(AffineMap map,
                                             ArrayRef<Coord> loopCoords) const {
  SmallVector<Coord> coords;
  for (AffineExpr expr : map.getResults())
    coords.push_back(loopCoords[cast<AffineDimExpr>(expr).getPosition()]);
  return coords;
}
