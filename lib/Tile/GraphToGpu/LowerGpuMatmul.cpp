//===- LowerGpuMatmul.cpp - Products on tensor cores ----------------------===//
//
// One block computes a tile_m x tile_n tile of the result of one batch element.
// Operands that are computed as they are loaded go through registers:
//
//   load the first tile_k of both operands into registers
//   for each tile_k of k
//     store the registers to one of two stages in shared memory; barrier
//     load the next tile_k into registers
//     each warp: accumulators += rows * columns, from shared memory
//   each thread: what is fused behind, on its accumulators; store
//
// Those that lie in memory as they are multiplied are copied by the GPU:
//
//   start to copy the first stages - 1 tiles
//   for each tile_k of k
//     wait for the oldest tile; barrier
//     start to copy the tile stages - 1 further on
//     each warp: accumulators += rows * columns
//
// On sm_90a warpgroups multiply them: see WarpgroupMatmul.cpp.
//
// One barrier per step is enough: a stage is written again only behind a
// barrier that no thread gets past before all have read it.
//
//===----------------------------------------------------------------------===//

#include "AsyncTiles.h"
#include "GpuBlock.h"
#include "TensorCore.h"
#include "WarpgroupMatmul.h"

#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERGPUMATMULPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

static int64_t threadsOf(sched::GpuMatmulAttr schedule) {
  return schedule.getWarpsM() * schedule.getWarpsN() * kWarpThreads;
}

namespace {

class MatmulLowering {
public:
  MatmulLowering(KernelFunction &kernel, MatmulPlan &plan,
                 ElementwiseEmitter &emitter)
      : schedule(plan.schedule), threads(threadsOf(schedule)),
        block(kernel, plan, emitter, threads), builder(block.builder),
        loc(block.loc), index(block.index),
        core(builder, loc, schedule.getNumerics()),
        rows(block, block.rows, core.getElementType(), schedule.getStages(),
             isAsync() && !plan.rows.runsAlongK),
        columns(block, block.columns, core.getElementType(),
                schedule.getStages(), isAsync() && !plan.columns.runsAlongK) {}

  void run();

private:
  using Fragment = TensorCore::Fragment;

  bool isAsync() const { return schedule.getCopy() == "async"; }
  void placeWarp();
  /// The row of its tile and the position of k of a thread's element.
  std::pair<Value, Value> placeOf(const SharedTile &tile, int64_t element);
  int64_t elementsPerThread(const SharedTile &tile) const {
    return tile.side.tile * schedule.getTileK() / threads;
  }
  Value loadElement(const SharedTile &tile, int64_t element, Value k);
  SmallVector<Value> loadTiles(Value k);
  void storeTiles(ValueRange elements, Value stage);
  void copyTiles(Value stage, Value k);
  SmallVector<Fragment> readFragments(const SharedTile &tile, Value stage,
                                      Value first, int64_t number, int64_t k);
  void multiplyTiles(Value stage, MutableArrayRef<Value> accumulators);
  Value stageOf(Value k, int64_t ahead);
  SmallVector<Value> initialAccumulators();
  SmallVector<Value> accumulateThroughRegisters();
  SmallVector<Value> accumulateAsync();

  sched::GpuMatmulAttr schedule;
  int64_t threads;
  MatmulBlock block;
  OpBuilder &builder;
  Location loc;
  IndexBuilder &index;
  TensorCore core;
  SharedTile rows, columns;

  Value group, member;       ///< g and t of TensorCore.h.
  Value warpRow, warpColumn; ///< Where the warp's part of the tile starts.
  int64_t fragmentsM = 0, fragmentsN = 0; ///< Of one warp.
};

} // namespace

void MatmulLowering::placeWarp() {
  Value warp = index.div(block.thread, kWarpThreads);
  Value lane = block.remainder(block.thread, kWarpThreads);
  group = index.div(lane, 4);
  member = block.remainder(lane, 4);
  int64_t warpsM = schedule.getWarpsM(), warpsN = schedule.getWarpsN();
  int64_t ownM = schedule.getTileM() / warpsM,
          ownN = schedule.getTileN() / warpsN;
  fragmentsM = ownM / TensorCore::kRows;
  fragmentsN = ownN / TensorCore::kColumns;
  warpRow = index.mul(index.div(warp, warpsN), ownM);
  warpColumn = index.mul(block.remainder(warp, warpsN), ownN);
}

void MatmulLowering::run() {
  placeWarp();
  SmallVector<Value> sums =
      isAsync() ? accumulateAsync() : accumulateThroughRegisters();
  block.emitResults(index.add(warpRow, group),
                    index.add(warpColumn, index.mul(member, 2)), fragmentsM,
                    fragmentsN, sums);
  block.kernel.eraseOldBody();
}

//===----------------------------------------------------------------------===//
// From the operands to shared memory
//===----------------------------------------------------------------------===//

std::pair<Value, Value> MatmulLowering::placeOf(const SharedTile &tile,
                                                int64_t element) {
  // Neighbouring threads take neighbours in memory.
  bool runsAlongK = tile.side.operand->runsAlongK;
  int64_t fast = runsAlongK ? schedule.getTileK() : tile.side.tile;
  Value linear = index.add(block.thread, element * threads);
  Value inner = block.remainder(linear, fast), outer = index.div(linear, fast);
  return runsAlongK ? std::pair(outer, inner) : std::pair(inner, outer);
}

/// The element in the step of k that starts at `k`; zero outside the operand.
Value MatmulLowering::loadElement(const SharedTile &tile, int64_t element,
                                  Value k) {
  auto [rowInTile, kInTile] = placeOf(tile, element);
  const MatmulBlock::Side &side = tile.side;
  Value row = index.add(side.first, rowInTile), at = index.add(k, kInTile);
  Value inside =
      arith::AndIOp::create(builder, loc, index.less(row, side.extent),
                            index.less(at, block.extentK));
  // What is not inside reads the first element, which is.
  Value zero = index.constant(0);
  row = arith::SelectOp::create(builder, loc, inside, row, zero);
  at = arith::SelectOp::create(builder, loc, inside, at, zero);
  ElementwiseEmitter &emitter = block.emitter;
  const MultiplyAdd &mac = block.plan.mac;
  emitter.beginPoint(Value());
  Value value = emitter.emit(builder, loc, side.operand->tensor,
                             block.pointOf(side, row, at));
  if (core.getElementType().isF32())
    value = side.operand->isRows ? mac.prepareScalar(builder, emitter, value)
                                 : mac.prepareVector(builder, emitter, value);
  Value nothing = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(core.getElementType()));
  return arith::SelectOp::create(builder, loc, inside, value, nothing);
}

SmallVector<Value> MatmulLowering::loadTiles(Value k) {
  SmallVector<Value> elements;
  for (const SharedTile *tile : {&rows, &columns})
    for (int64_t i = 0; i != elementsPerThread(*tile); ++i)
      elements.push_back(loadElement(*tile, i, k));
  return elements;
}

void MatmulLowering::storeTiles(ValueRange elements, Value stage) {
  unsigned next = 0;
  for (const SharedTile *tile : {&rows, &columns})
    for (int64_t i = 0; i != elementsPerThread(*tile); ++i) {
      auto [row, k] = placeOf(*tile, i);
      memref::StoreOp::create(builder, loc, elements[next++], tile->memory,
                              tile->at(stage, row, k));
    }
}

/// Both tiles at `k` as one group of copies.
void MatmulLowering::copyTiles(Value stage, Value k) {
  copyTile(rows, stage, k, threads);
  copyTile(columns, stage, k, threads);
  NVVM::CpAsyncCommitGroupOp::create(builder, loc);
}

//===----------------------------------------------------------------------===//
// The product
//===----------------------------------------------------------------------===//

/// `number` fragments of the instruction, from row `first` of the tile on.
SmallVector<MatmulLowering::Fragment>
MatmulLowering::readFragments(const SharedTile &tile, Value stage, Value first,
                              int64_t number, int64_t k) {
  bool isRows = tile.side.operand->isRows;
  int64_t registers = isRows ? 4 : 2;
  int64_t rowsOfOne = isRows ? TensorCore::kRows : TensorCore::kColumns;
  // Four registers are read at once, where there are as many.
  int64_t count = number * registers % 4 == 0 ? 4 : 2;
  SmallVector<Value> values;
  for (int64_t i = 0; i != number; i += count / registers)
    llvm::append_range(
        values,
        tile.readMatrices(stage, index.add(first, i * rowsOfOne), k, count));
  SmallVector<Fragment> fragments;
  for (int64_t i = 0; i != number; ++i)
    fragments.push_back(
        core.makeFragment(ArrayRef(values).slice(i * registers, registers)));
  return fragments;
}

void MatmulLowering::multiplyTiles(Value stage,
                                   MutableArrayRef<Value> accumulators) {
  for (int64_t k = 0; k != schedule.getTileK(); k += core.getDepth()) {
    SmallVector<Fragment> left =
        readFragments(rows, stage, warpRow, fragmentsM, k);
    SmallVector<Fragment> right =
        readFragments(columns, stage, warpColumn, fragmentsN, k);
    for (int64_t i = 0; i != fragmentsM; ++i)
      for (int64_t j = 0; j != fragmentsN; ++j)
        core.multiply(left[i], right[j],
                      accumulators.slice((i * fragmentsN + j) * 4, 4));
  }
}

/// The stage of the tile that lies `ahead` tiles behind the one at `k`.
Value MatmulLowering::stageOf(Value k, int64_t ahead) {
  return block.remainder(index.add(index.div(k, schedule.getTileK()), ahead),
                         schedule.getStages());
}

/// Four per tile of the instruction.
SmallVector<Value> MatmulLowering::initialAccumulators() {
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0.0f));
  return SmallVector<Value>(fragmentsM * fragmentsN * 4, zero);
}

SmallVector<Value> MatmulLowering::accumulateThroughRegisters() {
  int64_t tileK = schedule.getTileK();
  SmallVector<Value> carried = initialAccumulators();
  size_t numAccumulators = carried.size();
  llvm::append_range(carried, loadTiles(index.constant(0)));
  auto loop = scf::ForOp::create(builder, loc, index.constant(0), block.extentK,
                                 index.constant(tileK), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar(), stage = stageOf(k, 0);
  ValueRange values = loop.getRegionIterArgs();
  storeTiles(values.drop_front(numAccumulators), stage);
  gpu::BarrierOp::create(builder, loc);
  SmallVector<Value> next = loadTiles(index.add(k, tileK));
  SmallVector<Value> yielded(values.take_front(numAccumulators));
  multiplyTiles(stage, yielded);
  yielded.append(next);
  scf::YieldOp::create(builder, loc, yielded);
  ValueRange results = loop.getResults();
  return results.take_front(numAccumulators);
}

SmallVector<Value> MatmulLowering::accumulateAsync() {
  int64_t tileK = schedule.getTileK(), ahead = schedule.getStages() - 1;
  for (int64_t tile = 0; tile != ahead; ++tile)
    copyTiles(index.constant(tile), index.constant(tile * tileK));
  auto loop = scf::ForOp::create(builder, loc, index.constant(0), block.extentK,
                                 index.constant(tileK), initialAccumulators());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    // A step has one group, also behind the end: there it copies zeros.
    NVVM::CpAsyncWaitGroupOp::create(builder, loc, ahead - 1);
    gpu::BarrierOp::create(builder, loc);
    copyTiles(stageOf(k, ahead), index.add(k, ahead * tileK));
    SmallVector<Value> sums(loop.getRegionIterArgs());
    multiplyTiles(stageOf(k, 0), sums);
    scf::YieldOp::create(builder, loc, sums);
  }
  NVVM::CpAsyncWaitGroupOp::create(builder, loc, 0);
  return loop.getResults();
}

namespace {

struct LowerGpuMatmulPass
    : tegula::tile::impl::LowerGpuMatmulPassBase<LowerGpuMatmulPass> {
  void runOnOperation() override {
    lowerFamily<sched::GpuMatmulAttr>(
        getOperation(), "matmul",
        [](KernelFunction &kernel, sched::GpuMatmulAttr schedule,
           std::string &reason) {
          ElementwiseEmitter emitter(/*lanes=*/1);
          FailureOr<MatmulPlan> plan =
              MatmulPlan::make(kernel, schedule, emitter, reason);
          if (failed(plan))
            return failure();
          if (schedule.getCopy() == "tma")
            lowerWarpgroupMatmul(kernel, *plan, emitter);
          else
            MatmulLowering(kernel, *plan, emitter).run();
          return success();
        },
        pointsFallback(&getContext()));
  }
};

} // namespace
