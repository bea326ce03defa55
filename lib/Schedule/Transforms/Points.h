//===- Points.h - Points of spaces as attributes, and back ------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_POINTS_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_POINTS_H

#include "mlir/IR/Attributes.h"
#include "tegula/CostModel/Kernels.h"

#include <optional>

namespace tegula::sched {

/// A point of a space as the attribute of a kernel.
mlir::Attribute attributeOf(mlir::MLIRContext *context,
                            const cost::Schedule &schedule,
                            llvm::StringRef numerics);

/// The inverse; none for attributes of families without a space.
std::optional<cost::Schedule> pointOf(mlir::Attribute schedule);

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_POINTS_H
