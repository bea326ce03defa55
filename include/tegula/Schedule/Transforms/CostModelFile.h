//===- CostModelFile.h - The cost model that a user names -------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_COSTMODELFILE_H
#define TEGULA_SCHEDULE_TRANSFORMS_COSTMODELFILE_H

#include "mlir/IR/Location.h"
#include "tegula/CostModel/LearnedModel.h"

namespace tegula::sched {

/// A cost model, and what keeps it alive.
class NamedCostModel {
public:
  /// "": the model inside the compiler; "analytic": the one without learning;
  /// anything else: a file, which is not trusted. Fails after an error
  /// diagnostic at `loc`.
  mlir::LogicalResult find(llvm::StringRef name, mlir::Location loc);

  const cost::CostModel &operator*() const { return *model; }

private:
  std::unique_ptr<cost::LearnedModel> owned;
  const cost::CostModel *model = &cost::analyticModel();
};

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_TRANSFORMS_COSTMODELFILE_H
