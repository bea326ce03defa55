//===- Translate.h - LLVM dialect to LLVM IR --------------------*- C++ -*-===//

#ifndef TEGULA_TARGET_COMMON_TRANSLATE_H
#define TEGULA_TARGET_COMMON_TRANSLATE_H

#include "mlir/IR/BuiltinOps.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace tegula::target {

/// Registers what the translation of the LLVM dialect needs.
void registerTranslation(mlir::DialectRegistry &registry);

/// The LLVM IR of `module`, in `context`. Its functions have hidden visibility:
/// they are seen by the other objects of the artifact only. Null with a
/// diagnostic on failure. May run on several threads at a time for different
/// modules.
std::unique_ptr<llvm::Module> translateToLLVM(mlir::ModuleOp module,
                                              llvm::LLVMContext &context);

} // namespace tegula::target

#endif // TEGULA_TARGET_COMMON_TRANSLATE_H
