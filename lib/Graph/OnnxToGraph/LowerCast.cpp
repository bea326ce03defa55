//===- LowerCast.cpp - Cast, CastLike, BitCast ----------------------------===//

#include "Convert.h"
#include "Patterns.h"
#include "SmallFloat.h"

using namespace mlir;

namespace tegula::graph {

namespace {

ScaleRounding scaleRounding(StringRef mode) {
  if (mode == "down")
    return ScaleRounding::Down;
  return mode == "nearest" ? ScaleRounding::Nearest : ScaleRounding::Up;
}

template <typename Op>
struct LowerCast : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Type from = this->elementOf(op.getInput());
    Type to = this->elementOf(op.getOutput());
    Value input = in.getInput();
    if (from == to)
      return SmallVector<Value>{input};
    bool saturate = op.getSaturate() != 0;
    ScaleRounding rounding = scaleRounding(op.getRoundMode());
    Value result = elementwiseStored(
        b, op.getLoc(), input, storageType(to),
        [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
          Value value = toCompute(b, loc, x[0], from);
          value = convertScalar(b, loc, value, from, to);
          if (isSmallFloat(to))
            return encodeSmallFloat(b, loc, value, cast<FloatType>(to),
                                    saturate, rounding);
          return toStorage(b, loc, value, to);
        });
    return SmallVector<Value>{result};
  }
};

/// The same bits under another type of as many.
struct LowerBitCast : OnnxPattern<onnx::BitCastOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::BitCastOp op, Adaptor in, OpBuilder &b) const override {
    Type to = elementOf(op->getResult(0)), from = elementOf(op->getOperand(0));
    Type stored = storageType(to);
    Type held = storageType(from);
    if (held.getIntOrFloatBitWidth() != stored.getIntOrFloatBitWidth())
      return refuse(op, "the types have different numbers of bits");
    Value input = in.getOperands()[0];
    if (held == stored)
      return SmallVector<Value>{input};
    return SmallVector<Value>{elementwiseStored(
        b, op.getLoc(), input, stored,
        [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
          return arith::BitcastOp::create(b, loc, stored, x[0]);
        })};
  }
};

} // namespace

void populateCastPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {
  patterns
      .add<LowerCast<onnx::CastOp>, LowerCast<onnx::CastLikeOp>, LowerBitCast>(
          converter, patterns.getContext());
}

} // namespace tegula::graph
