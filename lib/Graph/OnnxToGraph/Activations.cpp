//===- Activations.cpp - Activation functions of recurrent cells ----------===//

#include "Activations.h"

using namespace mlir;

namespace tegula::graph {

std::optional<Activation> activationNamed(StringRef name) {
  using Kind = Activation::Kind;
  struct Row {
    const char *name;
    Activation activation;
  };
  static constexpr Row rows[] = {
      {"affine", {Kind::Affine, 1, 0}},
      {"elu", {Kind::Elu, 1, 0}},
      {"hardsigmoid", {Kind::HardSigmoid, 0.2, 0.5}},
      {"leakyrelu", {Kind::LeakyRelu, 0.01, 0}},
      {"relu", {Kind::Relu, 0, 0}},
      {"scaledtanh", {Kind::ScaledTanh, 1, 1}},
      {"sigmoid", {Kind::Sigmoid, 0, 0}},
      {"softplus", {Kind::Softplus, 0, 0}},
      {"softsign", {Kind::Softsign, 0, 0}},
      {"tanh", {Kind::Tanh, 0, 0}},
      {"thresholdedrelu", {Kind::ThresholdedRelu, 1, 0}},
  };
  for (const Row &row : rows)
    if (name.equals_insensitive(row.name))
      return row.activation;
  return std::nullopt;
}

Value activate(OpBuilder &b, Location loc, const Activation &activation,
               Value x) {
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc,
                                     b.getFloatAttr(x.getType(), value));
  };
  auto mul = [&](Value p, Value q) -> Value {
    return arith::MulFOp::create(b, loc, p, q);
  };
  auto add = [&](Value p, Value q) -> Value {
    return arith::AddFOp::create(b, loc, p, q);
  };
  auto below = [&](Value bound, Value low, Value high) -> Value {
    Value isBelow =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, bound);
    return arith::SelectOp::create(b, loc, isBelow, low, high);
  };
  Value alpha = constant(activation.alpha), beta = constant(activation.beta),
        zero = constant(0), one = constant(1);
  switch (activation.kind) {
  case Activation::Kind::Affine:
    return add(mul(alpha, x), beta);
  case Activation::Kind::Elu: {
    Value low = arith::MinimumFOp::create(b, loc, x, zero);
    return below(zero, mul(alpha, math::ExpM1Op::create(b, loc, low)), x);
  }
  case Activation::Kind::HardSigmoid: {
    Value line = add(mul(alpha, x), beta);
    return arith::MaximumFOp::create(
        b, loc, zero, arith::MinimumFOp::create(b, loc, one, line));
  }
  case Activation::Kind::LeakyRelu:
    return below(zero, mul(alpha, x), x);
  case Activation::Kind::Relu:
    return arith::MaximumFOp::create(b, loc, x, zero);
  case Activation::Kind::ScaledTanh:
    return mul(alpha, math::TanhOp::create(b, loc, mul(beta, x)));
  case Activation::Kind::Sigmoid: {
    Value power = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x),
                                      arith::FastMathFlags::afn);
    return arith::DivFOp::create(b, loc, one, add(one, power));
  }
  case Activation::Kind::Softplus: {
    Value magnitude = math::AbsFOp::create(b, loc, x);
    Value small =
        math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, magnitude));
    return add(arith::MaximumFOp::create(b, loc, x, zero),
               math::Log1pOp::create(b, loc, small));
  }
  case Activation::Kind::Softsign:
    return arith::DivFOp::create(b, loc, x,
                                 add(one, math::AbsFOp::create(b, loc, x)));
  case Activation::Kind::Tanh:
    return math::TanhOp::create(b, loc, x);
  case Activation::Kind::ThresholdedRelu:
    return below(alpha, zero, x);
  }
  return x;
}

} // namespace tegula::graph
