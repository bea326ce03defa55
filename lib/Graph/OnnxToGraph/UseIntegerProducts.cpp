//===- UseIntegerProducts.cpp - Integer products of quantised tensors -----===//

#include "tegula/Graph/OnnxToGraph/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Graph/IR/Constants.h"

#include <cstring>

namespace tegula::graph {
#define GEN_PASS_DEF_USEINTEGERPRODUCTSPASS
#include "tegula/Graph/OnnxToGraph/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula;

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// The elements of a constant of floats, or none.
static SmallVector<float> floatsOf(Value value) {
  ElementsAttr data = onnx::constantData(value);
  if (!data || !data.getElementType().isF32())
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(data))
    return llvm::to_vector(dense.getValues<float>());
  ArrayRef<char> bytes = graph::bytesOf(data);
  SmallVector<float> floats(bytes.size() / sizeof(float));
  std::memcpy(floats.data(), bytes.data(), floats.size() * sizeof(float));
  return floats;
}

static Value makeWeight(OpBuilder &b, Location loc, DenseElementsAttr data) {
  return onnx::WeightOp::create(b, loc, TypeRange(data.getType()), ValueRange(),
                                b.getNamedAttr("value", data));
}

/// A constant matrix of bytes with rows and columns exchanged, or null.
static Value transposed(OpBuilder &b, Location loc, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  ArrayRef<char> bytes = graph::bytesOf(onnx::constantData(value));
  if (!type || type.getRank() != 2 || !type.hasStaticShape() ||
      int64_t(bytes.size()) != type.getNumElements())
    return {};
  int64_t rows = type.getDimSize(0), columns = type.getDimSize(1);
  auto write = [&](MutableArrayRef<char> out) {
    for (int64_t i = 0; i != rows; ++i)
      for (int64_t j = 0; j != columns; ++j)
        out[j * rows + i] = bytes[i * columns + j];
  };
  ElementsAttr data =
      graph::makeConstant(type.clone({columns, rows}), "transposed", write);
  return onnx::WeightOp::create(b, loc, TypeRange(data.getType()), ValueRange(),
                                b.getNamedAttr("value", data));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

static Type elementOf(Value value) {
  return cast<TensorType>(value.getType()).getElementType();
}

/// The dequantisation that makes `value` from 8-bit integers, with constant
/// scales, or null.
static onnx::DequantizeLinearOp dequantisedBytes(Value value) {
  auto op = value.getDefiningOp<onnx::DequantizeLinearOp>();
  if (!op || op.getBlockSize() != 0 || !elementOf(op.getY()).isF32() ||
      !elementOf(op.getX()).isInteger(8) ||
      !isa<RankedTensorType>(op.getX().getType()) ||
      floatsOf(op.getXScale()).empty())
    return {};
  return op;
}

namespace {

/// `x` with one scale times constant weights `w`.
struct QuantisedProduct {
  onnx::DequantizeLinearOp x, w;
  /// Of the sum of each column or filter, or one for all.
  SmallVector<float> scales;

  /// `axis` is the dimension of the weights that is not summed. Fails with a
  /// reason.
  static FailureOr<QuantisedProduct> match(Operation *op, int64_t axis,
                                           PatternRewriter &rewriter) {
    QuantisedProduct product = {dequantisedBytes(op->getOperand(0)),
                                dequantisedBytes(op->getOperand(1)),
                                {}};
    if (!product.x || !product.w)
      return rewriter.notifyMatchFailure(op, "operands are not dequantised");
    auto type = cast<RankedTensorType>(product.w.getX().getType());
    if (!onnx::constantData(product.w.getX()) || type.getRank() < 2)
      return rewriter.notifyMatchFailure(op, "the weights are not constant");
    SmallVector<float> xScale = floatsOf(product.x.getXScale());
    product.scales = floatsOf(product.w.getXScale());
    int64_t rank = type.getRank();
    bool alongAxis = (product.w.getAxis() + rank) % rank == axis;
    if (xScale.size() != 1 || (product.scales.size() != 1 && !alongAxis))
      return rewriter.notifyMatchFailure(op, "scales differ within a sum");
    for (float &scale : product.scales)
      scale *= xScale.front();
    return product;
  }

  /// The scaled `sum`, a tensor of i32, plus `bias` (may be absent). Scales and
  /// bias have `trailing` dimensions after that of columns or filters.
  Value finish(PatternRewriter &b, Location loc, Value sum, Value bias,
               int64_t trailing, Type resultType) const {
    auto shaped = [&](int64_t size) {
      SmallVector<int64_t> shape(trailing + 1, 1);
      shape[0] = size;
      return RankedTensorType::get(shape, b.getF32Type());
    };
    auto si64 = [&](int64_t value) {
      return b.getIntegerAttr(b.getIntegerType(64, /*isSigned=*/true), value);
    };
    constexpr int64_t kFloat = 1; // TensorProto.FLOAT
    Value real = onnx::CastOp::create(b, loc, resultType, sum,
                                      b.getNamedAttr("to", si64(kFloat)));
    Value factors = makeWeight(
        b, loc,
        DenseElementsAttr::get(shaped(scales.size()), ArrayRef(scales)));
    Value result =
        onnx::MulOp::create(b, loc, resultType, ValueRange{real, factors});
    if (onnx::isAbsent(bias))
      return result;
    auto biasType = cast<RankedTensorType>(bias.getType());
    if (trailing != 0) {
      SmallVector<int64_t> shape(trailing + 1, 1);
      shape[0] = -1;
      Value wanted = makeWeight(
          b, loc,
          DenseElementsAttr::get(
              RankedTensorType::get({trailing + 1},
                                    b.getIntegerType(64, /*isSigned=*/true)),
              ArrayRef(shape)));
      bias = onnx::ReshapeOp::create(b, loc,
                                     TypeRange(shaped(biasType.getDimSize(0))),
                                     ValueRange{bias, wanted});
    }
    return onnx::AddOp::create(b, loc, resultType, ValueRange{result, bias});
  }
};

/// `type` with elements of i32, as ONNX names them.
Type integersLike(Type type) {
  return cast<TensorType>(type).clone(
      IntegerType::get(type.getContext(), 32, IntegerType::Signed));
}

struct IntegerConv : OpRewritePattern<onnx::ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto product = QuantisedProduct::match(op, /*axis=*/0, rewriter);
    if (failed(product))
      return failure();
    auto filter = cast<RankedTensorType>(product->w.getX().getType());
    if (filter.getDimSize(1) == 1)
      return rewriter.notifyMatchFailure(op, "no sum over channels");
    if (!onnx::isAbsent(op.getB()) &&
        !isa<RankedTensorType>(op.getB().getType()))
      return rewriter.notifyMatchFailure(op, "a bias of unknown shape");
    Type type = op.getY().getType();
    Value sum = onnx::ConvIntegerOp::create(
        rewriter, op.getLoc(), integersLike(type),
        ValueRange{product->x.getX(), product->w.getX(),
                   product->x.getXZeroPoint(), product->w.getXZeroPoint()},
        op->getAttrs());
    rewriter.replaceOp(op,
                       product->finish(rewriter, op.getLoc(), sum, op.getB(),
                                       filter.getRank() - 2, type));
    return success();
  }
};

struct IntegerMatMul : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    auto weight = dyn_cast<RankedTensorType>(op.getB().getType());
    if (!weight || weight.getRank() != 2)
      return rewriter.notifyMatchFailure(op, "the weight is not a matrix");
    auto product = QuantisedProduct::match(op, /*axis=*/1, rewriter);
    if (failed(product))
      return failure();
    Type type = op.getY().getType();
    Value sum = onnx::MatMulIntegerOp::create(
        rewriter, op.getLoc(), integersLike(type),
        ValueRange{product->x.getX(), product->w.getX(),
                   product->x.getXZeroPoint(), product->w.getXZeroPoint()});
    Value absent = onnx::NoValueOp::create(
        rewriter, op.getLoc(), rewriter.getNoneType(), ValueRange());
    rewriter.replaceOp(op, product->finish(rewriter, op.getLoc(), sum, absent,
                                           /*trailing=*/0, type));
    return success();
  }
};

struct IntegerGemm : OpRewritePattern<onnx::GemmOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(onnx::GemmOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getTransA() || op.getAlpha().convertToFloat() != 1 ||
        op.getBeta().convertToFloat() != 1)
      return rewriter.notifyMatchFailure(op, "not a plain product");
    auto product =
        QuantisedProduct::match(op, /*axis=*/op.getTransB() ? 0 : 1, rewriter);
    if (failed(product))
      return failure();
    if (!onnx::isAbsent(op.getC()) &&
        !isa<RankedTensorType>(op.getC().getType()))
      return rewriter.notifyMatchFailure(op, "a bias of unknown shape");
    Value weight = product->w.getX();
    if (op.getTransB())
      weight = transposed(rewriter, op.getLoc(), weight);
    if (!weight)
      return rewriter.notifyMatchFailure(op,
                                         "the weights' bytes are not known");
    Type type = op.getY().getType();
    Value sum = onnx::MatMulIntegerOp::create(
        rewriter, op.getLoc(), integersLike(type),
        ValueRange{product->x.getX(), weight, product->x.getXZeroPoint(),
                   product->w.getXZeroPoint()});
    rewriter.replaceOp(op, product->finish(rewriter, op.getLoc(), sum,
                                           op.getC(), /*trailing=*/0, type));
    return success();
  }
};

struct UseIntegerProductsPass
    : graph::impl::UseIntegerProductsPassBase<UseIntegerProductsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<IntegerConv, IntegerMatMul, IntegerGemm>(&getContext());
    GreedyRewriteConfig config;
    config.enableFolding(false);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
