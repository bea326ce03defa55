//===- Simplify.cpp - Remove onnx operations that change nothing ----------===//

#include "ConstantTensor.h"
#include "TypeRefinement.h"

#include "tegula/Frontend/Transforms/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace tegula::frontend {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "tegula/Frontend/Transforms/Passes.h.inc"

namespace {

/// The numbers of a small integer constant; nothing for other values.
std::optional<std::vector<int64_t>> numbersOf(Value value) {
  ElementsAttr constant = onnx::constantData(value);
  if (!constant || !isa<IntegerType>(constant.getElementType()) ||
      constant.getElementType().getIntOrFloatBitWidth() < 8)
    return std::nullopt;
  auto tensor = ConstantTensor::get(constant, 4096);
  return tensor ? std::optional(tensor->values<int64_t>()) : std::nullopt;
}

bool isAllOf(Value value, int64_t number) {
  auto numbers = numbersOf(value);
  return numbers &&
         llvm::all_of(*numbers, [&](int64_t n) { return n == number; });
}

bool sameStaticType(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.hasStaticShape() &&
         op->getOperand(0).getType() == Type(type);
}

/// Dropout of a model that infers, whose mask nobody reads.
bool isIdleDropout(onnx::DropoutOp op) {
  Value training = op->getOperand(2);
  bool trains = !onnx::isAbsent(training);
  if (ElementsAttr mode = trains ? onnx::constantData(training) : nullptr)
    if (auto tensor = ConstantTensor::get(mode, 64))
      trains = llvm::any_of(tensor->bytes(), [](char c) { return c != 0; });
  return !trains && op->getResult(1).use_empty();
}

/// Transpose that leaves every axis, but for those of extent 1, in order.
bool isIdleTranspose(onnx::TransposeOp op) {
  auto order = op->getAttrOfType<DenseI64ArrayAttr>("perm");
  return order && llvm::is_sorted(order.asArrayRef()) &&
         op->getOperand(0).getType() == op->getResult(0).getType();
}

/// Whether the first result of `op` is its first operand.
bool isIdle(Operation *op) {
  if (op->getNumOperands() == 0 || op->getNumResults() == 0)
    return false;
  if (isa<onnx::IdentityOp>(op))
    return true;
  if (auto dropout = dyn_cast<onnx::DropoutOp>(op))
    return isIdleDropout(dropout);
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op))
    return isIdleTranspose(transpose);
  if (isa<onnx::CastOp, onnx::CastLikeOp>(op)) {
    auto from = dyn_cast<TensorType>(op->getOperand(0).getType());
    auto to = dyn_cast<TensorType>(op->getResult(0).getType());
    return from && to && from.getElementType() == to.getElementType();
  }
  if (isa<onnx::ConcatOp, onnx::SumOp, onnx::MaxOp, onnx::MinOp, onnx::MeanOp>(
          op))
    return op->getNumOperands() == 1;
  if (isa<onnx::ReshapeOp, onnx::ExpandOp, onnx::FlattenOp, onnx::SqueezeOp,
          onnx::UnsqueezeOp, onnx::TileOp>(op))
    return sameStaticType(op);
  if (isa<onnx::SliceOp>(op))
    return sameStaticType(op) &&
           (onnx::isAbsent(op->getOperand(4)) || isAllOf(op->getOperand(4), 1));
  if (isa<onnx::PadOp>(op))
    return isAllOf(op->getOperand(1), 0);
  return false;
}

/// Resize and others spell "absent" as an empty tensor.
void dropEmptyOperands(onnx::ResizeOp op) {
  for (OpOperand &operand : op->getOpOperands().drop_front()) {
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (!type || !type.hasStaticShape() || type.getRank() != 1 ||
        type.getDimSize(0) != 0)
      continue;
    OpBuilder builder(op);
    operand.set(onnx::NoValueOp::create(
        builder, op->getLoc(), TypeRange(builder.getNoneType()), ValueRange{}));
  }
}

/// Unused operations go last to first, so that their operands go as well.
void simplifyBlock(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (!isa_and_nonnull<onnx::OnnxDialect>(op.getDialect()))
      continue;
    for (Region &region : op.getRegions())
      if (!region.empty())
        simplifyBlock(region.front());
    if (auto resize = dyn_cast<onnx::ResizeOp>(op))
      dropEmptyOperands(resize);
    if (!isIdle(&op))
      continue;
    op.getResult(0).replaceAllUsesWith(op.getOperand(0));
    // Dropout would count as a drawing of random numbers.
    if (op.use_empty())
      op.erase();
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isa_and_nonnull<onnx::OnnxDialect>(op.getDialect()) &&
        isOpTriviallyDead(&op))
      op.erase();
}

struct SimplifyPass : impl::SimplifyPassBase<SimplifyPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    simplifyBlock(function.getBody().front());
    updateSignature(function);
  }
};

} // namespace
} // namespace tegula::frontend
