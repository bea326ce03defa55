//===- LowerFilterLanes.cpp - Convolutions of few pixels ------------------===//
//
// One task computes fc filters at np pixels of one image and group:
//
//   sums [panel][pixel][nr] = what the sum begins with
//   for channels in blocks
//     gather the input columns [k][pixel], unless the input has them so
//     for each panel of nr filters
//       for each tile of mr pixels: mr x nr accumulators over k, from and to
//                                   sums
//   for each panel: turn it to [filter][pixel]; epilogue; store
//
// A result of one pixel per filter needs no turning: filters lie side by side.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionGather.h"
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
#define GEN_PASS_DEF_LOWERFILTERLANESPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

namespace {

/// Extents, all known.
struct Sizes {
  int64_t pixels = 1, filters = 1, channels = 1, window = 1;
  int64_t channelBlock = 1; ///< Channels in a block of k.
  int64_t taskPixels = 1;   ///< Pixels of a task.
};

class FilterLanesLowering {
public:
  FilterLanesLowering(KernelFunction &kernel, ConvolutionPlan &plan,
                      sched::FilterLanesAttr schedule, const Sizes &sizes,
                      ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), schedule(schedule), sizes(sizes),
        emitter(emitter), builder(kernel.builder()), loc(plan.mac.op->getLoc()),
        index{builder, loc}, vl(schedule.getVl()), nr(schedule.getNr()),
        gather(plan, emitter, builder, loc, vl), lanesMac(plan.mac),
        accumulator(VectorType::get({vl}, plan.mac.accumulatorType())) {
    lanesMac.swapped = false;
  }

  void run();

private:
  /// Channels [channel, channel + count) of the sum.
  struct Block {
    Value channel, count;
  };

  void prepareGather();
  void allocate();
  void forPanels(function_ref<void(Value slot, Value filter)> body);
  void emitInitial(Value slot, Value filter);
  void emitBlock(const Block &block);
  void emitTile(Value slot, Value filter, Value pixel, int64_t rows,
                const Block &block);
  Value loadPixel(Value pixel, Value k, const Block &block);
  Value loadFilters(Value filter, int64_t v, Value k, const Block &block);
  Value maskOf(Value first, Value end);
  void storeFilters(Value slot, Value filter);
  void turnPanel(Value slot);
  void storePixels(Value slot, Value filter);
  void storeVectors(ArrayRef<SmallVector<Coord>> points, ArrayRef<Value> masks,
                    ArrayRef<Value> values);

  KernelFunction &kernel;
  ConvolutionPlan &plan;
  sched::FilterLanesAttr schedule;
  Sizes sizes;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl, nr;
  ConvolutionGather gather;
  MultiplyAdd lanesMac; ///< As plan.mac, the filter being the vector.
  VectorType accumulator;

  Value image, group, imageOffset, flatInput;
  Value pixelLow, pixelCount, filterLow, filterHigh;
  Value columns; ///< [1][k][pixel], null when read in place.
  Value sums;    ///< [panel][pixel][nr]
  Value turned;  ///< [filter of a panel][pixel]
};

} // namespace

//===----------------------------------------------------------------------===//
// Tasks
//===----------------------------------------------------------------------===//

void FilterLanesLowering::prepareGather() {
  SmallVector<Value> positions, taps;
  for (const ConvolutionWindow &w : plan.windows) {
    positions.push_back(kernel.extentOfLoop(builder, plan.mac.op, w.position));
    taps.push_back(kernel.extentOfLoop(builder, plan.mac.op, w.tap));
  }
  gather.prepare(positions, taps);
  gather.crossesRows =
      positions.size() > 1 && *constantOf(positions.back()) % vl != 0;
  flatInput = index.flatten(plan.inputMemory);
}

void FilterLanesLowering::allocate() {
  auto scratch = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocOp::create(builder, loc,
                                   MemRefType::get(shape, element),
                                   builder.getI64IntegerAttr(64));
  };
  int64_t pixels = llvm::alignTo(sizes.taskPixels, vl);
  if (!schedule.getInPlace())
    columns = scratch({1, sizes.channelBlock * sizes.window, pixels},
                      plan.mac.vectorOperandType());
  sums =
      scratch({schedule.getFc() / nr, pixels, nr}, plan.mac.accumulatorType());
  if (sizes.pixels != 1)
    turned = scratch({nr, pixels}, plan.mac.accumulatorType());
}

void FilterLanesLowering::run() {
  prepareGather();
  auto extentOf = [&](std::optional<unsigned> loop) {
    return loop ? kernel.extentOfLoop(builder, plan.mac.op, *loop)
                : index.constant(1);
  };
  Value pixels = index.constant(sizes.pixels);
  Value filters = index.constant(sizes.filters);
  SmallVector<Value> extents = {extentOf(plan.batch), extentOf(plan.depth),
                                index.ceilDiv(pixels, sizes.taskPixels),
                                index.ceilDiv(filters, schedule.getFc())};
  Value count = index.constant(1);
  for (Value extent : extents)
    count = index.mul(count, extent);
  Value task = beginTasks(builder, loc, count);
  SmallVector<Value> at = index.delinearize(task, extents);
  image = at[0];
  group = at[1];
  pixelLow = index.mul(at[2], sizes.taskPixels);
  pixelCount =
      index.min(index.constant(sizes.taskPixels), index.sub(pixels, pixelLow));
  filterLow = index.mul(at[3], schedule.getFc());
  filterHigh = index.min(index.add(filterLow, schedule.getFc()), filters);
  imageOffset = plan.inputOffset(index, image, group);
  allocate();
  forPanels([&](Value slot, Value filter) { emitInitial(slot, filter); });
  index.loop(index.constant(0), index.constant(sizes.channels),
             sizes.channelBlock, [&](Value channel) {
               Value end = index.min(index.add(channel, sizes.channelBlock),
                                     index.constant(sizes.channels));
               emitBlock({channel, index.sub(end, channel)});
             });
  forPanels([&](Value slot, Value filter) {
    sizes.pixels == 1 ? storeFilters(slot, filter) : storePixels(slot, filter);
  });
  kernel.eraseOldBody();
}

/// Calls `body` for the task's panels, with the place of its sums and with its
/// first filter.
void FilterLanesLowering::forPanels(
    function_ref<void(Value slot, Value filter)> body) {
  index.loop(filterLow, filterHigh, nr, [&](Value filter) {
    body(index.div(index.sub(filter, filterLow), nr), filter);
  });
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// The lanes from `first` on that are below `end`.
Value FilterLanesLowering::maskOf(Value first, Value end) {
  return vector::CreateMaskOp::create(
      builder, loc, VectorType::get({vl}, builder.getI1Type()),
      index.sub(end, index.min(first, end)));
}

void FilterLanesLowering::emitInitial(Value slot, Value filter) {
  index.loop(index.constant(0), pixelCount, 1, [&](Value pixel) {
    for (int64_t v = 0; v != nr; v += vl) {
      Value at = index.add(filter, v);
      emitter.beginPoint(maskOf(at, index.constant(sizes.filters)));
      Value value = emitter.emitVector(
          builder, loc, plan.initial,
          plan.resultAt(image, group, Coord::lanes(at),
                        Coord::scalar(index.add(pixelLow, pixel))));
      vector::StoreOp::create(builder, loc, value, sums,
                              ValueRange{slot, pixel, index.constant(v)});
    }
  });
}

void FilterLanesLowering::emitBlock(const Block &block) {
  if (columns)
    gather.emit(columns, index.constant(0), imageOffset, pixelLow,
                llvm::divideCeil(sizes.taskPixels, vl), block.channel,
                block.count);
  int64_t mr = schedule.getMr();
  bool evenTiles =
      sizes.taskPixels == sizes.pixels || sizes.taskPixels % mr == 0;
  std::optional<int64_t> extent;
  if (evenTiles)
    extent = sizes.pixels;
  forPanels([&](Value slot, Value filter) {
    forRowTiles(index, index.constant(0), pixelCount, extent, mr,
                [&](Value pixel, int64_t rows) {
                  emitTile(slot, filter, pixel, rows, block);
                });
  });
}

/// What `pixel` of the task is multiplied by at position `k` of the block.
Value FilterLanesLowering::loadPixel(Value pixel, Value k, const Block &block) {
  if (columns)
    return memref::LoadOp::create(builder, loc, columns,
                                  ValueRange{index.constant(0), k, pixel});
  Value channel = index.mul(index.add(block.channel, k), gather.channelStride);
  Value at =
      index.add(index.add(imageOffset, index.add(pixelLow, pixel)), channel);
  return plan.mac.prepareVector(
      builder, emitter,
      memref::LoadOp::create(builder, loc, flatInput, ValueRange{at})
          .getResult());
}

/// Vector `v` of the panel of `filter` at position `k` of the block.
Value FilterLanesLowering::loadFilters(Value filter, int64_t v, Value k,
                                       const Block &block) {
  k = index.add(index.mul(block.channel, sizes.window), k);
  SmallVector<Coord> coords;
  for (AffineExpr expr : plan.filterMap.getResults()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (loop == plan.outputChannel)
      coords.push_back(Coord::scalar(index.div(filter, nr)));
    else if (plan.depth && loop == *plan.depth)
      coords.push_back(Coord::scalar(group));
    else if (loop == plan.windows.back().tap)
      coords.push_back(Coord::scalar(k));
    else
      coords.push_back(Coord::folded());
  }
  coords.push_back(Coord::lanes(index.constant(v * vl)));
  return lanesMac.prepareVector(
      builder, emitter, emitter.load(builder, loc, plan.packedFilter, coords));
}

void FilterLanesLowering::emitTile(Value slot, Value filter, Value pixel,
                                   int64_t rows, const Block &block) {
  emitter.beginPoint(Value());
  auto sumAt = [&](int64_t row, int64_t v) {
    return SmallVector<Value>{slot, index.add(pixel, row),
                              index.constant(v * vl)};
  };
  int64_t vectors = nr / vl;
  SmallVector<Value> initial;
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t v = 0; v != vectors; ++v)
      initial.push_back(vector::LoadOp::create(builder, loc, accumulator, sums,
                                               sumAt(row, v)));
  RegisterTile registers;
  registers.rows = rows;
  registers.vectors = vectors;
  registers.loadScalar = [&](OpBuilder &, int64_t row, Value k, int64_t) {
    return loadPixel(index.add(pixel, row), k, block);
  };
  registers.loadVector = [&](OpBuilder &, int64_t v, Value k, int64_t) {
    return loadFilters(filter, v, k, block);
  };
  SmallVector<Value> accumulators =
      registers.emit(builder, loc, lanesMac, emitter,
                     index.mul(block.count, sizes.window), initial);
  for (int64_t row = 0; row != rows; ++row)
    for (int64_t v = 0; v != vectors; ++v)
      vector::StoreOp::create(builder, loc, accumulators[row * vectors + v],
                              sums, sumAt(row, v));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void FilterLanesLowering::storeVectors(ArrayRef<SmallVector<Coord>> points,
                                       ArrayRef<Value> masks,
                                       ArrayRef<Value> values) {
  ResultTile result{kernel,          emitter,     plan.root, plan.initial,
                    plan.outputDims, accumulator, points,    masks};
  Value always = arith::ConstantIntOp::create(builder, loc, 1, 1);
  result.end(builder, index, values, always);
}

/// A panel of a result of one pixel.
void FilterLanesLowering::storeFilters(Value slot, Value filter) {
  SmallVector<SmallVector<Coord>> points;
  SmallVector<Value> masks, values;
  Value zero = index.constant(0);
  for (int64_t v = 0; v != nr; v += vl) {
    Value at = index.add(filter, v);
    points.push_back(
        plan.resultAt(image, group, Coord::lanes(at), Coord::scalar(zero)));
    values.push_back(
        vector::LoadOp::create(builder, loc, accumulator, sums,
                               ValueRange{slot, zero, index.constant(v)}));
    if (sizes.filters % nr != 0)
      masks.push_back(maskOf(at, index.constant(sizes.filters)));
  }
  storeVectors(points, masks, values);
}

/// The sums of a panel, filter by filter.
void FilterLanesLowering::turnPanel(Value slot) {
  index.loop(index.constant(0), pixelCount, vl, [&](Value pixel) {
    packTransposed(
        index, vl, vl, index.constant(nr), turned, pixel,
        [&](int64_t column, Coord filter) -> Value {
          SmallVector<Value> at = {slot, index.add(pixel, column), filter.base};
          if (filter.kind == Coord::Scalar)
            return memref::LoadOp::create(builder, loc, sums, at);
          return vector::LoadOp::create(builder, loc, accumulator, sums, at);
        });
  });
}

void FilterLanesLowering::storePixels(Value slot, Value filter) {
  turnPanel(slot);
  Value count = index.min(index.constant(nr), index.sub(filterHigh, filter));
  auto store = [&](Value number, Value pixel, bool whole) {
    SmallVector<Value> masks;
    Value first = index.add(pixelLow, pixel);
    if (!whole) // What follows is the next task's.
      masks.push_back(maskOf(first, index.add(pixelLow, pixelCount)));
    Value value = vector::LoadOp::create(builder, loc, accumulator, turned,
                                         ValueRange{number, pixel});
    storeVectors(
        {plan.resultAt(image, group, Coord::scalar(index.add(filter, number)),
                       Coord::lanes(first))},
        masks, {value});
  };
  index.loop(index.constant(0), count, 1, [&](Value number) {
    Value whole = index.roundDown(pixelCount, vl);
    index.loop(index.constant(0), whole, vl,
               [&](Value pixel) { store(number, pixel, /*whole=*/true); });
    if (sizes.pixels % vl != 0 || sizes.taskPixels % vl != 0)
      index.loop(whole, pixelCount, vl,
                 [&](Value pixel) { store(number, pixel, /*whole=*/false); });
  });
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// The extents that decide what code is emitted.
static FailureOr<Sizes> readSizes(const ConvolutionPlan &plan,
                                  sched::FilterLanesAttr schedule,
                                  std::string &reason) {
  linalg::LinalgOp op = plan.mac.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto image = cast<MemRefType>(plan.inputMemory.getType());
  bool known = true;
  auto extent = [&](unsigned loop) {
    known &= !ShapedType::isDynamic(ranges[loop]) && ranges[loop] != 0;
    return ranges[loop];
  };
  Sizes sizes;
  sizes.filters = extent(plan.outputChannel);
  sizes.channels = extent(plan.inputChannel);
  for (const ConvolutionWindow &w : plan.windows) {
    sizes.pixels *= extent(w.position);
    sizes.window *= extent(w.tap);
    known &= !image.isDynamicDim(w.inputDim);
  }
  if (!known) {
    reason = "sizes that are known only at run time, or empty";
    return failure();
  }
  if (schedule.getInPlace() && !plan.isPointwise()) {
    reason = "only pointwise convolutions read their input in place";
    return failure();
  }
  sizes.channelBlock =
      std::clamp<int64_t>(schedule.getKc() / sizes.window, 1, sizes.channels);
  sizes.taskPixels = std::min(schedule.getNp(), sizes.pixels);
  return sizes;
}

namespace {

struct LowerFilterLanesPass
    : public tile::impl::LowerFilterLanesPassBase<LowerFilterLanesPass> {
  void runOnOperation() override {
    lowerFamily<sched::FilterLanesAttr>(
        getOperation(), "filter lanes",
        [](KernelFunction &kernel, sched::FilterLanesAttr schedule,
           std::string &reason) -> LogicalResult {
          ElementwiseEmitter emitter(schedule.getVl());
          FailureOr<ConvolutionPlan> plan = ConvolutionPlan::make(
              kernel, schedule.getNumerics() == "fma", emitter, reason);
          if (failed(plan) ||
              failed(plan->setPackedFilter(kernel, schedule.getNr(), reason)))
            return failure();
          FailureOr<Sizes> sizes = readSizes(*plan, schedule, reason);
          if (failed(sizes))
            return failure();
          FilterLanesLowering(kernel, *plan, schedule, *sizes, emitter).run();
          return success();
        });
  }
};

} // namespace
