//===- LearnedModel.h - Analytic time, corrected by trees -------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_LEARNEDMODEL_H
#define TEGULA_COSTMODEL_LEARNEDMODEL_H

#include "tegula/CostModel/CostModel.h"
#include "tegula/CostModel/Features.h"
#include "tegula/CostModel/TreeEnsemble.h"

#include <memory>

namespace tegula::cost {

/// seconds = analytic seconds * exp(trees(features)). Where the model was not
/// trained (other element types, vector widths, unknown extents) it answers
/// with the analytic time alone.
class LearnedModel final : public CostModel {
public:
  /// Reads the bytes of a model file (cost-model/README.md). They are not
  /// trusted. Null, with `message`, if they are no model of this compiler's
  /// features.
  static std::unique_ptr<LearnedModel> read(const char *data, size_t size,
                                            std::string &message);

  /// Families without trees have their analytic time.
  Estimate estimate(const Problem &problem, const Schedule &schedule,
                    const CpuTarget &target) const override;

  /// The logarithm of measured over analytic seconds.
  float correction(const float *features) const {
    return trees.predict(features);
  }

private:
  bool covers(const CpuTarget &target) const;
  template <typename Problem, typename Schedule>
  Estimate corrected(Problem problem, const Schedule &schedule,
                     const CpuTarget &target) const;
  float spreadOf(const ContractionSchedule &) const {
    return contractionSpread;
  }
  float spreadOf(const ConvolutionSchedule &) const {
    return convolutionSpread;
  }

  TreeEnsemble trees;
  int64_t vectorBits = 0, vectorRegisters = 0;
  /// Quantiles of |log(measured / predicted)| on shapes that were left out.
  float contractionSpread = 0, convolutionSpread = 0;
};

/// The model that travels inside the compiler.
const CostModel &defaultModel();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_LEARNEDMODEL_H
