//===- ConvertToLLVM.cpp - Upstream dialects to the LLVM dialect ----------===//

#include "tegula/Target/Common/Passes.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::target {
#define GEN_PASS_DEF_CONVERTTOLLVMPASS
#include "tegula/Target/Common/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;

/// Vector operations that have a simpler form.
static void populateVectorLowerings(RewritePatternSet &patterns) {
  vector::populateVectorToVectorCanonicalizationPatterns(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorContractLoweringPatterns(
      patterns, vector::VectorContractLowering::OuterProduct);
  vector::populateVectorMaskOpLoweringPatterns(patterns);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorInterleaveLoweringPatterns(patterns);
  vector::populateVectorTransposeLoweringPatterns(
      patterns, vector::VectorTransposeLowering::Shuffle1D);
  vector::populateVectorMaskMaterializationPatterns(
      patterns, /*force32BitVectorIndices=*/false);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorRankReducingFMAPattern(patterns);
  vector::populateVectorGatherLoweringPatterns(patterns);
  vector::populateVectorTransferLoweringPatterns(patterns,
                                                 /*maxTransferRank=*/1);
}

static OpFoldResult multiply(OpFoldResult a, OpFoldResult b, Location loc,
                             PatternRewriter &rewriter) {
  std::optional<int64_t> left = getConstantIntValue(a),
                         right = getConstantIntValue(b);
  if (left && right)
    return rewriter.getIndexAttr(*left * *right);
  Value first = getValueOrCreateConstantIndexOp(rewriter, loc, a);
  Value second = getValueOrCreateConstantIndexOp(rewriter, loc, b);
  return arith::MulIOp::create(rewriter, loc, first, second).getResult();
}

/// `op`'s source, which is dense, as a dense buffer of `sizes`.
static void replaceByDense(Operation *op, Value source, MemRefType type,
                           ArrayRef<OpFoldResult> sizes,
                           PatternRewriter &rewriter) {
  SmallVector<OpFoldResult> strides(sizes.size());
  OpFoldResult stride = rewriter.getIndexAttr(1);
  for (size_t i = sizes.size(); i-- > 0;) {
    strides[i] = stride;
    stride = multiply(stride, sizes[i], op->getLoc(), rewriter);
  }
  rewriter.replaceOpWithNewOp<memref::ReinterpretCastOp>(
      op, type, source, rewriter.getIndexAttr(0), sizes, strides);
}

static bool areDense(MemRefType first, MemRefType second) {
  return first.getLayout().isIdentity() && second.getLayout().isIdentity();
}

namespace {

/// A dense buffer in another shape of more dimensions. Upstream's expansion
/// needs all but one size of a group to be static; buffers between kernels are
/// dense, so that the strides follow from the sizes alone.
struct ExpandDenseShape : OpRewritePattern<memref::ExpandShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::ExpandShapeOp op,
                                PatternRewriter &rewriter) const override {
    if (!areDense(op.getSrcType(), op.getResultType()))
      return rewriter.notifyMatchFailure(op, "not dense");
    replaceByDense(op, op.getSrc(), op.getResultType(),
                   op.getMixedOutputShape(), rewriter);
    return success();
  }
};

/// A dense buffer in another shape of fewer dimensions. Upstream's expansion
/// ends in a null size where a group holds several that are unknown.
struct CollapseDenseShape : OpRewritePattern<memref::CollapseShapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::CollapseShapeOp op,
                                PatternRewriter &rewriter) const override {
    if (!areDense(op.getSrcType(), op.getResultType()))
      return rewriter.notifyMatchFailure(op, "not dense");
    Location loc = op.getLoc();
    SmallVector<OpFoldResult> sizes;
    for (ArrayRef<int64_t> group : op.getReassociationIndices()) {
      OpFoldResult size = rewriter.getIndexAttr(1);
      for (int64_t dim : group)
        size = multiply(size,
                        memref::getMixedSize(rewriter, loc, op.getSrc(), dim),
                        loc, rewriter);
      sizes.push_back(size);
    }
    replaceByDense(op, op.getSrc(), op.getResultType(), sizes, rewriter);
    return success();
  }
};

struct ConvertToLLVMPass
    : tegula::target::impl::ConvertToLLVMPassBase<ConvertToLLVMPass> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    bool hasVectors = false;
    for (Operation &op : *getOperation().getBody()) {
      if (isa<ModuleOp>(op))
        continue;
      ops.push_back(&op);
      op.walk([&](Operation *inner) {
        hasVectors |= isa<vector::VectorDialect>(inner->getDialect());
      });
    }
    if (failed(simplify(ops, hasVectors)) || failed(convert(ops)))
      signalPassFailure();
  }

  /// Operations that have no LLVM counterpart become ones that have.
  LogicalResult simplify(ArrayRef<Operation *> ops, bool hasVectors) {
    RewritePatternSet patterns(&getContext());
    patterns.add<ExpandDenseShape, CollapseDenseShape>(&getContext(),
                                                       /*benefit=*/2);
    memref::populateExpandStridedMetadataPatterns(patterns);
    memref::populateExpandOpsPatterns(patterns);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    populateAffineToStdConversionPatterns(patterns);
    // Of tensors, only extents of what a kernel would have made are left.
    tensor::EmptyOp::getCanonicalizationPatterns(patterns, &getContext());
    if (hasVectors)
      populateVectorLowerings(patterns);
    FrozenRewritePatternSet frozen(std::move(patterns));
    for (Operation *op : ops)
      if (op->getNumRegions() && failed(applyPatternsGreedily(op, frozen)))
        return failure();
    return success();
  }

  LogicalResult convert(ArrayRef<Operation *> ops) {
    MLIRContext *context = &getContext();
    LLVMTypeConverter converter(context);
    RewritePatternSet patterns(context);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    populateAffineToStdConversionPatterns(patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    // An instruction where there is one: libm has fma and ceil, too.
    populateMathToLLVMConversionPatterns(
        converter, patterns, /*approximateLog1p=*/false, /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns, /*benefit=*/1);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    if (failed(applyPartialConversion(ops, target, std::move(patterns))))
      return failure();
    return reconcileCasts();
  }

  /// Removes the casts between buffers and their descriptors, and those of
  /// functions to their addresses.
  LogicalResult reconcileCasts() {
    SmallVector<UnrealizedConversionCastOp> casts;
    for (Operation &op : *getOperation().getBody())
      if (!isa<ModuleOp>(op))
        op.walk(
            [&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
    SmallVector<UnrealizedConversionCastOp> left;
    reconcileUnrealizedCasts(casts, &left);
    if (left.empty())
      return success();
    return left.front()->emitError("cannot be converted to LLVM");
  }
};

} // namespace
