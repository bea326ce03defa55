//===- TraceElementwise.cpp - What elementwise code will access -----------===//
//
// The same walk as EmitElementwise.cpp, without code: it says beforehand
// whether a value can be emitted, and which tensors it reads where.
//
//===----------------------------------------------------------------------===//

#include "tegula/Tile/GraphToTile/EmitElementwise.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace tegula::tile;

namespace {

class Tracer {
public:
  Tracer(const ElementwiseEmitter &emitter, int64_t lanes)
      : emitter(emitter), lanes(lanes) {}

  LogicalResult visit(Value tensor, ArrayRef<int64_t> dims);

  SmallVector<TensorAccess> accesses;
  std::string reason;

private:
  LogicalResult refuse(const Twine &why) {
    reason = why.str();
    return failure();
  }
  LogicalResult visitLinalg(linalg::LinalgOp op, OpResult result,
                            ArrayRef<int64_t> dims);
  LogicalResult visitBody(linalg::LinalgOp op, ArrayRef<int64_t> loops);
  FailureOr<int64_t> follow(AffineExpr expr, ArrayRef<int64_t> loops);
  void markComplex(ArrayRef<int64_t> dims);

  const ElementwiseEmitter &emitter;
  int64_t lanes;
  /// Shared sub-graphs are visited once per access.
  SmallVector<std::pair<Value, SmallVector<int64_t>>> visited;
};

} // namespace

/// Positions that are compared or offset: they must stay whole numbers of their
/// own dimension.
void Tracer::markComplex(ArrayRef<int64_t> dims) {
  accesses.push_back({Value(), SmallVector<int64_t>(dims)});
}

LogicalResult Tracer::visit(Value tensor, ArrayRef<int64_t> dims) {
  for (auto &[seen, at] : visited)
    if (seen == tensor && ArrayRef(at) == dims)
      return success();
  visited.push_back({tensor, SmallVector<int64_t>(dims)});
  if (emitter.isBound(tensor)) {
    accesses.push_back({tensor, SmallVector<int64_t>(dims)});
    return success();
  }
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return refuse("a tensor that is neither computed nor in memory");
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    if (!pad.getConstantPaddingValue())
      return refuse("tensor.pad without one padding value");
    SmallVector<int64_t> padded;
    for (auto [dim, low, high] :
         llvm::zip_equal(dims, pad.getMixedLowPad(), pad.getMixedHighPad()))
      if (!isConstantIntValue(low, 0) || !isConstantIntValue(high, 0))
        padded.push_back(dim);
    markComplex(padded);
    return visit(pad.getSource(), dims);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    if (llvm::any_of(slice.getStaticStrides(), ShapedType::isDynamic))
      return refuse("tensor.extract_slice with a dynamic stride");
    SmallVector<int64_t> at;
    unsigned next = 0;
    for (unsigned dim = 0; dim != dropped.size(); ++dim)
      at.push_back(dropped.test(dim) ? TensorAccess::kConstant : dims[next++]);
    markComplex(dims);
    return visit(slice.getSource(), at);
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return visit(cast.getSource(), dims);
  if (isa<tensor::EmptyOp>(op))
    return success();
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (isa<SplatElementsAttr>(constant.getValue()))
      return success();
    return refuse("a constant tensor inside the kernel");
  }
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return visitLinalg(linalgOp, cast<OpResult>(tensor), dims);
  return refuse("'" + op->getName().getStringRef() + "'");
}

FailureOr<int64_t> Tracer::follow(AffineExpr expr, ArrayRef<int64_t> loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  if (isa<AffineConstantExpr>(expr))
    return TensorAccess::kConstant;
  bool linear = true;
  SmallVector<int64_t> used;
  expr.walk([&](AffineExpr inner) {
    if (auto dim = dyn_cast<AffineDimExpr>(inner))
      used.push_back(loops[dim.getPosition()]);
    linear &= inner.getKind() != AffineExprKind::Mod &&
              inner.getKind() != AffineExprKind::FloorDiv &&
              inner.getKind() != AffineExprKind::CeilDiv;
  });
  if (!linear && lanes > 1)
    return failure();
  markComplex(used);
  return TensorAccess::kComplex;
}

LogicalResult Tracer::visitLinalg(linalg::LinalgOp op, OpResult result,
                                  ArrayRef<int64_t> dims) {
  if (op.getNumReductionLoops() != 0)
    return refuse("a reduction in the middle of elementwise code");
  AffineMap map =
      op.getMatchingIndexingMap(op.getDpsInitOperand(result.getResultNumber()));
  if (!map.isPermutation())
    return refuse("a result that is not a permutation of the loops");
  SmallVector<int64_t> loops(op.getNumLoops());
  for (auto [expr, dim] : llvm::zip_equal(map.getResults(), dims))
    loops[cast<AffineDimExpr>(expr).getPosition()] = dim;
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.getMatchingBlockArgument(&operand).use_empty() ||
        !isa<ShapedType>(operand.get().getType()))
      continue;
    SmallVector<int64_t> at;
    for (AffineExpr expr : op.getMatchingIndexingMap(&operand).getResults()) {
      FailureOr<int64_t> dim = follow(expr, loops);
      if (failed(dim))
        return refuse("an index that is not linear");
      at.push_back(*dim);
    }
    if (failed(visit(operand.get(), at)))
      return failure();
  }
  return visitBody(op, loops);
}

LogicalResult Tracer::visitBody(linalg::LinalgOp op, ArrayRef<int64_t> loops) {
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      markComplex(loops[index.getDim()]);
      continue;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
      if (!emitter.getMemory(extract.getTensor()))
        return refuse("tensor.extract from a tensor that is not in memory");
      continue;
    }
    // A loop in the body is copied as it is, on scalars: it may not see
    // tensors.
    bool readsTensors = false;
    for (Region &region : inner.getRegions())
      region.walk([&](Operation *nested) {
        readsTensors |= isa<tensor::ExtractOp, linalg::IndexOp>(nested);
      });
    if (readsTensors)
      return refuse("'" + inner.getName().getStringRef() +
                    "' that reads a tensor");
    if (inner.getNumResults() != 1)
      return refuse("'" + inner.getName().getStringRef() + "' in a body");
    bool vectorizable = OpTrait::hasElementwiseMappableTraits(&inner) ||
                        isa<arith::ConstantOp>(inner);
    if (lanes > 1 && !vectorizable)
      return refuse("'" + inner.getName().getStringRef() +
                    "' has no vector form");
  }
  return success();
}

FailureOr<SmallVector<TensorAccess>>
ElementwiseEmitter::trace(Value tensor, std::string *reason) const {
  Tracer tracer(*this, lanes);
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  SmallVector<int64_t> dims = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (succeeded(tracer.visit(tensor, dims)))
    return std::move(tracer.accesses);
  if (reason)
    *reason = tracer.reason;
  return failure();
}
