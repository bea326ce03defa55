//===- Candidates.cpp - All schedules of a kernel, with their times -------===//

#include "tegula/Schedule/Transforms/Candidates.h"

#include "Problems.h"
#include "tegula/Schedule/Space/Spaces.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

static std::vector<int64_t> parametersOf(const cost::ContractionSchedule &s) {
  return {s.mr, s.nr, s.vl, s.kc, s.mc, s.nc, s.packColumns, s.streams};
}

static std::vector<int64_t> parametersOf(const cost::ConvolutionSchedule &s) {
  return {s.mr, s.nr, s.vl, s.kc, s.nb, s.fc, s.inPlace};
}

static std::vector<int64_t> parametersOf(const cost::WinogradSchedule &s) {
  return {s.mr, s.nr, s.vl, s.results, s.rows, s.fc, s.tasks};
}

static std::vector<int64_t> parametersOf(const cost::AttentionSchedule &s) {
  return {s.mr, s.nr, s.vl, s.mq, s.kc, s.tasks};
}

template <typename Problem, typename Schedule>
static std::vector<Candidate>
candidatesIn(MLIRContext *context, const Problem &problem,
             const std::vector<Schedule> &space, const cost::CpuTarget &target,
             const cost::CostModel &model, StringRef numerics) {
  std::vector<Candidate> candidates;
  for (const Schedule &point : space)
    candidates.push_back({attributeOf(context, point, numerics), numerics.str(),
                          parametersOf(point),
                          model.estimate(problem, point, target)});
  return candidates;
}

std::vector<Candidate>
tegula::sched::candidatesOf(graph::KernelOp kernel,
                            const cost::CpuTarget &target,
                            const cost::CostModel &model) {
  KernelBody body = readKernelBody(kernel.getBody().front());
  MLIRContext *context = kernel.getContext();
  switch (classifyKernel(body)) {
  case Family::Contraction: {
    cost::ContractionProblem problem = contractionProblem(body);
    return candidatesIn(context, problem, contractionSpace(problem, target),
                        target, model, multiplyAddClass(target));
  }
  case Family::Convolution: {
    cost::ConvolutionProblem problem = convolutionProblem(body);
    StringRef numerics = multiplyAddClass(target);
    std::vector<Candidate> candidates =
        candidatesIn(context, problem, convolutionSpace(problem, target),
                     target, model, numerics);
    for (int64_t results : kWinogradResults)
      llvm::append_range(candidates,
                         candidatesIn(context, problem,
                                      winogradSpace(problem, target, results),
                                      target, model,
                                      winogradClass(results, numerics)));
    return candidates;
  }
  case Family::Attention: {
    cost::AttentionProblem problem = attentionProblem(body);
    return candidatesIn(context, problem, attentionSpace(problem, target),
                        target, model,
                        attentionClass(multiplyAddClass(target)));
  }
  default:
    return {};
  }
}

Attribute tegula::sched::fastestMeasured(ArrayRef<Candidate> candidates,
                                         ArrayRef<Measurement> measurements) {
  for (const Measurement &measurement : measurements) {
    if (measurement.status != "ok" || !(measurement.seconds > 0))
      continue;
    for (const Candidate &candidate : candidates)
      if (scheduleText(candidate.schedule) == measurement.schedule)
        return candidate.schedule;
  }
  return {};
}

std::string tegula::sched::scheduleText(Attribute schedule) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  return text;
}
