//===- ExplainSchedules.cpp - Why a kernel has its schedule ---------------===//

#include "tegula/Schedule/Transforms/ExplainSchedules.h"

#include "Problems.h"
#include "Ranking.h"
#include "tegula/CostModel/Analytic.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/NodeName.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Space/Spaces.h"
#include "tegula/Schedule/Transforms/Candidates.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

/// The part of an analytic time that is largest.
static StringRef boundOf(const cost::AnalyticTime &time) {
  std::pair<double, StringRef> parts[] = {{time.steps, "compute"},
                                          {time.tiles, "tile entry"},
                                          {time.packing, "packing"},
                                          {time.cache, "L2"},
                                          {time.memory, "memory"}};
  return llvm::max_element(parts, llvm::less_first())->second;
}

/// Fills in what the model says of `schedule`, the kernel's own, and of the
/// rest of the space.
template <typename Problem, typename Schedule>
static void explain(const Problem &problem, const Schedule &schedule,
                    const std::vector<Schedule> &space, StringRef numerics,
                    MLIRContext *context, const cost::CpuTarget &target,
                    const cost::CostModel &model,
                    KernelExplanation &explanation) {
  explanation.isModelled = true;
  explanation.points = space.size();
  explanation.time = model.estimate(problem, schedule, target);
  explanation.bound = boundOf(cost::analyze(problem, schedule, target)).str();
  Ranking<Schedule> ranking = rank(problem, space, target, model);
  const RankedPoint<Schedule> &other =
      *ranking.best.schedule == schedule ? ranking.second : ranking.best;
  if (!other.schedule)
    return;
  explanation.runnerUp =
      scheduleText(attributeOf(context, *other.schedule, numerics));
  explanation.runnerUpSeconds = other.time.seconds;
}

std::vector<KernelExplanation>
tegula::sched::explainSchedules(Operation *root, const cost::CpuTarget &target,
                                const cost::CostModel &model) {
  std::vector<KernelExplanation> explanations;
  root->walk([&](graph::KernelOp kernel) {
    Attribute schedule = kernel->getAttr(kScheduleAttrName);
    if (!schedule)
      return;
    KernelBody body = readKernelBody(kernel.getRegion().front());
    KernelExplanation explanation;
    explanation.node = nodeName(body).str();
    explanation.schedule = scheduleText(schedule);
    MLIRContext *context = kernel.getContext();
    if (auto attr = dyn_cast<ContractionAttr>(schedule)) {
      cost::ContractionProblem problem = contractionProblem(body);
      explain(problem, pointOf(attr), contractionSpace(problem, target),
              attr.getNumerics(), context, target, model, explanation);
    } else if (auto attr = dyn_cast<ConvolutionAttr>(schedule)) {
      cost::ConvolutionProblem problem = convolutionProblem(body);
      explain(problem, pointOf(attr), convolutionSpace(problem, target),
              attr.getNumerics(), context, target, model, explanation);
    }
    explanations.push_back(std::move(explanation));
  });
  return explanations;
}
