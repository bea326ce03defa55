//===- GpuBlock.cpp - Work of a whole block of threads --------------------===//

#include "GpuBlock.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

using namespace mlir;
using namespace tegula::tile;

Value tegula::tile::beginBlocks(OpBuilder &builder, Location loc, Value count,
                                int64_t threads) {
  auto mapping = builder.getArrayAttr(gpu::GPUBlockMappingAttr::get(
      builder.getContext(), gpu::MappingId::DimX));
  auto forall = scf::ForallOp::create(
      builder, loc, ArrayRef<OpFoldResult>{getAsOpFoldResult(count)},
      /*outputs=*/ValueRange(), mapping);
  forall->setAttr(kThreadsAttrName, builder.getI64IntegerAttr(threads));
  builder.setInsertionPoint(forall.getTerminator());
  return forall.getInductionVar(0);
}

Attribute tegula::tile::pointsFallback(MLIRContext *context) {
  return sched::GpuPointsAttr::get(context, /*threads=*/256, "in-order");
}

SmallVector<Value> tegula::tile::delinearize(OpBuilder &builder, Location loc,
                                             Value linear,
                                             ArrayRef<Value> extents) {
  IndexBuilder index{builder, loc};
  int64_t product = 1;
  for (Value extent : extents) {
    std::optional<int64_t> known = constantOf(extent);
    product = known && product ? product * std::max<int64_t>(*known, 1) : 0;
    // Twice the range: tiles reach past the end.
    if (product > (int64_t(1) << 30))
      product = 0;
  }
  if (product == 0 || extents.size() < 2)
    return index.delinearize(linear, extents);
  Type narrow = builder.getI32Type();
  Value rest = arith::IndexCastOp::create(builder, loc, narrow, linear);
  SmallVector<Value> indices(extents.size());
  for (size_t dim = extents.size(); dim-- > 0;) {
    Value part = rest;
    if (dim > 0) {
      Value extent =
          arith::ConstantIntOp::create(builder, loc, *constantOf(extents[dim]),
                                       /*width=*/32);
      part = builder.createOrFold<arith::RemUIOp>(loc, rest, extent);
      rest = builder.createOrFold<arith::DivUIOp>(loc, rest, extent);
    }
    indices[dim] =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), part);
  }
  return indices;
}
