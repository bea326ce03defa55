//===- TypeRefinement.cpp - More precise types of onnx values -------------===//

#include "TypeRefinement.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/IR/ShapeInference.h"

using namespace mlir;

namespace tegula::frontend {

Type refined(Type known, Type inferred) {
  auto a = dyn_cast<TensorType>(known), b = dyn_cast<TensorType>(inferred);
  if (!a || !b)
    return inferred;
  if (!b.hasRank())
    return a.getElementType() == b.getElementType() ? known : inferred;
  if (!a.hasRank() || a.getRank() != b.getRank())
    return inferred;
  SmallVector<int64_t> shape(b.getShape());
  for (auto [extent, before] : llvm::zip_equal(shape, a.getShape()))
    if (ShapedType::isDynamic(extent))
      extent = before;
  return RankedTensorType::get(shape, b.getElementType());
}

/// The type that holds values of both.
static Type joined(Type a, Type b) {
  auto x = dyn_cast<TensorType>(a), y = dyn_cast<TensorType>(b);
  if (a == b || !x || !y)
    return a;
  if (!x.hasRank() || !y.hasRank() || x.getRank() != y.getRank())
    return UnrankedTensorType::get(x.getElementType());
  SmallVector<int64_t> shape(x.getShape());
  for (auto [extent, other] : llvm::zip_equal(shape, y.getShape()))
    if (extent != other)
      extent = ShapedType::kDynamic;
  return RankedTensorType::get(shape, x.getElementType());
}

/// The inferred types of the results of `op`, null where nothing is known.
static FailureOr<SmallVector<Type>> inferTypes(Operation *op, bool mayFail,
                                               std::string *why = nullptr) {
  if (!mayFail)
    return onnx::inferResultTypes(op);
  std::string message;
  FailureOr<SmallVector<Type>> types =
      onnx::inferResultTypes(op, /*present=*/{}, &message);
  if (failed(types) && why)
    *why = message;
  return succeeded(types) ? types : SmallVector<Type>(op->getNumResults());
}

/// Infers a region whose types may have become wider: what was known before
/// counts for nothing, but where inference says nothing at all.
static LogicalResult inferAgain(Region &region, bool mayFail) {
  for (Operation &op : region.front()) {
    if (!isa_and_nonnull<onnx::OnnxDialect>(op.getDialect()) ||
        isa<onnx::WeightOp, onnx::NoValueOp, onnx::YieldOp>(op))
      continue;
    for (Region &inner : op.getRegions())
      if (!inner.empty() &&
          failed(inferAgain(inner, mayFail || isa<onnx::IfOp>(op))))
        return failure();
    FailureOr<SmallVector<Type>> types = inferTypes(&op, mayFail);
    if (failed(types))
      return failure();
    for (auto [result, type] : llvm::zip_equal(op.getResults(), *types))
      if (type)
        result.setType(type);
  }
  return success();
}

/// Loop and Scan: the carried values of the body get the types of the initial
/// ones, widened until an iteration yields what the next one takes.
static LogicalResult refineCarried(Operation *op, bool mayFail) {
  Block &body = op->getRegion(0).front();
  bool isLoop = isa<onnx::LoopOp>(op);
  unsigned offset = isLoop ? 2 : 0;
  int64_t numScanned = 0;
  if (auto scan = dyn_cast<onnx::ScanOp>(op))
    numScanned = scan->getAttrOfType<IntegerAttr>("num_scan_inputs").getSInt();
  int64_t numCarried =
      int64_t(isLoop ? body.getNumArguments() : op->getNumOperands()) -
      int64_t(offset) - numScanned;
  if (isLoop)
    numCarried = body.getNumArguments() - 2;
  Operation *yield = body.getTerminator();
  if (numCarried < 0 ||
      numCarried + (isLoop ? 1 : 0) > int64_t(yield->getNumOperands()) ||
      op->getNumOperands() < numCarried + offset)
    return op->emitOpError("carries ")
           << numCarried << " values, but its body yields "
           << yield->getNumOperands();
  SmallVector<Type> types;
  for (int64_t i = 0; i < numCarried; ++i)
    types.push_back(op->getOperand(i + offset).getType());
  for (int attempt = 0; attempt < 4; ++attempt) {
    bool changed = false;
    for (int64_t i = 0; i < numCarried; ++i) {
      BlockArgument argument = body.getArgument(i + offset);
      changed |= argument.getType() != types[i];
      argument.setType(types[i]);
    }
    if (failed(changed ? inferAgain(op->getRegion(0), mayFail)
                       : refineRegion(op->getRegion(0), mayFail)))
      return failure();
    bool stable = true;
    for (int64_t i = 0; i < numCarried; ++i) {
      Type yielded = yield->getOperand(i + (isLoop ? 1 : 0)).getType();
      Type wider = joined(types[i], yielded);
      stable &= wider == types[i];
      types[i] = wider;
    }
    if (stable)
      return success();
  }
  return op->emitOpError("carries shapes that do not settle");
}

LogicalResult refineTypes(Operation *op, bool mayFail, std::string *why) {
  if (op->getNumRegions() != 0 && !op->getRegion(0).empty()) {
    if (isa<onnx::LoopOp, onnx::ScanOp>(op)) {
      if (failed(refineCarried(op, mayFail)))
        return failure();
    } else {
      for (Region &region : op->getRegions())
        if (!region.empty() &&
            failed(refineRegion(region, mayFail || isa<onnx::IfOp>(op))))
          return failure();
    }
  }
  FailureOr<SmallVector<Type>> types = inferTypes(op, mayFail, why);
  if (failed(types))
    return failure();
  bool carries = isa<onnx::LoopOp, onnx::ScanOp>(op);
  for (auto [result, type] : llvm::zip_equal(op->getResults(), *types))
    if (type && !onnx::isAbsent(result))
      result.setType(carries ? type : refined(result.getType(), type));
  return success();
}

LogicalResult refineRegion(Region &region, bool mayFail) {
  for (Operation &op : region.front())
    if (isa_and_nonnull<onnx::OnnxDialect>(op.getDialect()) &&
        !isa<onnx::WeightOp, onnx::NoValueOp, onnx::YieldOp>(op))
      if (failed(refineTypes(&op, mayFail)))
        return failure();
  return success();
}

void updateSignature(func::FuncOp function) {
  Operation *ret = function.getBody().front().getTerminator();
  function.setFunctionType(FunctionType::get(function.getContext(),
                                             function.getArgumentTypes(),
                                             ret->getOperandTypes()));
}

} // namespace tegula::frontend
