//===- VerifyContract.cpp - Check what a stage leaves behind --------------===//

#include "tegula/Pipeline/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "tegula/Graph/IR/Graph.h"
#include "llvm/ADT/StringSet.h"

namespace tegula::pipeline {
#define GEN_PASS_DEF_VERIFYCONTRACTPASS
#include "tegula/Pipeline/Passes.h.inc"
} // namespace tegula::pipeline

using namespace mlir;

namespace {

/// The dialects `stage` allows, or nothing when there is no such stage.
std::optional<llvm::StringSet<>> allowedDialects(StringRef stage) {
#define TEGULA_CONTRACT(name, ...)                                             \
  if (stage == #name)                                                          \
    return llvm::StringSet<>{__VA_ARGS__};
#include "tegula/Pipeline/Contracts.def"
#undef TEGULA_CONTRACT
  return std::nullopt;
}

struct VerifyContractPass
    : tegula::pipeline::impl::VerifyContractPassBase<VerifyContractPass> {
  using VerifyContractPassBase::VerifyContractPassBase;

  void runOnOperation() override {
    std::optional<llvm::StringSet<>> allowed = allowedDialects(stage);
    if (!allowed) {
      getOperation()->emitError("unknown stage '") << stage << "'";
      return signalPassFailure();
    }
    bool isGraph = stage == "graph", isSchedule = stage == "schedule";
    getOperation()->walk<WalkOrder::PreOrder>([&](Operation *op) {
      StringRef dialect = op->getName().getDialectNamespace();
      if (!allowed->contains(dialect)) {
        op->emitOpError("is left after stage '")
            << stage << "', which does not allow dialect '" << dialect << "'";
        signalPassFailure();
      }
      if (isa<tegula::graph::KernelOp>(op)) {
        if (isSchedule && !op->hasAttr("schedule")) {
          op->emitOpError("has no schedule after stage 'schedule'");
          signalPassFailure();
        }
        return isGraph || isSchedule ? WalkResult::skip()
                                     : WalkResult::advance();
      }
      if ((isGraph || isSchedule) && isa<linalg::LinalgOp>(op)) {
        op->emitOpError("is not in a kernel after stage '") << stage << "'";
        signalPassFailure();
        return WalkResult::skip();
      }
      return WalkResult::advance();
    });
  }
};

} // namespace
