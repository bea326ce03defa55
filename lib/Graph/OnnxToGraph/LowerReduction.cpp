//===- LowerReduction.cpp - Reduce* operators -----------------------------===//
//
// Floats are reduced in f32 (f64 for doubles) and rounded once; integers wrap
// in their own type.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

enum class Kind {
  Sum,
  Mean,
  Prod,
  Max,
  Min,
  L1,
  L2,
  SumSquare,
  LogSum,
  LogSumExp
};

/// Scalars of one reduction: how it starts, goes on and ends.
class Reduction {
public:
  Reduction(Kind kind, Type element) : kind(kind), element(element) {}

  Value initial(OpBuilder &b, Location loc) const {
    switch (kind) {
    case Kind::Prod:
      return constantOf(b, loc, element, 1);
    case Kind::Max:
      return element.isInteger(1) ? constantOf(b, loc, element, 0)
                                  : lowestOf(b, loc, element);
    case Kind::Min:
      return element.isInteger(1)
                 ? arith::ConstantOp::create(b, loc, b.getBoolAttr(true))
                       .getResult()
                 : highestOf(b, loc, element);
    default:
      return constantOf(b, loc, element, 0);
    }
  }

  Value combine(OpBuilder &b, Location loc, Value x, Value running) const {
    bool floating = isa<FloatType>(element);
    bool isUnsigned = isUnsignedElement(element);
    switch (kind) {
    case Kind::Max:
      if (floating)
        return arith::MaximumFOp::create(b, loc, x, running);
      return isUnsigned
                 ? arith::MaxUIOp::create(b, loc, x, running).getResult()
                 : arith::MaxSIOp::create(b, loc, x, running).getResult();
    case Kind::Min:
      if (floating)
        return arith::MinimumFOp::create(b, loc, x, running);
      return isUnsigned
                 ? arith::MinUIOp::create(b, loc, x, running).getResult()
                 : arith::MinSIOp::create(b, loc, x, running).getResult();
    case Kind::Prod:
      return times(b, loc, x, running);
    case Kind::L2:
    case Kind::SumSquare:
      return plus(b, loc, times(b, loc, x, x), running);
    case Kind::L1:
      if (floating)
        x = math::AbsFOp::create(b, loc, x);
      else if (!isUnsigned)
        x = math::AbsIOp::create(b, loc, x);
      return plus(b, loc, x, running);
    default:
      return plus(b, loc, x, running);
    }
  }

  /// The value after all `count` elements.
  Value finish(OpBuilder &b, Location loc, Value x, Value count) const {
    Type compute = computeType(element);
    bool floating = isa<FloatType>(compute);
    if (kind == Kind::Mean) {
      if (floating)
        return arith::DivFOp::create(
            b, loc, x, arith::UIToFPOp::create(b, loc, compute, count));
      Value divisor = count;
      if (compute.getIntOrFloatBitWidth() < 64)
        divisor = arith::TruncIOp::create(b, loc, compute, count);
      Value one = constantOf(b, loc, element, 1);
      divisor = arith::MaxUIOp::create(b, loc, divisor, one);
      if (isUnsignedElement(element))
        return arith::DivUIOp::create(b, loc, x, divisor);
      return arith::DivSIOp::create(b, loc, x, divisor);
    }
    if (kind == Kind::L2 || kind == Kind::LogSum) {
      Value wide = x;
      if (!floating)
        wide = arith::SIToFPOp::create(b, loc, b.getF64Type(), x);
      Value out = kind == Kind::L2
                      ? math::SqrtOp::create(b, loc, wide).getResult()
                      : math::LogOp::create(b, loc, wide).getResult();
      return floating
                 ? out
                 : arith::FPToSIOp::create(b, loc, compute, out).getResult();
    }
    return x;
  }

private:
  Value plus(OpBuilder &b, Location loc, Value x, Value y) const {
    if (isa<FloatType>(element))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  }
  Value times(OpBuilder &b, Location loc, Value x, Value y) const {
    if (isa<FloatType>(element))
      return arith::MulFOp::create(b, loc, x, y);
    return arith::MulIOp::create(b, loc, x, y);
  }

  Kind kind;
  Type element;
};

/// Dimensions other than `axes`.
SmallVector<int64_t> remaining(int64_t rank, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> out;
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(axes, i))
      out.push_back(i);
  return out;
}

/// `top` without infinities, which would give inf - inf.
Value finiteOrZero(OpBuilder &b, Location loc, Value top, Type compute) {
  return elementwise(
      b, loc, TypedTensor{top, compute}, compute,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value size = math::AbsFOp::create(b, loc, v[0]);
        Value infinite =
            arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, size,
                                  highestOf(b, loc, compute));
        return arith::SelectOp::create(b, loc, infinite,
                                       constantOf(b, loc, compute, 0), v[0]);
      });
}

/// log(total) + top
Value logPlus(OpBuilder &b, Location loc, Value total, Value top,
              Type compute) {
  return elementwise(
      b, loc, {TypedTensor{total, compute}, TypedTensor{top, compute}}, compute,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::AddFOp::create(b, loc, math::LogOp::create(b, loc, v[0]),
                                     v[1]);
      });
}

/// log(sum(exp(x))), with the maximum taken out so that nothing overflows.
Value logSumExp(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> axes,
                Type element) {
  Type compute = computeType(element);
  Dims dims = dimsOf(b, loc, x);
  Reduction max(Kind::Max, element), sum(Kind::Sum, compute);
  Value top = reduce(b, loc, x, axes, max.initial(b, loc),
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return max.combine(
                           b, loc, toCompute(b, loc, v[0], element), v[1]);
                     });
  top = finiteOrZero(b, loc, top, compute);
  SmallVector<int64_t> kept = remaining(dims.size(), axes);
  Value powers =
      mapped(b, loc, dims,
             {MappedTensor{x, element, allDims(dims.size())},
              MappedTensor{top, compute, kept}},
             compute, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
               return math::ExpOp::create(
                   b, loc, arith::SubFOp::create(b, loc, v[0], v[1]));
             });
  Value total = reduce(b, loc, powers, axes, sum.initial(b, loc),
                       [&](OpBuilder &b, Location loc, ValueRange v) {
                         return sum.combine(b, loc, v[0], v[1]);
                       });
  return logPlus(b, loc, total, top, compute);
}

/// The running value after the stored element `x`; `at` is the position in the
/// result.
using PointBody = llvm::function_ref<Value(OpBuilder &, Location, Value x,
                                           Value running, ValueRange at)>;

/// Combines the elements of `x` along the axes that `mask` names at run time.
/// Those stay, with extent 1.
Value reduceMasked(OpBuilder &b, Location loc, Value x, ArrayRef<Value> mask,
                   Value initial, PointBody body) {
  Value one = indexConstant(b, loc, 1);
  Dims out, window;
  for (auto [dim, flag] : llvm::zip_equal(dimsOf(b, loc, x), mask)) {
    Value extent = asValue(b, loc, dim);
    out.push_back(getAsOpFoldResult(selectOf(b, loc, flag, one, extent)));
    window.push_back(getAsOpFoldResult(selectOf(b, loc, flag, extent, one)));
  }
  auto point = [&](OpBuilder &b, Location loc, ValueRange at) {
    auto step = [&](OpBuilder &b, Location loc, ValueRange offsets,
                    ValueRange carried) -> SmallVector<Value> {
      SmallVector<Value> from;
      for (auto [index, offset] : llvm::zip_equal(at, offsets))
        from.push_back(addIndex(b, loc, index, offset));
      Value element = tensor::ExtractOp::create(b, loc, x, from);
      return {body(b, loc, element, carried[0], at)};
    };
    return forEachIndex(b, loc, window, initial, step).front();
  };
  return generate(b, loc, out, initial.getType(), point);
}

template <typename Op, Kind kind>
struct LowerReduce : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = this->elementOf(op.getData());
    int64_t rank = cast<RankedTensorType>(op.getData().getType()).getRank();
    if (kind == Kind::LogSumExp && !isa<FloatType>(element))
      return this->refuse(op, "only floats are supported");
    SmallVector<int64_t> axes;
    if (!onnx::isAbsent(op.getAxes())) {
      auto type = cast<RankedTensorType>(in.getAxes().getType());
      auto known = constantIndicesOf(b, loc, in.getAxes());
      if (!known && !(type.hasStaticShape() && type.getNumElements() == 0))
        return SmallVector<Value>{atRunTime(b, op, in)};
      for (int64_t given : known.value_or(SmallVector<int64_t>())) {
        auto axis = normalizedAxis(given, rank);
        if (!axis)
          return this->refuse(op, "an axis is outside of the input's rank");
        axes.push_back(*axis);
      }
    }
    if (axes.empty() && op.getNoopWithEmptyAxes() == 0)
      axes = allDims(rank);
    llvm::sort(axes);
    axes.erase(llvm::unique(axes), axes.end());

    Dims dims = dimsOf(b, loc, in.getData()), counted;
    for (int64_t axis : axes)
      counted.push_back(dims[axis]);
    Value reduced = kind == Kind::LogSumExp
                        ? logSumExp(b, loc, in.getData(), axes, element)
                        : combined(b, loc, in.getData(), axes, element);
    Value result = finished(b, loc, reduced, counted, element);
    if (op.getKeepdims() != 0) {
      for (int64_t axis : axes)
        dims[axis] = b.getIndexAttr(1);
      result = reshapeTo(b, loc, result, dims);
    }
    return SmallVector<Value>{result};
  }

private:
  /// Elements of the result from what was combined over `counted` elements.
  static Value finished(OpBuilder &b, Location loc, Value reduced,
                        ArrayRef<OpFoldResult> counted, Type element) {
    Reduction reduction(kind, element);
    Value count = arith::IndexCastOp::create(
        b, loc, b.getI64Type(), asValue(b, loc, productOf(b, loc, counted)));
    return elementwise(b, loc, TypedTensor{reduced, computeType(element)},
                       element, [&](OpBuilder &b, Location loc, ValueRange v) {
                         return reduction.finish(b, loc, v[0], count);
                       });
  }

  /// The running value over all of `axes`; bools are reduced as bytes, which
  /// one i1 would be stored as anyway.
  static Value combined(OpBuilder &b, Location loc, Value x,
                        ArrayRef<int64_t> axes, Type element) {
    Reduction reduction(kind, asBytes(element));
    return reduce(b, loc, x, axes, start(b, loc, element),
                  [&](OpBuilder &b, Location loc, ValueRange v) {
                    Value wide = toCompute(b, loc, v[0], asBytes(element));
                    return reduction.combine(b, loc, wide, v[1]);
                  });
  }

  static Type asBytes(Type element) {
    if (!element.isInteger(1))
      return element;
    return IntegerType::get(element.getContext(), 8, IntegerType::Unsigned);
  }

  static Value start(OpBuilder &b, Location loc, Type element) {
    if (element.isInteger(1))
      return constantOf(b, loc, asBytes(element), kind == Kind::Min ? 1 : 0);
    return Reduction(kind, element).initial(b, loc);
  }

  static Value atRunTime(OpBuilder &b, Op op, Adaptor in) {
    Location loc = op.getLoc();
    Value x = in.getData();
    Type element = OnnxPattern<Op>::elementOf(op.getData());
    Dims dims = dimsOf(b, loc, x), counted, kept;
    SmallVector<Value> mask = axisMask(b, loc, in.getAxes(), dims.size());
    // No axes are all axes, unless they are to be none.
    OpFoldResult length = dimOf(b, loc, in.getAxes(), 0);
    if (!getConstantIntValue(length) && op.getNoopWithEmptyAxes() == 0) {
      Value isEmpty =
          compareIndex(b, loc, arith::CmpIPredicate::eq,
                       asValue(b, loc, length), indexConstant(b, loc, 0));
      for (Value &flag : mask)
        flag = arith::OrIOp::create(b, loc, flag, isEmpty);
    }
    Value one = indexConstant(b, loc, 1);
    for (auto [dim, flag] : llvm::zip_equal(dims, mask))
      counted.push_back(
          getAsOpFoldResult(selectOf(b, loc, flag, asValue(b, loc, dim), one)));
    Value reduced = kind == Kind::LogSumExp
                        ? maskedLogSumExp(b, loc, x, mask, element)
                        : maskedCombined(b, loc, x, mask, element);
    Value result = finished(b, loc, reduced, counted, element);
    if (op.getKeepdims() != 0)
      return result;
    int64_t rank = cast<RankedTensorType>(op.getReduced().getType()).getRank();
    return reshapeTo(b, loc, result, maskedOut(b, loc, dims, mask, rank));
  }

  static Value maskedCombined(OpBuilder &b, Location loc, Value x,
                              ArrayRef<Value> mask, Type element) {
    Reduction reduction(kind, asBytes(element));
    return reduceMasked(
        b, loc, x, mask, start(b, loc, element),
        [&](OpBuilder &b, Location loc, Value v, Value running, ValueRange) {
          Value wide = toCompute(b, loc, v, asBytes(element));
          return reduction.combine(b, loc, wide, running);
        });
  }

  static Value maskedLogSumExp(OpBuilder &b, Location loc, Value x,
                               ArrayRef<Value> mask, Type element) {
    Type compute = computeType(element);
    Reduction max(Kind::Max, element), sum(Kind::Sum, compute);
    Value top = reduceMasked(
        b, loc, x, mask, max.initial(b, loc),
        [&](OpBuilder &b, Location loc, Value v, Value running, ValueRange) {
          return max.combine(b, loc, toCompute(b, loc, v, element), running);
        });
    top = finiteOrZero(b, loc, top, compute);
    Value total = reduceMasked(
        b, loc, x, mask, sum.initial(b, loc),
        [&](OpBuilder &b, Location loc, Value v, Value running, ValueRange at) {
          Value highest = tensor::ExtractOp::create(b, loc, top, at);
          Value below = arith::SubFOp::create(
              b, loc, toCompute(b, loc, v, element), highest);
          return sum.combine(b, loc, math::ExpOp::create(b, loc, below),
                             running);
        });
    return logPlus(b, loc, total, top, compute);
  }
};

} // namespace

void populateReductionPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  using namespace onnx;
  patterns.add<
      LowerReduce<ReduceSumOp, Kind::Sum>,
      LowerReduce<ReduceMeanOp, Kind::Mean>,
      LowerReduce<ReduceProdOp, Kind::Prod>,
      LowerReduce<ReduceMaxOp, Kind::Max>, LowerReduce<ReduceMinOp, Kind::Min>,
      LowerReduce<ReduceL1Op, Kind::L1>, LowerReduce<ReduceL2Op, Kind::L2>,
      LowerReduce<ReduceSumSquareOp, Kind::SumSquare>,
      LowerReduce<ReduceLogSumOp, Kind::LogSum>,
      LowerReduce<ReduceLogSumExpOp, Kind::LogSumExp>>(converter,
                                                       patterns.getContext());
}

} // namespace tegula::graph
