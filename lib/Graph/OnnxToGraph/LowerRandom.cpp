//===- LowerRandom.cpp - Random numbers -----------------------------------===//
//
// Element i is a hash of i and the attribute `seed`: the same model gives the
// same numbers in each run, whatever the number of threads. Without a seed the
// node's place in the model would be no better; a fixed one is taken.
//
//===----------------------------------------------------------------------===//

#include "Convert.h"
#include "DomainPatterns.h"
#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// A well mixed u64 of `x` (the finaliser of SplitMix64).
Value mixed(OpBuilder &b, Location loc, Value x) {
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  };
  auto step = [&](Value v, int64_t shift, uint64_t factor) -> Value {
    Value high = arith::ShRUIOp::create(b, loc, v, constant(shift));
    Value mix = arith::XOrIOp::create(b, loc, v, high);
    return arith::MulIOp::create(b, loc, mix, constant(factor));
  };
  Value v = step(x, 30, 0xBF58476D1CE4E5B9ull);
  v = step(v, 27, 0x94D049BB133111EBull);
  return arith::XOrIOp::create(b, loc, v,
                               arith::ShRUIOp::create(b, loc, v, constant(31)));
}

/// Number `stream` of those of element `position`, uniform in [0, 1), f32.
Value uniform(OpBuilder &b, Location loc, Value position, uint64_t seed,
              uint64_t stream) {
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
  };
  uint64_t start = (seed + 1) * 0xD1342543DE82EF95ull + stream;
  Value counter =
      arith::MulIOp::create(b, loc, position, constant(0x9E3779B97F4A7C15ull));
  Value bits =
      mixed(b, loc, arith::AddIOp::create(b, loc, counter, constant(start)));
  Value high = arith::ShRUIOp::create(b, loc, bits, constant(40));
  Value number = arith::SIToFPOp::create(b, loc, b.getF32Type(), high);
  Value scale =
      arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1.0f / (1 << 24)));
  return arith::MulFOp::create(b, loc, number, scale);
}

/// Normal numbers from two uniform ones (Box and Muller).
Value normal(OpBuilder &b, Location loc, Value position, uint64_t seed) {
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  };
  Value radius = arith::SubFOp::create(b, loc, constant(1),
                                       uniform(b, loc, position, seed, 1));
  Value angle = arith::MulFOp::create(b, loc, constant(6.283185307179586),
                                      uniform(b, loc, position, seed, 2));
  Value length = math::SqrtOp::create(
      b, loc,
      arith::MulFOp::create(b, loc, constant(-2),
                            math::LogOp::create(b, loc, radius)));
  return arith::MulFOp::create(b, loc, length,
                               math::CosOp::create(b, loc, angle));
}

uint64_t seedOf(std::optional<APFloat> seed) {
  return seed ? seed->bitcastToAPInt().getZExtValue() : 0;
}

/// A tensor whose element `body` computes from its position in row-major order
/// (i64) and its indices; an f32 that is converted to `element`.
Value numbered(
    OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims, Type element,
    function_ref<Value(OpBuilder &, Location, Value, ValueRange)> body) {
  SmallVector<Value> extents;
  for (OpFoldResult dim : dims)
    extents.push_back(asValue(b, loc, dim));
  return generate(
      b, loc, dims, storageType(element),
      [&](OpBuilder &b, Location loc, ValueRange at) {
        Value position = indexConstant(b, loc, 0);
        for (auto [index, extent] : llvm::zip_equal(at, extents))
          position =
              addIndex(b, loc, mulIndex(b, loc, position, extent), index);
        Value number =
            body(b, loc, fromIndex(b, loc, position, b.getI64Type()), at);
        return toStorage(b, loc,
                         convertScalar(b, loc, number, b.getF32Type(), element),
                         element);
      });
}

/// RandomNormal and RandomUniform, of a given shape or that of an input.
template <typename Op, bool isNormal, bool isLike>
struct LowerRandom : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Dims dims;
    if constexpr (isLike)
      dims = dimsOf(b, loc, in.getOperands()[0]);
    else
      dims = getAsIndexOpFoldResult(b.getContext(), op.getShape());
    for (OpFoldResult dim : dims)
      if (auto known = getConstantIntValue(dim); known && *known < 0)
        return this->refuse(op, "an extent is negative");
    uint64_t seed = seedOf(op.getSeed());
    Value result =
        numbered(b, loc, dims, this->elementOf(op.getOutput()),
                 [&](OpBuilder &b, Location loc, Value position, ValueRange) {
                   return number(b, loc, op, position, seed);
                 });
    return SmallVector<Value>{result};
  }

private:
  static Value number(OpBuilder &b, Location loc, Op op, Value position,
                      uint64_t seed) {
    auto constant = [&](double value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
    };
    Value raw, offset, factor;
    if constexpr (isNormal) {
      raw = normal(b, loc, position, seed);
      offset = constant(op.getMean().convertToFloat());
      factor = constant(op.getScale().convertToFloat());
    } else {
      raw = uniform(b, loc, position, seed, 0);
      float low = op.getLow().convertToFloat();
      offset = constant(low);
      factor = constant(op.getHigh().convertToFloat() - low);
    }
    return arith::AddFOp::create(b, loc, offset,
                                 arith::MulFOp::create(b, loc, raw, factor));
  }
};

struct LowerBernoulli : OnnxPattern<onnx::BernoulliOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::BernoulliOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value input = in.getInput();
    Type from = elementOf(op.getInput()), f32 = b.getF32Type();
    uint64_t seed = seedOf(op.getSeed());
    Value result = numbered(
        b, loc, dimsOf(b, loc, input), elementOf(op.getOutput()),
        [&](OpBuilder &b, Location loc, Value position,
            ValueRange at) -> Value {
          Value stored = tensor::ExtractOp::create(b, loc, input, at);
          Value chance =
              convertScalar(b, loc, toCompute(b, loc, stored, from), from, f32);
          Value hit =
              arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT,
                                    uniform(b, loc, position, seed, 0), chance);
          return arith::UIToFPOp::create(b, loc, f32, hit);
        });
    return SmallVector<Value>{result};
  }
};

} // namespace

void populateRandomPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns
      .add<LowerRandom<onnx::RandomNormalOp, true, false>,
           LowerRandom<onnx::RandomUniformOp, false, false>,
           LowerRandom<onnx::RandomNormalLikeOp, true, true>,
           LowerRandom<onnx::RandomUniformLikeOp, false, true>, LowerBernoulli>(
          converter, patterns.getContext());
}

} // namespace tegula::graph
