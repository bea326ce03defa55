//===- FrontendPipeline.cpp - The passes on the onnx dialect --------------===//

#include "tegula/Frontend/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace tegula::frontend {

void buildFrontendPipeline(OpPassManager &pm, const FrontendOptions &options) {
  OpPassManager &functions = pm.nest<func::FuncOp>();
  auto fold = [&] {
    FoldConstantsPassOptions folding;
    folding.resultBytes = options.foldResultBytes;
    folding.weightBytes = options.foldWeightBytes;
    functions.addPass(createFoldConstantsPass(folding));
    functions.addPass(createSimplifyPass());
  };
  // Bodies of functions depend on types and constants; they bring new ones.
  fold();
  functions.addPass(createInlineFunctionsPass(options.hasLowering));
  fold();
}

void registerTegulaFrontendPipeline() {
  PassPipelineRegistration<>(
      "tegula-frontend", "Bring an imported module to its final onnx form",
      [](OpPassManager &pm) {
        FrontendOptions options;
        options.hasLowering = [](StringRef) { return true; };
        buildFrontendPipeline(pm, options);
      });
}

} // namespace tegula::frontend
