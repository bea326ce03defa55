//===- Quads.cpp - Quantised matrices as quads of bytes -------------------===//

#include "Quads.h"

#include "Convert.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "tegula/LowPrecision/IR/Steps.h"

#include <cstring>

using namespace mlir;

namespace tegula::graph {

static Value makeConstant(OpBuilder &b, Location loc, StringRef name,
                          ArrayRef<int64_t> shape,
                          ArrayRef<uint32_t> elements) {
  size_t size = elements.size() * sizeof(uint32_t);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size, /*align=*/64,
                                                       /*dataIsMutable=*/true);
  std::memcpy(blob.getMutableData().data(), elements.data(), size);
  auto type = RankedTensorType::get(shape, b.getI32Type());
  return arith::ConstantOp::create(
      b, loc, DenseResourceElementsAttr::get(type, name, std::move(blob)));
}

FailureOr<QuadWeights> quadWeights(OpBuilder &b, Location loc,
                                   const QuantisedTensor &weights) {
  auto type = cast<RankedTensorType>(weights.value.getType());
  ArrayRef<char> bytes = constantBytes(weights.value);
  std::optional<int64_t> zero = commonZero(weights);
  if (type.getRank() != 2 || !zero || bytes.empty() ||
      int64_t(bytes.size()) != type.getNumElements() ||
      type.getDimSize(0) % 4 != 0)
    return failure();
  int64_t positions = type.getDimSize(0) / 4, columns = type.getDimSize(1);
  bool isUnsigned = isUnsignedElement(weights.element);
  std::vector<uint32_t> quads(positions * columns, 0), sums(columns, 0);
  for (auto [i, byte] : llvm::enumerate(bytes)) {
    int64_t value =
        (isUnsigned ? int64_t(uint8_t(byte)) : int64_t(int8_t(byte))) - *zero;
    if (value < INT8_MIN || value > INT8_MAX)
      return failure();
    int64_t k = i / columns, n = i % columns;
    quads[k / 4 * columns + n] |= uint32_t(uint8_t(value)) << (k % 4 * 8);
    sums[n] += uint32_t(value);
  }
  // A step takes 4/5 of the time of the two steps of pairs. The schedule's
  // panels are not known yet; these are the common ones.
  constexpr int64_t kPanel = 16;
  int64_t fewest = positions * llvm::divideCeil(columns, kPanel);
  if (lp::countSteps(quads, positions, columns, kPanel) > fewest * 6 / 5)
    return failure();
  return QuadWeights{makeConstant(b, loc, "quads", {positions, columns}, quads),
                     makeConstant(b, loc, "sums", {columns}, sums)};
}

/// A byte of the onnx type `element` as an unsigned one, in i32.
static Value unsignedByte(OpBuilder &b, Location loc, Value byte,
                          Type element) {
  Type i32 = b.getI32Type();
  Value wide = convertScalar(b, loc, byte, element, i32);
  if (isUnsignedElement(element))
    return wide;
  return arith::AddIOp::create(b, loc, wide, constantOf(b, loc, i32, 128));
}

Value quadsOfRows(OpBuilder &b, Location loc, const QuantisedTensor &tensor) {
  Dims dims = dimsOf(b, loc, tensor.value);
  int64_t rank = dims.size();
  auto type = cast<RankedTensorType>(tensor.value.getType());
  dims.back() = b.getIndexAttr(type.getShape().back() / 4);
  SmallVector<AffineMap> maps;
  for (int64_t byte = 0; byte != 4; ++byte) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i != rank; ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    exprs.back() = exprs.back() * 4 + byte;
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value empty = emptyTensor(b, loc, dims, b.getI32Type());
  SmallVector<Value> inputs(4, tensor.value);
  return linalg::GenericOp::create(
             b, loc, empty.getType(), inputs, empty, maps, iterators,
             [&](OpBuilder &b, Location loc, ValueRange v) {
               Value quad;
               for (int64_t byte = 0; byte != 4; ++byte) {
                 Value part = unsignedByte(b, loc, v[byte], tensor.element);
                 part = arith::ShLIOp::create(
                     b, loc, part,
                     constantOf(b, loc, b.getI32Type(), 8 * byte));
                 quad = quad ? arith::OrIOp::create(b, loc, quad, part) : part;
               }
               linalg::YieldOp::create(b, loc, quad);
             })
      .getResult(0);
}

Value withoutZeros(OpBuilder &b, Location loc, Value sum,
                   const QuantisedTensor &lhs, Value columnSums) {
  bool isUnsigned = isUnsignedElement(lhs.element);
  if (!lhs.zero && isUnsigned)
    return sum;
  SmallVector<Value> inputs = {sum, columnSums};
  if (lhs.zero)
    inputs.push_back(lhs.zero);
  Type i32 = b.getI32Type();
  return elementwiseStored(
      b, loc, inputs, i32,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value zero = lhs.zero ? unsignedByte(b, loc, v[2], lhs.element)
                              : constantOf(b, loc, i32, 128);
        Value product = arith::MulIOp::create(b, loc, zero, v[1]);
        return arith::SubIOp::create(b, loc, v[0], product);
      });
}

} // namespace tegula::graph
