//===- CostModel.h - Seconds of a kernel under a schedule -------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_COSTMODEL_H
#define TEGULA_COSTMODEL_COSTMODEL_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"

namespace tegula::cost {

/// Predicts times. Answers are seconds of one thread; they add up over kernels,
/// so that fused and unfused forms can be compared. Implementations are
/// immutable and may be shared between threads.
class CostModel {
public:
  virtual ~CostModel() = default;
  virtual double seconds(const ContractionProblem &problem,
                         const ContractionSchedule &schedule,
                         const CpuTarget &target) const = 0;
  virtual double seconds(const ConvolutionProblem &problem,
                         const ConvolutionSchedule &schedule,
                         const CpuTarget &target) const = 0;
};

/// The model without learning: instruction issue, register and cache fit,
/// packing and memory traffic (cost-model/analytical).
const CostModel &analyticModel();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_COSTMODEL_H
