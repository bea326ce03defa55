//===- FoldConstants.cpp - Evaluate what depends on constants only --------===//
//
// One walk in program order: when an operation is met, what is known of its
// operands is as good as it gets, so that a long chain of shape arithmetic
// folds in one go.
//
//===----------------------------------------------------------------------===//

#include "ConstantTensor.h"
#include "TypeRefinement.h"

#include "tegula/Frontend/IR/ShapeInference.h"
#include "tegula/Frontend/Transforms/Passes.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace tegula::frontend {
#define GEN_PASS_DEF_FOLDCONSTANTSPASS
#include "tegula/Frontend/Transforms/Passes.h.inc"

namespace {

/// Operators that prepare weights: their results are about as large as their
/// inputs, whatever the model says.
bool preparesWeights(Operation *op) {
  return isa<onnx::TransposeOp, onnx::CastOp, onnx::SplitOp, onnx::ConcatOp,
             onnx::SliceOp, onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp,
             onnx::SqrtOp, onnx::NegOp>(op);
}

/// Operators that only give their first operand another shape.
bool onlyReshapes(Operation *op) {
  return isa<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp,
             onnx::FlattenOp, onnx::IdentityOp>(op);
}

Evaluator evaluatorOf(Operation *op) {
  StringRef name = op->getName().stripDialect();
  for (ArrayRef<EvaluatorRow> rows :
       {elementwiseEvaluators(), movementEvaluators(), indexingEvaluators(),
        reductionEvaluators()})
    for (const EvaluatorRow &row : rows)
      if (name == row.op)
        return row.evaluate;
  return nullptr;
}

/// `weight` with another shape; its data is shared.
ElementsAttr reshaped(ElementsAttr weight, RankedTensorType type) {
  if (weight.getNumElements() != type.getNumElements() ||
      weight.getElementType() != type.getElementType())
    return {};
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(weight))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  if (auto dense = dyn_cast<DenseElementsAttr>(weight))
    return dense.reshape(type);
  return {};
}

class Folder {
public:
  Folder(int64_t resultBytes, int64_t weightBytes)
      : resultBytes(resultBytes), weightBytes(weightBytes) {}

  LogicalResult foldRegion(Region &region, bool mayFail);

private:
  LogicalResult foldOp(Operation *op, bool mayFail);
  bool inlineBranch(onnx::IfOp op);
  bool reshapeWeight(Operation *op);
  bool evaluate(Operation *op);
  bool foldShape(Operation *op);
  bool replace(Operation *op, ArrayRef<ElementsAttr> values);

  /// Bytes that the results of `op` may have.
  int64_t budget(Operation *op, int64_t inputBytes) const {
    if (!preparesWeights(op) || inputBytes <= resultBytes)
      return resultBytes;
    return std::min(2 * inputBytes, weightBytes);
  }

  int64_t resultBytes, weightBytes;
};

bool Folder::replace(Operation *op, ArrayRef<ElementsAttr> values) {
  if (llvm::any_of(values, [](ElementsAttr value) { return !value; }))
    return false;
  OpBuilder builder(op);
  for (auto [result, value] : llvm::zip_equal(op->getResults(), values))
    result.replaceAllUsesWith(onnx::WeightOp::create(
        builder, op->getLoc(), TypeRange(value.getType()), ValueRange{},
        builder.getNamedAttr("value", value)));
  op->erase();
  return true;
}

bool Folder::reshapeWeight(Operation *op) {
  if (!onlyReshapes(op) || op->getNumOperands() == 0)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  ElementsAttr weight = onnx::constantData(op->getOperand(0));
  return weight && type && type.hasStaticShape() && tensorBytes(type) &&
         replace(op, reshaped(weight, type));
}

bool Folder::evaluate(Operation *op) {
  Evaluator evaluator = evaluatorOf(op);
  if (!evaluator)
    return false;
  Evaluation evaluation{op, {}, {}, {}};
  int64_t inputBytes = 0;
  for (Value operand : op->getOperands()) {
    if (onnx::isAbsent(operand)) {
      evaluation.inputs.emplace_back();
      continue;
    }
    ElementsAttr constant = onnx::constantData(operand);
    if (!constant)
      return false;
    auto tensor = ConstantTensor::get(constant, weightBytes);
    if (!tensor)
      return false;
    inputBytes += tensor->bytes().size();
    evaluation.inputs.push_back(std::move(tensor));
  }
  int64_t total = 0;
  bool countsResults = isa<onnx::NonZeroOp>(op);
  for (Type type : op->getResultTypes()) {
    std::optional<int64_t> bytes =
        countsResults ? std::optional(inputBytes * 8 * 8) : tensorBytes(type);
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (!bytes || !ranked || llvm::AddOverflow(total, *bytes, total) ||
        total > budget(op, inputBytes))
      return false;
    evaluation.types.push_back(ranked);
  }
  if (!evaluator(evaluation) ||
      evaluation.outputs.size() != op->getNumResults())
    return false;
  SmallVector<ElementsAttr> values;
  for (auto [type, bytes] :
       llvm::zip_equal(evaluation.types, evaluation.outputs)) {
    if (tensorBytes(type) != int64_t(bytes.size()))
      return false;
    values.push_back(constantAttribute(type, std::move(bytes)));
  }
  if (total > resultBytes)
    weightBytes -= total;
  return replace(op, values);
}

/// A shape computation whose elements are all known from types.
bool Folder::foldShape(Operation *op) {
  if (op->getNumResults() != 1 || !isPure(op))
    return false;
  auto elements = onnx::partialShapeValue(op->getResult(0));
  if (!elements || !llvm::all_of(*elements, [](auto e) { return bool(e); }))
    return false;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> numbers;
  for (std::optional<int64_t> element : *elements)
    numbers.push_back(*element);
  return replace(
      op,
      constantAttribute(type, packed<int64_t>(numbers, type.getElementType())));
}

/// An If of a known condition gives way to the branch that it takes.
bool Folder::inlineBranch(onnx::IfOp op) {
  ElementsAttr condition = onnx::constantData(op->getOperand(0));
  auto tensor = condition ? ConstantTensor::get(condition, 64) : std::nullopt;
  if (!tensor || tensor->bytes().size() != 1)
    return false;
  // Regions stand in the order of their names: else_branch, then_branch.
  Region &region = op->getRegion(tensor->bytes()[0] != 0 ? 1 : 0);
  if (region.empty())
    return false;
  Block &branch = region.front();
  Operation *yield = branch.getTerminator();
  if (yield->getNumOperands() != op->getNumResults())
    return false;
  SmallVector<Value> values(yield->getOperands());
  yield->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         branch.getOperations());
  op->replaceAllUsesWith(values);
  op->erase();
  return true;
}

LogicalResult Folder::foldOp(Operation *op, bool mayFail) {
  for (Region &region : op->getRegions())
    if (!region.empty() &&
        failed(foldRegion(region, mayFail || isa<onnx::IfOp>(op))))
      return failure();
  if (failed(refineTypes(op, mayFail)))
    return failure();
  if (op->getNumRegions() != 0 || op->getNumResults() == 0)
    return success();
  if (!reshapeWeight(op) && !evaluate(op))
    foldShape(op);
  return success();
}

LogicalResult Folder::foldRegion(Region &region, bool mayFail) {
  Block &block = region.front();
  Operation *next = nullptr;
  for (Operation *op = block.empty() ? nullptr : &block.front(); op;
       op = next) {
    next = op->getNextNode();
    if (!isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) ||
        isa<onnx::WeightOp, onnx::NoValueOp, onnx::YieldOp>(op))
      continue;
    if (auto branch = dyn_cast<onnx::IfOp>(op)) {
      // The operations of the branch are folded next, in its place.
      Operation *before = op->getPrevNode();
      if (inlineBranch(branch)) {
        next = before ? before->getNextNode() : &block.front();
        continue;
      }
    }
    if (failed(foldOp(op, mayFail)))
      return failure();
  }
  return success();
}

struct FoldConstantsPass : impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    Folder folder(resultBytes, weightBytes);
    if (failed(folder.foldRegion(function.getBody(), /*mayFail=*/false)))
      return signalPassFailure();
    updateSignature(function);
  }
};

} // namespace
} // namespace tegula::frontend
