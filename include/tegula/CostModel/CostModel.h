//===- CostModel.h - Seconds of a kernel under a schedule -------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_COSTMODEL_H
#define TEGULA_COSTMODEL_COSTMODEL_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"

namespace tegula::cost {

/// What a model says of one kernel under one schedule.
struct Estimate {
  double seconds = 0; ///< Of one thread. Times add up over kernels.
  /// Nine of ten kernels take between seconds / spread and seconds * spread;
  /// 0: the model cannot say.
  double spread = 0;
};

/// Predicts times. Implementations are immutable and may be shared between
/// threads.
class CostModel {
public:
  virtual ~CostModel() = default;
  /// `schedule` must be for the problem (isFor).
  virtual Estimate estimate(const Problem &problem, const Schedule &schedule,
                            const CpuTarget &target) const = 0;
};

/// The model without learning: instruction issue, register and cache fit,
/// packing and memory traffic (cost-model/analytical).
const CostModel &analyticModel();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_COSTMODEL_H
