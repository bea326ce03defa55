//===- LowerGpuRows.cpp - One block of a GPU per row ----------------------===//
//
//   for each reduction
//     thread t: accumulate elements t, t + threads, .. of the row
//     butterfly over the lanes of each warp; over the warps in order
//   for each output
//     thread t: store elements t, t + threads, ..
//
//===----------------------------------------------------------------------===//

#include "GpuBlock.h"

#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/RowReduction.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERGPUROWSPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace {

class GpuRowsLowering {
public:
  GpuRowsLowering(KernelFunction &kernel, sched::GpuRowsAttr schedule)
      : kernel(kernel), threads(schedule.getThreads()), emitter(/*lanes=*/1),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc} {}

  /// Decides everything; nothing is emitted. Fails with a reason.
  LogicalResult prepare(std::string &reason);
  void run();

private:
  using Body = function_ref<Value(ArrayRef<Coord>, Value)>;

  Value forPoints(ArrayRef<Value> extents, Value initial, Body body);
  Value reduce(const RowReduction &reduction);
  Value combine(const RowReduction &reduction, Value a, Value b);
  Value overLanes(const RowReduction &reduction, Value value);
  Value overWarps(const RowReduction &reduction, Value value);
  void emitOutput(const KernelOutput &output);

  KernelFunction &kernel;
  int64_t threads;
  ElementwiseEmitter emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  unsigned rank = 0; ///< Number of row dimensions.
  std::vector<RowReduction> reductions;
  Value thread;
  SmallVector<Coord> row;
};

} // namespace

LogicalResult GpuRowsLowering::prepare(std::string &reason) {
  kernel.bindInputs(emitter);
  rank = kernel.body.reductions.front().getNumParallelLoops();
  auto found = readReductions(kernel, emitter, reason);
  if (failed(found))
    return failure();
  reductions = std::move(*found);
  for (const RowReduction &reduction : reductions) {
    Type type = reduction.neutral.getType();
    if (!type.isF32() && !type.isInteger(32)) {
      reason = "a reduction of a type that warps do not exchange";
      return failure();
    }
  }
  for (const KernelOutput &output : kernel.outputs)
    if (failed(traceRowOutput(output, rank, reductions, emitter, reason)))
      return failure();
  return success();
}

void GpuRowsLowering::run() {
  Value memref = kernel.outputs.front().memref;
  SmallVector<Value> extents;
  Value count = index.constant(1);
  for (unsigned dim = 0; dim != rank; ++dim) {
    extents.push_back(index.extent(memref, dim));
    count = index.mul(count, extents.back());
  }
  Value block = beginBlocks(builder, loc, count, threads);
  for (Value at : delinearize(builder, loc, block, extents))
    row.push_back(Coord::scalar(at));
  thread = gpu::ThreadIdOp::create(builder, loc, gpu::Dimension::x);
  for (const RowReduction &reduction : reductions) {
    Value value = reduce(reduction);
    emitter.bindSource(reduction.op->getResult(0),
                       [value](OpBuilder &, Location,
                               ElementwiseEmitter::Coords) { return value; });
  }
  for (const KernelOutput &output : kernel.outputs)
    emitOutput(output);
  kernel.eraseOldBody();
}

/// Calls `body` for this thread's points of the trailing dimensions, with the
/// value that it returned for the last one, if there is one.
Value GpuRowsLowering::forPoints(ArrayRef<Value> extents, Value initial,
                                 Body body) {
  Value count = index.constant(1);
  for (Value extent : extents)
    count = index.mul(count, extent);
  auto loop =
      scf::ForOp::create(builder, loc, thread, count, index.constant(threads),
                         initial ? ValueRange(initial) : ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Coord> point(row);
  for (Value at : delinearize(builder, loc, loop.getInductionVar(), extents))
    point.push_back(Coord::scalar(at));
  emitter.beginPoint(Value());
  Value value = body(point, initial ? loop.getRegionIterArg(0) : Value());
  if (!initial)
    return Value();
  scf::YieldOp::create(builder, loc, value);
  return loop.getResult(0);
}

Value GpuRowsLowering::combine(const RowReduction &reduction, Value a,
                               Value b) {
  Operation *clone = builder.clone(*reduction.combiner);
  clone->setOperands({a, b});
  return clone->getResult(0);
}

Value GpuRowsLowering::overLanes(const RowReduction &reduction, Value value) {
  for (int32_t offset = kWarpThreads / 2; offset >= 1; offset /= 2) {
    Value other =
        gpu::ShuffleOp::create(builder, loc, value, offset,
                               int32_t(kWarpThreads), gpu::ShuffleMode::XOR)
            .getShuffleResult();
    value = combine(reduction, value, other);
  }
  return value;
}

/// Each reduction has shared memory of its own, so that nobody overwrites what
/// others have yet to read.
Value GpuRowsLowering::overWarps(const RowReduction &reduction, Value value) {
  int64_t warps = threads / kWarpThreads;
  if (warps == 1)
    return value;
  auto type = MemRefType::get({warps}, value.getType(), AffineMap(),
                              builder.getI64IntegerAttr(kSharedSpace));
  Value shared = memref::AllocOp::create(builder, loc, type);
  Value lane = builder.createOrFold<arith::RemUIOp>(
      loc, thread, index.constant(kWarpThreads));
  index.branch(index.equal(lane, index.constant(0)), [&] {
    memref::StoreOp::create(builder, loc, value, shared,
                            index.div(thread, kWarpThreads));
  });
  gpu::BarrierOp::create(builder, loc);
  Value total;
  for (int64_t warp = 0; warp != warps; ++warp) {
    Value part =
        memref::LoadOp::create(builder, loc, shared, index.constant(warp));
    total = total ? combine(reduction, total, part) : part;
  }
  return total;
}

Value GpuRowsLowering::reduce(const RowReduction &reduction) {
  linalg::LinalgOp op = reduction.op;
  SmallVector<Value> extents;
  for (unsigned loop = rank; loop != op.getNumLoops(); ++loop)
    extents.push_back(kernel.extentOfLoop(builder, op, loop));
  Value neutral = arith::ConstantOp::create(builder, loc, reduction.neutral);
  Value value = forPoints(
      extents, neutral, [&](ArrayRef<Coord> loops, Value accumulator) {
        return emitter.emitTerm(builder, loc, op, loops, accumulator);
      });
  value = overWarps(reduction, overLanes(reduction, value));
  emitter.beginPoint(Value());
  Value initial = emitter.emit(builder, loc, op.getDpsInits()[0], row);
  return combine(reduction, initial, value);
}

void GpuRowsLowering::emitOutput(const KernelOutput &output) {
  auto store = [&](ArrayRef<Coord> point) {
    Value value = emitter.emit(builder, loc, output.tensor, point);
    emitter.store(builder, loc, value, output.memref, point);
  };
  SmallVector<Value> extents;
  unsigned dims = cast<MemRefType>(output.memref.getType()).getRank();
  for (unsigned dim = rank; dim != dims; ++dim)
    extents.push_back(index.extent(output.memref, dim));
  if (extents.empty()) {
    index.branch(index.equal(thread, index.constant(0)), [&] {
      emitter.beginPoint(Value());
      store(row);
    });
    return;
  }
  forPoints(extents, Value(), [&](ArrayRef<Coord> point, Value) {
    store(point);
    return Value();
  });
}

namespace {

struct LowerGpuRowsPass
    : tegula::tile::impl::LowerGpuRowsPassBase<LowerGpuRowsPass> {
  void runOnOperation() override {
    lowerFamily<sched::GpuRowsAttr>(
        getOperation(), "rows",
        [](KernelFunction &kernel, sched::GpuRowsAttr schedule,
           std::string &reason) {
          if (kernel.body.reductions.empty()) {
            reason = "the kernel reduces nothing";
            return failure();
          }
          GpuRowsLowering lowering(kernel, schedule);
          if (failed(lowering.prepare(reason)))
            return failure();
          lowering.run();
          return success();
        },
        pointsFallback(&getContext()));
  }
};

} // namespace
