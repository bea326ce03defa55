//===- SelectSchedule.cpp - Choose a schedule for every kernel ------------===//

#include "Problems.h"
#include "Ranking.h"
#include "ScheduleFile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
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

/// What was chosen for a problem: models repeat their kernels, and ranking a
/// space costs milliseconds.
template <typename Problem, typename Schedule>
using Choices = std::vector<std::pair<Problem, Schedule>>;

/// How a point of a space is taken.
struct Chooser {
  cost::CpuTarget target;
  NamedCostModel model;
  std::optional<uint64_t> point, seed;
  const ScheduleFile *file = nullptr;
  std::optional<TuningDatabase> database;
  std::string machine; ///< By which the database knows the target.
  Choices<cost::ContractionProblem, cost::ContractionSchedule> contractions;
  Choices<cost::ConvolutionProblem, cost::ConvolutionSchedule> convolutions;
  Choices<cost::ConvolutionProblem, cost::WinogradSchedule> transforms;
  Choices<cost::AttentionProblem, cost::AttentionSchedule> attentions;
  /// The tiles by which a convolution is transformed; 0: it is not.
  Choices<cost::ConvolutionProblem, int64_t> algorithms;
};

} // namespace

/// The same on every machine and in every run, unlike llvm::hash_value.
static uint64_t mix(uint64_t hash, int64_t value) {
  hash = (hash ^ uint64_t(value)) * 0x9e3779b97f4a7c15ull;
  return hash ^ (hash >> 29);
}

static uint64_t hashOf(const cost::ContractionProblem &p, uint64_t seed) {
  for (int64_t value : {p.batch, p.m, p.n, p.k, p.elementBytes})
    seed = mix(seed, value);
  return seed;
}

static uint64_t hashOf(const cost::ConvolutionProblem &p, uint64_t seed) {
  for (int64_t value : {p.batch, p.groups, p.filters, p.channels, p.window,
                        p.pixels, p.elementBytes})
    seed = mix(seed, value);
  return seed;
}

static uint64_t hashOf(const cost::AttentionProblem &p, uint64_t seed) {
  for (int64_t value : {p.batch, p.queries, p.keys, p.depth, p.columns})
    seed = mix(seed, value);
  return seed;
}

template <typename Problem, typename Choice>
static const Choice *find(const Choices<Problem, Choice> &known,
                          const Problem &problem) {
  auto found = llvm::find_if(
      known, [&](const auto &choice) { return choice.first == problem; });
  return found == known.end() ? nullptr : &found->second;
}

/// The point of the problem's space with the smallest predicted time, the first
/// of equals; or the one that is asked for.
template <typename Problem, typename Schedule>
static Schedule choose(const Problem &problem, const Chooser &chooser,
                       Choices<Problem, Schedule> &known,
                       function_ref<std::vector<Schedule>()> makeSpace) {
  if (const Schedule *choice = find(known, problem))
    return *choice;
  std::vector<Schedule> space = makeSpace();
  Schedule chosen;
  if (chooser.point)
    chosen = space[*chooser.point % space.size()];
  else if (chooser.seed)
    chosen = space[hashOf(problem, mix(1, *chooser.seed)) % space.size()];
  else
    chosen =
        *rank(problem, space, chooser.target, *chooser.model).best.schedule;
  known.emplace_back(problem, chosen);
  return chosen;
}

static Attribute scheduleContraction(MLIRContext *context,
                                     const KernelBody &body, Chooser &chooser) {
  cost::ContractionProblem problem = contractionProblem(body);
  auto space = [&] { return contractionSpace(problem, chooser.target); };
  return attributeOf(
      context,
      choose<cost::ContractionProblem, cost::ContractionSchedule>(
          problem, chooser, chooser.contractions, space),
      multiplyAddClass(chooser.target));
}

/// The tiles by which the convolution is predicted to be fastest, 0 without
/// transforms. Another numerics class, so a point or seed does not decide it.
static int64_t chooseAlgorithm(const cost::ConvolutionProblem &problem,
                               Chooser &chooser) {
  if (const int64_t *known = find(chooser.algorithms, problem))
    return *known;
  int64_t chosen = 0;
  double best = rank(problem, convolutionSpace(problem, chooser.target),
                     chooser.target, *chooser.model)
                    .best.time.seconds;
  for (int64_t results : kWinogradResults) {
    std::vector<cost::WinogradSchedule> space =
        winogradSpace(problem, chooser.target, results);
    if (space.empty())
      continue;
    double seconds =
        rank(problem, space, chooser.target, *chooser.model).best.time.seconds;
    if (seconds < best) {
      best = seconds;
      chosen = results;
    }
  }
  chooser.algorithms.emplace_back(problem, chosen);
  return chosen;
}

static Attribute scheduleConvolution(MLIRContext *context,
                                     const KernelBody &body, Chooser &chooser) {
  cost::ConvolutionProblem problem = convolutionProblem(body);
  StringRef numerics = multiplyAddClass(chooser.target);
  if (int64_t results =
          problem.winograd ? chooseAlgorithm(problem, chooser) : 0) {
    auto space = [&] {
      return winogradSpace(problem, chooser.target, results);
    };
    return attributeOf(context,
                       choose<cost::ConvolutionProblem, cost::WinogradSchedule>(
                           problem, chooser, chooser.transforms, space),
                       winogradClass(results, numerics));
  }
  auto space = [&] { return convolutionSpace(problem, chooser.target); };
  return attributeOf(
      context,
      choose<cost::ConvolutionProblem, cost::ConvolutionSchedule>(
          problem, chooser, chooser.convolutions, space),
      numerics);
}

static Attribute scheduleAttention(MLIRContext *context, const KernelBody &body,
                                   Chooser &chooser) {
  cost::AttentionProblem problem = attentionProblem(body);
  auto space = [&] { return attentionSpace(problem, chooser.target); };
  return attributeOf(context,
                     choose<cost::AttentionProblem, cost::AttentionSchedule>(
                         problem, chooser, chooser.attentions, space),
                     attentionClass(multiplyAddClass(chooser.target)));
}

/// Elements of one task of a memory-bound kernel: large against the cost of
/// handing out a task, small against a level-2 cache.
static constexpr int64_t kGrain = 16 * 1024;

static Attribute selectSchedule(MLIRContext *context, Block &block,
                                Chooser &chooser) {
  const cost::CpuTarget &target = chooser.target;
  KernelBody body = readKernelBody(block);
  if (Attribute given = chooser.file ? chooser.file->find(body) : Attribute())
    return given;
  int64_t floatLanes = target.lanes(4);
  Family family = classifyKernel(body);
  switch (family) {
  case Family::Contraction:
    return scheduleContraction(context, body, chooser);
  case Family::Convolution:
    return scheduleConvolution(context, body, chooser);
  case Family::Attention:
    return scheduleAttention(context, body, chooser);
  case Family::Depthwise:
    return DepthwiseAttr::get(context, floatLanes, /*rows=*/4, /*columns=*/1,
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
  return fastestMeasured(candidatesOf(kernel, chooser.target, *chooser.model),
                         *measurements);
}

namespace {

struct SelectSchedulePass
    : public sched::impl::SelectSchedulePassBase<SelectSchedulePass> {
  using SelectSchedulePassBase::SelectSchedulePassBase;

  void runOnOperation() override {
    Chooser chooser;
    auto target =
        makeTarget(getOperation()->getLoc(), vectorBits, vectorRegisters,
                   fusedMultiplyAdd, l1Bytes, l2Bytes);
    if (failed(target))
      return signalPassFailure();
    chooser.target = *target;
    chooser.target.dotRegisters = dotRegisters;
    if (failed(chooser.model.find(costModel, getOperation()->getLoc())))
      return signalPassFailure();
    ScheduleFile file;
    if (!schedules.empty()) {
      if (failed(file.read(schedules, getOperation()->getLoc())))
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
