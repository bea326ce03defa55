//===- InlineFunctions.cpp - Operators become their function bodies -------===//

#include "../Import/ExpandFunction.h"
#include "TypeRefinement.h"

#include "tegula/Frontend/Transforms/Passes.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tegula::frontend {
#define GEN_PASS_DEF_INLINEFUNCTIONSPASS
#include "tegula/Frontend/Transforms/Passes.h.inc"

namespace {

/// Bodies hold operators that have bodies; this deep they may be nested.
constexpr int maxDepth = 16;

struct InlineFunctionsPass
    : impl::InlineFunctionsPassBase<InlineFunctionsPass> {
  using InlineFunctionsPassBase::InlineFunctionsPassBase;

  explicit InlineFunctionsPass(std::function<bool(StringRef)> hasLowering)
      : hasLowering(std::move(hasLowering)) {}

  void runOnOperation() override {
    llvm::StringSet<> kept;
    for (const std::string &name : keep)
      kept.insert(name);
    auto isWanted = [&](Operation *op) {
      if (!isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) ||
          refused.contains(op))
        return false;
      StringRef name = op->getName().stripDialect();
      return !kept.contains(name) && !(hasLowering && hasLowering(name)) &&
             hasFunctionBody(op);
    };
    for (int depth = 0; depth < maxDepth; ++depth) {
      SmallVector<Operation *> found;
      getOperation().walk([&](Operation *op) {
        if (isWanted(op))
          found.push_back(op);
      });
      if (found.empty())
        break;
      for (Operation *op : found)
        if (failed(inlineBody(op)))
          return signalPassFailure();
    }
    updateSignature(getOperation());
  }

  LogicalResult inlineBody(Operation *op) {
    FailureOr<SmallVector<Value>> values = expandFunction(op);
    if (failed(values))
      return failure();
    for (auto [index, result] : llvm::enumerate(op->getResults()))
      if (!result.use_empty() && (values->empty() || !(*values)[index])) {
        refused.insert(op);
        return success();
      }
    for (auto [result, value] : llvm::zip(op->getResults(), *values)) {
      if (!value || onnx::isAbsent(result))
        continue;
      if (value.getDefiningOp())
        value.setType(refined(result.getType(), value.getType()));
      result.replaceAllUsesWith(value);
    }
    op->erase();
    return success();
  }

  std::function<bool(StringRef)> hasLowering;
  /// Operators for whose types or attributes ONNX has no body.
  DenseSet<Operation *> refused;
};

} // namespace

std::unique_ptr<Pass>
createInlineFunctionsPass(std::function<bool(StringRef)> hasLowering) {
  return std::make_unique<InlineFunctionsPass>(std::move(hasLowering));
}

} // namespace tegula::frontend
