//===- LowerLpNorm.cpp - Norms of rows and windows ------------------------===//
//
// (sum of |x|^p)^(1/p): of a row, that is divided by it, or of a window.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Windows.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// |x|^p for a sum.
Value powerOf(OpBuilder &b, Location loc, Value x, int64_t p) {
  if (p == 2)
    return arith::MulFOp::create(b, loc, x, x);
  Value magnitude = math::AbsFOp::create(b, loc, x);
  if (p == 1)
    return magnitude;
  return math::PowFOp::create(b, loc, magnitude,
                              constantOf(b, loc, x.getType(), p));
}

Value rootOf(OpBuilder &b, Location loc, Value sum, int64_t p) {
  if (p == 1)
    return sum;
  if (p == 2)
    return math::SqrtOp::create(b, loc, sum);
  return math::PowFOp::create(b, loc, sum,
                              constantOf(b, loc, sum.getType(), 1.0 / p));
}

/// Adds |element|^p to a sum.
auto addingPowers(Type element, int64_t p) {
  return [element, p](OpBuilder &b, Location loc, ValueRange v) -> Value {
    Value x = toCompute(b, loc, v[0], element);
    return arith::AddFOp::create(b, loc, powerOf(b, loc, x, p), v[1]);
  };
}

/// The roots of sums in the compute type of `element`.
Value rootsOf(OpBuilder &b, Location loc, Value sums, Type element, int64_t p) {
  return elementwise(b, loc, TypedTensor{sums, computeType(element)}, element,
                     [&](OpBuilder &b, Location loc, ValueRange v) {
                       return rootOf(b, loc, v[0], p);
                     });
}

struct LowerLpNormalization : OnnxPattern<onnx::LpNormalizationOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::LpNormalizationOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getInput()), compute = computeType(element);
    Dims dims = dimsOf(b, loc, in.getInput());
    auto axis = normalizedAxis(op.getAxis(), dims.size());
    int64_t p = op.getP();
    if (!axis || p < 1)
      return refuse(op, "the axis is outside of the input's rank, or p is not "
                        "positive");
    SmallVector<int64_t> kept = allDims(dims.size());
    kept.erase(kept.begin() + *axis);
    Value sums =
        reduce(b, loc, in.getInput(), *axis, constantOf(b, loc, element, 0),
               addingPowers(element, p));
    Value y =
        mapped(b, loc, dims,
               {MappedTensor{in.getInput(), element, allDims(dims.size())},
                MappedTensor{sums, compute, kept}},
               element, [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                 // A row of zeros stays one.
                 Value zero = constantOf(b, loc, compute, 0);
                 Value isZero = arith::CmpFOp::create(
                     b, loc, arith::CmpFPredicate::OEQ, v[1], zero);
                 Value quotient = arith::DivFOp::create(
                     b, loc, v[0], rootOf(b, loc, v[1], p));
                 return arith::SelectOp::create(b, loc, isZero, zero, quotient);
               });
    return SmallVector<Value>{y};
  }
};

struct LowerLpPool : OnnxPattern<onnx::LpPoolOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::LpPoolOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    int64_t p = op.getP();
    auto windows =
        windowsOf(b, loc, in.getX(), kernelDims(b, op.getKernelShape()),
                  attributesOf(op));
    if (!windows)
      return refuse(op, llvm::toString(windows.takeError()));
    if (p < 1)
      return refuse(op, "p is not positive");
    Dims positions =
        positionsOf(b, loc, in.getX(), *windows, op.getCeilMode() != 0);
    Value zero = constantOf(b, loc, element, 0);
    Value x =
        padded(b, loc, in.getX(), *windows, toStorage(b, loc, zero, element));
    Value sums =
        pooled(b, loc, x, *windows, positions, zero, addingPowers(element, p));
    return SmallVector<Value>{rootsOf(b, loc, sums, element, p)};
  }
};

struct LowerGlobalLpPool : OnnxPattern<onnx::GlobalLpPoolOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GlobalLpPoolOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    Dims dims = dimsOf(b, loc, in.getX());
    int64_t p = op.getP();
    if (dims.size() < 3 || p < 1)
      return refuse(op, "the input should have rank 3 or more, and p be "
                        "positive");
    SmallVector<int64_t> axes = allDims(dims.size());
    axes.erase(axes.begin(), axes.begin() + 2);
    Value sums = reduce(b, loc, in.getX(), axes, constantOf(b, loc, element, 0),
                        addingPowers(element, p));
    Dims out = {dims[0], dims[1]};
    out.append(dims.size() - 2, b.getIndexAttr(1));
    return SmallVector<Value>{
        reshapeTo(b, loc, rootsOf(b, loc, sums, element, p), out)};
  }
};

} // namespace

void populateLpNormPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerLpNormalization, LowerLpPool, LowerGlobalLpPool>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
