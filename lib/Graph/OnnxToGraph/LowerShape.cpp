//===- LowerShape.cpp - Operators that change or tell a shape -------------===//
//
// No data moves here. Small integer tensors, mostly shapes themselves, stay
// scalars in a tensor.from_elements, so that shape arithmetic folds away.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"
#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// `tensor` as one of extents `dims`, by scalars where it is small.
Value reshaped(OpBuilder &b, Location loc, Value tensor,
               ArrayRef<OpFoldResult> dims) {
  auto type = cast<RankedTensorType>(tensor.getType());
  auto wanted = RankedTensorType::get(staticShape(dims), type.getElementType());
  if (type == wanted && type.hasStaticShape())
    return tensor;
  if (isScalarized(type) && wanted.hasStaticShape() && wanted.getRank() <= 1)
    return tensor::FromElementsOp::create(b, loc, wanted,
                                          elementsOf(b, loc, tensor));
  return reshapeTo(b, loc, tensor, dims);
}

/// The extents, as a vector of i64.
Value shapeTensor(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims) {
  auto type = RankedTensorType::get({int64_t(dims.size())}, b.getI64Type());
  if (dims.empty())
    return arith::ConstantOp::create(
        b, loc, DenseIntElementsAttr::get(type, ArrayRef<int64_t>{}));
  SmallVector<Value> elements;
  for (OpFoldResult dim : dims)
    elements.push_back(fromIndex(b, loc, dim, b.getI64Type()));
  return tensor::FromElementsOp::create(b, loc, type, elements);
}

struct LowerShapeOf : OnnxPattern<onnx::ShapeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ShapeOp op, Adaptor in, OpBuilder &b) const override {
    Dims dims = dimsOf(b, op.getLoc(), in.getData());
    int64_t rank = dims.size();
    auto position = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    int64_t start = position(op.getStart());
    int64_t end = position(op.getEnd().value_or(rank));
    auto part = ArrayRef<OpFoldResult>(dims).slice(
        start, std::max<int64_t>(end - start, 0));
    return SmallVector<Value>{shapeTensor(b, op.getLoc(), part)};
  }
};

struct LowerSize : OnnxPattern<onnx::SizeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::SizeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    OpFoldResult size = productOf(b, loc, dimsOf(b, loc, in.getData()));
    return SmallVector<Value>{tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, b.getI64Type()),
        fromIndex(b, loc, size, b.getI64Type()))};
  }
};

struct LowerReshape : OnnxPattern<onnx::ReshapeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ReshapeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto shapeType = cast<RankedTensorType>(in.getShape().getType());
    if (!shapeType.hasStaticShape())
      return refuse(op, "the rank of the result is not known");
    Dims from = dimsOf(b, loc, in.getData());
    OpFoldResult total = productOf(b, loc, from);
    Dims wanted = indicesOf(b, loc, in.getShape());
    if (op.getAllowzero() == 0)
      copyZeros(b, loc, wanted, from);
    // Extents that shape inference knows need no computation.
    wanted = refined(b, wanted, op.getReshaped().getType());
    inferMinusOne(b, loc, wanted, total);
    OpFoldResult product = productOf(b, loc, wanted);
    if (!sameDim(product, total)) {
      Value same =
          compareIndex(b, loc, arith::CmpIPredicate::eq,
                       asValue(b, loc, product), asValue(b, loc, total));
      checkThat(b, loc, same,
                "Reshape: the new shape has another number of elements");
    }
    return SmallVector<Value>{reshaped(b, loc, in.getData(), wanted)};
  }

private:
  /// 0 stands for the extent of the input at the same place.
  static void copyZeros(OpBuilder &b, Location loc, Dims &wanted,
                        const Dims &from) {
    for (size_t i = 0; i < std::min(wanted.size(), from.size()); ++i) {
      if (sameDim(wanted[i], from[i]))
        continue;
      Value value = asValue(b, loc, wanted[i]);
      Value isZero = compareIndex(b, loc, arith::CmpIPredicate::eq, value,
                                  indexConstant(b, loc, 0));
      wanted[i] = getAsOpFoldResult(
          selectOf(b, loc, isZero, asValue(b, loc, from[i]), value));
    }
  }

  /// Whether the extent at run time might be -1: not when it is one of a
  /// tensor.
  static bool mayBeMinusOne(OpFoldResult dim) {
    if (auto known = getConstantIntValue(dim))
      return *known == -1;
    return !isNonNegative(cast<Value>(dim));
  }

  /// -1 stands for what the other extents leave of `total`.
  static void inferMinusOne(OpBuilder &b, Location loc, Dims &wanted,
                            OpFoldResult total) {
    OpFoldResult known = b.getIndexAttr(1);
    Value one = indexConstant(b, loc, 1), minusOne = indexConstant(b, loc, -1);
    auto isMinusOne = [&](Value value) {
      return compareIndex(b, loc, arith::CmpIPredicate::eq, value, minusOne);
    };
    for (OpFoldResult dim : wanted) {
      Value value = asValue(b, loc, dim);
      if (mayBeMinusOne(dim))
        value = selectOf(b, loc, isMinusOne(value), one, value);
      known = mulDims(b, loc, known, getAsOpFoldResult(value));
    }
    for (OpFoldResult &dim : wanted) {
      if (!mayBeMinusOne(dim))
        continue;
      OpFoldResult rest = restOf(b, loc, total, known);
      Value value = asValue(b, loc, dim);
      dim = getAsOpFoldResult(
          selectOf(b, loc, isMinusOne(value), asValue(b, loc, rest), value));
    }
  }

  /// total / known without a trap where known is 0.
  static OpFoldResult restOf(OpBuilder &b, Location loc, OpFoldResult total,
                             OpFoldResult known) {
    if (isConstantIntValue(known, 1))
      return total;
    Value divisor =
        maxIndex(b, loc, asValue(b, loc, known), indexConstant(b, loc, 1));
    return divDims(b, loc, total, getAsOpFoldResult(divisor));
  }
};

struct LowerFlatten : OnnxPattern<onnx::FlattenOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::FlattenOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Dims dims = dimsOf(b, loc, in.getInput());
    int64_t rank = dims.size();
    int64_t axis = op.getAxis() < 0 ? op.getAxis() + rank : op.getAxis();
    if (axis < 0 || axis > rank)
      return refuse(op, "the axis is outside of the input's rank");
    ArrayRef<OpFoldResult> all(dims);
    Dims out = {productOf(b, loc, all.take_front(axis)),
                productOf(b, loc, all.drop_front(axis))};
    if (axis == 0 || axis == rank)
      return SmallVector<Value>{reshapeTo(b, loc, in.getInput(), out)};
    if (rank == 2)
      return SmallVector<Value>{in.getInput()};
    SmallVector<ReassociationIndices> groups = {
        llvm::to_vector(llvm::seq<int64_t>(0, axis)),
        llvm::to_vector(llvm::seq<int64_t>(axis, rank))};
    return SmallVector<Value>{
        tensor::CollapseShapeOp::create(b, loc, in.getInput(), groups)};
  }
};

/// Axes of an optional operand, counted from the front; empty without one.
std::optional<SmallVector<int64_t>> axesOf(OpBuilder &b, Location loc,
                                           Value axes, int64_t rank) {
  SmallVector<int64_t> out;
  if (onnx::isAbsent(axes))
    return out;
  auto known = constantIndicesOf(b, loc, axes);
  if (!known)
    return std::nullopt;
  for (int64_t axis : *known) {
    auto normal = normalizedAxis(axis, rank);
    if (!normal)
      return std::nullopt;
    out.push_back(*normal);
  }
  return out;
}

/// Where `kept` dimensions of a tensor of rank `rank` carry the dropped or
/// added ones of extent 1: groups of consecutive dimensions, one per kept one.
SmallVector<ReassociationIndices> unitGroups(ArrayRef<bool> isUnit) {
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices open;
  for (auto [dim, unit] : llvm::enumerate(isUnit)) {
    open.push_back(dim);
    if (unit)
      continue;
    groups.push_back(open);
    open.clear();
  }
  if (!groups.empty())
    groups.back().append(open.begin(), open.end());
  return groups;
}

struct LowerSqueeze : OnnxPattern<onnx::SqueezeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::SqueezeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto type = cast<RankedTensorType>(data.getType());
    auto axes = axesOf(b, loc, in.getAxes(), type.getRank());
    bool all = onnx::isAbsent(in.getAxes());
    if (!axes || (all && !type.hasStaticShape()))
      return SmallVector<Value>{squeezedAtRunTime(b, op, in)};
    SmallVector<bool> isUnit(type.getRank(), false);
    for (auto [dim, extent] : llvm::enumerate(type.getShape()))
      isUnit[dim] = all && extent == 1;
    for (int64_t axis : *axes)
      isUnit[axis] = true;
    return SmallVector<Value>{squeezed(b, loc, data, isUnit)};
  }

private:
  /// The axes, or without axes the extents, are not known now.
  static Value squeezedAtRunTime(OpBuilder &b, onnx::SqueezeOp op, Adaptor in) {
    Location loc = op.getLoc();
    Dims dims = dimsOf(b, loc, in.getData());
    bool all = onnx::isAbsent(in.getAxes());
    SmallVector<Value> mask;
    if (!all)
      mask = axisMask(b, loc, in.getAxes(), dims.size());
    for (auto [number, dim] : llvm::enumerate(dims)) {
      Value isOne =
          compareIndex(b, loc, arith::CmpIPredicate::eq, asValue(b, loc, dim),
                       indexConstant(b, loc, 1));
      if (all) {
        mask.push_back(isOne);
        continue;
      }
      Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
      checkThat(b, loc, selectOf(b, loc, mask[number], isOne, yes),
                "Squeeze: the extent of a dropped dimension is not 1");
    }
    int64_t rank = cast<RankedTensorType>(op.getSqueezed().getType()).getRank();
    return reshaped(b, loc, in.getData(), maskedOut(b, loc, dims, mask, rank));
  }

  static Value squeezed(OpBuilder &b, Location loc, Value data,
                        ArrayRef<bool> isUnit) {
    auto type = cast<RankedTensorType>(data.getType());
    Dims kept;
    SmallVector<int64_t> shape(type.getShape());
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      OpFoldResult extent = dimOf(b, loc, data, dim);
      if (!isUnit[dim]) {
        kept.push_back(extent);
        continue;
      }
      checkThat(b, loc,
                compareIndex(b, loc, arith::CmpIPredicate::eq,
                             asValue(b, loc, extent), indexConstant(b, loc, 1)),
                "Squeeze: the extent of a dropped dimension is not 1");
      shape[dim] = 1;
    }
    if (int64_t(kept.size()) == type.getRank())
      return data;
    if (isScalarized(type) || kept.empty())
      return reshaped(b, loc, data, kept);
    data = castTo(b, loc, data, type.clone(shape));
    return tensor::CollapseShapeOp::create(b, loc, data, unitGroups(isUnit));
  }
};

struct LowerUnsqueeze : OnnxPattern<onnx::UnsqueezeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::UnsqueezeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto type = cast<RankedTensorType>(data.getType());
    int64_t rank = cast<RankedTensorType>(op.getExpanded().getType()).getRank();
    Dims from = dimsOf(b, loc, data), dims;
    auto axes = axesOf(b, loc, in.getAxes(), rank);
    if (!axes) {
      SmallVector<Value> mask = axisMask(b, loc, in.getAxes(), rank);
      return SmallVector<Value>{
          reshaped(b, loc, data, maskedIn(b, loc, from, mask))};
    }
    SmallVector<bool> isUnit(rank, false);
    for (int64_t axis : *axes)
      isUnit[axis] = true;
    if (llvm::count(isUnit, true) + type.getRank() != rank)
      return refuse(op, "an axis occurs twice");
    int64_t next = 0;
    for (bool unit : isUnit)
      dims.push_back(unit ? OpFoldResult(b.getIndexAttr(1)) : from[next++]);
    if (axes->empty())
      return SmallVector<Value>{data};
    if (isScalarized(type) || type.getRank() == 0)
      return SmallVector<Value>{reshaped(b, loc, data, dims)};
    auto wanted = type.clone(staticShape(dims));
    return SmallVector<Value>{tensor::ExpandShapeOp::create(
        b, loc, wanted, data, unitGroups(isUnit), dims)};
  }
};

struct LowerIdentity : OnnxPattern<onnx::IdentityOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::IdentityOp op, Adaptor in, OpBuilder &b) const override {
    return SmallVector<Value>{in.getInput()};
  }
};

/// Inference: data as it is, a mask of ones.
struct LowerDropout : OnnxPattern<onnx::DropoutOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::DropoutOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    if (!onnx::isAbsent(in.getTrainingMode())) {
      auto training = constantIndicesOf(b, loc, in.getTrainingMode());
      bool harmless = !onnx::isAbsent(in.getRatio()) &&
                      matchPattern(in.getRatio(), m_AnyZeroFloat());
      if (!harmless && (!training || training->front() != 0))
        return refuse(op, "training_mode is on or not known: Tegula runs "
                          "inference only");
    }
    SmallVector<Value> results = {in.getData(), Value()};
    if (!onnx::isAbsent(op.getMask())) {
      Value one = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(1));
      results[1] = filled(b, loc, dimsOf(b, loc, in.getData()), one);
    }
    return results;
  }
};

} // namespace

void populateShapePatterns(const TypeConverter &converter,
                           RewritePatternSet &patterns) {
  patterns.add<LowerShapeOf, LowerSize, LowerReshape, LowerFlatten,
               LowerSqueeze, LowerUnsqueeze, LowerIdentity, LowerDropout>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
