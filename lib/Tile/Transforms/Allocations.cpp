//===- Allocations.cpp - Whose memory a buffer shows ----------------------===//

#include "Allocations.h"

using namespace mlir;

memref::AllocOp tegula::tile::allocationBehind(Value value) {
  while (Operation *def = value.getDefiningOp()) {
    if (auto alloc = dyn_cast<memref::AllocOp>(def))
      return alloc;
    if (!isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp,
             memref::ReshapeOp>(def))
      return {};
    value = def->getOperand(0);
  }
  return {};
}
