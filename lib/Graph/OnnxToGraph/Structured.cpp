//===- Structured.cpp - Loop nests over tensors as linalg ops -------------===//

#include "Structured.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "tegula/Graph/IR/Constants.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Elements up to which an integer tensor is computed by scalars.
constexpr int64_t maxScalarizedElements = 16;

/// How one operand is read in a broadcast iteration space.
struct BroadcastAccess {
  AffineMap map;
  /// Dimensions that may have extent 1 at run time against a larger one.
  SmallVector<int64_t> uncertain;
};

BroadcastAccess broadcastAccess(OpBuilder &b, ArrayRef<OpFoldResult> from,
                                ArrayRef<OpFoldResult> to) {
  BroadcastAccess access;
  int64_t offset = to.size() - from.size();
  SmallVector<AffineExpr> exprs;
  for (auto [index, dim] : llvm::enumerate(from)) {
    OpFoldResult wide = to[offset + index];
    if (isConstantIntValue(dim, 1) && !isConstantIntValue(wide, 1)) {
      exprs.push_back(b.getAffineConstantExpr(0));
      continue;
    }
    exprs.push_back(b.getAffineDimExpr(offset + index));
    if (!sameDim(dim, wide) && !getConstantIntValue(dim))
      access.uncertain.push_back(index);
  }
  access.map = AffineMap::get(to.size(), 0, exprs, b.getContext());
  return access;
}

/// `tensor` spelled out over `to` where its extents are 1 or not at run time.
Value broadcastAtRunTime(OpBuilder &b, Location loc, Value tensor,
                         ArrayRef<OpFoldResult> from,
                         ArrayRef<int64_t> uncertain,
                         ArrayRef<OpFoldResult> to) {
  int64_t offset = to.size() - from.size();
  Dims dims(from.begin(), from.end());
  for (int64_t index : uncertain)
    dims[index] = to[offset + index];
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  SmallVector<Value> isOne(from.size());
  for (int64_t index : uncertain)
    isOne[index] = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                         asValue(b, loc, from[index]), one);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  return generate(b, loc, dims, element,
                  [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                    SmallVector<Value> indices(at);
                    for (int64_t index : uncertain)
                      indices[index] = arith::SelectOp::create(
                          b, loc, isOne[index], zero, at[index]);
                    return tensor::ExtractOp::create(b, loc, tensor, indices);
                  });
}

/// Builds `body` and folds what it made, so that arithmetic on known extents
/// gives constants.
Value foldedBody(OpBuilder &b, Location loc, ValueRange scalars,
                 ScalarBody body) {
  Block *block = b.getInsertionBlock();
  Block::iterator end = b.getInsertionPoint();
  Operation *before = end == block->begin() ? nullptr : &*std::prev(end);
  Value result = body(b, loc, scalars);
  Block::iterator op =
      before ? std::next(before->getIterator()) : block->begin();
  OpBuilder::InsertionGuard guard(b);
  for (; op != end; ++op) {
    b.setInsertionPoint(&*op);
    SmallVector<Value> folded;
    if (op->getNumResults() != 1 || failed(b.tryFold(&*op, folded)) ||
        folded.empty())
      continue;
    if (result == op->getResult(0))
      result = folded.front();
    op->getResult(0).replaceAllUsesWith(folded.front());
  }
  return result;
}

/// Elementwise work on small static tensors, element by element.
Value scalarized(OpBuilder &b, Location loc, ArrayRef<Value> inputs,
                 RankedTensorType type, ScalarBody body) {
  SmallVector<SmallVector<Value>> elements;
  for (Value input : inputs)
    elements.push_back(elementsOf(b, loc, input));
  SmallVector<Value> out;
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    SmallVector<int64_t> at = delinearize(i, strides);
    SmallVector<Value> scalars;
    for (auto [input, values] : llvm::zip_equal(inputs, elements)) {
      ArrayRef<int64_t> shape =
          cast<RankedTensorType>(input.getType()).getShape();
      int64_t linear = 0;
      for (auto [dim, extent] : llvm::enumerate(shape)) {
        int64_t index = at[at.size() - shape.size() + dim];
        linear = linear * extent + (extent == 1 ? 0 : index);
      }
      scalars.push_back(values[linear]);
    }
    out.push_back(foldedBody(b, loc, scalars, body));
  }
  return tensor::FromElementsOp::create(b, loc, type, out);
}

} // namespace

bool isScalarized(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getRank() <= 1 &&
         tensor.getNumElements() > 0 &&
         tensor.getNumElements() <= maxScalarizedElements &&
         isa<IntegerType>(tensor.getElementType());
}

SmallVector<Value> elementsOf(OpBuilder &b, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> out;
  if (auto made = tensor.getDefiningOp<tensor::FromElementsOp>())
    return SmallVector<Value>(made.getElements());
  SmallVector<int64_t> strides = computeStrides(type.getShape());
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    SmallVector<Value> at;
    for (int64_t index : delinearize(i, strides))
      at.push_back(arith::ConstantIndexOp::create(b, loc, index));
    out.push_back(b.createOrFold<tensor::ExtractOp>(loc, tensor, at));
  }
  return out;
}

Value elementwiseStored(OpBuilder &b, Location loc, ArrayRef<Value> inputs,
                        Type storage, ScalarBody body) {
  SmallVector<Dims> shapes;
  bool allScalarized = true;
  for (Value input : inputs) {
    shapes.push_back(dimsOf(b, loc, input));
    allScalarized &= isScalarized(input.getType());
  }
  Dims dims = broadcastDims(b, loc, shapes);
  auto type = RankedTensorType::get(staticShape(dims), storage);
  if (allScalarized && isScalarized(type))
    return scalarized(b, loc, inputs, type, body);

  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (auto [input, shape] : llvm::zip_equal(inputs, shapes)) {
    BroadcastAccess access = broadcastAccess(b, shape, dims);
    operands.push_back(
        access.uncertain.empty()
            ? input
            : broadcastAtRunTime(b, loc, input, shape, access.uncertain, dims));
    maps.push_back(access.map);
  }
  maps.push_back(b.getMultiDimIdentityMap(dims.size()));
  SmallVector<utils::IteratorType> iterators(dims.size(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, type, operands, emptyTensor(b, loc, dims, storage), maps,
             iterators,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value result = body(b, loc, args.drop_back());
               linalg::YieldOp::create(b, loc, result);
             })
      .getResult(0);
}

Value elementwise(OpBuilder &b, Location loc, ArrayRef<TypedTensor> inputs,
                  Type element, ScalarBody body) {
  SmallVector<Value> values;
  for (const TypedTensor &input : inputs)
    values.push_back(input.value);
  return elementwiseStored(
      b, loc, values, storageType(element),
      [&](OpBuilder &b, Location loc, ValueRange stored) -> Value {
        SmallVector<Value> scalars;
        for (auto [input, value] : llvm::zip_equal(inputs, stored))
          scalars.push_back(toCompute(b, loc, value, input.element));
        return toStorage(b, loc, body(b, loc, scalars), element);
      });
}

Value broadcastTo(OpBuilder &b, Location loc, Value tensor,
                  ArrayRef<OpFoldResult> dims) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Dims from = dimsOf(b, loc, tensor);
  if (from.size() == dims.size() &&
      llvm::all_of(llvm::zip(from, dims), [](auto pair) {
        return sameDim(std::get<0>(pair), std::get<1>(pair));
      }))
    return tensor;
  BroadcastAccess access = broadcastAccess(b, from, dims);
  if (!access.uncertain.empty())
    tensor = broadcastAtRunTime(b, loc, tensor, from, access.uncertain, dims);
  SmallVector<AffineMap> maps = {access.map,
                                 b.getMultiDimIdentityMap(dims.size())};
  SmallVector<utils::IteratorType> iterators(dims.size(),
                                             utils::IteratorType::parallel);
  Value empty = emptyTensor(b, loc, dims, type.getElementType());
  return linalg::GenericOp::create(
             b, loc, empty.getType(), tensor, empty, maps, iterators,
             [](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, args[0]);
             })
      .getResult(0);
}

Value generate(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
               Type storage, ScalarBody body) {
  auto type = RankedTensorType::get(staticShape(dims), storage);
  SmallVector<utils::IteratorType> iterators(dims.size(),
                                             utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b, loc, type, ValueRange{}, emptyTensor(b, loc, dims, storage),
             b.getMultiDimIdentityMap(dims.size()), iterators,
             [&](OpBuilder &b, Location loc, ValueRange) {
               SmallVector<Value> at;
               for (size_t i = 0; i < dims.size(); ++i)
                 at.push_back(linalg::IndexOp::create(b, loc, i));
               linalg::YieldOp::create(b, loc, body(b, loc, at));
             })
      .getResult(0);
}

SmallVector<int64_t> allDims(int64_t n) {
  return llvm::to_vector(llvm::seq<int64_t>(n));
}

Value mapped(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
             ArrayRef<MappedTensor> inputs, Type element, ScalarBody body) {
  SmallVector<AffineMap> maps;
  SmallVector<Value> operands;
  for (const MappedTensor &input : inputs) {
    SmallVector<AffineExpr> exprs;
    for (int64_t dim : input.dims)
      exprs.push_back(b.getAffineDimExpr(dim));
    maps.push_back(AffineMap::get(dims.size(), 0, exprs, b.getContext()));
    operands.push_back(input.value);
  }
  maps.push_back(b.getMultiDimIdentityMap(dims.size()));
  SmallVector<utils::IteratorType> iterators(dims.size(),
                                             utils::IteratorType::parallel);
  Value empty = emptyTensor(b, loc, dims, storageType(element));
  return linalg::GenericOp::create(
             b, loc, empty.getType(), operands, empty, maps, iterators,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               SmallVector<Value> scalars;
               for (auto [input, value] :
                    llvm::zip_equal(inputs, args.drop_back()))
                 scalars.push_back(toCompute(b, loc, value, input.element));
               Value result = body(b, loc, scalars);
               linalg::YieldOp::create(b, loc,
                                       toStorage(b, loc, result, element));
             })
      .getResult(0);
}

Type accumulatorType(Type element) { return computeType(element); }

/// `value` widened to the accumulator's type, which has its sign.
static Value widened(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  if (isa<FloatType>(type))
    return arith::ExtFOp::create(b, loc, type, value);
  return arith::ExtSIOp::create(b, loc, type, value);
}

Value contract(OpBuilder &b, Location loc, Value lhs, Value rhs, Value initial,
               ArrayRef<AffineMap> maps) {
  llvm::SmallBitVector parallel(maps[2].getNumDims());
  for (AffineExpr expr : maps[2].getResults())
    parallel.set(cast<AffineDimExpr>(expr).getPosition());
  SmallVector<utils::IteratorType> iterators;
  for (unsigned i = 0; i < maps[2].getNumDims(); ++i)
    iterators.push_back(parallel[i] ? utils::IteratorType::parallel
                                    : utils::IteratorType::reduction);
  return linalg::GenericOp::create(
             b, loc, initial.getType(), ValueRange{lhs, rhs}, initial, maps,
             iterators,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Type type = args[2].getType();
               Value x = widened(b, loc, args[0], type);
               Value y = widened(b, loc, args[1], type);
               Value sum;
               if (isa<FloatType>(type))
                 sum = arith::AddFOp::create(
                     b, loc, args[2], arith::MulFOp::create(b, loc, x, y));
               else
                 sum = arith::AddIOp::create(
                     b, loc, args[2], arith::MulIOp::create(b, loc, x, y));
               linalg::YieldOp::create(b, loc, sum);
             })
      .getResult(0);
}

Value filled(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
             Value value) {
  Value empty = emptyTensor(b, loc, dims, value.getType());
  return linalg::FillOp::create(b, loc, value, empty).getResult(0);
}

Value reduce(OpBuilder &b, Location loc, Value input, ArrayRef<int64_t> axes,
             Value initial, ScalarBody body) {
  Dims dims = dimsOf(b, loc, input), kept;
  SmallVector<AffineExpr> keptExprs;
  SmallVector<utils::IteratorType> iterators;
  for (auto [index, dim] : llvm::enumerate(dims)) {
    bool reduced = llvm::is_contained(axes, int64_t(index));
    iterators.push_back(reduced ? utils::IteratorType::reduction
                                : utils::IteratorType::parallel);
    if (reduced)
      continue;
    kept.push_back(dim);
    keptExprs.push_back(b.getAffineDimExpr(index));
  }
  Value start = filled(b, loc, kept, initial);
  SmallVector<AffineMap> maps = {
      b.getMultiDimIdentityMap(dims.size()),
      AffineMap::get(dims.size(), 0, keptExprs, b.getContext())};
  return linalg::GenericOp::create(
             b, loc, start.getType(), input, start, maps, iterators,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               linalg::YieldOp::create(b, loc, body(b, loc, args));
             })
      .getResult(0);
}

Value transposed(OpBuilder &b, Location loc, Value tensor,
                 ArrayRef<int64_t> perm) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Dims dims = dimsOf(b, loc, tensor), out;
  for (int64_t dim : perm)
    out.push_back(dims[dim]);
  Value empty = emptyTensor(b, loc, out, type.getElementType());
  return linalg::TransposeOp::create(b, loc, tensor, empty, perm)->getResult(0);
}

ArrayRef<char> constantBytes(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? bytesOf(dyn_cast<ElementsAttr>(constant.getValue()))
                  : ArrayRef<char>();
}

} // namespace tegula::graph
