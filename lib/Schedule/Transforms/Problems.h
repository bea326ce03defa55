//===- Problems.h - Sizes of a kernel for the cost model --------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"
#include "tegula/Schedule/IR/KernelBody.h"

#include <optional>

namespace tegula::sched {

/// A target by the options of a pass. Fails after an error diagnostic if no
/// schedule fits it.
mlir::FailureOr<cost::CpuTarget>
makeTarget(mlir::Location loc, int64_t vectorBits, int64_t vectorRegisters,
           bool fusedMultiplyAdd, int64_t l1Bytes, int64_t l2Bytes);

/// The sizes of the contraction that `body` consists of.
cost::ContractionProblem contractionProblem(const KernelBody &body);

/// Those of the attention that it is.
cost::AttentionProblem attentionProblem(const KernelBody &body);

/// Those of the pass over all points that it is, or over rows.
cost::ElementwiseProblem elementwiseProblem(const KernelBody &body);
cost::RowsProblem rowsProblem(const KernelBody &body);

/// Those of the softmax of an attention as a kernel of its own, which reads the
/// scores and writes the weights.
cost::RowsProblem softmaxProblem(const KernelBody &attention);

/// The sizes of a kernel; none if its family has no space.
std::optional<cost::Problem> problemOf(const KernelBody &body);

/// Bytes of the widest element type that the kernel computes with.
int64_t widestElementBytes(const KernelBody &body);

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
