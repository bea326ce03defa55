//===- Candidates.h - All schedules of a kernel -----------------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_CANDIDATES_H
#define TEGULA_SCHEDULE_TRANSFORMS_CANDIDATES_H

#include "tegula/CostModel/CostModel.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Support/TuningDatabase.h"

#include <optional>
#include <vector>

namespace tegula::sched {

/// A point of a kernel's space.
struct Candidate {
  mlir::Attribute schedule;
  /// Its class: candidates of one class give the same bits.
  std::string numerics;
  cost::Schedule point;
  cost::Estimate time;
};

/// The sizes of `kernel`; none if its family has no space.
std::optional<cost::Problem> problemOf(graph::KernelOp kernel);

/// The whole space of `kernel` in its fixed order, with what `model` predicts;
/// empty if the kernel's family has no space.
std::vector<Candidate> candidatesOf(graph::KernelOp kernel,
                                    const cost::CpuTarget &target,
                                    const cost::CostModel &model);

/// The first of `measurements` that has a time and is the schedule of a
/// candidate; null if there is none. What else a database says is not looked
/// at: no text of it is parsed.
mlir::Attribute fastestMeasured(llvm::ArrayRef<Candidate> candidates,
                                llvm::ArrayRef<Measurement> measurements);

/// The text of a schedule, by which a database knows it.
std::string scheduleText(mlir::Attribute schedule);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_TRANSFORMS_CANDIDATES_H
