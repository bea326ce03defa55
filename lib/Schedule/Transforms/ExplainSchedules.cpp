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

namespace {

/// Asks the model about one kernel.
struct Explainer {
  MLIRContext *context;
  const cost::CpuTarget &target;
  const cost::CostModel &model;
  KernelExplanation &explanation;

  /// What it says of the kernel's own schedule.
  template <typename Problem, typename Schedule>
  void explain(const Problem &problem, const Schedule &schedule) {
    explanation.isModelled = true;
    explanation.time = model.estimate(problem, schedule, target);
    explanation.bound = boundOf(cost::analyze(problem, schedule, target)).str();
  }

  /// The fastest point of `space` that is not the kernel's own may be the
  /// runner-up.
  template <typename Problem, typename Schedule>
  void compare(const Problem &problem, const std::vector<Schedule> &space,
               StringRef numerics) {
    explanation.points += space.size();
    if (space.empty())
      return;
    Ranking<Schedule> ranking = rank(problem, space, target, model);
    for (const RankedPoint<Schedule> &point : {ranking.best, ranking.second}) {
      if (!point.schedule)
        return;
      std::string text =
          scheduleText(attributeOf(context, *point.schedule, numerics));
      if (text == explanation.schedule)
        continue;
      if (explanation.runnerUp.empty() ||
          point.time.seconds < explanation.runnerUpSeconds) {
        explanation.runnerUp = text;
        explanation.runnerUpSeconds = point.time.seconds;
      }
      return;
    }
  }

  /// Directly and by transforms.
  void compareConvolutions(const cost::ConvolutionProblem &problem,
                           StringRef multiplyAdd) {
    compare(problem, convolutionSpace(problem, target), multiplyAdd);
    for (int64_t results : kWinogradResults)
      compare(problem, winogradSpace(problem, target, results),
              winogradClass(results, multiplyAdd));
  }
};

} // namespace

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
    Explainer explainer{kernel.getContext(), target, model, explanation};
    StringRef multiplyAdd = multiplyAddClass(target);
    if (auto attr = dyn_cast<ContractionAttr>(schedule)) {
      cost::ContractionProblem problem = contractionProblem(body);
      explainer.explain(problem, pointOf(attr));
      explainer.compare(problem, contractionSpace(problem, target),
                        multiplyAdd);
    } else if (auto attr = dyn_cast<ConvolutionAttr>(schedule)) {
      cost::ConvolutionProblem problem = convolutionProblem(body);
      explainer.explain(problem, pointOf(attr));
      explainer.compareConvolutions(problem, multiplyAdd);
    } else if (auto attr = dyn_cast<WinogradAttr>(schedule)) {
      cost::ConvolutionProblem problem = convolutionProblem(body);
      explainer.explain(problem, pointOf(attr));
      explainer.compareConvolutions(problem, multiplyAdd);
    } else if (auto attr = dyn_cast<AttentionAttr>(schedule)) {
      cost::AttentionProblem problem = attentionProblem(body);
      explainer.explain(problem, pointOf(attr));
      explainer.compare(problem, attentionSpace(problem, target),
                        attentionClass(multiplyAdd));
    }
    explanations.push_back(std::move(explanation));
  });
  return explanations;
}
