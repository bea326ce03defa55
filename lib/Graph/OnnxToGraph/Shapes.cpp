//===- Shapes.cpp - Extents of tensors, static or at run time -------------===//

#include "Shapes.h"

#include "tegula/Graph/IR/Graph.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace tegula::graph {

/// The one tensor.dim of this extent, right behind the tensor's definition:
/// whoever asks for it gets the same value.
static Value runTimeDim(OpBuilder &b, Location loc, Value tensor, int64_t dim) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfterValue(tensor);
  Block *block = b.getInsertionBlock();
  Block::iterator at = b.getInsertionPoint();
  for (; at != block->end(); ++at) {
    if (isa<arith::ConstantOp>(*at))
      continue;
    auto op = dyn_cast<tensor::DimOp>(*at);
    if (!op)
      break;
    if (op.getSource() == tensor && op.getConstantIndex() == dim)
      return op;
  }
  b.setInsertionPoint(block, at);
  return b.createOrFold<tensor::DimOp>(loc, tensor, dim);
}

OpFoldResult dimOf(OpBuilder &b, Location loc, Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return b.getIndexAttr(type.getDimSize(dim));
  if (auto result = dyn_cast<OpResult>(tensor)) {
    Operation *op = result.getOwner();
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return empty.getMixedSizes()[dim];
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return expand.getMixedOutputShape()[dim];
    if (auto cast = dyn_cast<tensor::CastOp>(op);
        cast && isa<RankedTensorType>(cast.getSource().getType()))
      return dimOf(b, loc, cast.getSource(), dim);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
        slice && slice.getDroppedDims().none())
      return slice.getMixedSizes()[dim];
    if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
      OpFoldResult sum = dimOf(b, loc, concat.getInputs().front(), dim);
      if (int64_t(concat.getDim()) == dim)
        for (Value input : concat.getInputs().drop_front())
          sum = addDims(b, loc, sum, dimOf(b, loc, input, dim));
      return sum;
    }
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      return dimOf(b, loc, insert.getDest(), dim);
    if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
      return dimOf(b, loc, style.getTiedOpOperand(result)->get(), dim);
  }
  return runTimeDim(b, loc, tensor, dim);
}

Dims dimsOf(OpBuilder &b, Location loc, Value tensor) {
  Dims dims;
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  for (int64_t i = 0; i < rank; ++i)
    dims.push_back(
        getAsOpFoldResult(asValue(b, loc, dimOf(b, loc, tensor, i))));
  return dims;
}

SmallVector<int64_t> staticShape(ArrayRef<OpFoldResult> dims) {
  SmallVector<int64_t> shape;
  for (OpFoldResult dim : dims)
    shape.push_back(getConstantIntValue(dim).value_or(ShapedType::kDynamic));
  return shape;
}

Value asValue(OpBuilder &b, Location loc, OpFoldResult dim) {
  return getValueOrCreateConstantIndexOp(b, loc, dim);
}

template <typename Op>
static OpFoldResult binary(OpBuilder &b, Location loc, OpFoldResult x,
                           OpFoldResult y) {
  return getAsOpFoldResult(
      b.createOrFold<Op>(loc, asValue(b, loc, x), asValue(b, loc, y)));
}

OpFoldResult addDims(OpBuilder &b, Location loc, OpFoldResult x,
                     OpFoldResult y) {
  return binary<arith::AddIOp>(b, loc, x, y);
}
OpFoldResult subDims(OpBuilder &b, Location loc, OpFoldResult x,
                     OpFoldResult y) {
  return binary<arith::SubIOp>(b, loc, x, y);
}
OpFoldResult mulDims(OpBuilder &b, Location loc, OpFoldResult x,
                     OpFoldResult y) {
  return binary<arith::MulIOp>(b, loc, x, y);
}
OpFoldResult divDims(OpBuilder &b, Location loc, OpFoldResult x,
                     OpFoldResult y) {
  return binary<arith::DivSIOp>(b, loc, x, y);
}

OpFoldResult productOf(OpBuilder &b, Location loc,
                       ArrayRef<OpFoldResult> dims) {
  OpFoldResult product = b.getIndexAttr(1);
  for (OpFoldResult dim : dims)
    product = mulDims(b, loc, product, dim);
  return product;
}

bool sameDim(OpFoldResult x, OpFoldResult y) {
  return isEqualConstantIntOrValue(x, y);
}

std::optional<int64_t> normalizedAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return std::nullopt;
  return axis < 0 ? axis + rank : axis;
}

/// The extent of two that are broadcast against each other.
static OpFoldResult broadcastDim(OpBuilder &b, Location loc, OpFoldResult x,
                                 OpFoldResult y) {
  if (sameDim(x, y) || isConstantIntValue(y, 1))
    return x;
  if (isConstantIntValue(x, 1))
    return y;
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value first = asValue(b, loc, x), second = asValue(b, loc, y);
  auto equals = [&](Value p, Value q) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, p, q);
  };
  Value firstIsOne = equals(first, one);
  Value fits = arith::OrIOp::create(
      b, loc, equals(first, second),
      arith::OrIOp::create(b, loc, firstIsOne, equals(second, one)));
  CheckOp::create(b, loc, fits,
                  b.getStringAttr("shapes cannot be broadcast together"));
  // With one extent static and more than 1, that is the result's.
  if (getConstantIntValue(x))
    return x;
  if (getConstantIntValue(y))
    return y;
  return arith::SelectOp::create(b, loc, firstIsOne, second, first).getResult();
}

Dims broadcastDims(OpBuilder &b, Location loc, ArrayRef<Dims> shapes) {
  Dims out;
  for (const Dims &shape : shapes) {
    while (out.size() < shape.size())
      out.insert(out.begin(), b.getIndexAttr(1));
    size_t offset = out.size() - shape.size();
    for (auto [index, dim] : llvm::enumerate(shape))
      out[offset + index] = broadcastDim(b, loc, out[offset + index], dim);
  }
  return out;
}

Value emptyTensor(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
                  Type storage) {
  return tensor::EmptyOp::create(b, loc, dims, storage);
}

Value castTo(OpBuilder &b, Location loc, Value tensor, Type type) {
  if (tensor.getType() == type)
    return tensor;
  return tensor::CastOp::create(b, loc, type, tensor);
}

/// All dimensions as one.
static Value flattened(OpBuilder &b, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getRank() == 1)
    return tensor;
  if (type.getRank() == 0)
    return tensor::ExpandShapeOp::create(
        b, loc, RankedTensorType::get({1}, type.getElementType()), tensor,
        ArrayRef<ReassociationIndices>{});
  ReassociationIndices all(llvm::to_vector(llvm::seq<int64_t>(type.getRank())));
  return tensor::CollapseShapeOp::create(b, loc, tensor,
                                         ArrayRef<ReassociationIndices>{all});
}

Value reshapeTo(OpBuilder &b, Location loc, Value tensor,
                ArrayRef<OpFoldResult> dims) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto wanted = RankedTensorType::get(staticShape(dims), type.getElementType());
  if (type == wanted && type.hasStaticShape())
    return tensor;
  if (type.hasStaticShape() && wanted.hasStaticShape())
    if (auto groups = getReassociationIndicesForReshape(type, wanted)) {
      if (type.getRank() > wanted.getRank())
        return tensor::CollapseShapeOp::create(b, loc, wanted, tensor, *groups);
      if (type.getRank() < wanted.getRank())
        return tensor::ExpandShapeOp::create(b, loc, wanted, tensor, *groups);
    }
  Value flat = flattened(b, loc, tensor);
  if (wanted.getRank() == 1)
    return castTo(b, loc, flat, wanted);
  if (wanted.getRank() == 0) {
    flat =
        castTo(b, loc, flat, RankedTensorType::get({1}, type.getElementType()));
    return tensor::CollapseShapeOp::create(b, loc, wanted, flat,
                                           ArrayRef<ReassociationIndices>{});
  }
  if (wanted.hasStaticShape())
    flat = castTo(b, loc, flat,
                  RankedTensorType::get({wanted.getNumElements()},
                                        type.getElementType()));
  else
    flat = castTo(
        b, loc, flat,
        RankedTensorType::get({ShapedType::kDynamic}, type.getElementType()));
  ReassociationIndices all(
      llvm::to_vector(llvm::seq<int64_t>(wanted.getRank())));
  return tensor::ExpandShapeOp::create(
      b, loc, wanted, flat, ArrayRef<ReassociationIndices>{all}, dims);
}

} // namespace tegula::graph
