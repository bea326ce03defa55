//===- RowReduction.cpp - One reduction of one row ------------------------===//

#include "tegula/Tile/GraphToTile/RowReduction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

using namespace mlir;
using namespace tegula::tile;

SmallVector<Value> tegula::tile::basesOf(ArrayRef<Coord> coords) {
  SmallVector<Value> bases;
  for (const Coord &coord : coords)
    bases.push_back(coord.base);
  return bases;
}

//===----------------------------------------------------------------------===//
// The points of a row
//===----------------------------------------------------------------------===//

void RowSpace::foldExtents(const IndexBuilder &index) {
  SmallVector<Value> remaining;
  Value product = index.constant(1);
  for (auto [extent, isFolded] : llvm::zip_equal(extents, folded)) {
    product = index.mul(product, extent);
    if (isFolded)
      continue;
    remaining.push_back(product);
    product = index.constant(1);
  }
  extents = remaining;
}

SmallVector<Coord> RowSpace::pointAt(ArrayRef<Value> outer,
                                     Value column) const {
  SmallVector<Coord> coords(row);
  unsigned next = 0;
  for (bool isFolded : folded) {
    if (isFolded)
      coords.push_back(Coord::folded());
    else if (next != outer.size())
      coords.push_back(Coord::scalar(outer[next++]));
    else
      coords.push_back(Coord::lanes(column));
  }
  return coords;
}

Value RowSpace::outerCount(const IndexBuilder &index) const {
  Value count = index.constant(1);
  for (Value extent : ArrayRef(extents).drop_back())
    count = index.mul(count, extent);
  return count;
}

static Value tailMask(const IndexBuilder &index, int64_t vl, Value rest) {
  return vector::CreateMaskOp::create(
      index.builder, index.loc,
      VectorType::get({vl}, index.builder.getI1Type()), rest);
}

void RowSpace::forPoints(
    OpBuilder &builder, Location loc, int64_t vl,
    function_ref<void(ArrayRef<Coord>, Value)> body) const {
  if (folded.empty())
    return body(row, Value());
  IndexBuilder index{builder, loc};
  Value columns = extents.back();
  index.loop(index.constant(0), outerCount(index), 1, [&](Value number) {
    SmallVector<Value> outer =
        index.delinearize(number, ArrayRef(extents).drop_back());
    Value whole = index.roundDown(columns, vl);
    index.loop(index.constant(0), whole, vl,
               [&](Value column) { body(pointAt(outer, column), Value()); });
    index.branch(index.less(whole, columns), [&] {
      body(pointAt(outer, whole),
           tailMask(index, vl, index.sub(columns, whole)));
    });
  });
}

//===----------------------------------------------------------------------===//
// The reduction
//===----------------------------------------------------------------------===//

FailureOr<RowReduction> RowReduction::make(linalg::LinalgOp op, unsigned rank,
                                           const ElementwiseEmitter &emitter,
                                           std::string &reason) {
  reason = "a reduction that is not over trailing loops with one result";
  unsigned loops = op.getNumLoops();
  if (op->getNumResults() != 1 || op.getNumParallelLoops() != rank)
    return failure();
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if ((kind == utils::IteratorType::parallel) != (loop < rank))
      return failure();
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (result != AffineMap::getMultiDimIdentityMap(loops, op.getContext())
                    .getMajorSubMap(rank))
    return failure();

  reason = "a reduction without an associative operation at its end";
  RowReduction reduction;
  reduction.op = op;
  Block *block = op.getBlock();
  Value accumulator = block->getArguments().back();
  reduction.combiner = block->getTerminator()->getOperand(0).getDefiningOp();
  if (!reduction.combiner || reduction.combiner->getNumOperands() != 2 ||
      !accumulator.hasOneUse() ||
      *accumulator.user_begin() != reduction.combiner)
    return failure();
  std::optional<TypedAttr> neutral =
      arith::getNeutralElement(reduction.combiner);
  if (!neutral)
    return failure();
  reduction.neutral = *neutral;

  reason = "a reduction whose body has no vector form";
  for (Operation &inner : block->without_terminator())
    if (inner.getNumResults() != 1 ||
        !(OpTrait::hasElementwiseMappableTraits(&inner) ||
          isa<arith::ConstantOp>(inner)))
      return failure();

  for (unsigned loop = rank; loop < loops; ++loop)
    reduction.space.folded.push_back(loop + 1 < loops);
  reason = "a reduction's operand cannot be computed point by point";
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<ShapedType>(operand.get().getType()))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto accesses = emitter.trace(operand.get(), &reason);
    if (failed(accesses) || !map.isProjectedPermutation(true))
      return failure();
    auto last =
        map.getResultPosition(getAffineDimExpr(loops - 1, op.getContext()));
    reduction.inStep &= !last || canWiden(*accesses, *last);
    for (unsigned loop = rank; loop + 1 < loops; ++loop) {
      auto at = [&](unsigned l) {
        return map.getResultPosition(getAffineDimExpr(l, op.getContext()));
      };
      auto first = at(loop), second = at(loop + 1);
      if (!first && !second)
        continue;
      if (!first || !second || *first + 1 != *second ||
          !canFold(*accesses, *first, *second))
        reduction.space.folded[loop - rank] = false;
    }
  }
  return reduction;
}

Value RowReduction::step(OpBuilder &builder, Location loc,
                         ElementwiseEmitter &emitter, ArrayRef<Coord> point,
                         Value mask, Value accumulator) const {
  linalg::LinalgOp root = op;
  emitter.beginPoint(mask);
  Value next = emitter.emitTerm(builder, loc, root, point, accumulator);
  if (!mask)
    return next;
  return arith::SelectOp::create(builder, loc, mask, next, accumulator);
}

Value RowReduction::combine(OpBuilder &builder, Location loc, Value a,
                            Value b) const {
  OperationState state(loc, combiner->getName(), {a, b}, {a.getType()},
                       combiner->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = combiner->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

/// Accumulators pairwise, then halves of the last vector.
Value RowReduction::collapse(OpBuilder &builder, Location loc,
                             ArrayRef<Value> accumulators, int64_t vl) const {
  SmallVector<Value> values(accumulators);
  while (values.size() > 1) {
    SmallVector<Value> half;
    for (size_t i = 0; i + 1 < values.size(); i += 2)
      half.push_back(combine(builder, loc, values[i], values[i + 1]));
    if (values.size() % 2)
      half.push_back(values.back());
    values = half;
  }
  Value value = values.front();
  // The vector gets shorter with its halves. (Shuffles that leave the lanes
  // which no one reads in place are cheaper to build, but LLVM 22 translates
  // chains of them wrongly for AVX-512.)
  for (int64_t width = vl / 2; width >= 1; width /= 2) {
    auto half = [&](int64_t offset) -> Value {
      return vector::ExtractStridedSliceOp::create(builder, loc, value, offset,
                                                   width, /*strides=*/1);
    };
    value = combine(builder, loc, half(0), half(width));
  }
  return vector::ExtractOp::create(builder, loc, value, 0);
}

/// Each `group` of neighbours side by side in one vector.
static SmallVector<Value> join(OpBuilder &builder, Location loc,
                               ArrayRef<Value> parts, int64_t group) {
  auto part = cast<VectorType>(parts.front().getType());
  int64_t lanes = part.getNumElements();
  auto type = VectorType::get({group * lanes}, part.getElementType());
  SmallVector<Value> wide;
  for (auto [i, value] : llvm::enumerate(parts)) {
    int64_t place = int64_t(i) % group;
    if (place == 0)
      wide.push_back(
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
    wide.back() = vector::InsertStridedSliceOp::create(
        builder, loc, value, wide.back(), place * lanes, /*strides=*/1);
  }
  return wide;
}

/// The inverse.
static SmallVector<Value> split(OpBuilder &builder, Location loc,
                                ArrayRef<Value> wide, int64_t group) {
  SmallVector<Value> parts;
  for (Value value : wide) {
    int64_t lanes = cast<VectorType>(value.getType()).getNumElements() / group;
    for (int64_t i = 0; i != group; ++i)
      parts.push_back(vector::ExtractStridedSliceOp::create(
          builder, loc, value, i * lanes, lanes, /*strides=*/1));
  }
  return parts;
}

/// A loop over columns that carries `values`; each trip takes one vector for
/// each of them, as wide as they are.
SmallVector<Value> RowReduction::accumulate(OpBuilder &builder, Location loc,
                                            ElementwiseEmitter &emitter,
                                            const RowSpace &points,
                                            ArrayRef<Value> outer, Value low,
                                            Value high,
                                            ArrayRef<Value> values) const {
  IndexBuilder index{builder, loc};
  int64_t vl = emitter.getLanes();
  int64_t lanes = cast<VectorType>(values.front().getType()).getNumElements();
  auto forOp = scf::ForOp::create(
      builder, loc, low, high, index.constant(values.size() * lanes), values);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> next(forOp.getRegionIterArgs());
  emitter.setLanes(lanes);
  for (auto [i, value] : llvm::enumerate(next))
    value = step(builder, loc, emitter,
                 points.pointAt(outer, index.add(forOp.getInductionVar(),
                                                 int64_t(i) * lanes)),
                 Value(), value);
  emitter.setLanes(vl);
  scf::YieldOp::create(builder, loc, next);
  return SmallVector<Value>(forOp.getResults());
}

Value RowReduction::emit(OpBuilder &builder, Location loc,
                         ElementwiseEmitter &emitter, int64_t accumulators,
                         int64_t unroll) const {
  IndexBuilder index{builder, loc};
  int64_t vl = emitter.getLanes(), together = inStep ? unroll : 1;
  RowSpace points = space;
  points.row = row;
  auto type = VectorType::get({vl}, neutral.getType());
  Value start = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, Attribute(neutral)));
  SmallVector<Value> carried(accumulators, start);
  Value columns = points.extents.back(), zero = index.constant(0);
  auto outerLoop = scf::ForOp::create(
      builder, loc, zero, points.outerCount(index), index.constant(1), carried);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(outerLoop.getBody());
    SmallVector<Value> outer = index.delinearize(
        outerLoop.getInductionVar(), ArrayRef(points.extents).drop_back());
    auto loop = [&](Value low, Value high, ArrayRef<Value> values) {
      return accumulate(builder, loc, emitter, points, outer, low, high,
                        values);
    };
    SmallVector<Value> values(outerLoop.getRegionIterArgs());
    Value most = index.roundDown(columns, accumulators * vl);
    Value whole = index.roundDown(columns, vl);
    values =
        split(builder, loc,
              loop(zero, most, join(builder, loc, values, together)), together);
    values[0] = loop(most, whole, values[0]).front();
    std::optional<int64_t> known = constantOf(columns);
    if (!known || *known % vl != 0)
      values[0] =
          step(builder, loc, emitter, points.pointAt(outer, whole),
               tailMask(index, vl, index.sub(columns, whole)), values[0]);
    scf::YieldOp::create(builder, loc, values);
  }
  SmallVector<Value> results(outerLoop.getResults());
  Value total = collapse(builder, loc, results, vl);
  linalg::LinalgOp root = op;
  emitter.beginPoint(Value());
  Value initial = emitter.emit(builder, loc, root.getDpsInits()[0], row);
  return combine(builder, loc, initial, total);
}

FailureOr<std::vector<RowReduction>>
tegula::tile::readReductions(const KernelFunction &kernel,
                             ElementwiseEmitter &emitter, std::string &reason) {
  std::vector<RowReduction> reductions;
  for (linalg::LinalgOp op : kernel.body.reductions) {
    unsigned rank =
        linalg::LinalgOp(kernel.body.reductions.front()).getNumParallelLoops();
    FailureOr<RowReduction> reduction =
        RowReduction::make(op, rank, emitter, reason);
    if (failed(reduction))
      return failure();
    emitter.bindSource(op->getResult(0), nullptr);
    reductions.push_back(*reduction);
  }
  return reductions;
}

FailureOr<SmallVector<TensorAccess>>
tegula::tile::traceRowOutput(const KernelOutput &output, unsigned rank,
                             ArrayRef<RowReduction> reductions,
                             const ElementwiseEmitter &emitter,
                             std::string &reason) {
  auto accesses = emitter.trace(output.tensor, &reason);
  if (failed(accesses))
    return failure();
  if (cast<MemRefType>(output.memref.getType()).getRank() < rank) {
    reason = "an output has fewer dimensions than a row number";
    return failure();
  }
  auto rows = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (const TensorAccess &access : *accesses)
    for (const RowReduction &reduction : reductions)
      if (access.tensor == reduction.op->getResult(0) && access.dims != rows) {
        reason = "a reduction is read in another order than its rows";
        return failure();
      }
  return accesses;
}
