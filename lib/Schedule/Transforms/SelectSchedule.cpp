//===- SelectSchedule.cpp - Choose a schedule for every kernel ------------===//

#include "Problems.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Space/Spaces.h"
#include "tegula/Schedule/Transforms/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

namespace tegula::sched {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "tegula/Schedule/Transforms/Passes.h.inc"
} // namespace tegula::sched

/// The point of `space` with the smallest predicted time; the first of equals.
template <typename Problem, typename Schedule>
static Schedule best(const Problem &problem, const std::vector<Schedule> &space,
                     const cost::CpuTarget &target) {
  const cost::CostModel &model = cost::analyticModel();
  const Schedule *found = &space.front();
  double seconds = model.seconds(problem, *found, target);
  for (const Schedule &candidate : space) {
    double time = model.seconds(problem, candidate, target);
    if (time < seconds) {
      seconds = time;
      found = &candidate;
    }
  }
  return *found;
}

static StringRef multiplyAddClass(const cost::CpuTarget &target) {
  return target.fusedMultiplyAdd ? "fma" : "mul-add";
}

static Attribute scheduleContraction(MLIRContext *context,
                                     const KernelBody &body,
                                     const cost::CpuTarget &target) {
  cost::ContractionProblem problem = contractionProblem(body);
  cost::ContractionSchedule s =
      best(problem, contractionSpace(problem, target), target);
  return ContractionAttr::get(context, s.mr, s.nr, s.vl, s.kc, s.mc, s.nc,
                              s.packColumns, s.prefetch,
                              multiplyAddClass(target));
}

static Attribute scheduleConvolution(MLIRContext *context,
                                     const KernelBody &body,
                                     const cost::CpuTarget &target) {
  cost::ConvolutionProblem problem = convolutionProblem(body);
  cost::ConvolutionSchedule s =
      best(problem, convolutionSpace(problem, target), target);
  return ConvolutionAttr::get(context, s.mr, s.nr, s.vl, s.kc, s.nb, s.fc,
                              s.inPlace, multiplyAddClass(target));
}

/// Elements of one task of a memory-bound kernel: large against the cost of
/// handing out a task, small against a level-2 cache.
static constexpr int64_t kGrain = 16 * 1024;

static Attribute selectSchedule(MLIRContext *context, Block &block,
                                const cost::CpuTarget &target) {
  KernelBody body = readKernelBody(block);
  int64_t floatLanes = target.lanes(4);
  Family family = classifyKernel(body);
  switch (family) {
  case Family::Contraction:
    return scheduleContraction(context, body, target);
  case Family::Convolution:
    return scheduleConvolution(context, body, target);
  case Family::Depthwise:
    return DepthwiseAttr::get(context, floatLanes, /*rows=*/1, /*columns=*/4,
                              multiplyAddClass(target));
  case Family::Elementwise: {
    int64_t lanes = target.lanes(widestElementBytes(body));
    return ElementwiseAttr::get(context, std::max<int64_t>(lanes, 1),
                                /*unroll=*/2, kGrain, "exact");
  }
  case Family::Rows: {
    constexpr int64_t accumulators = 4;
    std::string numerics =
        ("tree" + Twine(floatLanes) + "x" + Twine(accumulators)).str();
    return RowsAttr::get(context, floatLanes, accumulators, kGrain, numerics);
  }
  case Family::Loops:
    break;
  }
  return LoopsAttr::get(context, "in-order");
}

namespace {

struct SelectSchedulePass
    : public sched::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;

  void runOnOperation() override {
    cost::CpuTarget target;
    target.vectorBits = vectorBits;
    target.vectorRegisters = vectorRegisters;
    target.fusedMultiplyAdd = fusedMultiplyAdd;
    target.l1Bytes = l1Bytes;
    target.l2Bytes = l2Bytes;
    if (vectorBits < 64 || vectorRegisters < 4 || l1Bytes < 4096 ||
        l2Bytes < l1Bytes) {
      getOperation()->emitError("the target's vectors or caches are too small: "
                                "at least 64 bits, 4 registers, 4 KiB");
      return signalPassFailure();
    }
    getOperation()->walk([&](Operation *op) {
      if (op->hasAttr(kScheduleAttrName) || !isKernel(op))
        return;
      Attribute schedule =
          selectSchedule(&getContext(), op->getRegion(0).front(), target);
      op->setAttr(kScheduleAttrName, schedule);
    });
  }

private:
  /// A graph.kernel, or a function that stores its results into buffers.
  static bool isKernel(Operation *op) {
    if (isa<graph::KernelOp>(op))
      return true;
    auto func = dyn_cast<func::FuncOp>(op);
    return func && !func.isExternal() &&
           llvm::hasSingleElement(func.getBody()) &&
           func.getFunctionType().getNumResults() == 0 &&
           !readKernelBody(func.getBody().front()).results.empty();
  }
};

} // namespace
