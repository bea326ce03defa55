//===- Problems.h - Sizes of a kernel for the cost model --------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H

#include "tegula/CostModel/CostModel.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"

namespace tegula::sched {

/// The sizes of a kernel of family Contraction.
cost::ContractionProblem contractionProblem(const KernelBody &body);

/// The sizes of a kernel of family Convolution.
cost::ConvolutionProblem convolutionProblem(const KernelBody &body);

/// The numerics class of sums of products on `target`.
llvm::StringRef multiplyAddClass(const cost::CpuTarget &target);
/// That of convolutions by transforms with tiles of `results` x `results`.
std::string winogradClass(int64_t results, llvm::StringRef multiplyAdd);

/// A point of a space as the attribute of a kernel, and back.
ContractionAttr attributeOf(mlir::MLIRContext *context,
                            const cost::ContractionSchedule &point,
                            llvm::StringRef numerics);
ConvolutionAttr attributeOf(mlir::MLIRContext *context,
                            const cost::ConvolutionSchedule &point,
                            llvm::StringRef numerics);
WinogradAttr attributeOf(mlir::MLIRContext *context,
                         const cost::WinogradSchedule &point,
                         llvm::StringRef numerics);
cost::ContractionSchedule pointOf(ContractionAttr attribute);
cost::ConvolutionSchedule pointOf(ConvolutionAttr attribute);
cost::WinogradSchedule pointOf(WinogradAttr attribute);

/// Bytes of the widest element type that the kernel computes with.
int64_t widestElementBytes(const KernelBody &body);

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
