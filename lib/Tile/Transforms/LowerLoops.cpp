//===- LowerLoops.cpp - Kernel functions to plain loops -------------------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "tegula/Tile/Transforms/BufferizeKernel.h"
#include "tegula/Tile/Transforms/LoopEmission.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERLOOPSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;

//===----------------------------------------------------------------------===//
// The parallel loop
//===----------------------------------------------------------------------===//

/// Kernels with fewer scalar iterations than this are not worth a second
/// thread.
static constexpr int64_t kMinParallelWork = 1 << 15;

/// The outer loops stop being multiplied into the parallel loop once it has
/// this many iterations.
static constexpr int64_t kEnoughTasks = 256;

/// The number of leading dimensions that `map` passes through in order.
static unsigned leadingIdentity(AffineMap map) {
  unsigned count = 0;
  for (AffineExpr result : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(result);
    if (!dim || dim.getPosition() != count)
      break;
    ++count;
  }
  return count;
}

/// The number of leading loops of `op` that may run in parallel with the same
/// loops of the other `ops`: each iteration touches only its own part of every
/// buffer that one of them writes.
static unsigned sharedLoops(linalg::LinalgOp op,
                            const DenseSet<Value> &written) {
  unsigned loops = 0;
  for (utils::IteratorType iterator : op.getIteratorTypesArray()) {
    if (iterator != utils::IteratorType::parallel)
      break;
    ++loops;
  }
  for (OpOperand &operand : op->getOpOperands())
    if (written.contains(operand.get()))
      loops =
          std::min(loops, leadingIdentity(op.getMatchingIndexingMap(&operand)));
  // The innermost loop runs over contiguous memory and stays whole.
  if (loops == op.getNumLoops() && loops > 0)
    --loops;
  return loops;
}

/// Whether all memory that `ops` touch is named by one value each.
static bool touchesWholeBuffersOnly(ArrayRef<linalg::LinalgOp> ops) {
  for (linalg::LinalgOp op : ops)
    for (Value operand : op->getOperands())
      if (isa<MemRefType>(operand.getType()) && !isa<BlockArgument>(operand) &&
          !operand.getDefiningOp<memref::AllocOp>())
        return false;
  return true;
}

/// The extents of the loops that become the parallel loop; empty for none.
static SmallVector<int64_t>
parallelExtents(MutableArrayRef<linalg::LinalgOp> ops) {
  DenseSet<Value> written;
  int64_t work = 0;
  for (linalg::LinalgOp op : ops)
    written.insert_range(op.getDpsInits());
  unsigned loops = ~0u;
  SmallVector<int64_t> extents;
  for (auto [index, op] : llvm::enumerate(ops)) {
    loops = std::min(loops, sharedLoops(op, written));
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    int64_t iterations = 1;
    for (int64_t range : ranges) {
      if (ShapedType::isDynamic(range))
        return {};
      iterations *= range;
    }
    work += iterations;
    if (index == 0)
      extents = ranges;
    for (unsigned i = 0; i < loops && i < extents.size(); ++i)
      if (extents[i] != ranges[i])
        loops = i;
  }
  if (work < kMinParallelWork || !touchesWholeBuffersOnly(ops))
    return {};
  extents.resize(std::min<size_t>(loops, extents.size()));
  int64_t tasks = 1;
  for (auto [index, extent] : llvm::enumerate(extents)) {
    tasks *= extent;
    if (tasks >= kEnoughTasks) {
      extents.resize(index + 1);
      break;
    }
  }
  return tasks > 1 ? extents : SmallVector<int64_t>();
}

/// Emits all `ops`, each with its own loops inside a common parallel one.
static void emitLoops(MutableArrayRef<linalg::LinalgOp> ops) {
  SmallVector<int64_t> extents = parallelExtents(ops);
  if (extents.empty()) {
    for (linalg::LinalgOp op : ops) {
      OpBuilder builder(op);
      emitScalarLoops(builder, op, {});
    }
    return;
  }
  OpBuilder builder(ops.back());
  Location loc = ops.back().getLoc();
  int64_t tasks = 1;
  for (int64_t extent : extents)
    tasks *= extent;
  auto loop = scf::ForallOp::create(
      builder, loc, ArrayRef<OpFoldResult>{builder.getIndexAttr(tasks)},
      /*outputs=*/ValueRange(), /*mapping=*/std::nullopt);
  builder.setInsertionPointToStart(loop.getBody());
  Value rest = loop.getInductionVars().front();
  SmallVector<Value> indices(extents.size());
  for (size_t i = extents.size() - 1; i > 0; --i) {
    Value extent = arith::ConstantIndexOp::create(builder, loc, extents[i]);
    indices[i] = arith::RemUIOp::create(builder, loc, rest, extent);
    rest = arith::DivUIOp::create(builder, loc, rest, extent);
  }
  indices[0] = rest;
  for (linalg::LinalgOp op : ops)
    emitScalarLoops(builder, op, indices);
}

namespace {

struct LowerLoopsPass : tegula::tile::impl::LowerLoopsPassBase<LowerLoopsPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal() || !isKernelOnTensors(func))
      return;
    if (failed(bufferizeKernel(func)))
      return signalPassFailure();
    SmallVector<linalg::LinalgOp> top, nested;
    func.walk([&](linalg::LinalgOp op) {
      bool isTop = op->getParentOp() == func;
      (isTop ? top : nested).push_back(op);
    });
    for (linalg::LinalgOp op : nested) {
      OpBuilder builder(op);
      emitScalarLoops(builder, op, {});
      op.erase();
    }
    bool together = nested.empty() && onlyLoopsBetween(top);
    if (together && !top.empty())
      emitLoops(top);
    for (linalg::LinalgOp op : top) {
      OpBuilder builder(op);
      if (!together)
        emitScalarLoops(builder, op, {});
      op.erase();
    }
  }

  /// Whether `ops` may all move to where the last one is: between them is
  /// nothing that touches memory.
  static bool onlyLoopsBetween(ArrayRef<linalg::LinalgOp> ops) {
    if (ops.empty())
      return true;
    for (Operation *op = ops.front(); op != ops.back(); op = op->getNextNode())
      if (!isa<linalg::LinalgOp, memref::AllocOp>(op) && !isPure(op))
        return false;
    return true;
  }
};

} // namespace
