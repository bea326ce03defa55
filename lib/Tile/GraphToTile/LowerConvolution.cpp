//===- LowerConvolution.cpp - Convolutions as implicit products -----------===//
//
// One task computes fc filters at nb panels of nr output pixels of one image
// and group:
//
//   for channels in blocks
//     for each panel: gather the input columns [k][nr] (ConvolutionGather)
//     for each tile of mr filters
//       for each panel: mr x nr accumulators over k; epilogue; store
//
// Rows of the register tile are filters, read from the packed constant; lanes
// are pixels, contiguous in the result.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionGather.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/GraphToTile/ResultTile.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERCONVOLUTIONPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

class ConvolutionLowering {
public:
  ConvolutionLowering(KernelFunction &kernel, ConvolutionPlan &plan,
                      ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), emitter(emitter), builder(kernel.builder()),
        loc(plan.mac.op->getLoc()), index{builder, loc},
        vl(plan.schedule.getVl()), gather(plan, emitter, builder, loc, vl) {}

  void run();

private:
  /// A block of channels; `first` and `last` are conditions.
  struct Block {
    Value channel, channelCount, count, first, last;
  };

  Value extentOf(unsigned loop);
  void computeExtents();
  void emitTask(Value task);
  void emitBlock(const Block &block);
  void
  forPanels(function_ref<void(Value slot, Value pixel, int64_t vectors)> body);
  void gatherPanels(const Block &block);
  void copyPixels(Value slot, Value pixel, int64_t vectors, const Block &block);
  void emitFilters(const Block &block);
  void emitTile(int64_t rows, Value tile, Value slot, Value pixel,
                int64_t vectors, const Block &block);
  Value loadFilter(OpBuilder &at, Value tile, int64_t row, Value k,
                   const Block &block);
  Value loadPixels(OpBuilder &at, Value pixel, int64_t v, Value k,
                   const Block &block);

  KernelFunction &kernel;
  ConvolutionPlan &plan;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl;
  ConvolutionGather gather;

  Value images, groups, filters, channels, pixels, window, flatInput;
  /// A unit is what panels count through: all pixels, or one row of them when
  /// the width is known only at run time.
  Value unit, unitCount, panelsPerUnit;
  int64_t channelBlock = 1;
  Value image, group, imageOffset, scratch;
  Value filterLow, filterHigh, panelLow, panelHigh;
  SmallVector<Value> masks;
};

} // namespace

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// The extent of a loop, from the static ranges or from a buffer.
Value ConvolutionLowering::extentOf(unsigned loop) {
  int64_t range = plan.mac.op.getStaticLoopRanges()[loop];
  if (!ShapedType::isDynamic(range))
    return index.constant(range);
  for (auto [dim, expr] : llvm::enumerate(plan.resultMap.getResults()))
    if (expr == builder.getAffineDimExpr(loop))
      return index.extent(kernel.outputs[0].memref, plan.outputDims[0][dim]);
  for (auto [dim, expr] : llvm::enumerate(plan.inputMap.getResults()))
    if (expr == builder.getAffineDimExpr(loop))
      return index.extent(plan.inputMemory, dim);
  for (auto [dim, expr] : llvm::enumerate(plan.filterMap.getResults()))
    if (expr == builder.getAffineDimExpr(loop))
      return index.extent(kernel.memoryOf(plan.filter), dim);
  return index.constant(1);
}

void ConvolutionLowering::computeExtents() {
  images = plan.batch ? extentOf(*plan.batch) : index.constant(1);
  groups = plan.depth ? extentOf(*plan.depth) : index.constant(1);
  filters = extentOf(plan.outputChannel);
  channels = extentOf(plan.inputChannel);
  SmallVector<Value> positions, taps;
  pixels = window = index.constant(1);
  for (const ConvolutionWindow &w : plan.windows) {
    positions.push_back(extentOf(w.position));
    taps.push_back(extentOf(w.tap));
    pixels = index.mul(pixels, positions.back());
    window = index.mul(window, taps.back());
  }
  gather.prepare(positions, taps);
  flatInput = index.flatten(plan.inputMemory);

  std::optional<int64_t> width = constantOf(positions.back());
  bool byRows = !width && !plan.schedule.getInPlace();
  unit = byRows ? positions.back() : pixels;
  unitCount = index.constant(1);
  for (Value extent : ArrayRef(positions).drop_back())
    unitCount = byRows ? index.mul(unitCount, extent) : unitCount;
  panelsPerUnit = index.ceilDiv(unit, plan.schedule.getNr());
  gather.crossesRows =
      !byRows && positions.size() > 1 && (!width || *width % vl != 0);
  int64_t taps1 = constantOf(window).value_or(1);
  channelBlock = std::max<int64_t>(1, plan.schedule.getKc() / taps1);
  if (std::optional<int64_t> known = constantOf(channels))
    channelBlock =
        std::clamp<int64_t>(channelBlock, 1, std::max<int64_t>(*known, 1));
}

void ConvolutionLowering::run() {
  computeExtents();
  Value panels = index.mul(unitCount, panelsPerUnit);
  SmallVector<Value> extents = {images, groups,
                                index.ceilDiv(panels, plan.schedule.getNb()),
                                index.ceilDiv(filters, plan.schedule.getFc())};
  Value count = index.constant(1);
  for (Value extent : extents)
    count = index.mul(count, extent);
  Value task = beginTasks(builder, loc, count);
  SmallVector<Value> at = index.delinearize(task, extents);
  image = at[0];
  group = at[1];
  panelLow = index.mul(at[2], plan.schedule.getNb());
  panelHigh = index.min(index.add(panelLow, plan.schedule.getNb()), panels);
  filterLow = index.mul(at[3], plan.schedule.getFc());
  filterHigh = index.min(index.add(filterLow, plan.schedule.getFc()), filters);
  emitTask(task);
  kernel.eraseOldBody();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void ConvolutionLowering::emitTask(Value task) {
  imageOffset = plan.inputOffset(index, image, group);
  if (!plan.schedule.getInPlace()) {
    int64_t kc = channelBlock * constantOf(window).value_or(1);
    scratch = memref::AllocOp::create(
        builder, loc,
        MemRefType::get({plan.schedule.getNb(), kc, plan.schedule.getNr()},
                        plan.mac.vectorOperandType()),
        builder.getI64IntegerAttr(64));
  }
  auto blockAt = [&](Value channel) {
    Block block;
    block.channel = channel;
    Value end = index.min(index.add(channel, channelBlock), channels);
    block.channelCount = index.sub(end, channel);
    block.count = index.mul(block.channelCount, window);
    block.first = index.equal(channel, index.constant(0));
    block.last = index.equal(end, channels);
    emitBlock(block);
  };
  std::optional<int64_t> known = constantOf(channels);
  if (known && *known <= channelBlock)
    blockAt(index.constant(0));
  else
    // A sum of nothing is one empty block: somebody has to write the result.
    index.loop(index.constant(0), index.atLeastOne(channels), channelBlock,
               blockAt);
}

void ConvolutionLowering::emitBlock(const Block &block) {
  if (scratch)
    gatherPanels(block);
  emitFilters(block);
}

/// Calls `body` for the task's panels: once for full ones, in a loop, and once
/// for one that is not full, with `masks` set.
void ConvolutionLowering::forPanels(
    function_ref<void(Value slot, Value pixel, int64_t vectors)> body) {
  int64_t nr = plan.schedule.getNr();
  std::optional<int64_t> known = constantOf(unit);
  int64_t tail = known ? *known % nr : nr - 1;
  index.loop(panelLow, panelHigh, 1, [&](Value panel) {
    SmallVector<Value> at =
        index.delinearize(panel, {unitCount, panelsPerUnit});
    Value slot = index.sub(panel, panelLow);
    Value inUnit = index.mul(at[1], nr);
    Value pixel = index.add(index.mul(at[0], unit), inUnit);
    Value rest = index.sub(unit, inUnit);
    masks.clear();
    auto full = [&] { body(slot, pixel, nr / vl); };
    auto partial = [&] {
      int64_t vectors = (tail + vl - 1) / vl;
      for (int64_t v = 0; tail % vl != 0 && v != vectors; ++v)
        masks.push_back(vector::CreateMaskOp::create(
            builder, loc, VectorType::get({vl}, builder.getI1Type()),
            arith::SubIOp::create(builder, loc, rest, index.constant(v * vl))
                .getResult()));
      body(slot, pixel, vectors);
      masks.clear();
    };
    if (tail == 0)
      return full();
    if (known && *known < nr)
      return partial();
    index.branch(index.less(rest, index.constant(nr)), partial, full);
  });
}

void ConvolutionLowering::gatherPanels(const Block &block) {
  forPanels([&](Value slot, Value pixel, int64_t vectors) {
    if (plan.isPointwise())
      return copyPixels(slot, pixel, vectors, block);
    gather.emit(scratch, slot, imageOffset, pixel, vectors, block.channel,
                block.channelCount);
  });
}

/// A panel of a pointwise convolution is its pixels, channel by channel.
void ConvolutionLowering::copyPixels(Value slot, Value pixel, int64_t vectors,
                                     const Block &block) {
  index.loop(index.constant(0), block.channelCount, 1, [&](Value channel) {
    for (int64_t v = 0; v != vectors; ++v)
      vector::StoreOp::create(
          builder, loc, loadPixels(builder, pixel, v, channel, block), scratch,
          ValueRange{slot, channel, index.constant(v * vl)});
  });
}

void ConvolutionLowering::emitFilters(const Block &block) {
  int64_t mr = plan.schedule.getMr();
  std::optional<int64_t> known = constantOf(filters);
  Value f = filterLow;
  auto tiles = [&](int64_t rows) {
    Value end = index.add(f, index.roundDown(index.sub(filterHigh, f), rows));
    index.loop(f, end, rows, [&](Value at) {
      forPanels([&](Value slot, Value pixel, int64_t vectors) {
        emitTile(rows, at, slot, pixel, vectors, block);
      });
    });
    f = end;
  };
  if (!known || *known >= mr)
    tiles(mr);
  if (known && *known % mr != 0)
    tiles(*known % mr);
  if (!known)
    tiles(1);
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

Value ConvolutionLowering::loadFilter(OpBuilder &at, Value tile, int64_t row,
                                      Value k, const Block &block) {
  k = index.add(index.mul(block.channel, window), k);
  int64_t mr = plan.schedule.getMr();
  SmallVector<Coord> coords;
  for (AffineExpr expr : plan.filterMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (loop == plan.outputChannel)
      coords.push_back(Coord::scalar(plan.packedFilter ? index.div(tile, mr)
                                                       : index.add(tile, row)));
    else if (plan.depth && loop == *plan.depth)
      coords.push_back(Coord::scalar(group));
    else if (loop == plan.windows.back().tap)
      coords.push_back(Coord::scalar(k));
    else
      coords.push_back(Coord::folded());
  }
  Value memref = kernel.memoryOf(plan.filter);
  if (plan.packedFilter) {
    // The tile's first filter is a multiple of mr, except in the last tile.
    Value inTile = index.sub(tile, index.mul(index.div(tile, mr), mr));
    coords.push_back(Coord::scalar(index.add(inTile, row)));
    memref = plan.packedFilter;
  }
  return plan.mac.prepareScalar(at, emitter,
                                emitter.load(at, loc, memref, coords));
}

/// A vector of pixels of a pointwise convolution, from the input itself.
Value ConvolutionLowering::loadPixels(OpBuilder &at, Value pixel, int64_t v,
                                      Value k, const Block &block) {
  Value channel = index.add(block.channel, k);
  Value offset = index.add(index.add(imageOffset, index.add(pixel, v * vl)),
                           index.mul(channel, gather.channelStride));
  emitter.beginPoint(masks.empty() ? Value() : masks[v]);
  return plan.mac.prepareVector(
      at, emitter, emitter.load(at, loc, flatInput, Coord::lanes(offset)));
}

void ConvolutionLowering::emitTile(int64_t rows, Value tile, Value slot,
                                   Value pixel, int64_t vectors,
                                   const Block &block) {
  SmallVector<SmallVector<Coord>> points;
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t v = 0; v != vectors; ++v)
      points.push_back(plan.resultAt(image, group,
                                     Coord::scalar(index.add(tile, row)),
                                     Coord::lanes(index.add(pixel, v * vl))));
  // In steps, k counts through those of the tile; otherwise through positions.
  Value first, count = block.count;
  Value start = index.mul(block.channel, window);
  if (plan.steps)
    std::tie(first, count) =
        plan.steps->range(index, index.div(tile, plan.schedule.getMr()), start);
  auto positionOf = [&](Value k) {
    if (!plan.steps)
      return k;
    return index.sub(plan.steps->position(index, index.add(first, k)), start);
  };
  RegisterTile registers;
  registers.rows = rows;
  registers.vectors = vectors;
  registers.loadScalar = [&](OpBuilder &at, int64_t row, Value k, int64_t) {
    if (plan.steps)
      return memref::LoadOp::create(
                 at, loc, plan.steps->quads,
                 ValueRange{index.add(first, k), index.constant(row)})
          .getResult();
    return loadFilter(at, tile, row, k, block);
  };
  registers.loadVector = [&](OpBuilder &at, int64_t v, Value k,
                             int64_t) -> Value {
    k = positionOf(k);
    if (!scratch)
      return loadPixels(at, pixel, v, k, block);
    return vector::LoadOp::create(
        at, loc, VectorType::get({vl}, plan.mac.vectorOperandType()), scratch,
        ValueRange{slot, k, index.constant(v * vl)});
  };
  ResultTile result{
      kernel,          emitter,
      plan.root,       plan.initial,
      plan.outputDims, VectorType::get({vl}, plan.mac.accumulatorType()),
      points,          masks};
  SmallVector<Value> accumulators =
      registers.emit(builder, loc, plan.mac, emitter, count,
                     result.begin(builder, loc, block.first));
  result.end(builder, index, accumulators, block.last);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Sizes that decide what code is emitted.
static LogicalResult checkSizes(const ConvolutionPlan &plan,
                                std::string &reason) {
  linalg::LinalgOp op = plan.mac.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t taps = 1;
  for (const ConvolutionWindow &w : plan.windows) {
    if (ShapedType::isDynamic(ranges[w.tap])) {
      reason = "the window's size is known only at run time";
      return failure();
    }
    taps *= ranges[w.tap];
  }
  if (taps == 0) {
    reason = "the window is empty";
    return failure();
  }
  int64_t channels = ranges[plan.inputChannel];
  int64_t block = std::max<int64_t>(1, plan.schedule.getKc() / taps);
  bool oneBlock = !ShapedType::isDynamic(channels) && channels <= block;
  if (!oneBlock && !plan.revisitsOutput) {
    reason = "partial sums have nowhere to go between blocks of channels";
    return failure();
  }
  if (plan.schedule.getInPlace() && !plan.isPointwise()) {
    reason = "only pointwise convolutions read their input in place";
    return failure();
  }
  return success();
}

namespace {

struct LowerConvolutionPass
    : public tile::impl::LowerConvolutionPassBase<LowerConvolutionPass> {
  void runOnOperation() override {
    lowerFamily<sched::ConvolutionAttr>(
        getOperation(), "convolution",
        [](KernelFunction &kernel, sched::ConvolutionAttr schedule,
           std::string &reason) -> LogicalResult {
          ElementwiseEmitter emitter(schedule.getVl());
          FailureOr<ConvolutionPlan> plan = ConvolutionPlan::make(
              kernel, schedule.getNumerics() == "fma", emitter, reason);
          if (failed(plan) ||
              failed(plan->setSchedule(kernel, schedule, reason)) ||
              failed(checkSizes(*plan, reason)))
            return failure();
          ConvolutionLowering(kernel, *plan, emitter).run();
          return success();
        });
  }
};

} // namespace
