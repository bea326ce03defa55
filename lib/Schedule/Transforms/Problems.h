//===- Problems.h - Sizes of a kernel for the cost model --------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H

#include "tegula/CostModel/CostModel.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"

namespace tegula::sched {

/// A target by the options of a pass. Fails after an error diagnostic if no
/// schedule fits it.
mlir::FailureOr<cost::CpuTarget>
makeTarget(mlir::Location loc, int64_t vectorBits, int64_t vectorRegisters,
           bool fusedMultiplyAdd, int64_t l1Bytes, int64_t l2Bytes);

/// The sizes of a kernel of family Contraction.
cost::ContractionProblem contractionProblem(const KernelBody &body);

/// The sizes of a kernel of family Convolution.
cost::ConvolutionProblem convolutionProblem(const KernelBody &body);

/// The sizes of a kernel of family Attention.
cost::AttentionProblem attentionProblem(const KernelBody &body);

/// The numerics class of sums of products on `target`.
llvm::StringRef multiplyAddClass(const cost::CpuTarget &target);
/// That of convolutions by transforms with tiles of `results` x `results`.
std::string winogradClass(int64_t results, llvm::StringRef multiplyAdd);
/// That of attention.
std::string attentionClass(llvm::StringRef multiplyAdd);

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
AttentionAttr attributeOf(mlir::MLIRContext *context,
                          const cost::AttentionSchedule &point,
                          llvm::StringRef numerics);
cost::ContractionSchedule pointOf(ContractionAttr attribute);
cost::ConvolutionSchedule pointOf(ConvolutionAttr attribute);
cost::WinogradSchedule pointOf(WinogradAttr attribute);
cost::AttentionSchedule pointOf(AttentionAttr attribute);

/// Bytes of the widest element type that the kernel computes with.
int64_t widestElementBytes(const KernelBody &body);

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_PROBLEMS_H
