//===- TensorMap.cpp - Operands that the GPU copies by the tile -----------===//

#include "TensorMap.h"
#include "GpuBlock.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The box's extent in one of the operand's dimensions.
static int64_t boxExtent(const MatmulPlan::Operand &operand,
                         const sched::OperandDim &dim, int64_t tile) {
  switch (dim.role) {
  case sched::OperandDim::Batch:
    return 1;
  case sched::OperandDim::K:
    return kBoxRow;
  case sched::OperandDim::Own:
    return operand.runsAlongK ? tile : kBoxRow;
  }
  return 1;
}

Value tegula::tile::createTensorMap(KernelFunction &kernel,
                                    const MatmulPlan::Operand &operand,
                                    int64_t tile) {
  OpBuilder builder = kernel.builder();
  Location loc = operand.memory.getLoc();
  IndexBuilder index{builder, loc};
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> box;
  SmallVector<Value> boxValues;
  for (const sched::OperandDim &dim : operand.mapDims) {
    groups.push_back(llvm::to_vector<2>(dim.dims));
    box.push_back(boxExtent(operand, dim, tile));
    boxValues.push_back(index.constant(box.back()));
  }
  Value view = index.collapse(operand.memory, groups);
  Type element = cast<MemRefType>(view.getType()).getElementType();
  Value unranked = memref::CastOp::create(
      builder, loc, UnrankedMemRefType::get(element, /*memorySpace=*/0), view);
  auto type = nvgpu::TensorMapDescriptorType::get(
      builder.getContext(),
      MemRefType::get(box, element, AffineMap(),
                      builder.getI64IntegerAttr(kSharedSpace)),
      nvgpu::TensorMapSwizzleKind::SWIZZLE_128B,
      nvgpu::TensorMapL2PromoKind::L2PROMO_256B,
      nvgpu::TensorMapOOBKind::OOB_ZERO,
      nvgpu::TensorMapInterleaveKind::INTERLEAVE_NONE);
  return nvgpu::TmaCreateDescriptorOp::create(builder, loc, type, unranked,
                                              boxValues);
}

Value tegula::tile::advance(MatmulBlock &block, Value pointer, Value bytes) {
  OpBuilder &builder = block.builder;
  Value offset = arith::IndexCastUIOp::create(builder, block.loc,
                                              builder.getI32Type(), bytes);
  return LLVM::GEPOp::create(builder, block.loc, pointer.getType(),
                             builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{offset});
}

void tegula::tile::copyBoxes(MatmulBlock &block, const MatmulBlock::Side &side,
                             Value map, Value k, Value target, Value barrier) {
  OpBuilder &builder = block.builder;
  Location loc = block.loc;
  IndexBuilder &index = block.index;
  const MatmulPlan::Operand &operand = *side.operand;
  Value address =
      UnrealizedConversionCastOp::create(
          builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), map)
          .getResult(0);
  int64_t rows = operand.runsAlongK ? side.tile : kBoxRow;
  for (int64_t start = 0; start < side.tile; start += rows) {
    SmallVector<Value> coordinates; // The innermost first.
    for (const sched::OperandDim &dim : llvm::reverse(operand.mapDims)) {
      Value at = dim.role == sched::OperandDim::K ? k
                 : dim.role == sched::OperandDim::Own
                     ? index.add(side.first, start)
                     : block.batchIndex(dim.loop);
      coordinates.push_back(
          arith::IndexCastUIOp::create(builder, loc, builder.getI32Type(), at));
    }
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        builder, loc,
        advance(block, target, index.constant(start * kBoxRowBytes)), address,
        coordinates, barrier, /*im2colOffsets=*/ValueRange(),
        /*multicastMask=*/Value(), /*l2CacheHint=*/Value(),
        NVVM::TMALoadModeAttr::get(builder.getContext(),
                                   NVVM::TMALoadMode::TILE),
        /*isCTAOnly=*/builder.getBoolAttr(true),
        /*group=*/NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
  }
}
