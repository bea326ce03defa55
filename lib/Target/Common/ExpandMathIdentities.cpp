//===- ExpandMathIdentities.cpp - Cheaper forms of whole formulas ---------===//

#include "ExpandMath.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace tegula::target {

namespace {

/// What all lanes of `value` are, if it says so.
Value splatOf(Value value) {
  auto broadcast = value.getDefiningOp<vector::BroadcastOp>();
  return broadcast ? broadcast.getSource() : value;
}

/// 1 + tanh(x) = 2 / (1 + e^(-2x)): an exponential and a quotient where tanh
/// takes a polynomial more, and nothing cancels below 0.
struct OnePlusTanhPattern : OpRewritePattern<arith::AddFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddFOp op,
                                PatternRewriter &rewriter) const override {
    math::TanhOp tanh = tanhPlusOne(op.getLhs(), op.getRhs());
    if (!tanh)
      tanh = tanhPlusOne(op.getRhs(), op.getLhs());
    if (!tanh)
      return rewriter.notifyMatchFailure(op, "not 1 + tanh(x)");
    if (!isa<FloatType, VectorType>(op.getType()))
      return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector");
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    ExprContext context{builder, /*useFma=*/false};
    Expr doubled = Expr(context, tanh.getOperand()) * -2.0;
    Expr power(context, math::ExpOp::create(builder, doubled.get(),
                                            arith::FastMathFlags::afn));
    rewriter.replaceOp(op, (2.0 / (1.0 + power)).get());
    return success();
  }

private:
  /// The tanh, if nothing else needs it.
  static math::TanhOp tanhPlusOne(Value value, Value other) {
    auto tanh = value.getDefiningOp<math::TanhOp>();
    llvm::APFloat addend(0.0);
    if (!tanh || !tanh->hasOneUse() ||
        !matchPattern(splatOf(other), m_ConstantFloat(&addend)) ||
        !addend.isExactlyValue(1.0))
      return {};
    return tanh;
  }
};

/// Where reciprocals are allowed, what many values are divided by becomes one:
/// x / s = x * (1 / s). Scalars too, so that all code has the same results.
struct ReciprocalPattern : OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    if (!bitEnumContainsAny(op.getFastmath(), arith::FastMathFlags::arcp))
      return rewriter.notifyMatchFailure(op, "has to be a quotient");
    Value divisor = splatOf(op.getRhs());
    if (!isa<FloatType, VectorType>(divisor.getType()))
      return rewriter.notifyMatchFailure(op, "neither a scalar nor a vector");
    ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
    ExprContext context{builder, /*useFma=*/false};
    Value inverse = (1.0 / Expr(context, divisor)).get();
    if (inverse.getType() != op.getType())
      inverse = vector::BroadcastOp::create(builder, op.getType(), inverse);
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, op.getLhs(), inverse);
    return success();
  }
};

/// A maximum that need not keep a NaN nor tell zeros apart is what a
/// comparison chooses: one instruction on most machines. (LLVM would be free to
/// do anything with a NaN; here it is passed over.)
struct PlainMaximumPattern : OpRewritePattern<arith::MaximumFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::MaximumFOp op,
                                PatternRewriter &rewriter) const override {
    constexpr auto needed =
        arith::FastMathFlags::nnan | arith::FastMathFlags::nsz;
    if (!bitEnumContainsAll(op.getFastmath(), needed))
      return rewriter.notifyMatchFailure(op, "has to keep NaN or zeros' signs");
    Value isGreater =
        arith::CmpFOp::create(rewriter, op.getLoc(), arith::CmpFPredicate::OGT,
                              op.getLhs(), op.getRhs());
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isGreater, op.getLhs(),
                                                 op.getRhs());
    return success();
  }
};

} // namespace

void populateMathIdentities(RewritePatternSet &patterns) {
  patterns.add<OnePlusTanhPattern, PlainMaximumPattern, ReciprocalPattern>(
      patterns.getContext());
}

} // namespace tegula::target
