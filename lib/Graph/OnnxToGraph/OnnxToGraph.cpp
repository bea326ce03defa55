//===- OnnxToGraph.cpp - The pass that lowers onnx operators --------------===//

#include "DomainPatterns.h"
#include "Patterns.h"

#include "tegula/Graph/OnnxToGraph/Passes.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "llvm/ADT/StringSet.h"

namespace tegula::graph {
#define GEN_PASS_DEF_CONVERTONNXPASS
#include "tegula/Graph/OnnxToGraph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;

namespace tegula::graph {

namespace {

void populateAll(const TypeConverter &converter, RewritePatternSet &patterns) {
  populateConstantPatterns(converter, patterns);
  populateElementwisePatterns(converter, patterns);
  populateReductionPatterns(converter, patterns);
  populateShapePatterns(converter, patterns);
  populateMatmulPatterns(converter, patterns);
  populateMatMulNBitsPatterns(converter, patterns);
  populateConvolutionPatterns(converter, patterns);
  populateLpNormPatterns(converter, patterns);
  populatePoolingPatterns(converter, patterns);
  populateNormalizationPatterns(converter, patterns);
  populateCastPatterns(converter, patterns);
  populateConcatPatterns(converter, patterns);
  populateDataMovementPatterns(converter, patterns);
  populateFillPatterns(converter, patterns);
  populateGatherPatterns(converter, patterns);
  populatePadPatterns(converter, patterns);
  populateScatterPatterns(converter, patterns);
  populateSlicePatterns(converter, patterns);
  populateEinsumPatterns(converter, patterns);
  populateResizePatterns(converter, patterns);
  populateDetectionPatterns(converter, patterns);
  populateRandomPatterns(converter, patterns);
  populateSamplingPatterns(converter, patterns);
  populateSignalPatterns(converter, patterns);
  populateCompactionPatterns(converter, patterns);
  populateRecurrentPatterns(converter, patterns);
  populateSelectionPatterns(converter, patterns);
  populateControlFlowPatterns(converter, patterns);
  populateQuantizedProductPatterns(converter, patterns);
  populateQuantizationPatterns(converter, patterns);
  populateArithmeticPatterns(converter, patterns);
  populateActivationPatterns(converter, patterns);
}

bool isOnnx(Operation *op) {
  return op->getName().getDialectNamespace() ==
         onnx::OnnxDialect::getDialectNamespace();
}

struct ConvertOnnxPass : impl::ConvertOnnxPassBase<ConvertOnnxPass> {
  using ConvertOnnxPassBase::ConvertOnnxPassBase;

  void runOnOperation() override {
    for (const UnsupportedOp &unsupported :
         convertOnnx(getOperation(), {exactByteDots})) {
      unsupported.op->emitError()
          << onnx::operatorName(unsupported.op)
          << " is not supported: " << unsupported.reason;
      signalPassFailure();
    }
  }
};

} // namespace

StorageTypeConverter::StorageTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type) -> std::optional<Type> {
    Type storage = storageType(type.getElementType());
    return storage ? type.clone(storage) : Type(type);
  });
  auto cast = [](OpBuilder &b, Type type, ValueRange values,
                 Location loc) -> Value {
    return UnrealizedConversionCastOp::create(b, loc, type, values)
        .getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization(cast);
}

LogicalResult OnnxPatternBase::refuse(Operation *op,
                                      const Twine &reason) const {
  auto *converter = getTypeConverter<StorageTypeConverter>();
  converter->refusals[op->getLoc()] = reason.str();
  return failure();
}

static std::string text(Type type) {
  std::string out;
  llvm::raw_string_ostream(out) << type;
  return out;
}

LogicalResult OnnxPatternBase::finish(Operation *op,
                                      ConversionPatternRewriter &rewriter,
                                      ArrayRef<Value> values) const {
  SmallVector<Value> results;
  for (auto [value, result] : llvm::zip_equal(values, op->getResults())) {
    Type wanted = getTypeConverter()->convertType(result.getType());
    if (!value || !isa<RankedTensorType>(wanted) || value.getType() == wanted) {
      results.push_back(value);
      continue;
    }
    // An inconsistent operator: no cast can hold, so nothing can be built.
    if (!tensor::CastOp::areCastCompatible(value.getType(), wanted))
      return refuse(op, ("a result has type " + text(value.getType()) +
                         ", but should have " + text(wanted)));
    results.push_back(castTo(rewriter, op->getLoc(), value, wanted));
  }
  rewriter.replaceOp(op, results);
  return success();
}

std::optional<std::string> OnnxPatternBase::unusableTypes(Operation *op) const {
  auto check = [](Type type) -> std::optional<std::string> {
    if (isa<UnrankedTensorType>(type))
      return "the rank of a tensor is not known before run time";
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && !storageType(tensor.getElementType()))
      return "strings are not supported";
    if (!tensor && !isa<NoneType>(type))
      return "sequences and optionals are not supported";
    return std::nullopt;
  };
  for (Type type : op->getOperandTypes())
    if (auto reason = check(type))
      return reason;
  for (Type type : op->getResultTypes())
    if (auto reason = check(type))
      return reason;
  return std::nullopt;
}

std::vector<UnsupportedOp> convertOnnx(ModuleOp module,
                                       const ConvertOptions &options) {
  MLIRContext *context = module.getContext();
  StorageTypeConverter converter;
  converter.options = options;
  ConversionTarget target(*context);
  target.addLegalDialect<arith::ArithDialect, affine::AffineDialect,
                         linalg::LinalgDialect, math::MathDialect,
                         scf::SCFDialect, tensor::TensorDialect, GraphDialect,
                         lp::LowPrecisionDialect>();
  target.addLegalOp<UnrealizedConversionCastOp>();
  target.addDynamicallyLegalOp<func::FuncOp>([&](func::FuncOp op) {
    return converter.isSignatureLegal(op.getFunctionType());
  });
  target.addDynamicallyLegalOp<func::ReturnOp>(
      [&](Operation *op) { return converter.isLegal(op->getOperandTypes()); });
  RewritePatternSet patterns(context);
  populateAll(converter, patterns);
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns,
                                                                 converter);
  populateReturnOpTypeConversionPattern(patterns, converter);
  (void)applyPartialConversion(module, target, std::move(patterns));

  // Regions of control flow leave casts that cancel each other.
  SmallVector<UnrealizedConversionCastOp> casts;
  module.walk([&](UnrealizedConversionCastOp op) { casts.push_back(op); });
  reconcileUnrealizedCasts(casts);

  std::vector<UnsupportedOp> unsupported;
  module.walk([&](Operation *op) {
    if (!isOnnx(op) || isa<onnx::NoValueOp, onnx::YieldOp>(op))
      return;
    auto reason = converter.refusals.find(op->getLoc());
    if (reason != converter.refusals.end())
      unsupported.push_back({op, reason->second});
    else
      unsupported.push_back({op, "Tegula has no lowering of this operator"});
  });
  if (unsupported.empty())
    module.walk([](onnx::NoValueOp op) { op.erase(); });
  return unsupported;
}

bool hasLowering(StringRef name) {
  static const llvm::StringSet<> names = [] {
    MLIRContext context;
    context.loadDialect<onnx::OnnxDialect>();
    StorageTypeConverter converter;
    RewritePatternSet patterns(&context);
    populateAll(converter, patterns);
    llvm::StringSet<> found;
    for (const auto &pattern : patterns.getNativePatterns())
      if (auto root = pattern->getRootKind())
        found.insert(root->getStringRef().drop_front(strlen("onnx.")));
    return found;
  }();
  return names.contains(name);
}

} // namespace tegula::graph
