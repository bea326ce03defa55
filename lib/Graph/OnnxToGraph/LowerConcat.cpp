//===- LowerConcat.cpp - Concat and Split ---------------------------------===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

SmallVector<OpFoldResult> allOf(OpBuilder &b, size_t rank, int64_t value) {
  return SmallVector<OpFoldResult>(rank, b.getIndexAttr(value));
}

struct LowerConcat : OnnxPattern<onnx::ConcatOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ConcatOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    ValueRange inputs = in.getInputs();
    if (inputs.empty())
      return refuse(op, "there is no input");
    auto type = cast<RankedTensorType>(inputs[0].getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return refuse(op, "the axis is outside of the inputs' rank");
    if (inputs.size() == 1)
      return SmallVector<Value>{inputs[0]};
    if (auto scalars = scalarized(b, loc, op, inputs))
      return SmallVector<Value>{scalars};
    Dims dims = dimsOf(b, loc, inputs[0]);
    for (Value input : inputs.drop_front()) {
      if (cast<RankedTensorType>(input.getType()).getRank() != type.getRank())
        return refuse(op, "the ranks of the inputs differ");
      Dims more = dimsOf(b, loc, input);
      checkOthersEqual(b, loc, dims, more, *axis);
      dims[*axis] = addDims(b, loc, dims[*axis], more[*axis]);
    }
    return SmallVector<Value>{joined(b, loc, inputs, dims, *axis)};
  }

private:
  /// All elements in one vector when they are scalars already.
  static Value scalarized(OpBuilder &b, Location loc, onnx::ConcatOp op,
                          ValueRange inputs) {
    SmallVector<Value> elements;
    for (Value input : inputs) {
      auto type = cast<RankedTensorType>(input.getType());
      if (!isScalarized(type) || type.getRank() != 1)
        return {};
      elements.append(elementsOf(b, loc, input));
    }
    auto type = RankedTensorType::get({int64_t(elements.size())},
                                      elements.front().getType());
    return tensor::FromElementsOp::create(b, loc, type, elements);
  }

  static void checkOthersEqual(OpBuilder &b, Location loc, Dims &dims,
                               const Dims &more, int64_t axis) {
    for (size_t i = 0; i < dims.size(); ++i) {
      if (int64_t(i) == axis || sameDim(dims[i], more[i]))
        continue;
      checkThat(b, loc,
                compareIndex(b, loc, arith::CmpIPredicate::eq,
                             asValue(b, loc, dims[i]),
                             asValue(b, loc, more[i])),
                "Concat: dimensions other than the axis differ");
      if (getConstantIntValue(more[i]))
        dims[i] = more[i];
    }
  }

  static Value joined(OpBuilder &b, Location loc, ValueRange inputs,
                      const Dims &dims, int64_t axis) {
    auto type = cast<RankedTensorType>(inputs[0].getType());
    SmallVector<Value> parts;
    for (Value input : inputs) {
      Dims part(dims);
      part[axis] = dimOf(b, loc, input, axis);
      parts.push_back(castTo(b, loc, input, type.clone(staticShape(part))));
    }
    return tensor::ConcatOp::create(b, loc, type.clone(staticShape(dims)), axis,
                                    parts);
  }
};

struct LowerSplit : OnnxPattern<onnx::SplitOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::SplitOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getInput();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return refuse(op, "the axis is outside of the input's rank");
    Dims dims = dimsOf(b, loc, data);
    Dims sizes = onnx::isAbsent(in.getSplit())
                     ? evenSizes(b, loc, dims[*axis], op->getNumResults())
                     : indicesOf(b, loc, in.getSplit());
    if (sizes.size() != op->getNumResults())
      return refuse(op, "'split' has not one element per output");
    for (auto [size, result] : llvm::zip_equal(sizes, op->getResults()))
      if (auto known = dyn_cast<RankedTensorType>(result.getType());
          known && !known.isDynamicDim(*axis))
        size = b.getIndexAttr(known.getDimSize(*axis));
    checkSizes(b, loc, sizes, dims[*axis]);
    if (isScalarized(type) && type.getRank() == 1)
      if (auto known = getConstantIntValues(sizes))
        return scalarized(b, loc, data, *known);
    return sliced(b, loc, data, dims, sizes, *axis);
  }

private:
  /// Equal parts, the last one smaller if need be.
  static Dims evenSizes(OpBuilder &b, Location loc, OpFoldResult extent,
                        int64_t count) {
    OpFoldResult up = addDims(b, loc, extent, b.getIndexAttr(count - 1));
    OpFoldResult chunk = divDims(b, loc, up, b.getIndexAttr(count));
    Dims sizes(count, chunk);
    sizes.back() = subDims(b, loc, extent,
                           mulDims(b, loc, chunk, b.getIndexAttr(count - 1)));
    return sizes;
  }

  static void checkSizes(OpBuilder &b, Location loc,
                         ArrayRef<OpFoldResult> sizes, OpFoldResult extent) {
    OpFoldResult sum = b.getIndexAttr(0);
    Value zero = indexConstant(b, loc, 0);
    for (OpFoldResult size : sizes) {
      sum = addDims(b, loc, sum, size);
      checkThat(b, loc,
                compareIndex(b, loc, arith::CmpIPredicate::sge,
                             asValue(b, loc, size), zero),
                "Split: a part has a negative extent");
    }
    if (!sameDim(sum, extent))
      checkThat(b, loc,
                compareIndex(b, loc, arith::CmpIPredicate::eq,
                             asValue(b, loc, sum), asValue(b, loc, extent)),
                "Split: the parts do not add up to the extent");
  }

  static SmallVector<Value> scalarized(OpBuilder &b, Location loc, Value data,
                                       ArrayRef<int64_t> sizes) {
    SmallVector<Value> elements = elementsOf(b, loc, data), parts;
    ArrayRef<Value> rest(elements);
    Type element = elements.front().getType();
    for (int64_t size : sizes) {
      size = std::min<int64_t>(size, rest.size());
      auto type = RankedTensorType::get({size}, element);
      parts.push_back(
          tensor::FromElementsOp::create(b, loc, type, rest.take_front(size)));
      rest = rest.drop_front(size);
    }
    return parts;
  }

  static SmallVector<Value> sliced(OpBuilder &b, Location loc, Value data,
                                   const Dims &dims, const Dims &parts,
                                   int64_t axis) {
    Type storage = cast<RankedTensorType>(data.getType()).getElementType();
    SmallVector<Value> results;
    SmallVector<OpFoldResult> offsets = allOf(b, dims.size(), 0),
                              ones = allOf(b, dims.size(), 1), sizes(dims);
    for (OpFoldResult part : parts) {
      sizes[axis] = part;
      if (isConstantIntValue(part, 0))
        results.push_back(emptyTensor(b, loc, sizes, storage));
      else
        results.push_back(
            tensor::ExtractSliceOp::create(b, loc, data, offsets, sizes, ones));
      offsets[axis] = addDims(b, loc, offsets[axis], part);
    }
    return results;
  }
};

} // namespace

void populateConcatPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerConcat, LowerSplit>(converter, patterns.getContext());
}

} // namespace tegula::graph
