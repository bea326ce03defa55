//===- LowerMatMulNBits.cpp - Products with weights of few bits -----------===//
//
// com.microsoft.MatMulNBits: B is [N, blocks, blockSize * bits / 8] packed
// bytes, low bits first, with a scale (and zero point) per block. Constant
// weights stay packed, in lp.dequantize; others are unpacked at run time.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Patterns.h"
#include "Products.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The attributes and operands of one MatMulNBits.
struct NBits {
  int64_t n, k, bits, block;
  Value x, codes, scales, zeros, bias; ///< Lowered; zeros, bias may be null.
  Type element;                        ///< Of x, scales and bias.

  int64_t blocks() const { return llvm::divideCeil(k, block); }
};

/// The bytes of `value`, a constant, in another shape.
Value reshapedConstant(OpBuilder &b, Location loc, Value value,
                       ArrayRef<int64_t> shape) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto type = cast<RankedTensorType>(value.getType()).clone(shape);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
    return arith::ConstantOp::create(
        b, loc, DenseResourceElementsAttr::get(type, resource.getRawHandle()));
  return arith::ConstantOp::create(
      b, loc, cast<DenseElementsAttr>(constant.getValue()).reshape(type));
}

/// Zero points, packed as the codes are, as one byte each.
Value unpackedZeros(OpBuilder &b, Location loc, const NBits &op,
                    ArrayRef<char> bytes) {
  auto layout = lp::LayoutAttr::getRowMajor(b.getContext(), op.bits);
  lp::CodeTable table(layout, op.blocks());
  SmallVector<int8_t> zeros;
  for (int64_t n = 0; n != op.n; ++n)
    for (int64_t group = 0; group != op.blocks(); ++group)
      zeros.push_back(int8_t(table.read(bytes, n, group)));
  auto type = RankedTensorType::get({op.n, op.blocks()}, b.getI8Type());
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef(zeros)));
}

/// The weight as lp.dequantize of its codes, [K, N]; null unless they are
/// constants in whole blocks.
Value packedWeight(OpBuilder &b, Location loc, const NBits &op) {
  auto layout = lp::LayoutAttr::getRowMajor(b.getContext(), op.bits);
  constexpr int64_t kMaxExtent = int64_t(1) << 30;
  if (op.k % op.block != 0 || op.k > kMaxExtent || op.n > kMaxExtent ||
      !op.element.isF32() ||
      int64_t(constantBytes(op.scales).size()) != op.n * op.blocks() * 4)
    return {};
  int64_t size = layout.getBytes(op.n, op.k);
  if (int64_t(constantBytes(op.codes).size()) != size)
    return {};
  Value zeros;
  if (op.zeros) {
    ArrayRef<char> bytes = constantBytes(op.zeros);
    if (int64_t(bytes.size()) != layout.getBytes(op.n, op.blocks()))
      return {};
    zeros = unpackedZeros(b, loc, op, bytes);
  }
  Value codes = reshapedConstant(b, loc, op.codes, {size});
  Value scales = reshapedConstant(b, loc, op.scales, {op.n, op.blocks()});
  auto scheme = lp::SchemeAttr::get(b.getContext(), op.bits, op.block,
                                    int64_t(1) << (op.bits - 1));
  return lp::DequantizeOp::create(
      b, loc, RankedTensorType::get({op.k, op.n}, b.getF32Type()), codes,
      scales, zeros, layout, scheme);
}

/// Number `position` of those of `bits` bits each in consecutive bytes.
Value packedAt(OpBuilder &b, Location loc, Value bytes, ValueRange lead,
               Value position, int64_t bits) {
  SmallVector<Value> at(lead);
  Value perByte = indexConstant(b, loc, 8 / bits);
  at.push_back(arith::DivUIOp::create(b, loc, position, perByte));
  Value byte = tensor::ExtractOp::create(b, loc, bytes, at);
  Value wide = arith::ExtUIOp::create(b, loc, b.getI32Type(), byte);
  Value place = arith::RemUIOp::create(b, loc, position, perByte);
  Value shift = arith::MulIOp::create(
      b, loc, arith::IndexCastOp::create(b, loc, b.getI32Type(), place),
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(bits)));
  Value shifted = arith::ShRUIOp::create(b, loc, wide, shift);
  return arith::AndIOp::create(
      b, loc, shifted,
      arith::ConstantOp::create(b, loc, b.getI32IntegerAttr((1 << bits) - 1)));
}

/// The weight as [K, N] floats, computed at run time.
Value unpackedWeight(OpBuilder &b, Location loc, const NBits &op) {
  Dims rows = {b.getIndexAttr(op.n), b.getIndexAttr(op.blocks())};
  Value bytes =
      reshapeTo(b, loc, op.codes,
                {rows[0], rows[1], b.getIndexAttr(op.block * op.bits / 8)});
  Value scales = reshapeTo(b, loc, op.scales, rows), zeros;
  if (op.zeros)
    zeros =
        reshapeTo(b, loc, op.zeros,
                  {rows[0], b.getIndexAttr((op.blocks() * op.bits + 7) / 8)});
  return generate(
      b, loc, {b.getIndexAttr(op.k), b.getIndexAttr(op.n)}, b.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value size = indexConstant(b, loc, op.block);
        Value group = arith::DivUIOp::create(b, loc, at[0], size);
        Value inner = arith::RemUIOp::create(b, loc, at[0], size);
        Value value = packedAt(b, loc, bytes, {at[1], group}, inner, op.bits);
        Value zero =
            zeros ? packedAt(b, loc, zeros, {at[1]}, group, op.bits)
                  : Value(arith::ConstantOp::create(
                        b, loc, b.getI32IntegerAttr(1 << (op.bits - 1))));
        Value difference = arith::SubIOp::create(b, loc, value, zero);
        Value scale =
            tensor::ExtractOp::create(b, loc, scales, ValueRange{at[1], group});
        return arith::MulFOp::create(
            b, loc, arith::SIToFPOp::create(b, loc, b.getF32Type(), difference),
            toCompute(b, loc, scale, op.element));
      });
}

Value widened(OpBuilder &b, Location loc, Value x, Type element) {
  if (element.isF32())
    return x;
  return elementwise(b, loc, {{x, element}}, b.getF32Type(),
                     [](OpBuilder &, Location, ValueRange v) { return v[0]; });
}

struct LowerMatMulNBits : OnnxPattern<onnx::CustomOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::CustomOp op, Adaptor in, OpBuilder &b) const override {
    if (op.getDomain() != "com.microsoft" || op.getOpType() != "MatMulNBits")
      return refuse(op, "Tegula does not know the operator '" + op.getOpType() +
                            "' of domain '" + op.getDomain() + "'");
    auto attribute = [&](StringRef name, int64_t missing) -> int64_t {
      auto value = op->getAttrOfType<IntegerAttr>(name);
      return value ? value.getValue().getSExtValue() : missing;
    };
    NBits nBits;
    nBits.n = attribute("N", 0);
    nBits.k = attribute("K", 0);
    nBits.bits = attribute("bits", 4);
    nBits.block = attribute("block_size", 0);
    ValueRange inputs = in.getInputs();
    if (inputs.size() < 3 || !llvm::is_contained({2, 4, 8}, nBits.bits) ||
        nBits.block < 1 || nBits.block * nBits.bits % 8 != 0 || nBits.n < 1 ||
        nBits.k < 1)
      return refuse(op, "MatMulNBits: bits, block_size, N or K are not usable");
    auto input = [&](size_t i) {
      return inputs.size() > i && !onnx::isAbsent(inputs[i]) ? inputs[i]
                                                             : Value();
    };
    nBits.x = inputs[0];
    nBits.codes = inputs[1];
    nBits.scales = inputs[2];
    nBits.zeros = input(3);
    nBits.bias = input(5);
    nBits.element = elementOf(op.getInputs()[0]);
    if (nBits.zeros && !elementOf(op.getInputs()[3]).isUnsignedInteger(8))
      return refuse(op, "MatMulNBits: zero points that are not packed bytes");
    if (input(4))
      return refuse(op, "MatMulNBits: a group index is not supported");
    return product(op, nBits, b);
  }

private:
  Lowered product(onnx::CustomOp op, const NBits &nBits, OpBuilder &b) const {
    Location loc = op.getLoc();
    Type f32 = b.getF32Type(), element = nBits.element;
    Value weight = packedWeight(b, loc, nBits);
    if (!weight)
      weight = unpackedWeight(b, loc, nBits);
    auto sum =
        matrixProduct(b, loc, widened(b, loc, nBits.x, element), weight, f32);
    if (failed(sum))
      return refuse(op, "MatMulNBits: the input is a scalar");
    SmallVector<TypedTensor> terms = {{*sum, f32}};
    if (nBits.bias)
      terms.push_back({nBits.bias, element});
    return SmallVector<Value>{
        elementwise(b, loc, terms, element,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      if (v.size() == 1)
                        return v[0];
                      return arith::AddFOp::create(b, loc, v[0], v[1]);
                    })};
  }
};

} // namespace

void populateMatMulNBitsPatterns(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerMatMulNBits>(converter, patterns.getContext());
}

} // namespace tegula::graph
