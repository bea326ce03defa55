//===- LowerGpuMatmul.cpp - Products on tensor cores ----------------------===//
//
// One block computes a tile_m x tile_n tile of the result of one batch element:
//
//   load the first tile_k of both operands into registers
//   for each tile_k of k
//     store the registers to one of two buffers in shared memory; barrier
//     load the next tile_k into registers
//     each warp: accumulators += rows * columns, from shared memory
//   each thread: what is fused behind, on its accumulators; store
//
// One barrier per step is enough: a buffer is written again two steps later,
// and no thread gets past the barrier between before all have read it.
//
//===----------------------------------------------------------------------===//

#include "GpuBlock.h"
#include "MatmulPlan.h"
#include "TensorCore.h"

#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERGPUMATMULPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// Elements between two rows of a tile in shared memory, beside its own: the
/// fragments of a warp then lie in different banks.
static constexpr int64_t kPaddingBytes = 16;

namespace {

class MatmulLowering {
public:
  MatmulLowering(KernelFunction &kernel, MatmulPlan &plan,
                 ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), emitter(emitter), builder(kernel.builder()),
        loc(plan.mac.op->getLoc()), index{builder, loc},
        core(builder, loc, plan.schedule.getNumerics()),
        tileK(plan.schedule.getTileK()),
        threads(plan.schedule.getWarpsM() * plan.schedule.getWarpsN() *
                kWarpSize) {}

  void run();

private:
  using Fragment = TensorCore::Fragment;

  /// One operand's tile: rows of tile_k elements, twice.
  struct Side {
    const MatmulPlan::Operand *operand;
    int64_t tile; ///< tile_m or tile_n.
    Value shared;
    Value first;  ///< m (n) where the block's tile starts.
    Value extent; ///< M (N).
    SmallVector<Value> extents;
  };

  Value extentOf(unsigned loop);
  Value productOf(ArrayRef<unsigned> loops, SmallVectorImpl<Value> &extents);
  void prepareSide(Side &side, const MatmulPlan::Operand &operand,
                   int64_t tile);
  void placeBlock(Value block);
  int64_t elementsPerThread(const Side &side) const {
    return side.tile * tileK / threads;
  }
  /// The row of its tile and the position of k of a thread's element.
  std::pair<Value, Value> placeOf(const Side &side, int64_t element);
  Value loadElement(const Side &side, int64_t element, Value k);
  SmallVector<Value> loadTiles(Value k);
  void storeTiles(ValueRange elements, Value buffer);
  Fragment readFragment(const Side &side, Value buffer, Value row, int64_t k);
  void multiplyTiles(Value buffer, MutableArrayRef<Value> accumulators);
  SmallVector<Value> accumulate();
  void emitEpilogue(ArrayRef<Value> accumulators);
  void emitResult(ArrayRef<Value> m, ArrayRef<Value> n, Value accumulator);

  KernelFunction &kernel;
  MatmulPlan &plan;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  TensorCore core;
  int64_t tileK, threads;

  Side rows, columns;
  SmallVector<Value> batchExtents, batchIndices, kExtents;
  Value extentK;
  Value thread;
  Value group, member;       ///< g and t of TensorCore.h.
  Value warpRow, warpColumn; ///< Where the warp's part of the tile starts.
  int64_t fragmentsM = 0, fragmentsN = 0; ///< Of one warp.
};

} // namespace

//===----------------------------------------------------------------------===//
// Where a block and a thread stand
//===----------------------------------------------------------------------===//

/// Of a dimension of the result from the first output, which has the same.
Value MatmulLowering::extentOf(unsigned loop) {
  for (auto [dim, expr] : llvm::enumerate(plan.resultMap.getResults()))
    if (expr == builder.getAffineDimExpr(loop))
      return index.extent(kernel.outputs[0].memref, plan.outputDims[0][dim]);
  return kernel.extentOfLoop(builder, plan.mac.op, loop);
}

Value MatmulLowering::productOf(ArrayRef<unsigned> loops,
                                SmallVectorImpl<Value> &extents) {
  Value product = index.constant(1);
  for (unsigned loop : loops) {
    extents.push_back(extentOf(loop));
    product = index.mul(product, extents.back());
  }
  return product;
}

void MatmulLowering::prepareSide(Side &side, const MatmulPlan::Operand &operand,
                                 int64_t tile) {
  side.operand = &operand;
  side.tile = tile;
  side.extent = productOf(operand.loops, side.extents);
}

void MatmulLowering::placeBlock(Value block) {
  SmallVector<Value> counts(batchExtents);
  counts.push_back(index.ceilDiv(rows.extent, rows.tile));
  counts.push_back(index.ceilDiv(columns.extent, columns.tile));
  SmallVector<Value> at = delinearize(builder, loc, block, counts);
  columns.first = index.mul(at.pop_back_val(), columns.tile);
  rows.first = index.mul(at.pop_back_val(), rows.tile);
  batchIndices = at;
  for (Side *side : {&rows, &columns}) {
    int64_t padding =
        kPaddingBytes * 8 / core.getElementType().getIntOrFloatBitWidth();
    auto type =
        MemRefType::get({2, side->tile, tileK + padding}, core.getElementType(),
                        AffineMap(), builder.getI64IntegerAttr(kSharedSpace));
    side->shared = memref::AllocOp::create(builder, loc, type);
  }
  thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  auto rest = [&](Value value, int64_t by) -> Value {
    return builder.createOrFold<arith::RemUIOp>(loc, value, index.constant(by));
  };
  Value warp = index.div(thread, kWarpSize), lane = rest(thread, kWarpSize);
  group = index.div(lane, 4);
  member = rest(lane, 4);
  int64_t warpsM = plan.schedule.getWarpsM(),
          warpsN = plan.schedule.getWarpsN();
  fragmentsM = rows.tile / warpsM / TensorCore::kRows;
  fragmentsN = columns.tile / warpsN / TensorCore::kColumns;
  warpRow = index.mul(index.div(warp, warpsN), rows.tile / warpsM);
  warpColumn = index.mul(rest(warp, warpsN), columns.tile / warpsN);
}

void MatmulLowering::run() {
  prepareSide(rows, plan.rows, plan.schedule.getTileM());
  prepareSide(columns, plan.columns, plan.schedule.getTileN());
  extentK = productOf(plan.loops.k, kExtents);
  Value count =
      index.mul(productOf(plan.loops.batch, batchExtents),
                index.mul(index.ceilDiv(rows.extent, rows.tile),
                          index.ceilDiv(columns.extent, columns.tile)));
  placeBlock(beginBlocks(builder, loc, count, threads));
  emitEpilogue(accumulate());
  kernel.eraseOldBody();
}

//===----------------------------------------------------------------------===//
// From the operands to shared memory
//===----------------------------------------------------------------------===//

std::pair<Value, Value> MatmulLowering::placeOf(const Side &side,
                                                int64_t element) {
  // Neighbouring threads take neighbours in memory.
  int64_t fast = side.operand->runsAlongK ? tileK : side.tile;
  Value linear = index.add(thread, element * threads);
  Value inner =
      builder.createOrFold<arith::RemUIOp>(loc, linear, index.constant(fast));
  Value outer = index.div(linear, fast);
  return side.operand->runsAlongK ? std::pair(outer, inner)
                                  : std::pair(inner, outer);
}

/// The element in the step of k that starts at `k`; zero outside the operand.
Value MatmulLowering::loadElement(const Side &side, int64_t element, Value k) {
  auto [rowInTile, kInTile] = placeOf(side, element);
  Value row = index.add(side.first, rowInTile), at = index.add(k, kInTile);
  Value inside = arith::AndIOp::create(
      builder, loc, index.less(row, side.extent), index.less(at, extentK));
  // What is not inside reads the first element, which is.
  Value zero = index.constant(0);
  row = arith::SelectOp::create(builder, loc, inside, row, zero);
  at = arith::SelectOp::create(builder, loc, inside, at, zero);
  SmallVector<Coord> loops(plan.mac.op.getNumLoops());
  auto place = [&](ArrayRef<unsigned> list, ArrayRef<Value> values) {
    for (auto [loop, value] : llvm::zip_equal(list, values))
      loops[loop] = Coord::scalar(value);
  };
  place(plan.loops.batch, batchIndices);
  place(side.operand->loops, delinearize(builder, loc, row, side.extents));
  place(plan.loops.k, delinearize(builder, loc, at, kExtents));
  emitter.beginPoint(Value());
  SmallVector<Coord> coords;
  for (AffineExpr expr : side.operand->map.getResults())
    coords.push_back(emitter.applyMap(builder, loc, expr, loops));
  Value value = emitter.emit(builder, loc, side.operand->tensor, coords);
  if (core.getElementType().isF32())
    value = side.operand->isRows
                ? plan.mac.prepareScalar(builder, emitter, value)
                : plan.mac.prepareVector(builder, emitter, value);
  Value nothing = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(core.getElementType()));
  return arith::SelectOp::create(builder, loc, inside, value, nothing);
}

SmallVector<Value> MatmulLowering::loadTiles(Value k) {
  SmallVector<Value> elements;
  for (const Side *side : {&rows, &columns})
    for (int64_t i = 0; i != elementsPerThread(*side); ++i)
      elements.push_back(loadElement(*side, i, k));
  return elements;
}

void MatmulLowering::storeTiles(ValueRange elements, Value buffer) {
  unsigned next = 0;
  for (const Side *side : {&rows, &columns})
    for (int64_t i = 0; i != elementsPerThread(*side); ++i) {
      auto [row, k] = placeOf(*side, i);
      memref::StoreOp::create(builder, loc, elements[next++], side->shared,
                              ValueRange{buffer, row, k});
    }
}

//===----------------------------------------------------------------------===//
// The product
//===----------------------------------------------------------------------===//

/// The fragment of the instruction's tile at `row` and `k` of the shared tile.
MatmulLowering::Fragment MatmulLowering::readFragment(const Side &side,
                                                      Value buffer, Value row,
                                                      int64_t k) {
  bool isRows = side.operand->isRows;
  int64_t pack = core.getPack();
  Value own = index.add(row, group);
  Value position = index.add(index.mul(member, pack), k);
  return core.makeFragment(isRows ? 4 : 2, [&](int64_t i) -> Value {
    Value at = isRows && i % 2 ? index.add(own, 8) : own;
    bool isUpper = isRows ? i >= 2 : i == 1;
    Value depth = isUpper ? index.add(position, core.getDepth() / 2) : position;
    SmallVector<Value> indices{buffer, at, depth};
    if (pack == 1)
      return memref::LoadOp::create(builder, loc, side.shared, indices);
    return vector::LoadOp::create(
        builder, loc, VectorType::get({pack}, core.getElementType()),
        side.shared, indices);
  });
}

void MatmulLowering::multiplyTiles(Value buffer,
                                   MutableArrayRef<Value> accumulators) {
  for (int64_t k = 0; k != tileK; k += core.getDepth()) {
    SmallVector<Fragment> left, right;
    for (int64_t i = 0; i != fragmentsM; ++i)
      left.push_back(readFragment(
          rows, buffer, index.add(warpRow, i * TensorCore::kRows), k));
    for (int64_t j = 0; j != fragmentsN; ++j)
      right.push_back(readFragment(
          columns, buffer, index.add(warpColumn, j * TensorCore::kColumns), k));
    for (int64_t i = 0; i != fragmentsM; ++i)
      for (int64_t j = 0; j != fragmentsN; ++j)
        core.multiply(left[i], right[j],
                      accumulators.slice((i * fragmentsN + j) * 4, 4));
  }
}

/// The loop over k; returns the accumulators, four per tile of the instruction.
SmallVector<Value> MatmulLowering::accumulate() {
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0.0f));
  SmallVector<Value> carried(fragmentsM * fragmentsN * 4, zero);
  size_t numAccumulators = carried.size();
  llvm::append_range(carried, loadTiles(index.constant(0)));
  auto loop = scf::ForOp::create(builder, loc, index.constant(0), extentK,
                                 index.constant(tileK), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value k = loop.getInductionVar();
  Value buffer = builder.createOrFold<arith::RemUIOp>(loc, index.div(k, tileK),
                                                      index.constant(2));
  ValueRange values = loop.getRegionIterArgs();
  storeTiles(values.drop_front(numAccumulators), buffer);
  gpu::BarrierOp::create(builder, loc);
  SmallVector<Value> next = loadTiles(index.add(k, tileK));
  SmallVector<Value> yielded(values.take_front(numAccumulators));
  multiplyTiles(buffer, yielded);
  yielded.append(next);
  scf::YieldOp::create(builder, loc, yielded);
  ValueRange results = loop.getResults();
  return results.take_front(numAccumulators);
}

//===----------------------------------------------------------------------===//
// The result
//===----------------------------------------------------------------------===//

void MatmulLowering::emitResult(ArrayRef<Value> m, ArrayRef<Value> n,
                                Value accumulator) {
  SmallVector<Coord> loops(plan.mac.op.getNumLoops());
  auto place = [&](ArrayRef<unsigned> list, ArrayRef<Value> values) {
    for (auto [loop, value] : llvm::zip_equal(list, values))
      loops[loop] = Coord::scalar(value);
  };
  place(plan.loops.batch, batchIndices);
  place(plan.loops.m, m);
  place(plan.loops.n, n);
  SmallVector<Coord> point;
  for (AffineExpr expr : plan.resultMap.getResults())
    point.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  emitter.beginPoint(Value());
  if (plan.initial)
    accumulator = arith::AddFOp::create(
        builder, loc, emitter.emit(builder, loc, plan.initial, point),
        accumulator);
  emitter.bindSource(plan.root, [accumulator](OpBuilder &, Location,
                                              ElementwiseEmitter::Coords) {
    return accumulator;
  });
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, plan.outputDims)) {
    SmallVector<Coord> coords = permuteCoords(point, dims);
    Value value = emitter.emit(builder, loc, output.tensor, coords);
    emitter.store(builder, loc, value, output.memref, coords);
  }
}

void MatmulLowering::emitEpilogue(ArrayRef<Value> accumulators) {
  struct Position {
    Value inside;
    SmallVector<Value> indices;
  };
  auto positionAt = [&](const Side &side, Value inTile) {
    Value at = index.add(side.first, inTile);
    return Position{index.less(at, side.extent),
                    delinearize(builder, loc, at, side.extents)};
  };
  SmallVector<Position> m, n;
  for (int64_t i = 0; i != fragmentsM * 2; ++i)
    m.push_back(positionAt(rows, index.add(index.add(warpRow, group), i * 8)));
  for (int64_t j = 0; j != fragmentsN * 2; ++j) {
    Value pair = index.add(warpColumn, index.mul(member, 2));
    n.push_back(positionAt(columns, index.add(pair, j / 2 * 8 + j % 2)));
  }
  for (auto [number, accumulator] : llvm::enumerate(accumulators)) {
    int64_t tile = number / 4, i = tile / fragmentsN, j = tile % fragmentsN;
    const Position &row = m[i * 2 + number % 4 / 2];
    const Position &column = n[j * 2 + number % 2];
    Value inside =
        arith::AndIOp::create(builder, loc, row.inside, column.inside);
    Value value = accumulator;
    index.branch(inside,
                 [&] { emitResult(row.indices, column.indices, value); });
  }
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
          MatmulLowering(kernel, *plan, emitter).run();
          return success();
        },
        pointsFallback(&getContext()));
  }
};

} // namespace
