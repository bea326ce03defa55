//===- AsyncTiles.cpp - Tiles that the GPU copies by itself ---------------===//

#include "AsyncTiles.h"

#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// One run of `elements`, which lie next to each other in the operand and in
/// the tile, all inside of the operand or all outside.
static void copyRun(const SharedTile &tile, Value stage, Value row, Value k,
                    Value first, int64_t elements) {
  MatmulBlock &block = tile.block;
  OpBuilder &builder = block.builder;
  Location loc = block.loc;
  IndexBuilder &index = block.index;
  Value ownRow = index.add(tile.side.first, row), ownK = index.add(first, k);
  Value inside =
      arith::AndIOp::create(builder, loc, index.less(ownRow, tile.side.extent),
                            index.less(ownK, block.extentK));
  // What is not inside reads no bytes at the first element.
  Value zero = index.constant(0);
  auto orZero = [&](Value value) -> Value {
    return arith::SelectOp::create(builder, loc, inside, value, zero);
  };
  SmallVector<Value> source;
  for (const Coord &coord :
       block.pointOf(tile.side, orZero(ownRow), orZero(ownK)))
    source.push_back(coord.base);
  nvgpu::DeviceAsyncCopyOp::create(
      builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()),
      tile.memory, tile.at(stage, row, k), tile.side.operand->memory, source,
      builder.getIndexAttr(elements), orZero(index.constant(elements)),
      /*bypassL1=*/builder.getUnitAttr());
}

void tegula::tile::copyTile(const SharedTile &tile, Value stage, Value k,
                            int64_t threads) {
  MatmulBlock &block = tile.block;
  IndexBuilder &index = block.index;
  auto type = cast<MemRefType>(tile.memory.getType());
  int64_t elements = sched::kCopyBytes * 8 / type.getElementTypeBitWidth();
  int64_t tileK = block.plan.schedule.getTileK();
  int64_t runs = tile.side.tile * tileK / elements;
  int64_t fast = (tile.isTransposed ? tile.side.tile : tileK) / elements;
  for (int64_t start = 0; start < runs; start += threads) {
    // Neighbouring threads copy neighbours.
    Value run = index.add(block.thread, start);
    auto copy = [&] {
      Value inner = index.mul(block.remainder(run, fast), elements);
      Value outer = index.div(run, fast);
      copyRun(tile, stage, tile.isTransposed ? inner : outer,
              tile.isTransposed ? outer : inner, k, elements);
    };
    if (start + threads <= runs)
      copy();
    else
      index.branch(index.less(run, index.constant(runs)), copy);
  }
}
