//===- SelectSchedule.cpp - Choose a schedule for every kernel ------------===//

#include "Points.h"
#include "Problems.h"
#include "Ranking.h"
#include "ScheduleFile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tegula/CostModel/Analytic.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Space/Spaces.h"
#include "tegula/Schedule/Transforms/Candidates.h"
#include "tegula/Schedule/Transforms/CostModelFile.h"
#include "tegula/Schedule/Transforms/ExtractKernel.h"
#include "tegula/Schedule/Transforms/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

namespace tegula::sched {
#define GEN_PASS_DEF_SELECTSCHEDULEPASS
#include "tegula/Schedule/Transforms/Passes.h.inc"
} // namespace tegula::sched

namespace {

/// How a point of a space is taken.
struct Chooser {
  cost::CpuTarget target;
  const cost::CostModel &model;
  Ranker ranker;

  Chooser(const cost::CpuTarget &target, const cost::CostModel &model)
      : target(target), model(model), ranker(target, model) {}

  std::optional<uint64_t> point, seed;
  const ScheduleFile *file = nullptr;
  std::optional<TuningDatabase> database;
  std::string machine; ///< By which the database knows the target.
};

} // namespace

/// The point of the problem's space with the smallest predicted time; or the
/// one that is asked for, of the same numerics class.
static Attribute choose(MLIRContext *context, const cost::Problem &problem,
                        Chooser &chooser) {
  if (!chooser.point && !chooser.seed) {
    const RankedPoint &best = *chooser.ranker.rank(problem).best;
    return attributeOf(context, best.schedule, best.numerics);
  }
  uint64_t number =
      chooser.point ? *chooser.point
                    : cost::hashOf(problem, cost::mixHash(1, *chooser.seed));
  std::vector<SpacePart> space = spaceOf(problem, chooser.target);
  auto part = space.begin();
  if (space.size() > 1)
    part = llvm::find_if(space, [&](const SpacePart &part) {
      return part.numerics == chooser.ranker.rank(problem).best->numerics;
    });
  return attributeOf(context, part->points[number % part->points.size()],
                     part->numerics);
}

static Attribute selectSchedule(MLIRContext *context, Block &block,
                                Chooser &chooser) {
  KernelBody body = readKernelBody(block);
  if (Attribute given = chooser.file ? chooser.file->find(body) : Attribute())
    return given;
  if (std::optional<cost::Problem> problem = problemOf(body))
    return choose(context, *problem, chooser);
  if (classifyKernel(body) == Family::Depthwise)
    return DepthwiseAttr::get(context, chooser.target.lanes(4), /*rows=*/1,
                              /*columns=*/1, /*block=*/1, /*unroll=*/true,
                              /*in_place=*/false,
                              multiplyAddClass(chooser.target));
  return LoopsAttr::get(context, "in-order");
}

/// Is the kernel under `schedule` predicted to be done before another thread
/// could help? Then two threads, which share its tasks as the formula says,
/// take no less than one.
static bool isSequential(Block &block, Attribute schedule,
                         const Chooser &chooser) {
  std::optional<cost::Problem> problem = problemOf(readKernelBody(block));
  std::optional<cost::Schedule> point = pointOf(schedule);
  if (!problem || !point || !cost::isFor(*point, *problem))
    return false;
  bool isKnown = std::visit(
      [](const auto &sizes) {
        return !llvm::is_contained(cost::numbersOf(sizes), cost::kDynamic);
      },
      *problem);
  if (!isKnown)
    return false;
  cost::CpuTarget two = chooser.target;
  two.threads = 2;
  const cost::AnalyticTime alone =
      cost::analyticTime(*problem, *point, chooser.target);
  const cost::AnalyticTime shared = cost::analyticTime(*problem, *point, two);
  const double seconds =
      chooser.model.estimate(*problem, *point, chooser.target).seconds;
  const double left = (shared.total - shared.dispatch) / alone.total;
  return seconds * left + shared.dispatch >= seconds;
}

/// The fastest measured schedule of the kernel; null if none was measured.
/// Fails after an error diagnostic.
static FailureOr<Attribute> findMeasured(graph::KernelOp kernel,
                                         const Chooser &chooser) {
  std::string text = kernelText(kernel);
  if (text.empty())
    return Attribute();
  auto measurements = chooser.database->find(text, chooser.machine);
  if (!measurements)
    return kernel.emitError(llvm::toString(measurements.takeError()));
  if (measurements->empty())
    return Attribute();
  return fastestMeasured(candidatesOf(kernel, chooser.target, chooser.model),
                         *measurements);
}

namespace {

struct SelectSchedulePass
    : public sched::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;

  void runOnOperation() override {
    Location loc = getOperation()->getLoc();
    auto target = makeTarget(loc, vectorBits, vectorRegisters, fusedMultiplyAdd,
                             l1Bytes, l2Bytes);
    NamedCostModel model;
    if (failed(target) || failed(model.find(costModel, loc)))
      return signalPassFailure();
    target->dotRegisters = dotRegisters;
    Chooser chooser(*target, *model);
    ScheduleFile file;
    if (!schedules.empty()) {
      if (failed(file.read(schedules, loc)))
        return signalPassFailure();
      chooser.file = &file;
    }
    if (point >= 0)
      chooser.point = uint64_t(point.getValue());
    if (seed >= 0)
      chooser.seed = uint64_t(seed.getValue());
    if (!tuningDatabase.empty()) {
      auto database = TuningDatabase::open(tuningDatabase, /*create=*/false);
      if (!database) {
        getOperation()->emitError(llvm::toString(database.takeError()));
        return signalPassFailure();
      }
      chooser.database = std::move(*database);
      chooser.machine = machine;
    }
    WalkResult walked = getOperation()->walk([&](Operation *op) -> WalkResult {
      if (op->hasAttr(kScheduleAttrName) || !isKernel(op))
        return WalkResult::advance();
      return select(op, chooser);
    });
    if (walked.wasInterrupted())
      signalPassFailure();
  }

private:
  static LogicalResult select(Operation *op, Chooser &chooser) {
    Attribute schedule;
    auto kernel = dyn_cast<graph::KernelOp>(op);
    if (kernel && chooser.database) {
      FailureOr<Attribute> measured = findMeasured(kernel, chooser);
      if (failed(measured))
        return failure();
      schedule = *measured;
    }
    if (!schedule)
      schedule =
          selectSchedule(op->getContext(), op->getRegion(0).front(), chooser);
    op->setAttr(kScheduleAttrName, schedule);
    if (isSequential(op->getRegion(0).front(), schedule, chooser))
      op->setAttr(kSequentialAttrName, UnitAttr::get(op->getContext()));
    return success();
  }

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
