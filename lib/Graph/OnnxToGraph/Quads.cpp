//===- Quads.cpp - Quantised matrices as quads of bytes -------------------===//

#include "Quads.h"

#include "Convert.h"

#include "tegula/Graph/IR/Constants.h"
#include "tegula/LowPrecision/IR/Steps.h"

using namespace mlir;

namespace tegula::graph {

static Value constantOfWords(OpBuilder &b, Location loc, StringRef name,
                             ArrayRef<int64_t> shape,
                             ArrayRef<uint32_t> words) {
  auto type = RankedTensorType::get(shape, b.getI32Type());
  return arith::ConstantOp::create(b, loc, makeConstant(type, name, words));
}

FailureOr<QuadWeights> quadWeights(OpBuilder &b, Location loc,
                                   const QuantisedTensor &weights, int64_t k,
                                   const ConvertOptions &options) {
  auto type = cast<RankedTensorType>(weights.value.getType());
  ArrayRef<char> bytes = constantBytes(weights.value);
  std::optional<int64_t> zero = commonZero(weights);
  if (!zero || bytes.empty() ||
      int64_t(bytes.size()) != type.getNumElements() ||
      type.getDimSize(k) % 4 != 0)
    return failure();
  SmallVector<int64_t> shape(type.getShape());
  shape[k] /= 4;
  int64_t n = shape[1 - k], positions = type.getNumElements() / 4 / n;
  int64_t inner = ShapedType::getNumElements(type.getShape().drop_front(k + 1));
  bool isUnsigned = isUnsignedElement(weights.element);
  std::vector<uint32_t> quads(positions * n, 0), sums(n, 0);
  for (int64_t slice = 0, i = 0; i != int64_t(bytes.size()); ++slice)
    for (int64_t within = 0; within != inner; ++within, ++i) {
      int64_t byte =
          isUnsigned ? int64_t(uint8_t(bytes[i])) : int64_t(int8_t(bytes[i]));
      int64_t value = byte - *zero;
      if (value < INT8_MIN || value > INT8_MAX)
        return failure();
      quads[slice / 4 * inner + within] |= uint32_t(uint8_t(value))
                                           << (slice % 4 * 8);
      sums[k == 0 ? within : slice / type.getDimSize(k)] += uint32_t(value);
    }
  // A step takes 4/5 of the time of the two steps of pairs. The schedule's
  // panels are not known yet; these are the common ones.
  int64_t panel = k == 0 ? 16 : 6;
  lp::QuadMatrix matrix = {quads, positions, n, k == 0 ? n : 1,
                           k == 0 ? 1 : positions};
  int64_t fewest = positions * llvm::divideCeil(n, panel);
  if (!options.exactByteDots && lp::countSteps(matrix, panel) > fewest * 6 / 5)
    return failure();
  return QuadWeights{constantOfWords(b, loc, "quads", shape, quads),
                     constantOfWords(b, loc, "sums", {n}, sums)};
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

Value quadsAlong(OpBuilder &b, Location loc, const QuantisedTensor &tensor,
                 int64_t dim) {
  Dims dims = dimsOf(b, loc, tensor.value);
  int64_t rank = dims.size();
  auto type = cast<RankedTensorType>(tensor.value.getType());
  dims[dim] = b.getIndexAttr(type.getDimSize(dim) / 4);
  SmallVector<AffineMap> maps;
  for (int64_t byte = 0; byte != 4; ++byte) {
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i != rank; ++i)
      exprs.push_back(b.getAffineDimExpr(i));
    exprs[dim] = exprs[dim] * 4 + byte;
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
                   const QuantisedTensor &lhs, Value sums) {
  bool isUnsigned = isUnsignedElement(lhs.element);
  if (!lhs.zero && isUnsigned)
    return sum;
  SmallVector<Value> inputs = {sum, sums};
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
