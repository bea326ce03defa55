//===- Candidates.cpp - All schedules of a kernel, with their times -------===//

#include "tegula/Schedule/Transforms/Candidates.h"

#include "Points.h"
#include "Problems.h"
#include "tegula/Schedule/Space/Spaces.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

std::optional<cost::Problem> tegula::sched::problemOf(graph::KernelOp kernel) {
  return problemOf(readKernelBody(kernel.getBody().front()));
}

std::vector<Candidate>
tegula::sched::candidatesOf(graph::KernelOp kernel,
                            const cost::CpuTarget &target,
                            const cost::CostModel &model) {
  std::optional<cost::Problem> problem = problemOf(kernel);
  std::vector<Candidate> candidates;
  if (!problem)
    return candidates;
  for (const SpacePart &part : spaceOf(*problem, target))
    for (const cost::Schedule &point : part.points)
      candidates.push_back(
          {attributeOf(kernel.getContext(), point, part.numerics),
           part.numerics, point, model.estimate(*problem, point, target)});
  return candidates;
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
