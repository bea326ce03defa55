//===- ElementType.cpp - What memory holds and what is computed -----------===//

#include "ElementType.h"

#include "SmallFloat.h"

#include "tegula/Frontend/IR/Onnx.h"

using namespace mlir;

namespace tegula::graph {

Type storageType(Type element) {
  if (isa<onnx::StringType>(element))
    return {};
  if (isSmallFloat(element))
    return IntegerType::get(element.getContext(), 8);
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(),
                            std::max(8u, integer.getWidth()));
  return element;
}

Type computeType(Type element) {
  if (element.isInteger(1))
    return element;
  if (auto type = dyn_cast<FloatType>(element); type && type.getWidth() < 32)
    return Float32Type::get(element.getContext());
  return storageType(element);
}

bool isUnsignedElement(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

Value toCompute(OpBuilder &b, Location loc, Value stored, Type element) {
  if (element.isInteger(1)) {
    Value zero = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, stored,
                                 zero);
  }
  Type wanted = computeType(element);
  if (stored.getType() == wanted)
    return stored;
  if (isSmallFloat(element))
    return decodeSmallFloat(b, loc, stored, cast<FloatType>(element));
  return arith::ExtFOp::create(b, loc, wanted, stored);
}

Value toStorage(OpBuilder &b, Location loc, Value computed, Type element) {
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, loc, b.getI8Type(), computed);
  Type wanted = storageType(element);
  if (computed.getType() == wanted)
    return computed;
  if (isSmallFloat(element))
    return encodeSmallFloat(b, loc, computed, cast<FloatType>(element));
  return arith::TruncFOp::create(b, loc, element, computed);
}

Value constantOf(OpBuilder &b, Location loc, Type element, double value) {
  Type type = computeType(element);
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

static Value limitOf(OpBuilder &b, Location loc, Type element, bool highest) {
  Type type = computeType(element);
  if (auto floating = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, loc,
        b.getFloatAttr(type, APFloat::getInf(floating.getFloatSemantics(),
                                             /*Negative=*/!highest)));
  unsigned width = type.getIntOrFloatBitWidth();
  unsigned used = std::min(width, element.getIntOrFloatBitWidth());
  APInt limit(width, 0);
  if (isUnsignedElement(element))
    limit = highest ? APInt::getMaxValue(used).zext(width) : limit;
  else
    limit = (highest ? APInt::getSignedMaxValue(used)
                     : APInt::getSignedMinValue(used))
                .sext(width);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, limit));
}

Value lowestOf(OpBuilder &b, Location loc, Type element) {
  return limitOf(b, loc, element, /*highest=*/false);
}

Value highestOf(OpBuilder &b, Location loc, Type element) {
  return limitOf(b, loc, element, /*highest=*/true);
}

} // namespace tegula::graph
