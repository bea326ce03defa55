//===- CostModel.h - Seconds of a kernel under a schedule -------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_COSTMODEL_H
#define TEGULA_COSTMODEL_COSTMODEL_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"

#include <vector>

namespace tegula::cost {

/// What a model says of one kernel under one schedule.
struct Estimate {
  double seconds = 0; ///< On the target's threads. Times add up over kernels.
  /// Nine of ten kernels take between seconds / spread and seconds * spread;
  /// 0: the model cannot say.
  double spread = 0;
};

/// What is assumed of how far an estimate without an interval may be off: times
/// of the formulas alone were measured to be 0.3 to 1.5 of the predicted ones.
inline constexpr double kUnknownSpread = 2;

/// The ends of the interval of an estimate.
inline double upperBound(const Estimate &time) {
  return time.seconds * (time.spread > 0 ? time.spread : kUnknownSpread);
}
inline double lowerBound(const Estimate &time) {
  return time.seconds / (time.spread > 0 ? time.spread : kUnknownSpread);
}

/// What one feature adds to the logarithm of a time.
struct Contribution {
  const char *feature; ///< Of Features.def.
  float value;         ///< Of the kernel.
  double effect;       ///< seconds change by the factor exp(effect).
};

/// How an estimate comes about:
///
///   estimate.seconds = analyticSeconds * exp(base + sum of effects)
struct Explanation {
  Estimate estimate;
  double analyticSeconds = 0; ///< Without learning.
  /// What the trees say of the average kernel that they were trained on.
  double base = 0;
  /// Effects that are not 0, the largest first; empty: no trees were asked.
  std::vector<Contribution> contributions;

  /// The factor that was learned.
  double factor() const { return estimate.seconds / analyticSeconds; }
};

/// Predicts times. Implementations are immutable and may be shared between
/// threads.
class CostModel {
public:
  virtual ~CostModel() = default;
  /// `schedule` must be for the problem (isFor).
  virtual Estimate estimate(const Problem &problem, const Schedule &schedule,
                            const CpuTarget &target) const = 0;
  /// The same estimate and what it is made of; a few hundred times as slow.
  virtual Explanation explain(const Problem &problem, const Schedule &schedule,
                              const CpuTarget &target) const = 0;
};

/// The model without learning: instruction issue, register and cache fit,
/// packing and memory traffic (cost-model/analytical).
const CostModel &analyticModel();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_COSTMODEL_H
