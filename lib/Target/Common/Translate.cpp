//===- Translate.cpp - LLVM dialect to LLVM IR ----------------------------===//

#include "tegula/Target/Common/Translate.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"

void tegula::target::registerTranslation(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
}

std::unique_ptr<llvm::Module>
tegula::target::translateToLLVM(mlir::ModuleOp module,
                                llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> result =
      mlir::translateModuleToLLVMIR(module, context, "tegula");
  if (!result)
    return nullptr;
  for (llvm::Function &function : *result)
    if (!function.hasLocalLinkage() && !function.isDeclaration())
      function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  return result;
}
