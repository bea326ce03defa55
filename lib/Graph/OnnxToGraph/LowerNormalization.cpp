//===- LowerNormalization.cpp - Softmax and normalisations ----------------===//
//
// Statistics are kept in f32 or better. Every operator becomes reductions and
// elementwise operations over the same loops, so that the kernel former makes
// one kernel of it.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Tensors over the loops `dims` of which some are reduced away.
class RowBuilder {
public:
  RowBuilder(OpBuilder &b, Location loc, Dims dims, ArrayRef<int64_t> axes,
             Type compute)
      : b(b), loc(loc), dims(std::move(dims)), axes(axes), compute(compute) {
    for (int64_t i = 0, e = this->dims.size(); i < e; ++i)
      if (!llvm::is_contained(axes, i))
        kept.push_back(i);
  }

  MappedTensor full(Value value, Type element) const {
    return {value, element, allDims(dims.size())};
  }
  MappedTensor full(Value value) const { return full(value, compute); }
  MappedTensor perRow(Value value) const { return {value, compute, kept}; }

  Value map(ArrayRef<MappedTensor> inputs, ScalarBody body,
            Type element) const {
    return mapped(b, loc, dims, inputs, element, body);
  }
  Value map(ArrayRef<MappedTensor> inputs, ScalarBody body) const {
    return map(inputs, body, compute);
  }

  /// The sum over the axes of stored elements of `element`.
  Value sum(Value value, Type element) const {
    return reduce(b, loc, value, axes, constantOf(b, loc, compute, 0),
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value x = toCompute(b, loc, v[0], element);
                    return arith::AddFOp::create(b, loc, x, v[1]);
                  });
  }
  /// The maximum of what is no NaN, of no certain sign if it is zero: whoever
  /// subtracts it does not care, as a NaN stays one and makes the sum one.
  Value maximum(Value value, Type element) const {
    return reduce(b, loc, value, axes, lowestOf(b, loc, compute),
                  [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                    Value x = toCompute(b, loc, v[0], element);
                    return arith::MaximumFOp::create(
                        b, loc, x, v[1],
                        arith::FastMathFlags::nnan | arith::FastMathFlags::nsz);
                  });
  }

  /// Number of elements in one row, in the compute type.
  Value count() const {
    Dims counted;
    for (int64_t axis : axes)
      counted.push_back(dims[axis]);
    Value n = asValue(b, loc, productOf(b, loc, counted));
    n = arith::IndexCastOp::create(b, loc, b.getI64Type(), n);
    return arith::UIToFPOp::create(b, loc, compute, n);
  }

  /// Elementwise on what has one value per row.
  Value onRows(Value value, ScalarBody body) const {
    return elementwise(b, loc, TypedTensor{value, compute}, compute, body);
  }

  ArrayRef<int64_t> keptDims() const { return kept; }

private:
  OpBuilder &b;
  Location loc;
  Dims dims;
  SmallVector<int64_t> axes, kept;
  Type compute;
};

Value subtract(OpBuilder &b, Location loc, ValueRange v) {
  return arith::SubFOp::create(b, loc, v[0], v[1]);
}

/// Softmax and LogSoftmax along one axis.
template <typename Op, bool logarithm>
struct LowerSoftmax : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = this->elementOf(op.getInput());
    Dims dims = dimsOf(b, loc, in.getInput());
    auto axis = normalizedAxis(op.getAxis(), dims.size());
    if (!axis || !isa<FloatType>(element))
      return this->refuse(op, "the axis is outside of the input's rank");
    RowBuilder rows(b, loc, dims, *axis, computeType(element));
    Value x = in.getInput();
    Value top = rows.maximum(x, element);
    if (logarithm) {
      Value shifted =
          rows.map({rows.full(x, element), rows.perRow(top)}, subtract);
      Value powers = rows.map(
          rows.full(shifted), [](OpBuilder &b, Location loc, ValueRange v) {
            return math::ExpOp::create(b, loc, v[0], arith::FastMathFlags::afn)
                .getResult();
          });
      Value total = rows.sum(powers, computeType(element));
      Value logs =
          rows.onRows(total, [](OpBuilder &b, Location loc, ValueRange v) {
            return math::LogOp::create(b, loc, v[0]).getResult();
          });
      return SmallVector<Value>{
          rows.map({rows.full(shifted), rows.perRow(logs)}, subtract, element)};
    }
    // The largest power is 1: below the smallest normal number others may be 0,
    // and a product with the inverse of the sum is as good as the quotient.
    Value powers =
        rows.map({rows.full(x, element), rows.perRow(top)},
                 [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                   return math::ExpOp::create(b, loc, subtract(b, loc, v),
                                              arith::FastMathFlags::afn);
                 });
    Value total = rows.sum(powers, computeType(element));
    return SmallVector<Value>{rows.map(
        {rows.full(powers), rows.perRow(total)},
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::DivFOp::create(b, loc, v[0], v[1],
                                       arith::FastMathFlags::arcp);
        },
        element)};
  }
};

/// Mean over the rows, and 1 / sqrt(variance + epsilon), in two passes.
struct Statistics {
  Value mean, inverse;
};

Statistics statisticsOf(OpBuilder &b, Location loc, const RowBuilder &rows,
                        Value x, Type element, double epsilon) {
  Value count = rows.count();
  auto divided = [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
    return arith::DivFOp::create(b, loc, v[0], count);
  };
  Value mean = rows.onRows(rows.sum(x, element), divided);
  Value squares =
      rows.map({rows.full(x, element), rows.perRow(mean)},
               [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                 Value d = subtract(b, loc, v);
                 return arith::MulFOp::create(b, loc, d, d);
               });
  Type compute = computeType(element);
  Value inverse = rows.onRows(
      rows.sum(squares, compute),
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value variance = arith::DivFOp::create(b, loc, v[0], count);
        Value shifted = arith::AddFOp::create(
            b, loc, variance, constantOf(b, loc, compute, epsilon));
        return arith::DivFOp::create(b, loc, constantOf(b, loc, compute, 1),
                                     math::SqrtOp::create(b, loc, shifted));
      });
  return {mean, inverse};
}

struct LowerLayerNormalization : OnnxPattern<onnx::LayerNormalizationOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::LayerNormalizationOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    Dims dims = dimsOf(b, loc, in.getX());
    int64_t rank = dims.size();
    auto axis = normalizedAxis(op.getAxis(), rank);
    if (!axis)
      return refuse(op, "the axis is outside of the input's rank");
    SmallVector<int64_t> axes;
    for (int64_t i = *axis; i < rank; ++i)
      axes.push_back(i);
    RowBuilder rows(b, loc, dims, axes, computeType(element));
    Statistics statistics = statisticsOf(b, loc, rows, in.getX(), element,
                                         op.getEpsilon().convertToDouble());
    SmallVector<MappedTensor> inputs = {
        rows.full(in.getX(), element), rows.perRow(statistics.mean),
        rows.perRow(statistics.inverse),
        trailing(b, loc, in.getScale(), elementOf(op.getScale()), dims)};
    bool hasBias = !onnx::isAbsent(op.getB());
    if (hasBias)
      inputs.push_back(trailing(b, loc, in.getB(), elementOf(op.getB()), dims));
    Value y = rows.map(
        inputs,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value x = arith::MulFOp::create(
              b, loc, subtract(b, loc, v.take_front(2)), v[2]);
          x = arith::MulFOp::create(b, loc, x, v[3]);
          if (hasBias)
            x = arith::AddFOp::create(b, loc, x, v[4]);
          return x;
        },
        element);
    Dims shape = dims;
    for (int64_t i : axes)
      shape[i] = b.getIndexAttr(1);
    return SmallVector<Value>{y, reshapeTo(b, loc, statistics.mean, shape),
                              reshapeTo(b, loc, statistics.inverse, shape)};
  }

  /// Scale or bias, broadcast over the leading dimensions.
  static MappedTensor trailing(OpBuilder &b, Location loc, Value value,
                               Type element, ArrayRef<OpFoldResult> dims) {
    int64_t offset =
        dims.size() - cast<RankedTensorType>(value.getType()).getRank();
    Dims own = dimsOf(b, loc, value), kept;
    SmallVector<int64_t> places;
    for (auto [index, dim] : llvm::enumerate(own)) {
      if (isConstantIntValue(dim, 1) &&
          !isConstantIntValue(dims[offset + index], 1))
        continue;
      kept.push_back(dim);
      places.push_back(offset + index);
    }
    return {reshapeTo(b, loc, value, kept), element, places};
  }
};

struct LowerRMSNormalization : OnnxPattern<onnx::RMSNormalizationOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::RMSNormalizationOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), compute = computeType(element);
    Dims dims = dimsOf(b, loc, in.getX());
    int64_t rank = dims.size();
    auto axis = normalizedAxis(op.getAxis(), rank);
    if (!axis)
      return refuse(op, "the axis is outside of the input's rank");
    SmallVector<int64_t> axes;
    for (int64_t i = *axis; i < rank; ++i)
      axes.push_back(i);
    RowBuilder rows(b, loc, dims, axes, compute);
    Value squares =
        rows.map(rows.full(in.getX(), element),
                 [](OpBuilder &b, Location loc, ValueRange v) {
                   return arith::MulFOp::create(b, loc, v[0], v[0]).getResult();
                 });
    Value count = rows.count();
    double epsilon = op.getEpsilon().convertToDouble();
    Value inverse = rows.onRows(
        rows.sum(squares, compute),
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value mean = arith::DivFOp::create(b, loc, v[0], count);
          Value shifted = arith::AddFOp::create(
              b, loc, mean, constantOf(b, loc, compute, epsilon));
          return arith::DivFOp::create(b, loc, constantOf(b, loc, compute, 1),
                                       math::SqrtOp::create(b, loc, shifted));
        });
    Value y = rows.map(
        {rows.full(in.getX(), element), rows.perRow(inverse),
         LowerLayerNormalization::trailing(b, loc, in.getScale(),
                                           elementOf(op.getScale()), dims)},
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::MulFOp::create(
              b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), v[2]);
        },
        element);
    return SmallVector<Value>{y};
  }
};

/// InstanceNormalization: rows are all that follows batch and channel.
struct LowerInstanceNormalization : OnnxPattern<onnx::InstanceNormalizationOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::InstanceNormalizationOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput());
    Dims dims = dimsOf(b, loc, in.getInput());
    if (dims.size() < 3)
      return refuse(op, "the input should have rank 3 or more");
    SmallVector<int64_t> axes = allDims(dims.size());
    axes.erase(axes.begin(), axes.begin() + 2);
    RowBuilder rows(b, loc, dims, axes, computeType(element));
    Statistics statistics = statisticsOf(b, loc, rows, in.getInput(), element,
                                         op.getEpsilon().convertToDouble());
    Value y = rows.map(
        {rows.full(in.getInput(), element), rows.perRow(statistics.mean),
         rows.perRow(statistics.inverse),
         MappedTensor{in.getScale(), element, {1}},
         MappedTensor{in.getB(), element, {1}}},
        [](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value x = arith::MulFOp::create(
              b, loc, subtract(b, loc, v.take_front(2)), v[2]);
          return arith::AddFOp::create(
              b, loc, arith::MulFOp::create(b, loc, x, v[3]), v[4]);
        },
        element);
    return SmallVector<Value>{y};
  }
};

/// Inference: y = x * a + c with a and c computed once per channel.
struct LowerBatchNormalization : OnnxPattern<onnx::BatchNormalizationOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::BatchNormalizationOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), compute = computeType(element);
    Dims dims = dimsOf(b, loc, in.getX());
    if (op.getTrainingMode() != 0)
      return refuse(op, "training mode is not supported");
    if (dims.size() < 2)
      return refuse(op, "the input should have rank 2 or more");
    double epsilon = op.getEpsilon().convertToDouble();
    Value factor = elementwise(
        b, loc,
        {TypedTensor{in.getScale(), elementOf(op.getScale())},
         TypedTensor{in.getInputVar(), elementOf(op.getInputVar())}},
        compute, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value shifted = arith::AddFOp::create(
              b, loc, v[1], constantOf(b, loc, compute, epsilon));
          return arith::DivFOp::create(b, loc, v[0],
                                       math::SqrtOp::create(b, loc, shifted));
        });
    Value offset = elementwise(
        b, loc,
        {TypedTensor{in.getB(), elementOf(op.getB())},
         TypedTensor{in.getInputMean(), elementOf(op.getInputMean())},
         TypedTensor{factor, compute}},
        compute, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          return arith::SubFOp::create(
              b, loc, v[0], arith::MulFOp::create(b, loc, v[1], v[2]));
        });
    Value y =
        mapped(b, loc, dims,
               {MappedTensor{in.getX(), element, allDims(dims.size())},
                MappedTensor{factor, compute, {1}},
                MappedTensor{offset, compute, {1}}},
               element, [](OpBuilder &b, Location loc, ValueRange v) -> Value {
                 return arith::AddFOp::create(
                     b, loc, arith::MulFOp::create(b, loc, v[0], v[1]), v[2]);
               });
    return SmallVector<Value>{y, Value(), Value()};
  }
};

} // namespace

void populateNormalizationPatterns(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<LowerSoftmax<onnx::SoftmaxOp, /*logarithm=*/false>,
               LowerSoftmax<onnx::LogSoftmaxOp, /*logarithm=*/true>,
               LowerLayerNormalization, LowerRMSNormalization,
               LowerInstanceNormalization, LowerBatchNormalization>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
