//===- LowerActivation.cpp - Activation functions -------------------------===//
//
// Written so that no intermediate overflows where the result does not.
//
//===----------------------------------------------------------------------===//

#include "Convert.h"
#include "ScalarPatterns.h"

#include <cmath>

using namespace mlir;

namespace tegula::graph {

namespace {

/// Shorthand for float arithmetic at one place, in the type of `like`.
struct Real {
  OpBuilder &b;
  Location loc;
  Type type;

  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }
  Value constant(const APFloat &value) {
    return constant(value.convertToFloat());
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value max(Value x, Value y) {
    return arith::MaximumFOp::create(b, loc, x, y);
  }
  Value min(Value x, Value y) {
    return arith::MinimumFOp::create(b, loc, x, y);
  }
  Value negated(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value isLess(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  template <typename Op>
  Value apply(Value x) {
    return Op::create(b, loc, x);
  }
};

Real realOf(OpBuilder &b, Location loc, ValueRange x) {
  return {b, loc, x[0].getType()};
}

Value leakyRelu(onnx::LeakyReluOp op, OpBuilder &b, Location loc, Type,
                ValueRange x) {
  Real r = realOf(b, loc, x);
  Value scaled = r.mul(x[0], r.constant(op.getAlpha()));
  return r.select(r.isLess(x[0], r.constant(0)), scaled, x[0]);
}

Value pRelu(OpBuilder &b, Location loc, Type element, ValueRange x) {
  Value zero = constantOf(b, loc, element, 0);
  if (isFloat(element)) {
    Real r = realOf(b, loc, x);
    return r.select(r.isLess(x[0], zero), r.mul(x[0], x[1]), x[0]);
  }
  if (isUnsignedElement(element))
    return x[0];
  Value negative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x[0], zero);
  Value scaled = arith::MulIOp::create(b, loc, x[0], x[1]);
  return arith::SelectOp::create(b, loc, negative, scaled, x[0]);
}

/// alpha (exp(x / scale) - 1) below 0.
Value exponentialBelow(Real r, Value x, Value alpha, Value scaledX) {
  Value zero = r.constant(0);
  // Not evaluated above 0, where it might overflow to infinity.
  Value low = r.mul(alpha, r.apply<math::ExpM1Op>(r.min(scaledX, zero)));
  return r.select(r.isLess(x, zero), low, x);
}

Value elu(onnx::EluOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  return exponentialBelow(r, x[0], r.constant(op.getAlpha()), x[0]);
}

Value selu(onnx::SeluOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  return r.mul(r.constant(op.getGamma()),
               exponentialBelow(r, x[0], r.constant(op.getAlpha()), x[0]));
}

Value celu(onnx::CeluOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  Value alpha = r.constant(op.getAlpha());
  return exponentialBelow(r, x[0], alpha, r.div(x[0], alpha));
}

Value hardSigmoid(onnx::HardSigmoidOp op, OpBuilder &b, Location loc, Type,
                  ValueRange x) {
  Real r = realOf(b, loc, x);
  Value line =
      r.add(r.mul(x[0], r.constant(op.getAlpha())), r.constant(op.getBeta()));
  return r.max(r.constant(0), r.min(r.constant(1), line));
}

Value hardSwish(OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  Value line = r.add(r.mul(x[0], r.constant(1.0 / 6)), r.constant(0.5));
  return r.mul(x[0], r.max(r.constant(0), r.min(r.constant(1), line)));
}

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
Value softplusOf(Real r, Value x) {
  Value small = r.apply<math::ExpOp>(r.negated(r.apply<math::AbsFOp>(x)));
  return r.add(r.max(x, r.constant(0)), r.apply<math::Log1pOp>(small));
}

Value softplus(OpBuilder &b, Location loc, Type, ValueRange x) {
  return softplusOf(realOf(b, loc, x), x[0]);
}

Value softsign(OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  return r.div(x[0], r.add(r.constant(1), r.apply<math::AbsFOp>(x[0])));
}

Value thresholdedRelu(onnx::ThresholdedReluOp op, OpBuilder &b, Location loc,
                      Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  return r.select(r.isLess(r.constant(op.getAlpha()), x[0]), x[0],
                  r.constant(0));
}

Value gelu(onnx::GeluOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  Value inner;
  if (op.getApproximate() == "tanh") {
    Value cube = r.mul(r.mul(x[0], x[0]), x[0]);
    Value sum = r.add(x[0], r.mul(r.constant(0.044715), cube));
    inner = r.apply<math::TanhOp>(
        r.mul(r.constant(std::sqrt(2 / 3.14159265358979323846)), sum));
  } else {
    inner = r.apply<math::ErfOp>(r.mul(x[0], r.constant(std::sqrt(0.5))));
  }
  return r.mul(r.mul(r.constant(0.5), x[0]), r.add(r.constant(1), inner));
}

Value mish(OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  return r.mul(x[0], r.apply<math::TanhOp>(softplusOf(r, x[0])));
}

Value swish(onnx::SwishOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  Real r = realOf(b, loc, x);
  Value scaled = r.mul(x[0], r.constant(op.getAlpha()));
  Value power =
      math::ExpOp::create(b, loc, r.negated(scaled), arith::FastMathFlags::afn);
  return r.div(x[0], r.add(r.constant(1), power));
}

/// Integers too: the bias is applied in f32.
Value shrink(onnx::ShrinkOp op, OpBuilder &b, Location loc, Type element,
             ValueRange x) {
  Type real = isFloat(element) ? element : Type(b.getF32Type());
  Value value = convertScalar(b, loc, x[0], element, real);
  Real r = realOf(b, loc, value);
  Value bias = r.constant(op.getBias()), limit = r.constant(op.getLambd());
  Value result = r.constant(0);
  result = r.select(r.isLess(limit, value), r.sub(value, bias), result);
  result =
      r.select(r.isLess(value, r.negated(limit)), r.add(value, bias), result);
  return convertScalar(b, loc, result, real, element);
}

Value sign(OpBuilder &b, Location loc, Type element, ValueRange x) {
  Value zero = constantOf(b, loc, element, 0),
        one = constantOf(b, loc, element, 1);
  if (isFloat(element)) {
    Real r = realOf(b, loc, x);
    Value result = r.select(r.isLess(zero, x[0]), one, x[0]);
    return r.select(r.isLess(x[0], zero), r.constant(-1), result);
  }
  if (isUnsignedElement(element))
    return arith::MinUIOp::create(b, loc, x[0], one);
  Value low =
      arith::MaxSIOp::create(b, loc, x[0], constantOf(b, loc, element, -1));
  return arith::MinSIOp::create(b, loc, low, one);
}

/// Clip: the bounds are optional; a lower one above the upper one loses.
struct LowerClip : OnnxPattern<onnx::ClipOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ClipOp op, Adaptor in, OpBuilder &b) const override {
    Type element = elementOf(op.getInput());
    SmallVector<TypedTensor> inputs = {{in.getInput(), element}};
    bool hasLow = !onnx::isAbsent(in.getMin()),
         hasHigh = !onnx::isAbsent(in.getMax());
    if (hasLow)
      inputs.push_back({in.getMin(), element});
    if (hasHigh)
      inputs.push_back({in.getMax(), element});
    Value result = elementwise(
        b, op.getLoc(), inputs, element,
        [&](OpBuilder &b, Location loc, ValueRange x) {
          Value value = x[0];
          if (hasLow)
            value = bounded(b, loc, element, value, x[1], /*above=*/true);
          if (hasHigh)
            value = bounded(b, loc, element, value, x.back(), /*above=*/false);
          return value;
        });
    return SmallVector<Value>{result};
  }

private:
  static Value bounded(OpBuilder &b, Location loc, Type element, Value value,
                       Value bound, bool above) {
    if (isFloat(element))
      return above ? Value(arith::MaximumFOp::create(b, loc, value, bound))
                   : Value(arith::MinimumFOp::create(b, loc, value, bound));
    if (isUnsignedElement(element))
      return above ? Value(arith::MaxUIOp::create(b, loc, value, bound))
                   : Value(arith::MinUIOp::create(b, loc, value, bound));
    return above ? Value(arith::MaxSIOp::create(b, loc, value, bound))
                 : Value(arith::MinSIOp::create(b, loc, value, bound));
  }
};

} // namespace

void populateActivationPatterns(const TypeConverter &converter,
                                RewritePatternSet &patterns) {
  using namespace onnx;
  patterns
      .add<LowerClip, LowerScalarOf<LeakyReluOp, leakyRelu>,
           LowerScalar<PReluOp, pRelu>, LowerScalarOf<EluOp, elu>,
           LowerScalarOf<SeluOp, selu>, LowerScalarOf<CeluOp, celu>,
           LowerScalarOf<HardSigmoidOp, hardSigmoid>,
           LowerScalar<HardSwishOp, hardSwish>,
           LowerScalar<SoftplusOp, softplus>, LowerScalar<SoftsignOp, softsign>,
           LowerScalarOf<ThresholdedReluOp, thresholdedRelu>,
           LowerScalarOf<GeluOp, gelu>, LowerScalar<MishOp, mish>,
           LowerScalarOf<SwishOp, swish>, LowerScalarOf<ShrinkOp, shrink>,
           LowerScalar<SignOp, sign>>(converter, patterns.getContext());
}

} // namespace tegula::graph
