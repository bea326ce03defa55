//===- LowerGather.cpp - Reading at positions that a tensor gives ---------===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

constexpr StringLiteral outOfRange =
    "an index is outside of the dimension that it addresses";

std::string messageOf(Operation *op) {
  return (onnx::operatorName(op) + ": " + outOfRange).str();
}

struct LowerGather : OnnxPattern<onnx::GatherOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GatherOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData(), indices = in.getIndices();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return refuse(op, "the axis is outside of the data's rank");
    Dims from = dimsOf(b, loc, data), places = dimsOf(b, loc, indices);
    checkIndices(b, loc, indices, from[*axis], messageOf(op));
    if (Value scalars = scalarized(b, loc, data, indices))
      return SmallVector<Value>{scalars};
    Dims out(from.begin(), from.begin() + *axis);
    out.append(places);
    out.append(from.begin() + *axis + 1, from.end());
    Value extent = asValue(b, loc, from[*axis]);
    int64_t count = places.size();
    return SmallVector<Value>{
        generate(b, loc, out, type.getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                   Value index = tensor::ExtractOp::create(
                       b, loc, indices, at.slice(*axis, count));
                   SmallVector<Value> place(at.take_front(*axis));
                   place.push_back(safePosition(b, loc, index, extent));
                   llvm::append_range(place, at.drop_front(*axis + count));
                   return tensor::ExtractOp::create(b, loc, data, place);
                 })};
  }

private:
  /// Known elements of a small vector, such as one extent of a shape.
  static Value scalarized(OpBuilder &b, Location loc, Value data,
                          Value indices) {
    auto type = cast<RankedTensorType>(data.getType());
    auto places = cast<RankedTensorType>(indices.getType());
    if (!isScalarized(type) || type.getRank() != 1 || !isScalarized(places))
      return {};
    auto known = constantIndicesOf(b, loc, indices);
    if (!known)
      return {};
    SmallVector<Value> elements = elementsOf(b, loc, data), chosen;
    for (int64_t index : *known) {
      auto at = normalizedAxis(index, elements.size());
      if (!at)
        return {};
      chosen.push_back(elements[*at]);
    }
    return tensor::FromElementsOp::create(
        b, loc, places.clone(type.getElementType()), chosen);
  }
};

struct LowerGatherElements : OnnxPattern<onnx::GatherElementsOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GatherElementsOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData(), indices = in.getIndices();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    Dims from = dimsOf(b, loc, data), out = dimsOf(b, loc, indices);
    if (!axis || from.size() != out.size())
      return refuse(op, "the axis is outside of the data's rank, or the "
                        "indices have another rank");
    checkIndices(b, loc, indices, from[*axis], messageOf(op));
    for (size_t i = 0; i < out.size(); ++i)
      if (int64_t(i) != *axis && !sameDim(out[i], from[i]))
        checkThat(b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::sle,
                               asValue(b, loc, out[i]),
                               asValue(b, loc, from[i])),
                  "GatherElements: the indices are larger than the data");
    Value extent = asValue(b, loc, from[*axis]);
    return SmallVector<Value>{
        generate(b, loc, out, type.getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                   Value index = tensor::ExtractOp::create(b, loc, indices, at);
                   SmallVector<Value> place(at);
                   place[*axis] = safePosition(b, loc, index, extent);
                   return tensor::ExtractOp::create(b, loc, data, place);
                 })};
  }
};

/// The last dimension of `indices` holds tuples that address data's dimensions
/// after the batch dimensions.
struct LowerGatherND : OnnxPattern<onnx::GatherNDOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GatherNDOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData(), indices = in.getIndices();
    auto type = cast<RankedTensorType>(data.getType());
    auto places = cast<RankedTensorType>(indices.getType());
    int64_t batch = op.getBatchDims(), lead = places.getRank() - 1;
    if (lead < 0 || places.isDynamicDim(lead))
      return refuse(op, "the length of an index is not known");
    int64_t depth = places.getDimSize(lead);
    if (batch < 0 || batch > lead || batch + depth > type.getRank())
      return refuse(op, "an index is longer than the data's rank");
    Dims from = dimsOf(b, loc, data), out = dimsOf(b, loc, indices);
    out.pop_back();
    out.append(from.begin() + batch + depth, from.end());
    SmallVector<Value> extents;
    for (int64_t i = 0; i < depth; ++i)
      extents.push_back(asValue(b, loc, from[batch + i]));
    checkTuples(b, op, indices, ArrayRef(from).slice(batch, depth));
    return SmallVector<Value>{generate(
        b, loc, out, type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> place(at.take_front(batch)),
              tuple(at.take_front(lead));
          tuple.push_back({});
          for (int64_t i = 0; i < depth; ++i) {
            tuple.back() = indexConstant(b, loc, i);
            Value index = tensor::ExtractOp::create(b, loc, indices, tuple);
            place.push_back(safePosition(b, loc, index, extents[i]));
          }
          llvm::append_range(place, at.drop_front(lead));
          return tensor::ExtractOp::create(b, loc, data, place);
        })};
  }

private:
  static void checkTuples(OpBuilder &b, Operation *op, Value indices,
                          ArrayRef<OpFoldResult> extents) {
    Location loc = op->getLoc();
    Dims sizes = dimsOf(b, loc, indices);
    Dims offsets(sizes.size(), b.getIndexAttr(0)),
        ones(sizes.size(), b.getIndexAttr(1));
    sizes.back() = b.getIndexAttr(1);
    for (auto [i, extent] : llvm::enumerate(extents)) {
      offsets.back() = b.getIndexAttr(i);
      Value part = extents.size() == 1
                       ? indices
                       : Value(tensor::ExtractSliceOp::create(
                             b, loc, indices, offsets, sizes, ones));
      checkIndices(b, loc, part, extent, messageOf(op));
    }
  }
};

struct LowerOneHot : OnnxPattern<onnx::OneHotOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::OneHotOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value indices = in.getIndices(), values = in.getValues();
    Dims out = dimsOf(b, loc, indices);
    auto axis = normalizedAxis(op.getAxis(), out.size() + 1);
    if (!axis)
      return refuse(op, "the axis is outside of the result's rank");
    Type depthElement = elementOf(op.getDepth());
    SmallVector<Value> zeros(
        cast<RankedTensorType>(in.getDepth().getType()).getRank(),
        indexConstant(b, loc, 0));
    Value depth = b.createOrFold<tensor::ExtractOp>(loc, in.getDepth(), zeros);
    depth = asPosition(b, loc, depth, depthElement);
    out.insert(out.begin() + *axis, getAsOpFoldResult(depth));
    out = refined(b, out, op.getOutput().getType());
    Type element = elementOf(op.getIndices());
    Type storage = cast<RankedTensorType>(values.getType()).getElementType();
    Value off =
        tensor::ExtractOp::create(b, loc, values, indexConstant(b, loc, 0));
    Value on =
        tensor::ExtractOp::create(b, loc, values, indexConstant(b, loc, 1));
    return SmallVector<Value>{generate(
        b, loc, out, storage,
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> place(at);
          place.erase(place.begin() + *axis);
          Value index = asPosition(
              b, loc, tensor::ExtractOp::create(b, loc, indices, place),
              element);
          index = wrapNegative(b, loc, index, depth);
          Value hit =
              compareIndex(b, loc, arith::CmpIPredicate::eq, index, at[*axis]);
          return arith::SelectOp::create(b, loc, hit, on, off);
        })};
  }

private:
  /// A stored number of the onnx type `element` as index.
  static Value asPosition(OpBuilder &b, Location loc, Value stored,
                          Type element) {
    if (!isa<FloatType>(element)) {
      if (isUnsignedElement(element))
        return b.createOrFold<arith::IndexCastUIOp>(loc, b.getIndexType(),
                                                    stored);
      return toIndex(b, loc, stored);
    }
    Value number = toCompute(b, loc, stored, element);
    return toIndex(
        b, loc, b.createOrFold<arith::FPToSIOp>(loc, b.getI64Type(), number));
  }
};

} // namespace

void populateGatherPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerGather, LowerGatherElements, LowerGatherND, LowerOneHot>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
