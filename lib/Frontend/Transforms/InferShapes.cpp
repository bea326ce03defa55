//===- InferShapes.cpp - Refine the types of onnx values ------------------===//

#include "TypeRefinement.h"

#include "tegula/Frontend/Transforms/Passes.h"

namespace tegula::frontend {
#define GEN_PASS_DEF_INFERSHAPESPASS
#include "tegula/Frontend/Transforms/Passes.h.inc"

namespace {

struct InferShapesPass : impl::InferShapesPassBase<InferShapesPass> {
  void runOnOperation() override {
    mlir::func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    if (failed(refineRegion(function.getBody())))
      return signalPassFailure();
    updateSignature(function);
  }
};

} // namespace
} // namespace tegula::frontend
