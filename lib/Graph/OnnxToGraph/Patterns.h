//===- Patterns.h - One populate function per operator family ---*- C++ -*-===//
//
// A pattern gets the operation and its operands already lowered:
//
//   struct LowerRelu : OnnxPattern<onnx::ReluOp> {
//     using OnnxPattern::OnnxPattern;
//     FailureOr<SmallVector<Value>>
//     lower(onnx::ReluOp op, Adaptor in, OpBuilder &b) const override {
//       // refuse: return refuse(op, "why")
//       // compute, build
//       return SmallVector<Value>{result};
//     }
//   };
//
// and returns one lowered value per result (null for an absent one). The base
// class casts each to the type that ONNX inferred for it.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_PATTERNS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_PATTERNS_H

#include "Structured.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Graph/OnnxToGraph/ConvertOptions.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/DialectConversion.h"

namespace tegula::graph {

using Lowered = llvm::FailureOr<llvm::SmallVector<mlir::Value>>;

/// Tensors get the element types that memory holds; all else stays. It is what
/// all patterns of one conversion share, so it also keeps why they refused
/// (released builds of MLIR drop the reasons given to notifyMatchFailure).
class StorageTypeConverter : public mlir::TypeConverter {
public:
  StorageTypeConverter();

  /// What the target decides.
  ConvertOptions options;

  /// The reason of the last refusal at each location.
  mutable llvm::DenseMap<mlir::Location, std::string> refusals;
};

/// What all patterns share: refusals that the user gets to read.
class OnnxPatternBase : public mlir::ConversionPattern {
public:
  using ConversionPattern::ConversionPattern;

protected:
  const ConvertOptions &options() const {
    return getTypeConverter<StorageTypeConverter>()->options;
  }

  /// Refuses `op` for `reason`, which ends up in the user's error message.
  mlir::LogicalResult refuse(mlir::Operation *op,
                             const llvm::Twine &reason) const;

  /// Replaces `op` by `values`, cast to the lowered types of its results.
  mlir::LogicalResult finish(mlir::Operation *op,
                             mlir::ConversionPatternRewriter &rewriter,
                             llvm::ArrayRef<mlir::Value> values) const;

  /// Whether all tensors that `op` uses or makes are ranked and storable;
  /// otherwise the reason why not.
  std::optional<std::string> unusableTypes(mlir::Operation *op) const;
};

template <typename Op>
class OnnxPattern : public OnnxPatternBase {
public:
  using Adaptor = typename Op::Adaptor;

  OnnxPattern(const mlir::TypeConverter &converter, mlir::MLIRContext *context)
      : OnnxPatternBase(converter, Op::getOperationName(), /*benefit=*/1,
                        context) {}

  virtual Lowered lower(Op op, Adaptor in, mlir::OpBuilder &b) const = 0;

  mlir::LogicalResult
  matchAndRewrite(mlir::Operation *op, llvm::ArrayRef<mlir::Value> operands,
                  mlir::ConversionPatternRewriter &rewriter) const final {
    if (auto reason = unusableTypes(op))
      return refuse(op, *reason);
    Lowered values = lower(llvm::cast<Op>(op),
                           Adaptor(operands, llvm::cast<Op>(op)), rewriter);
    if (failed(values))
      return mlir::failure();
    return finish(op, rewriter, *values);
  }

protected:
  /// The onnx element type of a value of the original operation.
  static mlir::Type elementOf(mlir::Value value) {
    return llvm::cast<mlir::TensorType>(value.getType()).getElementType();
  }
};

void populateConstantPatterns(const mlir::TypeConverter &converter,
                              mlir::RewritePatternSet &patterns);
void populateElementwisePatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
void populateReductionPatterns(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
void populateShapePatterns(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populateMatMulNBitsPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
void populateLpNormPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateMatmulPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateConvolutionPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
void populatePoolingPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateNormalizationPatterns(const mlir::TypeConverter &converter,
                                   mlir::RewritePatternSet &patterns);
void populateCastPatterns(const mlir::TypeConverter &converter,
                          mlir::RewritePatternSet &patterns);
void populateConcatPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateDataMovementPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns);
void populateFillPatterns(const mlir::TypeConverter &converter,
                          mlir::RewritePatternSet &patterns);
void populateGatherPatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populatePadPatterns(const mlir::TypeConverter &converter,
                         mlir::RewritePatternSet &patterns);
void populateScatterPatterns(const mlir::TypeConverter &converter,
                             mlir::RewritePatternSet &patterns);
void populateSlicePatterns(const mlir::TypeConverter &converter,
                           mlir::RewritePatternSet &patterns);
void populateActivationPatterns(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);
void populateArithmeticPatterns(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);
void populateQuantizationPatterns(const mlir::TypeConverter &converter,
                                  mlir::RewritePatternSet &patterns);
void populateQuantizedProductPatterns(const mlir::TypeConverter &converter,
                                      mlir::RewritePatternSet &patterns);
void populateControlFlowPatterns(const mlir::TypeConverter &converter,
                                 mlir::RewritePatternSet &patterns);
void populateSelectionPatterns(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
void populateResizePatterns(const mlir::TypeConverter &converter,
                            mlir::RewritePatternSet &patterns);
void populateRecurrentPatterns(const mlir::TypeConverter &converter,
                               mlir::RewritePatternSet &patterns);
void populateCompactionPatterns(const mlir::TypeConverter &converter,
                                mlir::RewritePatternSet &patterns);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_PATTERNS_H
