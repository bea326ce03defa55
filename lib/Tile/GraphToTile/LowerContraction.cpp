//===- LowerContraction.cpp - Contractions to register tiles --------------===//
//
// One task computes an mc x nc block of the result of one batch element:
//
//   for kb in K step kc
//     for each panel of nr columns
//       [pack the kc x nr panel of the columns unless it is packed already]
//       for each tile of mr rows
//         accumulators = kb == 0 ? init : result
//         for k: accumulators += rows[m, k] * panel[k, :]
//         last kb: epilogue on the accumulators, store
//
//===----------------------------------------------------------------------===//

#include "ContractionPlan.h"
#include "TransposedPanel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/GraphToTile/ResultTile.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERCONTRACTIONPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

class ContractionLowering {
public:
  ContractionLowering(KernelFunction &kernel, ContractionPlan &plan,
                      ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), emitter(emitter), builder(kernel.builder()),
        loc(plan.mac.op->getLoc()), index{builder, loc},
        vl(plan.schedule.getVl()) {}

  void run();

private:
  /// One block of k, as index values; `first` and `last` are conditions.
  struct Block {
    Value start, count, first, last;
  };

  void computeExtents();
  Value extentOfLoops(ArrayRef<unsigned> list);
  void emitTask(Value task);
  void emitPanels(Value panelLow, Value panelHigh, Value mLow, Value mHigh);
  void emitPanel(Value panel, int64_t vectors, bool masked, Value mLow,
                 Value mHigh, const Block &block);
  void emitRows(Value panel, int64_t vectors, Value mLow, Value mHigh,
                const Block &block);
  void emitTile(int64_t rows, int64_t vectors, Value m, Value panel,
                const Block &block);
  void packPanel(Value panel, int64_t vectors, const Block &block);
  void packTransposed(Value firstColumn, int64_t vectors, const Block &block);
  Value loadPacked(OpBuilder &at, Value panel, int64_t vector, Value k);
  /// Coordinates of all loops; null values are left out.
  SmallVector<Coord> loopCoords(Value m, Value k, Coord n);

  KernelFunction &kernel;
  ContractionPlan &plan;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;

  SmallVector<Value> batchExtents, batchIndices;
  Value extentM, extentN, extentK;
  int64_t kc = 0;
  /// The panel packed by the kernel itself, kc x nr, or null.
  Value scratch;
  /// Masks of the current panel's vectors; empty for a full panel.
  SmallVector<Value> masks;
};

} // namespace

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value ContractionLowering::extentOfLoops(ArrayRef<unsigned> list) {
  Value product = index.constant(1);
  for (unsigned loop : list) {
    SmallVector<int64_t> ranges = plan.mac.op.getStaticLoopRanges();
    Value extent;
    if (!ShapedType::isDynamic(ranges[loop])) {
      extent = index.constant(ranges[loop]);
    } else {
      // Dynamic: from the buffer behind an operand that has the loop.
      for (OpOperand &operand : plan.mac.op->getOpOperands()) {
        AffineMap map = plan.mac.op.getMatchingIndexingMap(&operand);
        for (auto [dim, expr] : llvm::enumerate(map.getResults()))
          if (cast<AffineDimExpr>(expr).getPosition() == loop && !extent)
            if (Value memref = kernel.memoryOf(operand.get()))
              extent = index.extent(memref, dim);
      }
      if (!extent) {
        auto [dim, output] = [&] {
          for (auto [dim, expr] : llvm::enumerate(plan.resultMap.getResults()))
            if (cast<AffineDimExpr>(expr).getPosition() == loop)
              return std::pair<int64_t, unsigned>(plan.outputDims[0][dim], 0);
          return std::pair<int64_t, unsigned>(0, 0);
        }();
        extent = index.extent(kernel.outputs[output].memref, dim);
      }
    }
    product = index.mul(product, extent);
  }
  return product;
}

void ContractionLowering::computeExtents() {
  for (unsigned loop : plan.loops.batch)
    batchExtents.push_back(extentOfLoops(loop));
  extentM = extentOfLoops(plan.loops.m);
  extentN = extentOfLoops(plan.loops.n);
  extentK = extentOfLoops(plan.loops.k);
  kc = plan.schedule.getKc();
  std::optional<int64_t> staticK = constantOf(extentK);
  if (staticK && *staticK <= kc)
    kc = std::max<int64_t>(*staticK, 1);
}

void ContractionLowering::run() {
  computeExtents();
  int64_t mc = plan.schedule.getMc(), nc = plan.schedule.getNc();
  Value count =
      index.mul(index.ceilDiv(extentN, nc), index.ceilDiv(extentM, mc));
  for (Value extent : batchExtents)
    count = index.mul(count, extent);
  emitTask(beginTasks(builder, loc, count));
  kernel.eraseOldBody();
}

void ContractionLowering::emitTask(Value task) {
  int64_t mc = plan.schedule.getMc(), nc = plan.schedule.getNc();
  int64_t nr = plan.schedule.getNr();
  SmallVector<Value> extents(batchExtents);
  extents.push_back(index.ceilDiv(extentN, nc));
  extents.push_back(index.ceilDiv(extentM, mc));
  SmallVector<Value> at = index.delinearize(task, extents);
  batchIndices.assign(at.begin(), at.end() - 2);

  if (plan.schedule.getPackColumns() && !plan.hasPackedColumns())
    scratch = memref::AllocOp::create(
        builder, loc, MemRefType::get({kc, nr}, plan.mac.vectorOperandType()),
        builder.getI64IntegerAttr(64));

  Value mLow = index.mul(at.back(), mc);
  Value mHigh = index.min(index.add(mLow, mc), extentM);
  Value panelLow = index.mul(at[at.size() - 2], nc / nr);
  Value panelHigh =
      index.min(index.add(panelLow, nc / nr), index.ceilDiv(extentN, nr));
  emitPanels(panelLow, panelHigh, mLow, mHigh);
}

void ContractionLowering::emitPanels(Value panelLow, Value panelHigh,
                                     Value mLow, Value mHigh) {
  int64_t nr = plan.schedule.getNr();
  std::optional<int64_t> staticN = constantOf(extentN);
  int64_t tail = staticN ? *staticN % nr : nr - 1;
  auto panels = [&](Value kb) {
    Block block;
    block.start = kb;
    Value end = index.min(index.add(kb, kc), extentK);
    block.count = index.sub(end, kb);
    block.first = index.equal(kb, index.constant(0));
    block.last = index.equal(end, extentK);
    Value fullPanels = index.min(panelHigh, index.div(extentN, nr));
    if (!staticN || *staticN >= nr)
      index.loop(panelLow, fullPanels, 1, [&](Value panel) {
        emitPanel(panel, nr / vl, /*masked=*/false, mLow, mHigh, block);
      });
    if (tail == 0)
      return;
    // At most one panel is not full, and it is the last one.
    index.loop(fullPanels, panelHigh, 1, [&](Value panel) {
      emitPanel(panel, (tail + vl - 1) / vl, /*masked=*/tail % vl != 0, mLow,
                mHigh, block);
    });
  };
  std::optional<int64_t> staticK = constantOf(extentK);
  if (staticK && *staticK <= kc)
    panels(index.constant(0));
  else
    // A sum of nothing is one empty block: somebody has to write the result.
    index.loop(index.constant(0), index.atLeastOne(extentK), kc, panels);
}

void ContractionLowering::emitPanel(Value panel, int64_t vectors, bool masked,
                                    Value mLow, Value mHigh,
                                    const Block &block) {
  masks.clear();
  Value column = index.mul(panel, plan.schedule.getNr());
  for (int64_t v = 0; masked && v != vectors; ++v) {
    Value rest =
        arith::SubIOp::create(builder, loc, extentN, index.add(column, v * vl));
    masks.push_back(vector::CreateMaskOp::create(
        builder, loc, VectorType::get({vl}, builder.getI1Type()), rest));
  }
  if (scratch)
    packPanel(panel, vectors, block);
  emitRows(panel, vectors, mLow, mHigh, block);
}

void ContractionLowering::emitRows(Value panel, int64_t vectors, Value mLow,
                                   Value mHigh, const Block &block) {
  forRowTiles(
      index, mLow, mHigh, constantOf(extentM), plan.schedule.getMr(),
      [&](Value m, int64_t rows) { emitTile(rows, vectors, m, panel, block); });
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

SmallVector<Coord> ContractionLowering::loopCoords(Value m, Value k, Coord n) {
  SmallVector<Coord> coords(plan.mac.op.getNumLoops(), Coord::folded());
  for (auto [loop, value] : llvm::zip_equal(plan.loops.batch, batchIndices))
    coords[loop] = Coord::scalar(value);
  if (!plan.loops.m.empty())
    coords[plan.loops.m.back()] = Coord::scalar(m);
  if (!plan.loops.k.empty())
    coords[plan.loops.k.back()] = Coord::scalar(k);
  coords[plan.loops.n.back()] = n;
  return coords;
}

void ContractionLowering::packPanel(Value panel, int64_t vectors,
                                    const Block &block) {
  Value column = index.mul(panel, plan.schedule.getNr());
  if (plan.transposedColumns)
    return packTransposed(column, vectors, block);
  index.loop(index.constant(0), block.count, 1, [&](Value k) {
    for (int64_t v = 0; v != vectors; ++v) {
      emitter.beginPoint(masks.empty() ? Value() : masks[v]);
      Coord lanes = Coord::lanes(index.add(column, v * vl));
      SmallVector<Coord> at =
          plan.coordsOf(plan.columnsMap,
                        loopCoords(Value(), index.add(block.start, k), lanes));
      Value value = emitter.emitVector(builder, loc, plan.columns, at);
      value = plan.mac.prepareVector(builder, emitter, value);
      vector::StoreOp::create(builder, loc, value, scratch,
                              ValueRange{k, index.constant(v * vl)});
    }
  });
}

/// Columns whose k is contiguous: vl x vl squares are transposed in registers.
void ContractionLowering::packTransposed(Value firstColumn, int64_t vectors,
                                         const Block &block) {
  Value lastColumn = index.sub(extentN, index.constant(1));
  // Column numbers past the end read the last column: their lanes are never
  // stored.
  auto columnOf = [&](int64_t lane) {
    Value column = index.add(firstColumn, lane);
    return masks.empty() ? column : index.min(column, lastColumn);
  };
  auto read = [&](int64_t lane, Coord k) {
    Coord position = k;
    position.base = index.add(block.start, k.base);
    SmallVector<Coord> loops =
        loopCoords(Value(), position.base, Coord::scalar(columnOf(lane)));
    loops[plan.loops.k.back()] = position;
    SmallVector<Coord> at = plan.coordsOf(plan.columnsMap, loops);
    emitter.beginPoint(Value());
    Value value = k.kind == Coord::Lanes
                      ? emitter.emitVector(builder, loc, plan.columns, at)
                      : emitter.emit(builder, loc, plan.columns, at);
    return plan.mac.prepareVector(builder, emitter, value);
  };
  tegula::tile::packTransposed(index, vl, vectors * vl, block.count, scratch,
                               index.constant(0), read);
}

/// A vector of the packed constant, whose panels are those of one stream.
Value ContractionLowering::loadPacked(OpBuilder &at, Value panel,
                                      int64_t vector, Value k) {
  int64_t vectors = plan.schedule.packedColumns() / vl;
  Value stream =
      index.add(index.mul(panel, plan.schedule.getStreams()), vector / vectors);
  SmallVector<Coord> loops = loopCoords(Value(), k, Coord::scalar(stream));
  SmallVector<Coord> dims = plan.coordsOf(plan.columnsMap, loops);
  SmallVector<Coord> coords;
  for (int64_t dim : plan.packedDims)
    coords.push_back(dims[dim]);
  coords.push_back(Coord::lanes(index.constant(vector % vectors * vl)));
  emitter.beginPoint(Value());
  return plan.mac.prepareVector(
      at, emitter, emitter.load(at, loc, plan.packedColumns, coords));
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

void ContractionLowering::emitTile(int64_t rows, int64_t vectors, Value m,
                                   Value panel, const Block &block) {
  Value column = index.mul(panel, plan.schedule.getNr());
  auto maskOf = [&](int64_t v) { return masks.empty() ? Value() : masks[v]; };
  SmallVector<SmallVector<Coord>> points;
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t v = 0; v != vectors; ++v)
      points.push_back(plan.coordsOf(
          plan.resultMap, loopCoords(index.add(m, row), Value(),
                                     Coord::lanes(index.add(column, v * vl)))));

  RegisterTile tile;
  tile.rows = rows;
  tile.vectors = vectors;
  if (plan.codes)
    tile.unroll = plan.codes->tilePositions();
  Value first, count = block.count;
  if (plan.steps)
    std::tie(first, count) = plan.steps->range(index, panel, block.start);
  tile.loadScalar = [&](OpBuilder &at, int64_t row, Value k, int64_t step) {
    emitter.beginPoint(Value());
    Value position = plan.steps
                         ? plan.steps->position(index, index.add(first, k))
                         : index.add(index.add(block.start, k), step);
    SmallVector<Coord> coords = plan.coordsOf(
        plan.rowsMap, loopCoords(index.add(m, row), position, Coord::folded()));
    return plan.mac.prepareScalar(at, emitter,
                                  emitter.emit(at, loc, plan.rows, coords));
  };
  tile.loadVector = [&](OpBuilder &at, int64_t v, Value k,
                        int64_t step) -> Value {
    if (plan.steps)
      return vector::LoadOp::create(
          at, loc, VectorType::get({vl}, plan.mac.vectorOperandType()),
          plan.steps->quads,
          ValueRange{index.add(first, k), index.constant(v * vl)});
    if (plan.codes)
      return plan.codes->load(index, panel, v, index.add(block.start, k), step);
    if (scratch)
      return vector::LoadOp::create(
          at, loc, VectorType::get({vl}, plan.mac.vectorOperandType()), scratch,
          ValueRange{k, index.constant(v * vl)});
    if (plan.packedColumns)
      return loadPacked(at, panel, v, index.add(block.start, k));
    emitter.beginPoint(maskOf(v));
    Coord lanes = Coord::lanes(index.add(column, v * vl));
    SmallVector<Coord> coords = plan.coordsOf(
        plan.columnsMap, loopCoords(Value(), index.add(block.start, k), lanes));
    return plan.mac.prepareVector(
        at, emitter, emitter.emitVector(at, loc, plan.columns, coords));
  };
  ResultTile result{
      kernel,          emitter,
      plan.root,       plan.initial,
      plan.outputDims, VectorType::get({vl}, plan.mac.accumulatorType()),
      points,          masks};
  SmallVector<Value> accumulators =
      tile.emit(builder, loc, plan.mac, emitter, count,
                result.begin(builder, loc, block.first));
  result.end(builder, index, accumulators, block.last);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// All of k is certainly one block.
static bool fitsOneBlock(const ContractionPlan &plan) {
  linalg::LinalgOp op = plan.mac.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t extent = 1;
  for (unsigned loop : plan.loops.k) {
    if (ShapedType::isDynamic(ranges[loop]))
      return false;
    extent *= ranges[loop];
  }
  return extent <= plan.schedule.getKc();
}

/// Blocks of k start where tiles of codes do.
static bool keepsTilesWhole(const ContractionPlan &plan) {
  int64_t positions = plan.codes ? plan.codes->tilePositions() : 1;
  linalg::LinalgOp op = plan.mac.op;
  int64_t k = op.getStaticLoopRanges()[plan.loops.k.back()];
  return fitsOneBlock(plan) ||
         (plan.schedule.getKc() % positions == 0 && k % positions == 0);
}

namespace {

struct LowerContractionPass
    : public tile::impl::LowerContractionPassBase<LowerContractionPass> {
  void runOnOperation() override {
    lowerFamily<sched::ContractionAttr>(
        getOperation(), "contraction",
        [](KernelFunction &kernel, sched::ContractionAttr schedule,
           std::string &reason) -> LogicalResult {
          ElementwiseEmitter emitter(schedule.getVl());
          FailureOr<ContractionPlan> plan =
              ContractionPlan::make(kernel, schedule, emitter, reason);
          if (failed(plan))
            return failure();
          if (!plan->revisitsOutput && !fitsOneBlock(*plan)) {
            reason = "partial sums have nowhere to go between blocks of k";
            return failure();
          }
          if (!keepsTilesWhole(*plan)) {
            reason = "blocks of k would cut tiles of packed codes";
            return failure();
          }
          ContractionLowering(kernel, *plan, emitter).run();
          return success();
        });
  }
};

} // namespace
