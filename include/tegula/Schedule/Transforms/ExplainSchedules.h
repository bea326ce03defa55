//===- ExplainSchedules.h - Why a kernel has its schedule -------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_EXPLAINSCHEDULES_H
#define TEGULA_SCHEDULE_TRANSFORMS_EXPLAINSCHEDULES_H

#include "mlir/IR/Operation.h"
#include "tegula/CostModel/CostModel.h"

#include <string>
#include <vector>

namespace tegula::sched {

/// One scheduled kernel as the cost model sees it.
struct KernelExplanation {
  std::string node;     ///< Of the model, empty if it has no name.
  std::string schedule; ///< The text of the #sched attribute.
  /// False: the family has no space and no model; what follows is not set.
  bool isModelled = false;
  size_t points = 0;            ///< Of the kernel's space.
  cost::Explanation prediction; ///< Of the schedule that it has.
  std::string bound;            ///< What takes the largest part of the time.
  std::string runnerUp;         ///< The fastest other point; empty: none.
  double runnerUpSeconds = 0;   ///< What that would take.

  const cost::Estimate &time() const { return prediction.estimate; }
};

/// Explains every kernel with a schedule below `root`, in order.
std::vector<KernelExplanation> explainSchedules(mlir::Operation *root,
                                                const cost::CpuTarget &target,
                                                const cost::CostModel &model);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_TRANSFORMS_EXPLAINSCHEDULES_H
