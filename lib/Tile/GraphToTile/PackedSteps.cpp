//===- PackedSteps.cpp - Weights of byte products in steps ----------------===//

#include "PackedSteps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

FailureOr<PackedSteps> PackedSteps::read(const KernelFunction &kernel,
                                         lp::SumStepsOp op, int64_t columns,
                                         int64_t block, std::string &reason) {
  PackedSteps packed;
  packed.quads = kernel.memoryOf(op.getSteps());
  packed.positions = kernel.memoryOf(op.getPositions());
  packed.starts = kernel.memoryOf(op.getStarts());
  packed.block = op.getBlock();
  packed.blocks = op.getBlocks();
  bool fits = packed.blocks == 1 || packed.block == block;
  if (packed.quads && packed.positions && packed.starts &&
      op.getColumns() == columns && fits)
    return packed;
  reason = "steps do not have the schedule's panels and blocks";
  return failure();
}

std::pair<Value, Value> PackedSteps::range(const IndexBuilder &at, Value panel,
                                           Value start) const {
  Value number = at.add(at.mul(panel, blocks), at.div(start, block));
  Value first = at.load(starts, number);
  Value end = at.load(starts, at.add(number, 1));
  return {first, at.sub(end, first)};
}
