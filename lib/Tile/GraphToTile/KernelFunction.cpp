//===- KernelFunction.cpp - A kernel function before lowering -------------===//

#include "tegula/Tile/GraphToTile/KernelFunction.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

using namespace mlir;
using namespace tegula::tile;

FailureOr<KernelFunction> KernelFunction::read(func::FuncOp func) {
  if (!llvm::hasSingleElement(func.getBody()))
    return failure();
  KernelFunction kernel;
  kernel.func = func;
  Block &block = func.getBody().front();
  kernel.body = sched::readKernelBody(block);
  for (Operation &op : block.without_terminator()) {
    kernel.oldOps.push_back(&op);
    if (auto toTensor = dyn_cast<bufferization::ToTensorOp>(op)) {
      auto type = dyn_cast<MemRefType>(toTensor.getBuffer().getType());
      if (!type || !type.getLayout().isIdentity())
        return failure();
      kernel.inputs[toTensor.getResult()] = toTensor.getBuffer();
    }
    if (auto store = dyn_cast<bufferization::MaterializeInDestinationOp>(op)) {
      auto type = dyn_cast<MemRefType>(store.getDest().getType());
      if (!type || !type.getLayout().isIdentity())
        return failure();
      kernel.outputs.push_back({store.getSource(), store.getDest()});
    }
  }
  if (kernel.outputs.empty())
    return failure();
  return kernel;
}

void KernelFunction::bindInputs(ElementwiseEmitter &emitter) const {
  for (auto [tensor, memref] : inputs)
    emitter.bindMemory(tensor, memref);
}

/// Can the extents of `tensor` be read from a buffer?
static bool hasMemory(const KernelFunction &kernel, Value tensor) {
  if (kernel.memoryOf(tensor))
    return true;
  return llvm::any_of(kernel.outputs, [&](const KernelOutput &output) {
    return output.tensor == tensor;
  });
}

Value KernelFunction::extentOf(OpBuilder &at, Value tensor, int64_t dim) const {
  IndexBuilder index{at, tensor.getLoc()};
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return index.constant(type.getDimSize(dim));
  if (Value memref = memoryOf(tensor))
    return index.extent(memref, dim);
  for (const KernelOutput &output : outputs)
    if (output.tensor == tensor)
      return index.extent(output.memref, dim);
  if (auto op = tensor.getDefiningOp<linalg::LinalgOp>()) {
    AffineMap map = op.getMatchingIndexingMap(
        op.getDpsInitOperand(cast<OpResult>(tensor).getResultNumber()));
    if (auto expr = dyn_cast<AffineDimExpr>(map.getResult(dim)))
      return extentOfLoop(at, op, expr.getPosition());
  }
  auto pad = tensor.getDefiningOp<tensor::PadOp>();
  if (pad && isConstantIntValue(pad.getMixedLowPad()[dim], 0) &&
      isConstantIntValue(pad.getMixedHighPad()[dim], 0))
    return extentOf(at, pad.getSource(), dim);
  return at.createOrFold<tensor::DimOp>(tensor.getLoc(), tensor, dim);
}

Value KernelFunction::extentOfLoop(OpBuilder &at, linalg::LinalgOp op,
                                   unsigned loop) const {
  int64_t range = op.getStaticLoopRanges()[loop];
  if (!ShapedType::isDynamic(range))
    return IndexBuilder{at, op.getLoc()}.constant(range);
  // First from a buffer, then from what another operation computes.
  for (bool computed : {false, true})
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<ShapedType>(operand.get().getType()) ||
          (!computed && !hasMemory(*this, operand.get())))
        continue;
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [dim, expr] : llvm::enumerate(map.getResults()))
        if (expr == at.getAffineDimExpr(loop))
          return extentOf(at, operand.get(), dim);
    }
  // The result may be the kernel's own.
  for (OpResult result : op->getResults()) {
    AffineMap map = op.getMatchingIndexingMap(
        op.getDpsInitOperand(result.getResultNumber()));
    for (auto [dim, expr] : llvm::enumerate(map.getResults()))
      if (expr == at.getAffineDimExpr(loop))
        return at.createOrFold<tensor::DimOp>(op.getLoc(), result, dim);
  }
  return IndexBuilder{at, op.getLoc()}.constant(1);
}

OpBuilder KernelFunction::builder() const {
  func::FuncOp function = func;
  return OpBuilder(function.getBody().front().getTerminator());
}

void KernelFunction::eraseOldBody() {
  for (Operation *op : llvm::reverse(oldOps))
    if (op->use_empty())
      op->erase();
}

/// Do all outputs have one shape, as far as it is known?
bool tegula::tile::haveOneShape(ArrayRef<KernelOutput> outputs) {
  ArrayRef<int64_t> shape =
      cast<MemRefType>(outputs.front().memref.getType()).getShape();
  return llvm::all_of(outputs, [&](const KernelOutput &output) {
    return cast<MemRefType>(output.memref.getType()).getShape() == shape;
  });
}

FailureOr<SmallVector<SmallVector<int64_t>>>
tegula::tile::traceOutputs(const KernelFunction &kernel,
                           const ElementwiseEmitter &emitter, Value root,
                           std::string *reason) {
  SmallVector<SmallVector<int64_t>> result;
  for (const KernelOutput &output : kernel.outputs) {
    auto accesses = emitter.trace(output.tensor, reason);
    if (failed(accesses))
      return failure();
    std::optional<SmallVector<int64_t>> dims;
    for (const TensorAccess &access : *accesses) {
      if (access.tensor != root)
        continue;
      if (dims && *dims != access.dims) {
        *reason = "the root is read at more than one point";
        return failure();
      }
      dims = access.dims;
    }
    int64_t rank = cast<RankedTensorType>(output.tensor.getType()).getRank();
    SmallVector<int64_t> sorted = dims.value_or(SmallVector<int64_t>());
    llvm::sort(sorted);
    if (!dims || sorted != llvm::to_vector(llvm::seq<int64_t>(0, rank))) {
      *reason = "an output does not cover the same points as the root";
      return failure();
    }
    result.push_back(*dims);
  }
  return result;
}

bool tegula::tile::canFold(ArrayRef<TensorAccess> accesses, int64_t dim,
                           int64_t next) {
  for (const TensorAccess &access : accesses) {
    const int64_t *first = llvm::find(access.dims, dim);
    const int64_t *second = llvm::find(access.dims, next);
    bool hasFirst = first != access.dims.end();
    bool hasSecond = second != access.dims.end();
    if (!hasFirst && !hasSecond)
      continue;
    if (!access.tensor || hasFirst != hasSecond || first + 1 != second)
      return false;
  }
  return true;
}

bool tegula::tile::canWiden(ArrayRef<TensorAccess> accesses, int64_t dim) {
  return llvm::all_of(accesses, [&](const TensorAccess &access) {
    bool isComplex = llvm::is_contained(access.dims, TensorAccess::kComplex);
    auto uses = llvm::count(access.dims, dim);
    return uses == 0 ? !isComplex
                     : access.tensor && !isComplex && uses == 1 &&
                           access.dims.back() == dim;
  });
}

SmallVector<Coord> tegula::tile::permuteCoords(ArrayRef<Coord> rootCoords,
                                               ArrayRef<int64_t> outputDims) {
  SmallVector<Coord> coords(rootCoords.size());
  for (auto [coord, dim] : llvm::zip_equal(rootCoords, outputDims))
    coords[dim] = coord;
  return coords;
}

Value tegula::tile::beginTasks(OpBuilder &builder, Location loc, Value count) {
  auto forall = scf::ForallOp::create(
      builder, loc, ArrayRef<OpFoldResult>{OpFoldResult(count)},
      /*outputs=*/ValueRange(), /*mapping=*/std::nullopt);
  builder.setInsertionPoint(forall.getTerminator());
  return forall.getInductionVar(0);
}

std::pair<Value, Value> tegula::tile::beginSharedTasks(OpBuilder &builder,
                                                       Location loc,
                                                       Value blocks,
                                                       int64_t tasks) {
  IndexBuilder index{builder, loc};
  if (std::optional<int64_t> known = constantOf(blocks))
    tasks = std::clamp<int64_t>(*known, 1, tasks);
  Value task = beginTasks(builder, loc, index.constant(tasks));
  Value low = index.div(index.mul(task, blocks), tasks);
  Value high = index.div(index.mul(index.add(task, 1), blocks), tasks);
  return {low, high};
}
