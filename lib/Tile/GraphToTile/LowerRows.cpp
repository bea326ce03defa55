//===- LowerRows.cpp - Reductions along trailing dimensions ---------------===//
//
// Softmax, normalisations, sums: every reduction of the kernel runs over the
// trailing dimensions of one row, one after the other, then the outputs are
// written; a row stays in the first-level cache meanwhile.
//
//   for row in rows of the task
//     for each reduction: accumulators over the row, then a fixed tree
//     for each output: store(emit(output, [row.., lanes j]))
//
// The order of a sum depends on the row's length alone.
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/Pass.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/GraphToTile/RowReduction.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERROWSPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

/// One pass over a row writes each output that has the row's dimensions.
struct RowOutput {
  const KernelOutput *output;
  RowSpace space;
};

class RowsLowering {
public:
  RowsLowering(KernelFunction &kernel, sched::RowsAttr schedule,
               ElementwiseEmitter &emitter)
      : kernel(kernel), schedule(schedule), emitter(emitter),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc} {}

  /// Decides everything; nothing is emitted. Fails with a reason.
  LogicalResult prepare(std::string &reason);
  void run();

private:
  LogicalResult prepareOutput(const KernelOutput &output, std::string &reason);
  Value extentOf(linalg::LinalgOp op, unsigned loop);
  void chooseKept();
  void emitRow(Value row);
  void keepOnFirstUse();
  void readKept();

  KernelFunction &kernel;
  sched::RowsAttr schedule;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  unsigned rank = 0; ///< Number of row dimensions.
  std::vector<RowReduction> reductions;
  std::vector<RowOutput> outputs;
  /// A costly value that several passes need: computed by the first, kept in
  /// the memory of an output until that is written.
  Value kept;
  const KernelOutput *keeper = nullptr;
};

} // namespace

//===----------------------------------------------------------------------===//
// Decisions
//===----------------------------------------------------------------------===//

LogicalResult RowsLowering::prepare(std::string &reason) {
  kernel.bindInputs(emitter);
  rank = kernel.body.reductions.front().getNumParallelLoops();
  auto found = readReductions(kernel, emitter, reason);
  if (failed(found))
    return failure();
  reductions = std::move(*found);
  for (const KernelOutput &output : kernel.outputs)
    if (failed(prepareOutput(output, reason)))
      return failure();
  chooseKept();
  return success();
}

LogicalResult RowsLowering::prepareOutput(const KernelOutput &output,
                                          std::string &reason) {
  auto accesses = traceRowOutput(output, rank, reductions, emitter, reason);
  if (failed(accesses))
    return failure();
  unsigned dims = cast<MemRefType>(output.memref.getType()).getRank();
  RowOutput row{&output, {}};
  for (unsigned dim = rank; dim < dims; ++dim) {
    bool folds = dim + 1 < dims && canFold(*accesses, dim, dim + 1);
    row.space.folded.push_back(folds);
  }
  outputs.push_back(row);
  return success();
}

/// Does the body call a function that takes many instructions?
static bool isCostly(linalg::LinalgOp op) {
  return llvm::any_of(op.getBlock()->without_terminator(), [](Operation &o) {
    return isa<math::MathDialect>(o.getDialect()) && !isa<math::AbsFOp>(o);
  });
}

void RowsLowering::chooseKept() {
  for (const RowOutput &row : outputs) {
    auto type = cast<MemRefType>(row.output->memref.getType());
    if (row.space.folded.empty())
      continue;
    for (Operation &op : kernel.func.getBody().front()) {
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      if (!linalgOp || linalgOp->getNumResults() != 1 ||
          linalgOp.getNumReductionLoops() != 0 || !isCostly(linalgOp))
        continue;
      Value value = linalgOp->getResult(0);
      auto valueType = cast<RankedTensorType>(value.getType());
      bool identity =
          linalgOp.getMatchingIndexingMap(linalgOp.getDpsInitOperand(0))
              .isIdentity();
      if (!identity || value == row.output->tensor ||
          valueType.getShape() != type.getShape() ||
          valueType.getElementType() != type.getElementType() ||
          !llvm::hasNItemsOrMore(value.getUsers(), 2))
        continue;
      kept = value;
      keeper = row.output;
      return;
    }
  }
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

Value RowsLowering::extentOf(linalg::LinalgOp op, unsigned loop) {
  return kernel.extentOfLoop(builder, op, loop);
}

void RowsLowering::run() {
  SmallVector<Value> rowExtents;
  linalg::LinalgOp first = kernel.body.reductions.front();
  Value rows = index.constant(1), inner = index.constant(1);
  for (unsigned loop = 0; loop != rank; ++loop) {
    rowExtents.push_back(extentOf(first, loop));
    rows = index.mul(rows, rowExtents.back());
  }
  for (RowReduction &reduction : reductions) {
    for (unsigned loop = rank; loop != reduction.op.getNumLoops(); ++loop)
      reduction.space.extents.push_back(extentOf(reduction.op, loop));
    reduction.space.foldExtents(index);
  }
  for (unsigned loop = rank; loop != first.getNumLoops(); ++loop)
    inner = index.mul(inner, extentOf(first, loop));
  for (RowOutput &row : outputs) {
    for (unsigned i = 0; i != row.space.folded.size(); ++i)
      row.space.extents.push_back(index.extent(row.output->memref, rank + i));
    row.space.foldExtents(index);
  }

  std::optional<int64_t> known = constantOf(inner);
  int64_t perTask = 1;
  if (known)
    perTask = std::max<int64_t>(1, schedule.getGrain() /
                                       std::max<int64_t>(*known, 1));
  Value task = beginTasks(builder, loc, index.ceilDiv(rows, perTask));
  Value low = index.mul(task, perTask);
  Value high = index.min(index.add(low, perTask), rows);
  index.loop(low, high, 1, [&](Value row) {
    SmallVector<Coord> coords;
    for (Value at : index.delinearize(row, rowExtents))
      coords.push_back(Coord::scalar(at));
    for (RowReduction &reduction : reductions)
      reduction.row = coords;
    for (RowOutput &output : outputs)
      output.space.row = coords;
    emitRow(row);
  });
  kernel.eraseOldBody();
}

/// The next pass that needs the kept value computes and stores it.
void RowsLowering::keepOnFirstUse() {
  emitter.bindSource(kept, [this](OpBuilder &b, Location at,
                                  ElementwiseEmitter::Coords coords) {
    SmallVector<Coord> point(coords);
    emitter.unbindSource(kept);
    Value value = emitter.emitVector(b, at, kept, point);
    emitter.store(b, at, value, keeper->memref, point);
    keepOnFirstUse();
    return value;
  });
}

void RowsLowering::readKept() {
  emitter.bindSource(kept, [this](OpBuilder &b, Location at,
                                  ElementwiseEmitter::Coords coords) {
    return emitter.load(b, at, keeper->memref, coords);
  });
}

/// Does `value` depend on `wanted` through elementwise operations?
static bool needs(Value value, Value wanted) {
  if (value == wanted)
    return true;
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 0)
    return false;
  return llvm::any_of(op.getDpsInputs(),
                      [&](Value v) { return needs(v, wanted); });
}

void RowsLowering::emitRow(Value row) {
  bool isKept = false;
  for (RowReduction &reduction : reductions) {
    bool uses = kept && llvm::any_of(reduction.op.getDpsInputs(),
                                     [&](Value v) { return needs(v, kept); });
    if (uses && isKept)
      readKept();
    else if (uses)
      keepOnFirstUse();
    Value scalar =
        reduction.emit(builder, loc, emitter, schedule.getAccumulators(),
                       schedule.getUnroll());
    isKept |= uses;
    emitter.bindSource(reduction.op->getResult(0),
                       [scalar](OpBuilder &, Location,
                                ElementwiseEmitter::Coords) { return scalar; });
  }
  if (isKept)
    readKept();
  // The keeper is written last: until then it holds the kept value.
  for (bool last : {false, true})
    for (RowOutput &output : outputs) {
      if ((output.output == keeper) != last)
        continue;
      output.space.forPoints(
          builder, loc, schedule.getVl(), [&](ArrayRef<Coord> at, Value mask) {
            emitter.beginPoint(mask);
            Value value = emitter.emit(builder, loc, output.output->tensor, at);
            if (output.space.folded.empty())
              memref::StoreOp::create(builder, loc, value,
                                      output.output->memref, basesOf(at));
            else
              emitter.store(builder, loc, value, output.output->memref, at);
          });
    }
  if (kept)
    emitter.unbindSource(kept);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct LowerRowsPass : public tile::impl::LowerRowsPassBase<LowerRowsPass> {
  void runOnOperation() override {
    lowerFamily<sched::RowsAttr>(
        getOperation(), "rows",
        [](KernelFunction &kernel, sched::RowsAttr schedule,
           std::string &reason) -> LogicalResult {
          if (kernel.body.reductions.empty() || schedule.getVl() == 1) {
            reason = "no reduction, or no vectors";
            return failure();
          }
          ElementwiseEmitter emitter(schedule.getVl());
          RowsLowering lowering(kernel, schedule, emitter);
          if (failed(lowering.prepare(reason)))
            return failure();
          lowering.run();
          return success();
        });
  }
};

} // namespace
