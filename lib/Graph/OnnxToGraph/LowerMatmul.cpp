//===- LowerMatmul.cpp - MatMul and Gemm ----------------------------------===//
//
// Products are summed in f32 (f64 for doubles) and rounded once. A right-hand
// side without batch makes one large product of all rows of the left.
//
//===----------------------------------------------------------------------===//

#include "Pairs.h"
#include "Patterns.h"
#include "Products.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// A sum of compute type as stored elements of the onnx type `element`.
Value stored(OpBuilder &b, Location loc, Value sum, Type element) {
  Type storage = storageType(element);
  if (cast<RankedTensorType>(sum.getType()).getElementType() == storage)
    return sum;
  return elementwiseStored(b, loc, sum, storage,
                           [&](OpBuilder &b, Location loc, ValueRange x) {
                             return toStorage(b, loc, x[0], element);
                           });
}

Value zeros(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
            Type element) {
  return filled(b, loc, dims, constantOf(b, loc, element, 0));
}

/// Two-dimensional product of operands that may be stored transposed.
Value multiply(OpBuilder &b, Location loc, Value lhs, bool transA, Value rhs,
               bool transB, Type element, Terms terms) {
  OpFoldResult m = dimOf(b, loc, lhs, transA ? 1 : 0);
  OpFoldResult n = dimOf(b, loc, rhs, transB ? 0 : 1);
  Value initial = zeros(b, loc, {m, n}, element);
  if (!transA && !transB && terms == Terms::Products)
    return linalg::MatmulOp::create(b, loc, initial.getType(),
                                    ValueRange{lhs, rhs}, initial)
        .getResult(0);
  AffineExpr i, j, k;
  bindDims(b.getContext(), i, j, k);
  auto map = [&](AffineExpr x, AffineExpr y) {
    return AffineMap::get(3, 0, {x, y}, b.getContext());
  };
  return sumOf(terms)(b, loc, lhs, rhs, initial,
                      {transA ? map(k, i) : map(i, k),
                       transB ? map(j, k) : map(k, j), map(i, j)});
}

/// The map of an operand whose batch dimensions are broadcast.
AffineMap batchedMap(OpBuilder &b, ArrayRef<OpFoldResult> from,
                     ArrayRef<OpFoldResult> to, AffineExpr row,
                     AffineExpr column) {
  int64_t offset = to.size() - from.size();
  SmallVector<AffineExpr> exprs;
  for (auto [index, dim] : llvm::enumerate(from)) {
    bool repeated = isConstantIntValue(dim, 1) &&
                    !isConstantIntValue(to[offset + index], 1);
    exprs.push_back(repeated ? b.getAffineConstantExpr(0)
                             : b.getAffineDimExpr(offset + index));
  }
  exprs.push_back(row);
  exprs.push_back(column);
  return AffineMap::get(to.size() + 3, 0, exprs, b.getContext());
}

/// Whether a batch dimension of `shape` may turn out to be 1 at run time where
/// the result's is not: an index map cannot say that.
bool mayRepeat(ArrayRef<OpFoldResult> shape, ArrayRef<OpFoldResult> batch) {
  ArrayRef<OpFoldResult> own = shape.drop_back(2);
  for (auto [from, to] : llvm::zip(own, batch.take_back(own.size())))
    if (isa<Value>(from) && from != to)
      return true;
  return false;
}

/// Writes `tensor` out once for each batch, if an index map cannot do it.
void repeatBatches(OpBuilder &b, Location loc, Value &tensor, Dims &shape,
                   ArrayRef<OpFoldResult> batch) {
  if (!mayRepeat(shape, batch))
    return;
  Dims full(batch);
  full.append(shape.end() - 2, shape.end());
  tensor = broadcastTo(b, loc, tensor, full);
  shape = full;
}

/// [..., m, k] x [k, n] as [... * m, k] x [k, n].
Value withoutBatch(OpBuilder &b, Location loc, Value lhs,
                   ArrayRef<OpFoldResult> a, Value rhs, Type element,
                   Terms terms) {
  OpFoldResult rows = productOf(b, loc, a.drop_back());
  Value flat = reshapeTo(b, loc, lhs, {rows, a.back()});
  return multiply(b, loc, flat, false, rhs, false, element, terms);
}

Value batched(OpBuilder &b, Location loc, Value lhs, ArrayRef<OpFoldResult> a,
              Value rhs, ArrayRef<OpFoldResult> w, ArrayRef<OpFoldResult> batch,
              Type element, Terms terms) {
  ArrayRef<OpFoldResult> batchA = a.drop_back(2), batchB = w.drop_back(2);
  OpFoldResult m = a[a.size() - 2], n = w.back();
  // Several batch dimensions stay apart: merging them would put reshapes
  // between this product and its neighbours (attention's softmax and heads).
  bool same =
      batchA.size() == 1 && batchB.size() == 1 && sameDim(batchA[0], batchB[0]);
  if (same && terms == Terms::Products) {
    Value initial = zeros(b, loc, {batch[0], m, n}, element);
    return linalg::BatchMatmulOp::create(b, loc, initial.getType(),
                                         ValueRange{lhs, rhs}, initial)
        .getResult(0);
  }
  Dims dims(batch.begin(), batch.end());
  dims.append({m, n});
  Value initial = zeros(b, loc, dims, element);
  unsigned rank = batch.size();
  AffineExpr i = b.getAffineDimExpr(rank), j = b.getAffineDimExpr(rank + 1),
             r = b.getAffineDimExpr(rank + 2);
  return sumOf(terms)(
      b, loc, lhs, rhs, initial,
      {batchedMap(b, batchA, batch, i, r), batchedMap(b, batchB, batch, r, j),
       AffineMap::getMultiDimIdentityMap(rank + 3, b.getContext())
           .dropResult(rank + 2)});
}

struct LowerMatMul : OnnxPattern<onnx::MatMulOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::MatMulOp op, Adaptor in, OpBuilder &b) const override {
    Type element = elementOf(op.getA());
    auto product = matrixProduct(b, op.getLoc(), in.getA(), in.getB(), element);
    if (failed(product))
      return refuse(op, "an operand is a scalar");
    return SmallVector<Value>{stored(b, op.getLoc(), *product, element)};
  }
};

struct LowerGemm : OnnxPattern<onnx::GemmOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GemmOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getA());
    Type compute = computeType(element);
    Value product = multiply(b, loc, in.getA(), op.getTransA(), in.getB(),
                             op.getTransB(), element, Terms::Products);
    float alpha = op.getAlpha().convertToFloat();
    float beta = op.getBeta().convertToFloat();
    bool hasBias = !onnx::isAbsent(op.getC()) && beta != 0;
    if (alpha == 1 && !hasBias)
      return SmallVector<Value>{stored(b, loc, product, element)};
    SmallVector<TypedTensor> inputs = {{product, compute}};
    if (hasBias)
      inputs.push_back({in.getC(), element});
    auto scaled = [&](OpBuilder &b, Location loc, Value x, float by) -> Value {
      if (by == 1)
        return x;
      Value factor = constantOf(b, loc, element, by);
      if (isa<FloatType>(compute))
        return arith::MulFOp::create(b, loc, x, factor);
      return arith::MulIOp::create(b, loc, x, factor);
    };
    Value result =
        elementwise(b, loc, inputs, element,
                    [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
                      Value value = scaled(b, loc, x[0], alpha);
                      if (!hasBias)
                        return value;
                      Value bias = scaled(b, loc, x[1], beta);
                      if (isa<FloatType>(compute))
                        return arith::AddFOp::create(b, loc, value, bias);
                      return arith::AddIOp::create(b, loc, value, bias);
                    });
    return SmallVector<Value>{result};
  }
};

} // namespace

FailureOr<Value> matrixProduct(OpBuilder &b, Location loc, Value left,
                               Value right, Type element, Terms terms) {
  Dims a = dimsOf(b, loc, left), w = dimsOf(b, loc, right);
  if (a.empty() || w.empty())
    return failure();
  bool vectorA = a.size() == 1, vectorB = w.size() == 1;
  if (vectorA)
    a.insert(a.begin(), b.getIndexAttr(1));
  if (vectorB)
    w.push_back(b.getIndexAttr(1));
  Value lhs = reshapeTo(b, loc, left, a);
  Value rhs = reshapeTo(b, loc, right, w);
  Dims batch = broadcastDims(
      b, loc, {Dims(ArrayRef(a).drop_back(2)), Dims(ArrayRef(w).drop_back(2))});
  if (w.size() != 2) {
    repeatBatches(b, loc, lhs, a, batch);
    repeatBatches(b, loc, rhs, w, batch);
  }
  Value product = w.size() == 2
                      ? withoutBatch(b, loc, lhs, a, rhs, element, terms)
                      : batched(b, loc, lhs, a, rhs, w, batch, element, terms);
  Dims out = batch;
  if (!vectorA)
    out.push_back(a[a.size() - 2]);
  if (!vectorB)
    out.push_back(w.back());
  return reshapeTo(b, loc, product, out);
}

void populateMatmulPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerMatMul, LowerGemm>(converter, patterns.getContext());
}

} // namespace tegula::graph
