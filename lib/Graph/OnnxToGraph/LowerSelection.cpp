//===- LowerSelection.cpp - ArgMax, ArgMin, TopK --------------------------===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Whether x comes before y in descending (or ascending) order. NaN comes
/// before everything, as NumPy's argmax has it.
Value comesBefore(OpBuilder &b, Location loc, Value x, Value y, Type element,
                  bool largest) {
  if (!isa<FloatType>(element)) {
    bool isUnsigned = isUnsignedElement(element);
    using P = arith::CmpIPredicate;
    P predicate = largest ? (isUnsigned ? P::ugt : P::sgt)
                          : (isUnsigned ? P::ult : P::slt);
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  }
  using P = arith::CmpFPredicate;
  Value beats = arith::CmpFOp::create(b, loc, largest ? P::OGT : P::OLT, x, y);
  Value isNaN = arith::CmpFOp::create(b, loc, P::UNO, x, x);
  Value other = arith::CmpFOp::create(b, loc, P::ORD, y, y);
  return arith::OrIOp::create(b, loc, beats,
                              arith::AndIOp::create(b, loc, isNaN, other));
}

/// Where the extreme along an axis is, i64, without the axis.
Value positionsOf(OpBuilder &b, Location loc, Value data, Type element,
                  int64_t axis, bool largest, bool selectLast) {
  Dims kept = dimsOf(b, loc, data);
  kept.erase(kept.begin() + axis);
  int64_t rank = kept.size() + 1;
  Value worst =
      largest ? lowestOf(b, loc, element) : highestOf(b, loc, element);
  Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  Value best = filled(b, loc, kept, worst), index = filled(b, loc, kept, zero);
  AffineMap all = b.getMultiDimIdentityMap(rank), some = all.dropResult(axis);
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  auto op = linalg::GenericOp::create(
      b, loc, TypeRange{best.getType(), index.getType()}, data,
      ValueRange{best, index}, ArrayRef<AffineMap>{all, some, some}, iterators,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value x = toCompute(b, loc, args[0], element);
        Value at = arith::IndexCastOp::create(
            b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, axis));
        Value better;
        if (selectLast) {
          Value worse = comesBefore(b, loc, args[1], x, element, largest);
          Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
          better = arith::XOrIOp::create(b, loc, worse, yes);
        } else {
          better = comesBefore(b, loc, x, args[1], element, largest);
        }
        Value value = arith::SelectOp::create(b, loc, better, x, args[1]);
        Value place = arith::SelectOp::create(b, loc, better, at, args[2]);
        linalg::YieldOp::create(b, loc, ValueRange{value, place});
      });
  return op.getResult(1);
}

/// The extreme along an axis and where it is, in one pass.
template <typename Op, bool largest>
struct LowerArg : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return this->refuse(op, "the axis is outside of the input's rank");
    Type element = this->elementOf(op.getData());
    Value where = positionsOf(b, loc, data, element, *axis, largest,
                              op.getSelectLastIndex() != 0);
    if (op.getKeepdims() != 0) {
      Dims dims = dimsOf(b, loc, data);
      dims[*axis] = b.getIndexAttr(1);
      where = reshapeTo(b, loc, where, dims);
    }
    return SmallVector<Value>{where};
  }
};

/// 1 where the first maximum along the axis is, else 0.
struct LowerHardmax : OnnxPattern<onnx::HardmaxOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::HardmaxOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getOperands()[0];
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return refuse(op, "the axis is outside of the input's rank");
    Type element = elementOf(op->getOperand(0));
    Value where = positionsOf(b, loc, data, element, *axis, /*largest=*/true,
                              /*selectLast=*/false);
    Value one = toStorage(b, loc, constantOf(b, loc, element, 1), element);
    Value zero = toStorage(b, loc, constantOf(b, loc, element, 0), element);
    return SmallVector<Value>{generate(
        b, loc, dimsOf(b, loc, data), type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> place(at);
          place.erase(place.begin() + *axis);
          Value best =
              toIndex(b, loc, tensor::ExtractOp::create(b, loc, where, place));
          Value hit =
              compareIndex(b, loc, arith::CmpIPredicate::eq, best, at[*axis]);
          return arith::SelectOp::create(b, loc, hit, one, zero);
        })};
  }
};

/// The rank of every element is the number of those that come before it; the
/// element of rank r goes to place r. Equal ones keep their order.
struct LowerTopK : OnnxPattern<onnx::TopKOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::TopKOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getX();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis)
      return refuse(op, "the axis is outside of the input's rank");
    Dims out = dimsOf(b, loc, data);
    Value extent = asValue(b, loc, out[*axis]);
    Dims count = indicesOf(b, loc, in.getK());
    if (count.size() != 1)
      return refuse(op, "'K' is not one element");
    Value k = asValue(b, loc, count[0]);
    checkThat(b, loc,
              compareIndex(b, loc, arith::CmpIPredicate::sle, k, extent),
              "TopK: K is larger than the axis");
    k = clampIndex(b, loc, k, indexConstant(b, loc, 0), extent);
    out[*axis] = getAsOpFoldResult(k);
    out = refined(b, out, op.getValues().getType());
    Type element = elementOf(op.getX());
    Value ranks = ranksOf(b, loc, data, element, *axis, op.getLargest() != 0);
    Value indices = placesOf(b, loc, ranks, out, *axis);
    Value values =
        generate(b, loc, out, type.getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                   SmallVector<Value> from(at);
                   Value index = tensor::ExtractOp::create(b, loc, indices, at);
                   from[*axis] = safePosition(b, loc, index, extent);
                   return tensor::ExtractOp::create(b, loc, data, from);
                 });
    return SmallVector<Value>{values, indices};
  }

private:
  /// Loops over all elements and, inside, over a second position on the axis.
  struct PairsAlong {
    AffineMap own, other;
    SmallVector<utils::IteratorType> iterators;
  };
  static PairsAlong pairsAlong(OpBuilder &b, int64_t rank, int64_t axis) {
    MLIRContext *context = b.getContext();
    AffineMap own =
        AffineMap::getMultiDimIdentityMap(rank + 1, context).dropResult(rank);
    SmallVector<AffineExpr> exprs(own.getResults());
    exprs[axis] = b.getAffineDimExpr(rank);
    SmallVector<utils::IteratorType> iterators(rank + 1,
                                               utils::IteratorType::parallel);
    iterators.back() = utils::IteratorType::reduction;
    return {own, AffineMap::get(rank + 1, 0, exprs, context), iterators};
  }

  static Value ranksOf(OpBuilder &b, Location loc, Value data, Type element,
                       int64_t axis, bool largest) {
    Dims dims = dimsOf(b, loc, data);
    int64_t rank = dims.size();
    Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
    Value one = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(1));
    Value start = filled(b, loc, dims, zero);
    auto [own, other, iterators] = pairsAlong(b, rank, axis);
    return linalg::GenericOp::create(
               b, loc, start.getType(), ValueRange{data, data}, start,
               ArrayRef<AffineMap>{own, other, own}, iterators,
               [&](OpBuilder &b, Location loc, ValueRange args) {
                 Value x = toCompute(b, loc, args[0], element);
                 Value y = toCompute(b, loc, args[1], element);
                 Value i = linalg::IndexOp::create(b, loc, axis);
                 Value j = linalg::IndexOp::create(b, loc, rank);
                 Value before = comesBefore(b, loc, y, x, element, largest);
                 Value after = comesBefore(b, loc, x, y, element, largest);
                 Value yes =
                     arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
                 Value tied = arith::AndIOp::create(
                     b, loc, arith::XOrIOp::create(b, loc, after, yes),
                     arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, j,
                                           i));
                 before = arith::OrIOp::create(b, loc, before, tied);
                 Value sum = arith::AddIOp::create(b, loc, args[2], one);
                 linalg::YieldOp::create(b, loc,
                                         Value(arith::SelectOp::create(
                                             b, loc, before, sum, args[2])));
               })
        .getResult(0);
  }

  /// indices[r] = i where ranks[i] == r.
  static Value placesOf(OpBuilder &b, Location loc, Value ranks,
                        const Dims &out, int64_t axis) {
    int64_t rank = out.size();
    Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
    Value start = filled(b, loc, out, zero);
    auto [own, source, iterators] = pairsAlong(b, rank, axis);
    return linalg::GenericOp::create(
               b, loc, start.getType(), ranks, start,
               ArrayRef<AffineMap>{source, own}, iterators,
               [&](OpBuilder &b, Location loc, ValueRange args) {
                 auto asInteger = [&](int64_t dim) -> Value {
                   return arith::IndexCastOp::create(
                       b, loc, b.getI64Type(),
                       linalg::IndexOp::create(b, loc, dim));
                 };
                 Value hit =
                     arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                           args[0], asInteger(axis));
                 linalg::YieldOp::create(
                     b, loc,
                     Value(arith::SelectOp::create(b, loc, hit, asInteger(rank),
                                                   args[1])));
               })
        .getResult(0);
  }
};

} // namespace

void populateSelectionPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LowerArg<onnx::ArgMaxOp, true>, LowerArg<onnx::ArgMinOp, false>,
               LowerHardmax, LowerTopK>(converter, patterns.getContext());
}

} // namespace tegula::graph
