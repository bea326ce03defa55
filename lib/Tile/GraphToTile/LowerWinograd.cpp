//===- LowerWinograd.cpp - Convolutions by transforms ---------------------===//
//
// A block is some rows of tiles of one image times some filters:
//
//   transform the input tiles               (WinogradInput)
//   for each element of a tile
//     for each tile of mr filters
//       for each panel of nr tiles: mr x nr accumulators over the channels
//   for each filter, row and vector of tiles:
//     transform back in registers; epilogue; store rows of pixels
//
// Transformed tiles lie in scratch memory that each task has for itself and
// that its blocks use one after another.
//
//===----------------------------------------------------------------------===//

#include "WinogradInput.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/GraphToTile/ResultTile.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERWINOGRADPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

class WinogradLowering {
public:
  WinogradLowering(KernelFunction &kernel, const WinogradPlan &plan,
                   ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), emitter(emitter), builder(kernel.builder()),
        loc(plan.convolution.root.getLoc()), index{builder, loc},
        vl(plan.schedule.getVl()),
        transforms{builder, loc, plan.transform, plan.convolution.mac.fused},
        input(plan, transforms, builder, loc),
        vector(VectorType::get({vl}, builder.getF32Type())) {}

  void run();

private:
  void emitBlock(Value block, Value isFirst);
  void emitInput();
  void emitProducts();
  void emitPanels(Value element, Value filter, int64_t rows);
  void emitPanel(Value element, Value filter, int64_t rows, Value tile,
                 int64_t vectors);
  void emitResults();
  void emitVector(Value filter, Value row, Value tile, int64_t columns);
  void storeRow(Value filter, Value y, Value x, ArrayRef<Value> pixels,
                int64_t columns);

  KernelFunction &kernel;
  const WinogradPlan &plan;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;
  WinogradEmitter transforms;
  WinogradInput input;
  VectorType vector;

  /// Transformed tiles [element][channel][tile] and their products with the
  /// filters [element][filter][tile].
  Value tiles, products;
  Value images;
  Value image, rowLow, rowHigh, filterLow, filterHigh;
};

} // namespace

//===----------------------------------------------------------------------===//
// Tasks and blocks
//===----------------------------------------------------------------------===//

void WinogradLowering::run() {
  const ConvolutionPlan &convolution = plan.convolution;
  images = convolution.batch ? kernel.extentOfLoop(builder, convolution.mac.op,
                                                   *convolution.batch)
                             : index.constant(1);
  Value blocks = index.mul(images, plan.rowBlocks() * plan.filterBlocks());
  auto [low, high] = beginSharedTasks(builder, loc, blocks, plan.tasks);
  // An odd number of rows: see WinogradPlan::pitch.
  auto scratch = [&](int64_t rows) -> Value {
    return memref::AllocOp::create(
        builder, loc,
        MemRefType::get({plan.transform.elements(), rows | 1, plan.pitch},
                        builder.getF32Type()),
        builder.getI64IntegerAttr(64));
  };
  tiles = scratch(plan.channels);
  products = scratch(plan.blockFilters);
  input.prepare();
  index.loop(low, high, 1, [&, low = low](Value block) {
    emitBlock(block, index.equal(block, low));
  });
  kernel.eraseOldBody();
}

/// `isFirst`: is it the first block of the task?
void WinogradLowering::emitBlock(Value block, Value isFirst) {
  SmallVector<Value> at =
      index.delinearize(block, {images, index.constant(plan.rowBlocks()),
                                index.constant(plan.filterBlocks())});
  image = at[0];
  rowLow = index.mul(at[1], plan.blockRows);
  rowHigh = index.min(index.add(rowLow, plan.blockRows),
                      index.constant(plan.tiles.rows));
  filterLow = index.mul(at[2], plan.blockFilters);
  filterHigh = index.min(index.add(filterLow, plan.blockFilters),
                         index.constant(plan.filters));
  // Blocks that differ in the filters alone follow each other.
  Value isNew = index.equal(at[2], index.constant(0));
  index.branch(builder.createOrFold<arith::OrIOp>(loc, isNew, isFirst),
               [&] { emitInput(); });
  emitProducts();
  emitResults();
}

void WinogradLowering::emitInput() {
  index.loop(rowLow, rowHigh, 1, [&](Value row) {
    Value first = index.mul(index.sub(row, rowLow), plan.tiles.columns);
    input.emit(tiles, image, row, first);
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void WinogradLowering::emitProducts() {
  int64_t mr = plan.schedule.getMr();
  index.loop(index.constant(0), index.constant(plan.transform.elements()), 1,
             [&](Value element) {
               // Only the last tile of all filters may be smaller.
               int64_t whole = plan.filters / mr * mr;
               Value end = index.min(filterHigh, index.constant(whole));
               index.loop(filterLow, end, mr, [&](Value filter) {
                 emitPanels(element, filter, mr);
               });
               if (int64_t rest = plan.filters % mr)
                 index.branch(
                     index.equal(filterHigh, index.constant(plan.filters)),
                     [&] { emitPanels(element, index.constant(whole), rest); });
             });
}

/// All panels of tiles for `rows` filters.
void WinogradLowering::emitPanels(Value element, Value filter, int64_t rows) {
  int64_t nr = plan.schedule.getNr();
  Value count = index.mul(index.sub(rowHigh, rowLow), plan.tiles.columns);
  Value whole = index.roundDown(count, nr);
  index.loop(index.constant(0), whole, nr, [&](Value tile) {
    emitPanel(element, filter, rows, tile, nr / vl);
  });
  // The last panel has as many vectors as it needs.
  Value rest = index.ceilDiv(index.sub(count, whole), vl);
  for (int64_t vectors = 1; vectors <= nr / vl; ++vectors)
    index.branch(index.equal(rest, index.constant(vectors)),
                 [&] { emitPanel(element, filter, rows, whole, vectors); });
}

void WinogradLowering::emitPanel(Value element, Value filter, int64_t rows,
                                 Value tile, int64_t vectors) {
  Value panel = index.div(filter, plan.schedule.getMr());
  RegisterTile registers;
  registers.rows = rows;
  registers.vectors = vectors;
  registers.loadScalar = [&](OpBuilder &at, int64_t row, Value k,
                             int64_t) -> Value {
    return memref::LoadOp::create(
        at, loc, plan.filter,
        ValueRange{element, panel, k, index.constant(row)});
  };
  registers.loadVector = [&](OpBuilder &at, int64_t v, Value k,
                             int64_t) -> Value {
    return vector::LoadOp::create(
        at, loc, vector, tiles,
        ValueRange{element, k, index.add(tile, v * vl)});
  };
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vector));
  SmallVector<Value> accumulators = registers.emit(
      builder, loc, plan.convolution.mac, emitter,
      index.constant(plan.channels), SmallVector<Value>(rows * vectors, zero));
  Value slot = index.sub(filter, filterLow);
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t v = 0; v != vectors; ++v)
      vector::StoreOp::create(
          builder, loc, accumulators[row * vectors + v], products,
          ValueRange{element, index.add(slot, row), index.add(tile, v * vl)});
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void WinogradLowering::emitResults() {
  int64_t columnsOfVector = vl * plan.transform.results;
  int64_t columns = plan.output.columns;
  int64_t whole = columns / columnsOfVector;
  index.loop(filterLow, filterHigh, 1, [&](Value filter) {
    index.loop(rowLow, rowHigh, 1, [&](Value row) {
      index.loop(
          index.constant(0), index.constant(whole * vl), vl,
          [&](Value tile) { emitVector(filter, row, tile, columnsOfVector); });
      if (int64_t rest = columns % columnsOfVector)
        emitVector(filter, row, index.constant(whole * vl), rest);
    });
  });
}

/// Transforms a vector of tiles back and stores their `columns` columns that
/// exist.
void WinogradLowering::emitVector(Value filter, Value row, Value tile,
                                  int64_t columns) {
  int64_t size = plan.transform.size(), results = plan.transform.results;
  Value slot = index.sub(filter, filterLow);
  Value at =
      index.add(index.mul(index.sub(row, rowLow), plan.tiles.columns), tile);
  SmallVector<SmallVector<Value>> rows(results);
  for (int64_t j = 0; j != size; ++j) {
    SmallVector<Value> column;
    for (int64_t i = 0; i != size; ++i)
      column.push_back(vector::LoadOp::create(
          builder, loc, vector, products,
          ValueRange{index.constant(i * size + j), slot, at}));
    for (auto [i, value] : llvm::enumerate(transforms.result(column)))
      rows[i].push_back(value);
  }
  Value x = index.mul(tile, results);
  for (int64_t i = 0; i != results; ++i) {
    SmallVector<Value> pixels =
        transforms.toColumns(transforms.result(rows[i]));
    pixels.resize(llvm::divideCeil(columns, vl));
    Value y = index.add(index.mul(row, results), i);
    if (plan.output.rows % results == 0)
      storeRow(filter, y, x, pixels, columns);
    else
      index.branch(index.less(y, index.constant(plan.output.rows)),
                   [&] { storeRow(filter, y, x, pixels, columns); });
  }
}

/// Stores the first `columns` pixels of the row of `pixels` at (y, x).
void WinogradLowering::storeRow(Value filter, Value y, Value x,
                                ArrayRef<Value> pixels, int64_t columns) {
  const ConvolutionPlan &convolution = plan.convolution;
  Value first = index.add(index.mul(y, plan.output.columns), x);
  SmallVector<SmallVector<Coord>> points;
  SmallVector<Value> masks;
  auto maskType = VectorType::get({vl}, builder.getI1Type());
  for (size_t v = 0; v != pixels.size(); ++v) {
    points.push_back(
        convolution.resultAt(image, Value(), Coord::scalar(filter),
                             Coord::lanes(index.add(first, v * vl))));
    int64_t lanes = std::min<int64_t>(vl, columns - v * vl);
    if (columns % vl != 0)
      masks.push_back(vector::ConstantMaskOp::create(builder, loc, maskType,
                                                     ArrayRef<int64_t>{lanes}));
  }
  ResultTile result{kernel,
                    emitter,
                    convolution.root,
                    convolution.initial,
                    convolution.outputDims,
                    vector,
                    points,
                    masks};
  Value always = arith::ConstantIntOp::create(builder, loc, 1, 1);
  SmallVector<Value> sums = result.begin(builder, loc, always);
  for (auto [sum, pixel] : llvm::zip_equal(sums, pixels))
    sum = arith::AddFOp::create(builder, loc, pixel, sum);
  result.end(builder, index, sums, always);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct LowerWinogradPass
    : public tile::impl::LowerWinogradPassBase<LowerWinogradPass> {
  void runOnOperation() override {
    lowerFamily<sched::WinogradAttr>(
        getOperation(), "winograd",
        [](KernelFunction &kernel, sched::WinogradAttr schedule,
           std::string &reason) -> LogicalResult {
          ElementwiseEmitter emitter(schedule.getVl());
          FailureOr<WinogradPlan> plan =
              WinogradPlan::make(kernel, schedule, emitter, reason);
          if (failed(plan))
            return failure();
          WinogradLowering(kernel, *plan, emitter).run();
          return success();
        });
  }
};

} // namespace
