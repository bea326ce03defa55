//===- SplitMaskedStores.h - Masked stores of known lanes ----------------===//
//
// The last vector of a row is often stored under a constant mask. That takes
// dozens of micro-operations on AMD processors without AVX-512, and others
// cannot forward it to loads; two stores that overlap are fast everywhere.
//
// LLVM 22 for AVX-512 merges a truncation into the masked store of its result.
// If the mask is a constant with one lane, it then stores that lane as wide as
// it was before the truncation: three bytes too many of an int8 tensor. So such
// stores become stores of one element before the code generator sees them.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TARGET_CPU_SPLITMASKEDSTORES_H
#define TEGULA_LIB_TARGET_CPU_SPLITMASKEDSTORES_H

#include "llvm/IR/PassManager.h"

namespace tegula {
namespace target {

/// Before:
///   call @llvm.masked.store(<4 x i8> %v, ptr %p, <i1 0, i1 1, i1 0, i1 0>)
/// After:
///   %e = extractelement <4 x i8> %v, 1
///   %q = getelementptr i8, ptr %p, 1
///   store i8 %e, ptr %q
/// Runs of more lanes become two stores of a power of two each, which overlap:
/// three lanes are <0, 1> and <1, 2>. Where the processor has mask registers
/// (`hasMaskRegisters`) they are left.
/// Has to run last: earlier passes make masks constant.
struct SplitMaskedStoresPass : llvm::PassInfoMixin<SplitMaskedStoresPass> {
  explicit SplitMaskedStoresPass(bool hasMaskRegisters)
      : hasMaskRegisters(hasMaskRegisters) {}
  llvm::PreservedAnalyses run(llvm::Function &function,
                              llvm::FunctionAnalysisManager &analyses);

private:
  bool hasMaskRegisters;
};

} // namespace target
} // namespace tegula

#endif // TEGULA_LIB_TARGET_CPU_SPLITMASKEDSTORES_H
