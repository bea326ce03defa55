//===- Indices.cpp - Integer tensors that are used as indices -------------===//

#include "Indices.h"

#include "tegula/Graph/IR/Graph.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

Value toIndex(OpBuilder &b, Location loc, Value integer) {
  if (isa<IndexType>(integer.getType()))
    return integer;
  // Extents that went through an i64 tensor stay the extents they were.
  if (auto cast = integer.getDefiningOp<arith::IndexCastOp>();
      cast && integer.getType().isInteger(64))
    return cast.getIn();
  return b.createOrFold<arith::IndexCastOp>(loc, b.getIndexType(), integer);
}

Value fromIndex(OpBuilder &b, Location loc, OpFoldResult index, Type type) {
  return b.createOrFold<arith::IndexCastOp>(loc, type, asValue(b, loc, index));
}

Value indexConstant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

/// Looks at most `depth` operations back.
static bool isNonNegative(Value index, int depth) {
  if (auto known = getConstantIntValue(index))
    return *known >= 0;
  Operation *op = index.getDefiningOp();
  if (!op || depth == 0)
    return false;
  if (isa<tensor::DimOp, linalg::IndexOp>(op))
    return true;
  auto operandIs = [&](Value operand) {
    return isNonNegative(operand, depth - 1);
  };
  if (isa<arith::MaxSIOp>(op))
    return llvm::any_of(op->getOperands(), operandIs);
  if (isa<arith::AddIOp, arith::MulIOp, arith::DivSIOp, arith::RemSIOp,
          arith::RemUIOp, arith::MinSIOp>(op))
    return llvm::all_of(op->getOperands(), operandIs);
  if (isa<arith::SelectOp>(op))
    return llvm::all_of(op->getOperands().drop_front(), operandIs);
  return false;
}

bool isNonNegative(Value index) { return isNonNegative(index, /*depth=*/6); }

Value addIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}
Value subIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(loc, x, y);
}
Value mulIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::MulIOp>(loc, x, y);
}
Value minIndex(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(loc, x, y);
}
Value maxIndex(OpBuilder &b, Location loc, Value x, Value y) {
  if (isZeroInteger(x) && isNonNegative(y))
    return y;
  if (isZeroInteger(y) && isNonNegative(x))
    return x;
  return b.createOrFold<arith::MaxSIOp>(loc, x, y);
}
Value compareIndex(OpBuilder &b, Location loc, arith::CmpIPredicate predicate,
                   Value x, Value y) {
  if (isZeroInteger(y) && isNonNegative(x)) {
    if (predicate == arith::CmpIPredicate::slt)
      return arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
    if (predicate == arith::CmpIPredicate::sge)
      return arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  }
  return b.createOrFold<arith::CmpIOp>(loc, predicate, x, y);
}
Value selectOf(OpBuilder &b, Location loc, Value condition, Value x, Value y) {
  return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
}

Dims indicesOf(OpBuilder &b, Location loc, Value tensor) {
  Dims out;
  if (cast<RankedTensorType>(tensor.getType()).getNumElements() == 0)
    return out;
  for (Value element : elementsOf(b, loc, tensor))
    out.push_back(getAsOpFoldResult(toIndex(b, loc, element)));
  return out;
}

std::optional<SmallVector<int64_t>>
constantIndicesOf(OpBuilder &b, Location loc, Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isInteger())
    return std::nullopt;
  return getConstantIntValues(indicesOf(b, loc, tensor));
}

Value wrapNegative(OpBuilder &b, Location loc, Value index, Value extent) {
  Value negative = compareIndex(b, loc, arith::CmpIPredicate::slt, index,
                                indexConstant(b, loc, 0));
  return selectOf(b, loc, negative, addIndex(b, loc, index, extent), index);
}

Value clampIndex(OpBuilder &b, Location loc, Value index, Value low,
                 Value high) {
  return maxIndex(b, loc, low, minIndex(b, loc, index, high));
}

Value safePosition(OpBuilder &b, Location loc, Value integer, Value extent) {
  Value index = wrapNegative(b, loc, toIndex(b, loc, integer), extent);
  Value last = subIndex(b, loc, extent, indexConstant(b, loc, 1));
  return clampIndex(b, loc, index, indexConstant(b, loc, 0), last);
}

void checkThat(OpBuilder &b, Location loc, Value condition, StringRef message) {
  APInt known;
  if (matchPattern(condition, m_ConstantInt(&known)) && known.isOne())
    return;
  CheckOp::create(b, loc, condition, b.getStringAttr(message));
}

/// Whether constant indices are in range; nothing when they are not known.
static std::optional<bool> knownInRange(Value indices, OpFoldResult extent) {
  DenseIntElementsAttr data;
  std::optional<int64_t> bound = getConstantIntValue(extent);
  if (!bound || !matchPattern(indices, m_Constant(&data)))
    return std::nullopt;
  return llvm::all_of(data.getValues<APInt>(), [&](const APInt &value) {
    return value.getSExtValue() >= -*bound && value.getSExtValue() < *bound;
  });
}

void checkIndices(OpBuilder &b, Location loc, Value indices,
                  OpFoldResult extent, StringRef message) {
  auto type = cast<RankedTensorType>(indices.getType());
  if (knownInRange(indices, extent).value_or(false))
    return;
  Value bound = fromIndex(b, loc, extent, type.getElementType());
  Value zero = b.createOrFold<arith::ConstantOp>(
      loc, b.getIntegerAttr(type.getElementType(), 0));
  Value low = b.createOrFold<arith::SubIOp>(loc, zero, bound);
  auto inRange = [&](OpBuilder &b, Location loc, Value index) -> Value {
    Value above = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sge,
                                                index, low);
    Value below = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::slt,
                                                index, bound);
    return b.createOrFold<arith::AndIOp>(loc, above, below);
  };
  if (isScalarized(type)) {
    for (Value index : elementsOf(b, loc, indices))
      checkThat(b, loc, inRange(b, loc, index), message);
    return;
  }
  Value one = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(1));
  Value good = reduce(b, loc, indices,
                      llvm::to_vector(llvm::seq<int64_t>(type.getRank())), one,
                      [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
                        Value ok = arith::ExtUIOp::create(
                            b, loc, b.getI8Type(), inRange(b, loc, x[0]));
                        return arith::AndIOp::create(b, loc, x[1], ok);
                      });
  Value flag = tensor::ExtractOp::create(b, loc, good, ValueRange{});
  checkThat(b, loc,
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, flag, one),
            message);
}

Dims refined(OpBuilder &b, ArrayRef<OpFoldResult> dims, Type type) {
  Dims out(dims);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() != int64_t(dims.size()))
    return out;
  for (auto [index, extent] : llvm::enumerate(tensor.getShape()))
    if (!ShapedType::isDynamic(extent))
      out[index] = b.getIndexAttr(extent);
  return out;
}

} // namespace tegula::graph
