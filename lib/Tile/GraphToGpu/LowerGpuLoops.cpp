//===- LowerGpuLoops.cpp - Kernel functions to parallel loops for GPUs ----===//

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/Transforms/BufferizeKernel.h"
#include "tegula/Tile/Transforms/LoopEmission.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERGPULOOPSPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;

/// One thread per point of the parallel loops; the others stay in order.
static void emitParallel(linalg::LinalgOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<Range> ranges = op.createLoopRanges(builder, loc);
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  SmallVector<Value> sizes;
  for (const Range &range : ranges)
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value count = one;
  for (auto [size, kind] : llvm::zip(sizes, kinds))
    if (kind == utils::IteratorType::parallel)
      count = builder.createOrFold<arith::MulIOp>(loc, count, size);
  auto forall = scf::ForallOp::create(
      builder, loc, ArrayRef<OpFoldResult>{getAsOpFoldResult(count)},
      /*outputs=*/ValueRange(), /*mapping=*/std::nullopt);
  builder.setInsertionPointToStart(forall.getBody());
  Value rest = forall.getInductionVars().front();
  SmallVector<Value> point(ranges.size());
  size_t outermost =
      llvm::find(kinds, utils::IteratorType::parallel) - kinds.begin();
  for (size_t i = ranges.size(); i-- > 0;) {
    if (kinds[i] != utils::IteratorType::parallel)
      continue;
    if (i == outermost) {
      point[i] = rest;
      break;
    }
    point[i] = arith::RemUIOp::create(builder, loc, rest, sizes[i]);
    rest = arith::DivUIOp::create(builder, loc, rest, sizes[i]);
  }
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (point[i])
      continue;
    auto loop = scf::ForOp::create(builder, loc, zero, sizes[i], one);
    point[i] = loop.getInductionVar();
    builder.setInsertionPointToStart(loop.getBody());
  }
  emitPoint(builder, op, point);
}

namespace {

struct LowerGpuLoopsPass
    : tegula::tile::impl::LowerGpuLoopsPassBase<LowerGpuLoopsPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal() || !isKernelOnTensors(func))
      return;
    if (failed(bufferizeKernel(func)))
      return signalPassFailure();
    SmallVector<linalg::LinalgOp> ops;
    func.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      OpBuilder builder(op);
      if (op->getParentOp() == func)
        emitParallel(op);
      else
        emitScalarLoops(builder, op, {});
      op.erase();
    }
  }
};

} // namespace
