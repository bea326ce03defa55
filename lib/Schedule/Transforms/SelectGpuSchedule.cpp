//===- SelectGpuSchedule.cpp - Choose a GPU schedule for every kernel -----===//

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/Passes.h"
#include <cmath>

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

namespace tegula::sched {
#define GEN_PASS_DEF_SELECTGPUSCHEDULEPASS
#include "tegula/Schedule/Transforms/Passes.h.inc"
} // namespace tegula::sched

static constexpr int64_t kThreads = 256;

namespace {

/// A product as batch x (m x k) x (k x n).
struct Product {
  int64_t batch, m, n, k;
};

/// What the choice depends on.
struct Gpu {
  int64_t multiprocessors;
  bool hasWarpgroups;
};

struct Tile {
  int64_t m, n, warpsM, warpsN;
};

} // namespace

/// Of equal times the first is taken.
static constexpr Tile kTiles[] = {
    {128, 64, 4, 2}, {64, 128, 2, 4}, {64, 64, 2, 2},
    {32, 128, 1, 4}, {64, 32, 2, 2},  {32, 64, 1, 4},
    {32, 32, 2, 2},  {16, 128, 1, 4}, {16, 64, 1, 4},
};

/// What an element of an operand costs, in products of tensor cores: each is
/// loaded, stored to shared memory and read by several warps.
static constexpr double kLoadCost = 16;

/// In units of one product per multiprocessor. Blocks run in waves; the last
/// one leaves multiprocessors idle.
static double timeOf(const Product &p, const Tile &tile,
                     int64_t multiprocessors) {
  double blocks = double(p.batch) * llvm::divideCeil(p.m, tile.m) *
                  llvm::divideCeil(p.n, tile.n);
  double waves = std::ceil(blocks / multiprocessors);
  return waves * p.k * (tile.m * tile.n + kLoadCost * (tile.m + tile.n));
}

/// What a size is taken for that is known at run time only.
static constexpr int64_t kTypicalExtent = 256;

static int64_t productOf(linalg::LinalgOp op, ArrayRef<unsigned> loops) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t product = 1;
  for (unsigned loop : loops)
    product *=
        ShapedType::isDynamic(ranges[loop]) ? kTypicalExtent : ranges[loop];
  return product;
}

/// Are both operands read from memory, each in a way that `fits`?
static bool areRead(linalg::LinalgOp op, function_ref<bool(unsigned)> fits) {
  return llvm::all_of(ArrayRef({0u, 1u}), [&](unsigned number) {
    return isa<BlockArgument>(op.getDpsInputs()[number]) && fits(number);
  });
}

/// Tiles in flight hide the latency of memory; more of them leave no room for a
/// second block on a multiprocessor.
static constexpr int64_t kAsyncStages = 3;

/// Fewer terms than this do not fill an instruction.
static constexpr int64_t kMinDepth = 8;

/// Tiles of products by warpgroups, 64 rows each.
static constexpr Tile kWarpgroupTiles[] = {
    {128, 128, 8, 1},
    {128, 64, 8, 1},
    {64, 128, 4, 1},
    {64, 64, 4, 1},
};

/// One multiprocessor holds one block; a power of two counts rounds by masks.
static constexpr int64_t kTmaStages = 4;

static const Tile &bestTile(ArrayRef<Tile> tiles, const Product &product,
                            int64_t multiprocessors) {
  return *llvm::min_element(tiles, [&](const Tile &a, const Tile &b) {
    return timeOf(product, a, multiprocessors) <
           timeOf(product, b, multiprocessors);
  });
}

/// The schedule of a product; null if it is better computed in order.
static Attribute scheduleMatmul(MLIRContext *context, const KernelBody &body,
                                const Gpu &gpu) {
  linalg::LinalgOp op = body.reductions.front();
  std::optional<MatmulLoops> loops = matchMatmul(op);
  StringRef numerics = loops ? tensorCoreNumerics(op) : StringRef();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  if (numerics.empty() || llvm::any_of(loops->k, [&](unsigned loop) {
        return ShapedType::isDynamic(ranges[loop]);
      }))
    return Attribute();
  Product product{productOf(op, loops->batch), productOf(op, loops->m),
                  productOf(op, loops->n), productOf(op, loops->k)};
  if (product.k < kMinDepth)
    return Attribute();
  const Tile &smallest = kWarpgroupTiles[std::size(kWarpgroupTiles) - 1];
  const bool isExtended = numerics != "tf32x3";
  if (gpu.hasWarpgroups && isExtended && product.m >= smallest.m &&
      product.n >= smallest.n && areRead(op, [&](unsigned number) {
        return mapOperand(op, *loops, number, isExtended).has_value();
      })) {
    const Tile &tile = bestTile(kWarpgroupTiles, product, gpu.multiprocessors);
    return GpuMatmulAttr::get(context, tile.m, tile.n, /*tile_k=*/64,
                              tile.warpsM, tile.warpsN, "tma", kTmaStages,
                              numerics);
  }
  const Tile &tile = bestTile(kTiles, product, gpu.multiprocessors);
  const bool isAsync = areRead(op, [&](unsigned number) {
    return copyDirection(op, *loops, number, isExtended).has_value();
  });
  return GpuMatmulAttr::get(
      context, tile.m, tile.n, isExtended ? 32 : 16, tile.warpsM, tile.warpsN,
      isAsync ? "async" : "registers", isAsync ? kAsyncStages : 2, numerics);
}

/// As many warps as give each thread a few elements of a row.
static Attribute scheduleRows(MLIRContext *context, const KernelBody &body) {
  constexpr int64_t elementsPerThread = 4, minThreads = 32;
  int64_t longest = 1;
  for (linalg::LinalgOp op : body.reductions) {
    SmallVector<unsigned> loops;
    op.getReductionDims(loops);
    longest = std::max(longest, productOf(op, loops));
  }
  int64_t threads = std::clamp<int64_t>(
      llvm::PowerOf2Ceil(longest / elementsPerThread), minThreads, kThreads);
  return GpuRowsAttr::get(context, threads,
                          ("butterfly" + Twine(threads)).str());
}

static Attribute selectSchedule(MLIRContext *context, Block &block,
                                const Gpu &gpu) {
  KernelBody body = readKernelBody(block);
  switch (classifyKernel(body)) {
  case Family::Contraction:
  case Family::Convolution:
    if (Attribute matmul = scheduleMatmul(context, body, gpu))
      return matmul;
    [[fallthrough]];
  case Family::Depthwise:
  case Family::Elementwise:
    return GpuPointsAttr::get(context, kThreads, "in-order");
  case Family::Rows:
    return scheduleRows(context, body);
  case Family::Attention: // Not formed for GPUs.
  case Family::Loops:
    break;
  }
  return LoopsAttr::get(context, "in-order");
}

namespace {

struct SelectGpuSchedulePass
    : public sched::impl::SelectGpuSchedulePassBase<SelectGpuSchedulePass> {
  using SelectGpuSchedulePassBase::SelectGpuSchedulePassBase;

  void runOnOperation() override {
    getOperation()->walk([&](graph::KernelOp kernel) {
      if (!kernel->hasAttr(kScheduleAttrName))
        kernel->setAttr(kScheduleAttrName,
                        selectSchedule(&getContext(),
                                       kernel->getRegion(0).front(),
                                       {multiprocessors, warpgroups}));
    });
  }
};

} // namespace
