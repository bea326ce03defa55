//===- LowerCompaction.cpp - Results as large as the data decides ---------===//
//
// Counted first, then filled. CumSum is here too: its elements need the ones
// before them.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

Value isNonZero(OpBuilder &b, Location loc, Value stored, Type element) {
  Value value = toCompute(b, loc, stored, element);
  if (value.getType().isInteger(1))
    return value;
  Value zero =
      arith::ConstantOp::create(b, loc, b.getZeroAttr(value.getType()));
  if (isa<FloatType>(value.getType()))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value,
                                 zero);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, zero);
}

/// The number of elements of `tensor` that are not zero, as index.
Value countNonZero(OpBuilder &b, Location loc, Value tensor, Type element) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  Value sum = reduce(
      b, loc, tensor, llvm::to_vector(llvm::seq<int64_t>(type.getRank())), zero,
      [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
        Value one = arith::ExtUIOp::create(b, loc, b.getI64Type(),
                                           isNonZero(b, loc, x[0], element));
        return arith::AddIOp::create(b, loc, x[1], one);
      });
  return toIndex(b, loc, tensor::ExtractOp::create(b, loc, sum, ValueRange{}));
}

struct LowerNonZero : OnnxPattern<onnx::NonZeroOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::NonZeroOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getX();
    Type element = elementOf(op.getX());
    Dims dims = dimsOf(b, loc, data);
    int64_t rank = dims.size();
    Value count = countNonZero(b, loc, data, element);
    Value out =
        emptyTensor(b, loc, {b.getIndexAttr(rank), count}, b.getI64Type());
    Value one = indexConstant(b, loc, 1);
    SmallVector<Value> results = forEachIndex(
        b, loc, dims, {out, indexConstant(b, loc, 0)},
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          Value value = tensor::ExtractOp::create(b, loc, data, at);
          return onlyIf(
              b, loc, isNonZero(b, loc, value, element), carried,
              [&](OpBuilder &b, Location loc) -> SmallVector<Value> {
                Value filled = carried[0];
                for (int64_t i = 0; i < rank; ++i)
                  filled = tensor::InsertOp::create(
                      b, loc, fromIndex(b, loc, at[i], b.getI64Type()), filled,
                      ValueRange{indexConstant(b, loc, i), carried[1]});
                return {filled, addIndex(b, loc, carried[1], one)};
              });
        });
    return SmallVector<Value>{results[0]};
  }
};

/// The slices of the input along an axis at which the condition holds.
struct LowerCompress : OnnxPattern<onnx::CompressOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::CompressOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getInput(), condition = in.getCondition();
    int64_t axis = 0;
    if (auto given = op.getAxis()) {
      auto normal = normalizedAxis(
          *given, cast<RankedTensorType>(data.getType()).getRank());
      if (!normal)
        return refuse(op, "the axis is outside of the input's rank");
      axis = *normal;
    } else {
      data = reshapeTo(b, loc, data, {productOf(b, loc, dimsOf(b, loc, data))});
    }
    Dims dims = dimsOf(b, loc, data);
    Type flag = elementOf(op.getCondition());
    Value length = asValue(b, loc, dimOf(b, loc, condition, 0));
    checkThat(b, loc,
              compareIndex(b, loc, arith::CmpIPredicate::sle, length,
                           asValue(b, loc, dims[axis])),
              "Compress: the condition is longer than the axis");
    Value count = countNonZero(b, loc, condition, flag);
    Value places = placesOf(b, loc, condition, count, flag);
    Dims out(dims);
    out[axis] = count;
    Value extent = asValue(b, loc, dims[axis]);
    Type storage = cast<RankedTensorType>(data.getType()).getElementType();
    return SmallVector<Value>{generate(
        b, loc, out, storage,
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> from(at);
          Value place = tensor::ExtractOp::create(b, loc, places, at[axis]);
          from[axis] = safePosition(b, loc, place, extent);
          return tensor::ExtractOp::create(b, loc, data, from);
        })};
  }

private:
  /// Where the condition holds, in order.
  static Value placesOf(OpBuilder &b, Location loc, Value condition,
                        Value count, Type flag) {
    Value out = emptyTensor(b, loc, {OpFoldResult(count)}, b.getI64Type());
    Value one = indexConstant(b, loc, 1);
    return forEachIndex(
               b, loc, {dimOf(b, loc, condition, 0)},
               {out, indexConstant(b, loc, 0)},
               [&](OpBuilder &b, Location loc, ValueRange at,
                   ValueRange carried) {
                 Value value = tensor::ExtractOp::create(b, loc, condition, at);
                 return onlyIf(
                     b, loc, isNonZero(b, loc, value, flag), carried,
                     [&](OpBuilder &b, Location loc) -> SmallVector<Value> {
                       Value place = fromIndex(b, loc, at[0], b.getI64Type());
                       return {tensor::InsertOp::create(b, loc, place,
                                                        carried[0], carried[1]),
                               addIndex(b, loc, carried[1], one)};
                     });
               })
        .front();
  }
};

/// CumSum and CumProd: a running value along one axis.
template <typename Op, bool product>
struct LowerCumulative : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getX();
    auto type = cast<RankedTensorType>(data.getType());
    auto axes = constantIndicesOf(b, loc, in.getAxis());
    auto axis = axes && axes->size() == 1
                    ? normalizedAxis(axes->front(), type.getRank())
                    : std::nullopt;
    Type element = this->elementOf(op.getX());
    if (!axes)
      return SmallVector<Value>{
          alongUnknownAxis(b, op, data, in.getAxis(), element)};
    if (!axis)
      return this->refuse(op, "the axis is outside of the input's rank");
    Dims dims = dimsOf(b, loc, data), others(dims);
    others.erase(others.begin() + *axis);
    Value last = subIndex(b, loc, asValue(b, loc, dims[*axis]),
                          indexConstant(b, loc, 1));
    bool reverse = op.getReverse() != 0, exclusive = op.getExclusive() != 0;
    Value out = emptyTensor(b, loc, dims, type.getElementType());
    auto line = [&](OpBuilder &b, Location loc, ValueRange at,
                    ValueRange carried) -> SmallVector<Value> {
      auto step = [&](OpBuilder &b, Location loc, ValueRange i,
                      ValueRange state) -> SmallVector<Value> {
        SmallVector<Value> place(at);
        place.insert(place.begin() + *axis,
                     reverse ? subIndex(b, loc, last, i[0]) : i[0]);
        Value x = toCompute(
            b, loc, tensor::ExtractOp::create(b, loc, data, place), element);
        Value next = combined(b, loc, state[1], x);
        Value written = toStorage(b, loc, exclusive ? state[1] : next, element);
        return {tensor::InsertOp::create(b, loc, written, state[0], place),
                next};
      };
      Value start = constantOf(b, loc, element, product ? 1 : 0);
      return {forEachIndex(b, loc, {dims[*axis]}, {carried[0], start}, step)
                  .front()};
    };
    return forEachIndex(b, loc, others, out, line);
  }

private:
  /// Each element on its own from all along the axis: slow, but any axis.
  static Value alongUnknownAxis(OpBuilder &b, Op op, Value data, Value axis,
                                Type element) {
    Location loc = op.getLoc();
    Dims dims = dimsOf(b, loc, data);
    Value rank = indexConstant(b, loc, dims.size());
    SmallVector<Value> zeros(cast<RankedTensorType>(axis.getType()).getRank(),
                             indexConstant(b, loc, 0));
    Value given = tensor::ExtractOp::create(b, loc, axis, zeros);
    Value wanted = wrapNegative(b, loc, toIndex(b, loc, given), rank);
    checkThat(b, loc,
              compareIndex(b, loc, arith::CmpIPredicate::ult, wanted, rank),
              "a cumulative operator's axis is outside of the input's rank");
    Value extent = indexConstant(b, loc, 0);
    SmallVector<Value> isAxis;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      isAxis.push_back(compareIndex(b, loc, arith::CmpIPredicate::eq, wanted,
                                    indexConstant(b, loc, i)));
      extent = selectOf(b, loc, isAxis[i], asValue(b, loc, dim), extent);
    }
    using P = arith::CmpIPredicate;
    P before = op.getReverse() != 0
                   ? (op.getExclusive() != 0 ? P::sgt : P::sge)
                   : (op.getExclusive() != 0 ? P::slt : P::sle);
    auto sumAt = [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
      auto step = [&](OpBuilder &b, Location loc, ValueRange k,
                      ValueRange state) -> SmallVector<Value> {
        SmallVector<Value> place;
        Value own = indexConstant(b, loc, 0);
        for (auto [i, index] : llvm::enumerate(at)) {
          place.push_back(selectOf(b, loc, isAxis[i], k[0], index));
          own = selectOf(b, loc, isAxis[i], index, own);
        }
        Value x = toCompute(
            b, loc, tensor::ExtractOp::create(b, loc, data, place), element);
        Value counts = compareIndex(b, loc, before, k[0], own);
        return {
            selectOf(b, loc, counts, combined(b, loc, state[0], x), state[0])};
      };
      Value start = constantOf(b, loc, element, product ? 1 : 0);
      Value sum = forEachIndex(b, loc, {getAsOpFoldResult(extent)}, start, step)
                      .front();
      return toStorage(b, loc, sum, element);
    };
    return generate(b, loc, dims, storageType(element), sumAt);
  }

  static Value combined(OpBuilder &b, Location loc, Value x, Value y) {
    if (isa<FloatType>(x.getType()))
      return product ? Value(arith::MulFOp::create(b, loc, x, y))
                     : Value(arith::AddFOp::create(b, loc, x, y));
    return product ? Value(arith::MulIOp::create(b, loc, x, y))
                   : Value(arith::AddIOp::create(b, loc, x, y));
  }
};

} // namespace

void populateCompactionPatterns(const TypeConverter &converter,
                                RewritePatternSet &patterns) {
  patterns
      .add<LowerNonZero, LowerCompress, LowerCumulative<onnx::CumSumOp, false>,
           LowerCumulative<onnx::CumProdOp, true>>(converter,
                                                   patterns.getContext());
}

} // namespace tegula::graph
