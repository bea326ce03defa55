//===- Pairs.cpp - Quantised tensors as pairs of 16-bit integers ----------===//

#include "Pairs.h"

#include "Convert.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "tegula/Graph/IR/Constants.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

using namespace mlir;

namespace tegula::graph {

std::optional<int64_t> commonZero(const QuantisedTensor &tensor) {
  if (!tensor.zero)
    return 0;
  Value zero = tensor.zero;
  while (auto reshape = zero.getDefiningOp())
    if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(reshape))
      zero = reshape->getOperand(0);
    else
      break;
  ArrayRef<char> bytes = constantBytes(zero);
  if (bytes.empty() || !llvm::all_equal(bytes))
    return std::nullopt;
  return isUnsignedElement(tensor.element) ? int64_t(uint8_t(bytes.front()))
                                           : int64_t(int8_t(bytes.front()));
}

/// A constant's pairs, or null.
static Value constantPairs(OpBuilder &b, Location loc,
                           const QuantisedTensor &tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.value.getType());
  ArrayRef<char> bytes = constantBytes(tensor.value);
  std::optional<int64_t> zero = commonZero(tensor);
  if (bytes.empty() || !zero ||
      (int64_t(bytes.size()) != type.getNumElements() && bytes.size() != 1))
    return {};
  ArrayRef<int64_t> shape = type.getShape();
  int64_t extent = shape[dim], inner = 1;
  for (int64_t size : shape.drop_front(dim + 1))
    inner *= size;
  bool isUnsigned = isUnsignedElement(tensor.element);
  auto at = [&](int64_t outer, int64_t i, int64_t j) -> int64_t {
    if (i >= extent)
      return 0;
    int64_t position = (outer * extent + i) * inner + j;
    char byte = bytes[bytes.size() == 1 ? 0 : position];
    return (isUnsigned ? int64_t(uint8_t(byte)) : int64_t(int8_t(byte))) -
           *zero;
  };
  SmallVector<int64_t> pairShape(shape);
  pairShape[dim] = llvm::divideCeil(extent, 2);
  auto pairType = RankedTensorType::get(pairShape, b.getI32Type());
  std::vector<uint32_t> pairs;
  pairs.reserve(pairType.getNumElements());
  int64_t outers = type.getNumElements() / std::max<int64_t>(extent * inner, 1);
  for (int64_t outer = 0; outer != outers; ++outer)
    for (int64_t pair = 0; pair != pairShape[dim]; ++pair)
      for (int64_t j = 0; j != inner; ++j)
        pairs.push_back(uint32_t(uint16_t(at(outer, 2 * pair, j))) |
                        uint32_t(uint16_t(at(outer, 2 * pair + 1, j))) << 16);
  return arith::ConstantOp::create(
      b, loc, makeConstant(pairType, "pairs", ArrayRef(pairs)));
}

/// `value` with zero points (elements of them) taken off: i32.
static Value centred(OpBuilder &b, Location loc, Value value, Value zero,
                     Type element) {
  Type i32 = b.getI32Type();
  Value wide = convertScalar(b, loc, value, element, i32);
  if (!zero)
    return wide;
  return arith::SubIOp::create(b, loc, wide,
                               convertScalar(b, loc, zero, element, i32));
}

/// The same values as 16-bit integers, one zero more along `dim`.
static Value filledUp(OpBuilder &b, Location loc, const QuantisedTensor &tensor,
                      int64_t dim) {
  SmallVector<Value> inputs = {tensor.value};
  if (tensor.zero)
    inputs.push_back(tensor.zero);
  Value narrow = elementwiseStored(
      b, loc, inputs, b.getI16Type(),
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value wide = centred(b, loc, v[0], v.size() > 1 ? v[1] : Value(),
                             tensor.element);
        return arith::TruncIOp::create(b, loc, b.getI16Type(), wide);
      });
  auto type = cast<RankedTensorType>(narrow.getType());
  SmallVector<OpFoldResult> low(type.getRank(), b.getIndexAttr(0)), high = low;
  high[dim] = b.getIndexAttr(1);
  SmallVector<int64_t> shape(type.getShape());
  ++shape[dim];
  Value zero =
      arith::ConstantOp::create(b, loc, b.getIntegerAttr(b.getI16Type(), 0));
  return tensor::PadOp::create(b, loc, type.clone(shape), narrow, low, high,
                               zero);
}

Value pairsAlong(OpBuilder &b, Location loc, const QuantisedTensor &tensor,
                 int64_t dim) {
  if (Value constant = constantPairs(b, loc, tensor, dim))
    return constant;
  auto type = cast<RankedTensorType>(tensor.value.getType());
  if (type.getDimSize(dim) % 2 != 0)
    return pairsAlong(b, loc,
                      {filledUp(b, loc, tensor, dim), {}, b.getI16Type()}, dim);
  Dims dims = dimsOf(b, loc, tensor.value);
  dims[dim] = b.getIndexAttr(type.getDimSize(dim) / 2);
  int64_t rank = dims.size();
  auto half = [&](int64_t which) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i != rank; ++i)
      exprs.push_back(i == dim ? b.getAffineDimExpr(i) * 2 + which
                               : b.getAffineDimExpr(i));
    return AffineMap::get(rank, 0, exprs, b.getContext());
  };
  SmallVector<Value> inputs = {tensor.value, tensor.value};
  SmallVector<AffineMap> maps = {half(0), half(1)};
  if (tensor.zero) {
    Dims zeros = dimsOf(b, loc, tensor.zero);
    SmallVector<AffineExpr> exprs;
    for (auto [i, extent] : llvm::enumerate(zeros))
      exprs.push_back(isConstantIntValue(extent, 1)
                          ? b.getAffineConstantExpr(0)
                          : b.getAffineDimExpr(rank - zeros.size() + i));
    inputs.push_back(tensor.zero);
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value empty = emptyTensor(b, loc, dims, b.getI32Type());
  return linalg::GenericOp::create(
             b, loc, empty.getType(), inputs, empty, maps, iterators,
             [&](OpBuilder &b, Location loc, ValueRange v) {
               Value zero = tensor.zero ? v[2] : Value();
               Value low = centred(b, loc, v[0], zero, tensor.element);
               Value high = centred(b, loc, v[1], zero, tensor.element);
               auto constant = [&](int64_t value) -> Value {
                 return arith::ConstantOp::create(b, loc,
                                                  b.getI32IntegerAttr(value));
               };
               low = arith::AndIOp::create(b, loc, low, constant(0xffff));
               high = arith::ShLIOp::create(b, loc, high, constant(16));
               Value pair = arith::OrIOp::create(b, loc, low, high);
               linalg::YieldOp::create(b, loc, pair);
             })
      .getResult(0);
}

/// A contraction that sums by `DotOp`.
template <typename DotOp>
static Value contractByDot(OpBuilder &b, Location loc, Value lhs, Value rhs,
                           Value initial, ArrayRef<AffineMap> maps) {
  SmallVector<utils::IteratorType> iterators;
  for (unsigned i = 0; i < maps[2].getNumDims(); ++i)
    iterators.push_back(maps[2].isFunctionOfDim(i)
                            ? utils::IteratorType::parallel
                            : utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, loc, initial.getType(), ValueRange{lhs, rhs}, initial, maps,
             iterators,
             [](OpBuilder &b, Location loc, ValueRange v) {
               Value sum =
                   DotOp::create(b, loc, v[2].getType(), v[0], v[1], v[2]);
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

Value contractPairs(OpBuilder &b, Location loc, Value lhs, Value rhs,
                    Value initial, ArrayRef<AffineMap> maps) {
  return contractByDot<lp::DotOp>(b, loc, lhs, rhs, initial, maps);
}

Value contractQuads(OpBuilder &b, Location loc, Value lhs, Value rhs,
                    Value initial, ArrayRef<AffineMap> maps) {
  return contractByDot<lp::DotBytesOp>(b, loc, lhs, rhs, initial, maps);
}

} // namespace tegula::graph
