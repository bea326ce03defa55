//===- ExpandMath.cpp - Elementary functions without a library ------------===//

#include "ExpandMath.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "tegula/Target/Common/Passes.h"

namespace tegula::target {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "tegula/Target/Common/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;

namespace {

using UnaryExpansion = Expr (*)(Expr);
using BinaryExpansion = Expr (*)(Expr, Expr);

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// What is computed in f32 and rounded to its own type.
bool isNarrowFloat(Type element) { return element.isF16() || element.isBF16(); }

/// Only scalars and vectors are machine values.
LogicalResult refuseType(Operation *op, PatternRewriter &rewriter) {
  Type type = op->getResult(0).getType();
  Type element = getElementTypeOrSelf(type);
  if (!isa<FloatType, VectorType>(type))
    return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector");
  if (!element.isF32() && !element.isF64() && !isNarrowFloat(element))
    return rewriter.notifyMatchFailure(op, "not f16, bf16, f32 or f64");
  return success();
}

Value resizeFloat(OpBuilder &builder, Location loc, Value value, Type element) {
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(element);
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(builder, loc, type, value);
  return arith::TruncFOp::create(builder, loc, type, value);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// Replaces an operation by `expansion` of its operands.
template <typename Op, typename Expansion>
struct ExpandPattern : OpRewritePattern<Op> {
  ExpandPattern(MLIRContext *context, Expansion expansion, bool alsoF64,
                bool useFma)
      : OpRewritePattern<Op>(context, /*benefit=*/2), expansion(expansion),
        alsoF64(alsoF64), useFma(useFma) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (failed(refuseType(op, rewriter)))
      return failure();
    Type element = getElementTypeOrSelf(op.getType());
    if (element.isF64() && !alsoF64)
      return rewriter.notifyMatchFailure(op, "not expanded for f64");

    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    ExprContext context{builder, useFma};
    Type computed = isNarrowFloat(element) ? rewriter.getF32Type() : element;
    SmallVector<Expr> operands;
    for (Value operand : op->getOperands())
      operands.push_back(
          {context, resizeFloat(rewriter, op.getLoc(), operand, computed)});
    Value result = apply(operands).get();
    rewriter.replaceOp(op, resizeFloat(rewriter, op.getLoc(), result, element));
    return success();
  }

private:
  Expr apply(ArrayRef<Expr> operands) const {
    if constexpr (std::is_same_v<Expansion, UnaryExpansion>)
      return expansion(operands[0]);
    else
      return expansion(operands[0], operands[1]);
  }

  Expansion expansion;
  bool alsoF64;
  bool useFma;
};

/// exp where approximate functions are allowed.
struct ExpandApproximateExpPattern : OpRewritePattern<math::ExpOp> {
  ExpandApproximateExpPattern(MLIRContext *context, bool useFma)
      : OpRewritePattern(context, /*benefit=*/3),
        expand(context, expandExpOfNormals, /*alsoF64=*/true, useFma) {}

  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::afn))
      return rewriter.notifyMatchFailure(op, "has to be exact everywhere");
    return expand.matchAndRewrite(op, rewriter);
  }

private:
  ExpandPattern<math::ExpOp, UnaryExpansion> expand;
};

/// sincos has two results, and no f64 expansion.
struct ExpandSinCosPattern : OpRewritePattern<math::SincosOp> {
  ExpandSinCosPattern(MLIRContext *context, bool useFma)
      : OpRewritePattern(context), useFma(useFma) {}

  LogicalResult matchAndRewrite(math::SincosOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(refuseType(op, rewriter)))
      return failure();
    Location loc = op.getLoc();
    Value operand = op.getOperand();
    Type element = getElementTypeOrSelf(operand.getType());
    if (element.isF64()) {
      Value sin = math::SinOp::create(rewriter, loc, operand);
      Value cos = math::CosOp::create(rewriter, loc, operand);
      rewriter.replaceOp(op, {sin, cos});
      return success();
    }
    ImplicitLocOpBuilder builder(loc, rewriter);
    ExprContext context{builder, useFma};
    auto [sin, cos] = expandSinCos(
        {context, resizeFloat(rewriter, loc, operand, rewriter.getF32Type())});
    rewriter.replaceOp(op, {resizeFloat(rewriter, loc, sin.get(), element),
                            resizeFloat(rewriter, loc, cos.get(), element)});
    return success();
  }

private:
  bool useFma;
};

/// Powers with a constant exponent that multiplications or a root do better.
struct ExpandConstantPowPattern : OpRewritePattern<math::PowFOp> {
  ExpandConstantPowPattern(MLIRContext *context, bool useFma)
      : OpRewritePattern(context, /*benefit=*/3), useFma(useFma) {}

  LogicalResult matchAndRewrite(math::PowFOp op,
                                PatternRewriter &rewriter) const override {
    if (failed(refuseType(op, rewriter)))
      return failure();
    llvm::APFloat exponent(0.0);
    if (!matchPattern(op.getRhs(), m_ConstantFloat(&exponent)))
      return rewriter.notifyMatchFailure(op, "exponent is not constant");
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    ExprContext context{builder, useFma};
    Type element = getElementTypeOrSelf(op.getType());
    Type computed = isNarrowFloat(element) ? rewriter.getF32Type() : element;
    Expr x(context, resizeFloat(rewriter, op.getLoc(), op.getLhs(), computed));
    FailureOr<Expr> result = expandConstantPow(x, exponent.convertToDouble());
    if (failed(result))
      return rewriter.notifyMatchFailure(op, "exponent has no short form");
    rewriter.replaceOp(
        op, resizeFloat(rewriter, op.getLoc(), result->get(), element));
    return success();
  }

private:
  bool useFma;
};

/// Vectors of what remains a library call become scalars.
template <typename Op>
struct ScalarizePattern : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (!type || type.isScalable())
      return rewriter.notifyMatchFailure(op, "not a vector of known length");
    if (!type.getElementType().isF64())
      return rewriter.notifyMatchFailure(op, "only f64 is left to a library");
    Location loc = op.getLoc();
    SmallVector<SmallVector<Value>> lanes;
    for (Value operand : op->getOperands()) {
      auto elements = vector::ToElementsOp::create(rewriter, loc, operand);
      lanes.push_back(llvm::to_vector_of<Value>(elements.getResults()));
    }
    SmallVector<Value> results;
    for (int64_t lane : llvm::seq(type.getNumElements())) {
      SmallVector<Value> operands;
      for (ArrayRef<Value> values : lanes)
        operands.push_back(values[lane]);
      results.push_back(Op::create(rewriter, loc, type.getElementType(),
                                   operands, op->getAttrs()));
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, results);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

template <typename Op>
void addUnary(RewritePatternSet &patterns, UnaryExpansion expansion,
              bool alsoF64, bool useFma) {
  patterns.add<ExpandPattern<Op, UnaryExpansion>>(patterns.getContext(),
                                                  expansion, alsoF64, useFma);
  if (!alsoF64)
    patterns.add<ScalarizePattern<Op>>(patterns.getContext());
}

template <typename Op>
void addBinary(RewritePatternSet &patterns, BinaryExpansion expansion,
               bool useFma) {
  patterns.add<ExpandPattern<Op, BinaryExpansion>>(
      patterns.getContext(), expansion, /*alsoF64=*/false, useFma);
  patterns.add<ScalarizePattern<Op>>(patterns.getContext());
}

void populatePatterns(RewritePatternSet &patterns, bool fma) {
  addUnary<math::ExpOp>(patterns, expandExp, true, fma);
  addUnary<math::Exp2Op>(patterns, expandExp2, true, fma);
  addUnary<math::ExpM1Op>(patterns, expandExpm1, true, fma);
  addUnary<math::TanhOp>(patterns, expandTanh, true, fma);
  addUnary<math::CoshOp>(patterns, expandCosh, true, fma);
  addUnary<math::SinhOp>(patterns, expandSinh, false, fma);
  addUnary<math::LogOp>(patterns, expandLog, true, fma);
  addUnary<math::Log2Op>(patterns, expandLog2, true, fma);
  addUnary<math::Log10Op>(patterns, expandLog10, true, fma);
  addUnary<math::Log1pOp>(patterns, expandLog1p, true, fma);
  addUnary<math::AsinhOp>(patterns, expandAsinh, false, fma);
  addUnary<math::AcoshOp>(patterns, expandAcosh, false, fma);
  addUnary<math::AtanhOp>(patterns, expandAtanh, false, fma);
  addUnary<math::CbrtOp>(patterns, expandCbrt, false, fma);
  addUnary<math::RsqrtOp>(patterns, expandRsqrt, true, fma);
  addUnary<math::SinOp>(patterns, expandSin, false, fma);
  addUnary<math::CosOp>(patterns, expandCos, false, fma);
  addUnary<math::TanOp>(patterns, expandTan, false, fma);
  addUnary<math::AsinOp>(patterns, expandAsin, false, fma);
  addUnary<math::AcosOp>(patterns, expandAcos, false, fma);
  addUnary<math::AtanOp>(patterns, expandAtan, false, fma);
  addUnary<math::ErfOp>(patterns, expandErf, false, fma);
  addUnary<math::ErfcOp>(patterns, expandErfc, false, fma);
  addBinary<math::Atan2Op>(patterns, expandAtan2, fma);
  addBinary<math::PowFOp>(patterns, expandPow, fma);
  patterns.add<ExpandApproximateExpPattern, ExpandConstantPowPattern,
               ExpandSinCosPattern>(patterns.getContext(), fma);
}

struct ExpandMathPass
    : tegula::target::impl::ExpandMathPassBase<ExpandMathPass> {
  using ExpandMathPassBase::ExpandMathPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet owned(context), simpler(context);
    populatePatterns(owned, useFma);
    populateMathIdentities(simpler);
    patterns = std::move(owned);
    identities = std::move(simpler);
    return success();
  }

  void runOnOperation() override {
    walkAndApplyPatterns(getOperation(), identities);
    walkAndApplyPatterns(getOperation(), patterns);
  }

private:
  FrozenRewritePatternSet identities;
  FrozenRewritePatternSet patterns;
};

} // namespace
