//===- FoldConstants.cpp - Evaluate what depends on constants only --------===//
//
// One walk in program order: when an operation is met, what is known of its
// operands is as good as it gets, so that a long chain of shape arithmetic
// folds in one go.
//
//===----------------------------------------------------------------------===//

#include "ConstantFolder.h"
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

} // namespace

int64_t ConstantFolder::budget(Operation *op, int64_t inputBytes) const {
  if (!preparesWeights(op) || inputBytes <= resultBytes)
    return resultBytes;
  return std::min(2 * inputBytes, weightBytes);
}

bool ConstantFolder::replace(Operation *op, ArrayRef<ElementsAttr> values) {
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

bool ConstantFolder::reshapeWeight(Operation *op) {
  if (!onlyReshapes(op) || op->getNumOperands() == 0)
    return false;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  ElementsAttr weight = onnx::constantData(op->getOperand(0));
  return weight && type && type.hasStaticShape() && tensorBytes(type) &&
         replace(op, reshaped(weight, type));
}

bool ConstantFolder::evaluate(Operation *op) {
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
bool ConstantFolder::foldShape(Operation *op) {
  if (op->getNumResults() != 1 || !isPure(op))
    return false;
  // The type is enough for a Size; ONNX's data propagation does not know it.
  if (auto size = dyn_cast<onnx::SizeOp>(op)) {
    auto data = dyn_cast<RankedTensorType>(size->getOperand(0).getType());
    auto type = dyn_cast<RankedTensorType>(size->getResult(0).getType());
    if (data && type && type.getRank() == 0 && data.hasStaticShape())
      return replace(
          op, constantAttribute(type, packed<int64_t>({data.getNumElements()},
                                                      type.getElementType())));
  }
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

LogicalResult ConstantFolder::foldOp(Operation *op, bool mayFail) {
  auto branch = dyn_cast<onnx::IfOp>(op);
  for (Region &region : op->getRegions())
    if (!region.empty() && failed(foldRegion(region, mayFail || branch)))
      return failure();
  if (branch && takeOnlyPossibleBranch(branch))
    return success();
  std::string why;
  if (failed(refineTypes(op, mayFail, &why)))
    return failure();
  if (!why.empty()) {
    auto name = dyn_cast<NameLoc>(op->getLoc());
    illFormed.try_emplace(op->getParentRegion(),
                          (name ? name.getName().str() + ": " : "") + why);
    return success();
  }
  if (op->getNumRegions() != 0 || op->getNumResults() == 0)
    return success();
  if (!reshapeWeight(op) && !evaluate(op))
    foldShape(op);
  return success();
}

LogicalResult ConstantFolder::foldFrom(Operation *op, bool mayFail) {
  Operation *next = nullptr;
  for (; op; op = next) {
    next = op->getNextNode();
    if (!isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) ||
        isa<onnx::WeightOp, onnx::NoValueOp, onnx::YieldOp, onnx::CheckOp>(op))
      continue;
    if (auto branch = dyn_cast<onnx::IfOp>(op)) {
      // The operations of the branch are folded next, in its place.
      Block *block = op->getBlock();
      Operation *before = op->getPrevNode();
      if (takeKnownBranch(branch)) {
        next = before ? before->getNextNode() : &block->front();
        continue;
      }
    }
    if (failed(foldOp(op, mayFail)))
      return failure();
  }
  return success();
}

LogicalResult ConstantFolder::foldRegion(Region &region, bool mayFail) {
  Block &block = region.front();
  return block.empty() ? success() : foldFrom(&block.front(), mayFail);
}

namespace {

struct FoldConstantsPass : impl::FoldConstantsPassBase<FoldConstantsPass> {
  using FoldConstantsPassBase::FoldConstantsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    ConstantFolder folder(resultBytes, weightBytes);
    if (failed(folder.foldRegion(function.getBody(), /*mayFail=*/false)))
      return signalPassFailure();
    updateSignature(function);
  }
};

} // namespace
} // namespace tegula::frontend
