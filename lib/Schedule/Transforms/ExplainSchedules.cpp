//===- ExplainSchedules.cpp - Why a kernel has its schedule ---------------===//

#include "tegula/Schedule/Transforms/ExplainSchedules.h"

#include "Points.h"
#include "Problems.h"
#include "Ranking.h"
#include "tegula/CostModel/Analytic.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/NodeName.h"
#include "tegula/Schedule/IR/Sched.h"
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

/// Of the fastest points the first that is not `schedule`.
static void addRunnerUp(KernelExplanation &explanation, const Ranking &ranking,
                        Attribute schedule) {
  explanation.points = ranking.points;
  for (const std::optional<RankedPoint> &point :
       {ranking.best, ranking.second}) {
    if (!point)
      return;
    Attribute other =
        attributeOf(schedule.getContext(), point->schedule, point->numerics);
    if (other == schedule)
      continue;
    explanation.runnerUp = scheduleText(other);
    explanation.runnerUpSeconds = point->time.seconds;
    return;
  }
}

std::vector<KernelExplanation>
tegula::sched::explainSchedules(Operation *root, const cost::CpuTarget &target,
                                const cost::CostModel &model) {
  Ranker ranker(target, model);
  std::vector<KernelExplanation> explanations;
  root->walk([&](graph::KernelOp kernel) {
    Attribute schedule = kernel->getAttr(kScheduleAttrName);
    if (!schedule)
      return;
    KernelBody body = readKernelBody(kernel.getRegion().front());
    KernelExplanation &explanation = explanations.emplace_back();
    explanation.node = nodeName(body).str();
    explanation.schedule = scheduleText(schedule);
    std::optional<cost::Problem> problem = problemOf(body);
    std::optional<cost::Schedule> point = pointOf(schedule);
    if (!problem || !point || !cost::isFor(*point, *problem))
      return;
    explanation.isModelled = true;
    explanation.prediction = model.explain(*problem, *point, target);
    explanation.bound =
        boundOf(cost::analyticTime(*problem, *point, target)).str();
    addRunnerUp(explanation, ranker.rank(*problem), schedule);
  });
  return explanations;
}
