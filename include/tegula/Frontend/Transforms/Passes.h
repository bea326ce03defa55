//===- Passes.h - Passes on the onnx dialect --------------------*- C++ -*-===//

#ifndef TEGULA_FRONTEND_TRANSFORMS_PASSES_H
#define TEGULA_FRONTEND_TRANSFORMS_PASSES_H

#include "tegula/Frontend/IR/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace tegula::frontend {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/Frontend/Transforms/Passes.h.inc"

struct FrontendOptions {
  /// Largest result of a folded operation, and the total of copied weights.
  int64_t foldResultBytes = 65536;
  int64_t foldWeightBytes = int64_t(256) << 20;
  /// Whether an operator ("Gelu") has a lowering of its own, so that ONNX's
  /// function body for it is not wanted. Null: no operator has.
  std::function<bool(llvm::StringRef name)> hasLowering;
};

/// Brings the module that an import leaves to its final form: functions
/// inlined, types refined, constants folded, and nothing left that has no
/// effect.
void buildFrontendPipeline(mlir::OpPassManager &pm,
                           const FrontendOptions &options = {});

/// The pass that inlines the bodies of operators without a lowering.
std::unique_ptr<mlir::Pass>
createInlineFunctionsPass(std::function<bool(llvm::StringRef)> hasLowering);

/// Registers the pipeline as "tegula-frontend".
void registerTegulaFrontendPipeline();

} // namespace tegula::frontend

#endif // TEGULA_FRONTEND_TRANSFORMS_PASSES_H
