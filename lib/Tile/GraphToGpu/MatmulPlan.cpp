//===- MatmulPlan.cpp - How one product is lowered for a GPU --------------===//

#include "MatmulPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// Is `tensor` filled with zeros? Then sums start from nothing.
static bool isZero(Value tensor) {
  auto fill = tensor.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs()[0], m_PosZeroFloat()));
}

static bool runsAlong(AffineMap map, ArrayRef<unsigned> loops) {
  return llvm::any_of(loops, [&](unsigned loop) {
    return map.getResults().back().isFunctionOfDim(loop);
  });
}

/// Can the operand be copied in the schedule's way? Notes how it lies.
static bool canCopy(linalg::LinalgOp op, const sched::MatmulLoops &loops,
                    unsigned number, sched::GpuMatmulAttr schedule,
                    MatmulPlan::Operand &side) {
  bool isExtended = schedule.getNumerics() != "tf32x3";
  if (schedule.getCopy() == "registers")
    return true;
  if (!side.memory)
    return false;
  auto direction = sched::copyDirection(op, loops, number, isExtended);
  if (!direction)
    return false;
  side.runsAlongK = *direction == sched::OperandDim::K;
  if (schedule.getCopy() == "async")
    return true;
  auto dims = sched::mapOperand(op, loops, number, isExtended);
  if (dims)
    side.mapDims = std::move(*dims);
  return dims.has_value();
}

/// Operand `number` of the product; none if the schedule's way to copy it does
/// not go.
static std::optional<MatmulPlan::Operand>
readOperand(const KernelFunction &kernel, linalg::LinalgOp op,
            const sched::MatmulLoops &loops, unsigned number,
            sched::GpuMatmulAttr schedule) {
  MatmulPlan::Operand operand;
  operand.isRows = number == loops.rows;
  operand.tensor = op.getDpsInputs()[number];
  operand.map = op.getIndexingMapsArray()[number];
  operand.loops = operand.isRows ? loops.m : loops.n;
  operand.runsAlongK =
      runsAlong(operand.map, loops.k) && !runsAlong(operand.map, operand.loops);
  operand.memory = kernel.memoryOf(operand.tensor);
  if (!canCopy(op, loops, number, schedule, operand))
    return std::nullopt;
  return operand;
}

FailureOr<MatmulPlan> MatmulPlan::make(const KernelFunction &kernel,
                                       sched::GpuMatmulAttr schedule,
                                       ElementwiseEmitter &emitter,
                                       std::string &reason) {
  reason = "the kernel does not have exactly one product of floats";
  if (kernel.body.reductions.size() != 1)
    return failure();
  linalg::LinalgOp op = kernel.body.reductions.front();
  std::optional<sched::MatmulLoops> loops = sched::matchMatmul(op);
  StringRef taken = loops ? sched::tensorCoreNumerics(op) : StringRef();
  if (taken.empty())
    return failure();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop : loops->k)
    if (extents[loop] <= 0) { // Dynamic, or nothing to add.
      reason = "the number of terms is not known";
      return failure();
    }

  StringRef numerics = schedule.getNumerics();
  if (numerics != "tf32x3" && numerics != taken) {
    reason = "the operands are not those of the schedule's instruction";
    return failure();
  }

  MatmulPlan plan;
  plan.schedule = schedule;
  plan.loops = *loops;
  plan.mac = {op, *sched::matchContractionBody(op),
              /*swapped=*/loops->rows == 1, /*fused=*/true};
  plan.root = op->getResult(0);
  plan.resultMap = op.getIndexingMapsArray()[2];
  for (unsigned number : {0u, 1u}) {
    auto operand = readOperand(kernel, op, *loops, number, schedule);
    if (!operand) {
      reason = "an operand cannot be copied as it lies in memory";
      return failure();
    }
    (operand->isRows ? plan.rows : plan.columns) = std::move(*operand);
  }

  kernel.bindInputs(emitter);
  Value initial = op.getDpsInits()[0];
  for (Value value : {plan.rows.tensor, plan.columns.tensor, initial})
    if (failed(emitter.trace(value, &reason)))
      return failure();
  if (!isZero(initial))
    plan.initial = initial;
  emitter.bindSource(plan.root, nullptr);
  auto outputDims = traceOutputs(kernel, emitter, plan.root, &reason);
  if (failed(outputDims))
    return failure();
  plan.outputDims = *outputDims;
  return plan;
}
