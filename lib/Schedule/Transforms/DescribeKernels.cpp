//===- DescribeKernels.cpp - What profiles say about a kernel -------------===//

#include "tegula/Schedule/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Schedule/IR/NodeName.h"
#include "llvm/ADT/SetVector.h"

namespace tegula::sched {
#define GEN_PASS_DEF_DESCRIBEKERNELSPASS
#include "tegula/Schedule/Transforms/Passes.h.inc"
} // namespace tegula::sched

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

/// Adds the nodes that `loc` names; fused operations name several.
static void collectNodes(Location loc, SetVector<StringRef> &nodes) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNodes(part, nodes);
    return;
  }
  if (StringRef label = nodeLabel(loc); !label.empty())
    nodes.insert(label);
}

/// The arithmetic operations that `op` counts for in a scalar body.
static int64_t operationsOf(Operation &op) {
  if (isa<lp::DotOp>(op))
    return 4; // Two products, two sums.
  if (isa<lp::DotBytesOp>(op))
    return 8;
  if (isa<math::FmaOp>(op))
    return 2;
  bool isCast = isa<CastOpInterface>(op);
  return isa<math::MathDialect>(op.getDialect()) ||
         (isa<arith::ArithDialect>(op.getDialect()) && !isCast &&
          !op.hasTrait<OpTrait::ConstantLike>() &&
          !op.getResult(0).getType().isIndex());
}

/// Arithmetic operations of the body's structured operations; 0 where a size
/// is not known.
static int64_t countOperations(Block &body) {
  int64_t total = 0;
  for (auto op : body.getOps<linalg::LinalgOp>()) {
    int64_t points = 1;
    for (int64_t range : op.getStaticLoopRanges()) {
      if (ShapedType::isDynamic(range))
        return 0;
      points *= range;
    }
    for (Operation &scalar : op.getBlock()->without_terminator())
      total += points * operationsOf(scalar);
  }
  return total;
}

namespace {

struct DescribeKernelsPass
    : tegula::sched::impl::DescribeKernelsPassBase<DescribeKernelsPass> {
  void runOnOperation() override {
    getOperation()->walk([](graph::KernelOp kernel) {
      Block &body = kernel.getBody().front();
      SetVector<StringRef> nodes;
      // Constants, fills and the like may be those of another node.
      for (auto op : body.getOps<linalg::LinalgOp>())
        if (!isa<linalg::FillOp>(op))
          collectNodes(op.getLoc(), nodes);
      Builder builder(kernel.getContext());
      kernel->setAttr(graph::kNodesAttrName,
                      builder.getStringAttr(llvm::join(nodes, "; ")));
      kernel->setAttr(graph::kFlopsAttrName,
                      builder.getI64IntegerAttr(countOperations(body)));
    });
  }
};

} // namespace
