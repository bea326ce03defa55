//===- EmitElementwise.cpp - Elementwise code at one point ----------------===//

#include "tegula/Tile/GraphToTile/EmitElementwise.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

using namespace mlir;
using namespace tegula::tile;

static Value makeIndex(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

void ElementwiseEmitter::bindMemory(Value tensor, Value memref) {
  memory[tensor] = memref;
}

void ElementwiseEmitter::bindSource(Value tensor, Source source) {
  sources[tensor] = std::move(source);
}

bool ElementwiseEmitter::isBound(Value tensor) const {
  return memory.contains(tensor) || sources.contains(tensor);
}

void ElementwiseEmitter::beginPoint(Value newMask) {
  mask = newMask;
  emitted.clear();
}

VectorType ElementwiseEmitter::vectorOf(Type element) const {
  return VectorType::get({lanes}, element);
}

Value ElementwiseEmitter::broadcast(OpBuilder &builder, Location loc,
                                    Value value) const {
  if (lanes == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(builder, loc, vectorOf(value.getType()),
                                     value);
}

/// The index of each lane at `coord`.
Value ElementwiseEmitter::laneIndices(OpBuilder &builder, Location loc,
                                      const Coord &coord) const {
  VectorType type = vectorOf(builder.getIndexType());
  Value steps = vector::StepOp::create(builder, loc, type);
  if (coord.stride != 1)
    steps = arith::MulIOp::create(
        builder, loc, steps,
        broadcast(builder, loc, makeIndex(builder, loc, coord.stride)));
  return arith::AddIOp::create(builder, loc, steps,
                               broadcast(builder, loc, coord.base));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Views `memref` with each folded dimension merged into its successor.
static Value foldDims(OpBuilder &builder, Location loc, Value memref,
                      ArrayRef<Coord> coords) {
  SmallVector<ReassociationIndices> groups(1);
  for (auto [dim, coord] : llvm::enumerate(coords)) {
    groups.back().push_back(dim);
    if (coord.kind != Coord::Folded && dim + 1 != coords.size())
      groups.emplace_back();
  }
  if (groups.size() == coords.size() || coords.empty())
    return memref;
  return IndexBuilder{builder, loc}.collapse(memref, groups);
}

/// Views a dense row-major memref as one dimension.
static Value flatten(OpBuilder &builder, Location loc, Value memref) {
  return IndexBuilder{builder, loc}.flatten(memref);
}

/// Extents of `memref`'s dimensions, constants where they are static.
static Value extentOf(OpBuilder &builder, Location loc, Value memref,
                      int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return makeIndex(builder, loc, type.getDimSize(dim));
  return memref::DimOp::create(builder, loc, memref, dim);
}

/// The linear offset of `coords`, and the distance of adjacent lanes.
static std::pair<Value, Value> linearize(OpBuilder &builder, Location loc,
                                         Value memref, ArrayRef<Coord> coords) {
  Value offset = makeIndex(builder, loc, 0), laneStep = offset;
  Value pitch = makeIndex(builder, loc, 1);
  for (int64_t dim = coords.size() - 1; dim >= 0; --dim) {
    Value term = arith::MulIOp::create(builder, loc, coords[dim].base, pitch);
    offset = arith::AddIOp::create(builder, loc, offset, term);
    if (coords[dim].kind == Coord::Lanes) {
      Value step = arith::MulIOp::create(
          builder, loc, makeIndex(builder, loc, coords[dim].stride), pitch);
      laneStep = arith::AddIOp::create(builder, loc, laneStep, step);
    }
    if (dim > 0)
      pitch = arith::MulIOp::create(builder, loc, pitch,
                                    extentOf(builder, loc, memref, dim));
  }
  return {offset, laneStep};
}

static SmallVector<Coord> withoutFolded(ArrayRef<Coord> coords) {
  SmallVector<Coord> kept;
  for (const Coord &coord : coords)
    if (coord.kind != Coord::Folded)
      kept.push_back(coord);
  return kept;
}

static SmallVector<Value> basesOf(ArrayRef<Coord> coords) {
  SmallVector<Value> bases;
  for (const Coord &coord : coords)
    bases.push_back(coord.base);
  return bases;
}

/// Lanes lie next to each other in the last dimension, and only there.
static bool isContiguous(ArrayRef<Coord> coords) {
  return coords.back().kind == Coord::Lanes && coords.back().stride == 1 &&
         llvm::none_of(coords.drop_back(), [](const Coord &coord) {
           return coord.kind == Coord::Lanes;
         });
}

/// Lanes along a dimension that only dimensions of one element follow lie next
/// to each other: they count through the last dimension.
static SmallVector<Coord> lanesToLastDim(Value memref, ArrayRef<Coord> coords) {
  SmallVector<Coord> moved(coords);
  auto lanes = llvm::find_if(
      moved, [](const Coord &coord) { return coord.kind == Coord::Lanes; });
  if (lanes == moved.end())
    return moved;
  ArrayRef<int64_t> shape = cast<MemRefType>(memref.getType()).getShape();
  size_t after = lanes - moved.begin() + 1;
  if (after == moved.size() ||
      llvm::any_of(shape.drop_front(after), [](int64_t e) { return e != 1; }))
    return moved;
  Coord counted = *lanes;
  std::fill(lanes, moved.end(), Coord::folded());
  moved.back() = counted;
  return moved;
}

static Value makeZero(OpBuilder &builder, Location loc, Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

ElementwiseEmitter::StridedLanes
ElementwiseEmitter::stridedLanes(OpBuilder &builder, Location loc, Value memref,
                                 Coords coords) const {
  auto [offset, step] = linearize(builder, loc, memref, coords);
  Value indices = arith::MulIOp::create(
      builder, loc,
      vector::StepOp::create(builder, loc, vectorOf(builder.getIndexType())),
      broadcast(builder, loc, step));
  Value all = mask;
  if (!all)
    all = arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(vectorOf(builder.getI1Type()), true));
  return {flatten(builder, loc, memref), offset, indices, all};
}

Value ElementwiseEmitter::load(OpBuilder &builder, Location loc, Value memref,
                               Coords given) {
  SmallVector<Coord> allCoords = lanesToLastDim(memref, given);
  memref = foldDims(builder, loc, memref, allCoords);
  SmallVector<Coord> coords = withoutFolded(allCoords);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  bool anyLanes = lanes > 1 && llvm::any_of(coords, [](const Coord &coord) {
                    return coord.kind == Coord::Lanes;
                  });
  if (!anyLanes)
    return memref::LoadOp::create(builder, loc, memref, basesOf(coords));

  VectorType type = vectorOf(element);
  if (isContiguous(coords)) {
    if (!mask)
      return vector::LoadOp::create(builder, loc, type, memref,
                                    basesOf(coords));
    return vector::MaskedLoadOp::create(builder, loc, type, memref,
                                        basesOf(coords), mask,
                                        makeZero(builder, loc, type));
  }
  StridedLanes at = stridedLanes(builder, loc, memref, coords);
  return vector::GatherOp::create(builder, loc, type, at.flat, at.offset,
                                  at.indices, at.mask,
                                  makeZero(builder, loc, type));
}

void ElementwiseEmitter::store(OpBuilder &builder, Location loc, Value value,
                               Value memref, Coords given) {
  SmallVector<Coord> allCoords = lanesToLastDim(memref, given);
  memref = foldDims(builder, loc, memref, allCoords);
  SmallVector<Coord> coords = withoutFolded(allCoords);
  if (lanes == 1) {
    memref::StoreOp::create(builder, loc, value, memref, basesOf(coords));
    return;
  }
  value = broadcast(builder, loc, value);
  if (isContiguous(coords)) {
    if (!mask)
      vector::StoreOp::create(builder, loc, value, memref, basesOf(coords));
    else
      vector::MaskedStoreOp::create(builder, loc, memref, basesOf(coords), mask,
                                    value);
    return;
  }
  StridedLanes at = stridedLanes(builder, loc, memref, coords);
  vector::ScatterOp::create(builder, loc, /*resultType=*/Type(), at.flat,
                            ValueRange{at.offset}, at.indices, at.mask, value);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value ElementwiseEmitter::emitVector(OpBuilder &builder, Location loc,
                                     Value tensor, Coords coords) {
  return broadcast(builder, loc, emit(builder, loc, tensor, coords));
}

Value ElementwiseEmitter::emit(OpBuilder &builder, Location loc, Value tensor,
                               Coords coords) {
  for (const Emitted &known : emitted)
    if (known.tensor == tensor && ArrayRef(known.coords) == coords)
      return known.value;
  Value value = emitUncached(builder, loc, tensor, coords);
  emitted.push_back({tensor, SmallVector<Coord>(coords), value});
  return value;
}

Value ElementwiseEmitter::emitUncached(OpBuilder &builder, Location loc,
                                       Value tensor, Coords coords) {
  if (auto it = sources.find(tensor); it != sources.end()) {
    Source source = it->second;
    return source(builder, loc, coords);
  }
  if (Value memref = memory.lookup(tensor))
    return load(builder, loc, memref, coords);
  Operation *op = tensor.getDefiningOp();
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return emitPad(builder, loc, pad, coords);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return emitSlice(builder, loc, slice, coords);
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return emit(builder, loc, cast.getSource(), coords);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return makeZero(builder, loc, empty.getType().getElementType());
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat = cast<SplatElementsAttr>(constant.getValue());
    return arith::ConstantOp::create(
        builder, loc, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
  }
  return emitLinalg(builder, loc, cast<OpResult>(tensor), coords);
}

/// The coordinates of all loops of `op`, from those of its result.
static SmallVector<Coord> loopCoords(linalg::LinalgOp op, AffineMap map,
                                     ArrayRef<Coord> coords) {
  SmallVector<Coord> loops(op.getNumLoops());
  for (auto [expr, coord] : llvm::zip_equal(map.getResults(), coords))
    loops[cast<AffineDimExpr>(expr).getPosition()] = coord;
  return loops;
}

Value ElementwiseEmitter::emitLinalg(OpBuilder &builder, Location loc,
                                     OpResult result, Coords coords) {
  auto op = cast<linalg::LinalgOp>(result.getOwner());
  AffineMap resultMap =
      op.getMatchingIndexingMap(op.getDpsInitOperand(result.getResultNumber()));
  SmallVector<Coord> loops = loopCoords(op, resultMap, coords);
  SmallVector<OpOperand *> operands =
      llvm::to_vector(llvm::make_pointer_range(op->getOpOperands()));
  SmallVector<Value> arguments =
      emitOperands(builder, loc, op, operands, loops);
  Value yielded =
      op.getBlock()->getTerminator()->getOperand(result.getResultNumber());
  return cloneBody(builder, op, arguments, loops, yielded).front();
}

SmallVector<Value>
ElementwiseEmitter::emitOperands(OpBuilder &builder, Location loc,
                                 linalg::LinalgOp op,
                                 ArrayRef<OpOperand *> operands, Coords loops) {
  SmallVector<Value> values;
  for (OpOperand *operand : operands) {
    if (op.getMatchingBlockArgument(operand).use_empty()) {
      values.push_back(Value());
      continue;
    }
    if (!isa<ShapedType>(operand->get().getType())) {
      values.push_back(operand->get());
      continue;
    }
    SmallVector<Coord> at;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      at.push_back(applyMap(builder, loc, expr, loops));
    values.push_back(emit(builder, loc, operand->get(), at));
  }
  return values;
}

Value ElementwiseEmitter::emitTerm(OpBuilder &builder, Location loc,
                                   linalg::LinalgOp op, Coords loops,
                                   Value accumulator) {
  SmallVector<Value> arguments =
      emitOperands(builder, loc, op, op.getDpsInputOperands(), loops);
  arguments.push_back(accumulator);
  Value yielded = op.getBlock()->getTerminator()->getOperand(0);
  return cloneBody(builder, op, arguments, loops, yielded).front();
}

/// The factor of the lanes' loop in a linear expression.
static int64_t laneFactor(AffineExpr expr, ArrayRef<Coord> loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    const Coord &coord = loops[dim.getPosition()];
    return coord.kind == Coord::Lanes ? coord.stride : 0;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return 0;
  if (expr.getKind() == AffineExprKind::Add)
    return laneFactor(binary.getLHS(), loops) +
           laneFactor(binary.getRHS(), loops);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return factor ? laneFactor(binary.getLHS(), loops) * factor.getValue() : 0;
}

Coord ElementwiseEmitter::applyMap(OpBuilder &builder, Location loc,
                                   AffineExpr expr, Coords loops) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Coord::scalar(makeIndex(builder, loc, constant.getValue()));
  SmallVector<OpFoldResult> bases;
  for (const Coord &coord : loops)
    bases.push_back(coord.base ? OpFoldResult(coord.base)
                               : OpFoldResult(builder.getIndexAttr(0)));
  AffineMap map = AffineMap::get(loops.size(), 0, expr);
  OpFoldResult base =
      affine::makeComposedFoldedAffineApply(builder, loc, map, bases);
  int64_t factor = laneFactor(expr, loops);
  return {factor ? Coord::Lanes : Coord::Scalar,
          getValueOrCreateConstantIndexOp(builder, loc, base),
          factor ? factor : 1};
}

/// A mask of the positions with 0 <= index < extent.
static Value insideMask(OpBuilder &builder, Location loc, Value index,
                        Value extent) {
  // One unsigned comparison covers both ends.
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index,
                               extent);
}

Value ElementwiseEmitter::emitPad(OpBuilder &builder, Location loc,
                                  tensor::PadOp pad, Coords coords) {
  SmallVector<OpFoldResult> low = pad.getMixedLowPad();
  Value fill = pad.getConstantPaddingValue();
  Value inside;
  SmallVector<Coord> at;
  for (auto [dim, coord] : llvm::enumerate(coords)) {
    bool padded = !isConstantIntValue(low[dim], 0) ||
                  !isConstantIntValue(pad.getMixedHighPad()[dim], 0);
    if (!padded) {
      at.push_back(coord);
      continue;
    }
    Coord shifted = coord;
    shifted.base = arith::SubIOp::create(
        builder, loc, coord.base,
        getValueOrCreateConstantIndexOp(builder, loc, low[dim]));
    Value extent =
        memory.contains(pad.getSource())
            ? extentOf(builder, loc, memory[pad.getSource()], dim)
            : getValueOrCreateConstantIndexOp(
                  builder, loc,
                  tensor::getMixedSize(builder, loc, pad.getSource(), dim));
    bool isLanes = coord.kind == Coord::Lanes && lanes > 1;
    Value index = isLanes ? laneIndices(builder, loc, shifted) : shifted.base;
    Value here = insideMask(builder, loc, index,
                            isLanes ? broadcast(builder, loc, extent) : extent);
    if (!isLanes) {
      // A load that is not under the mask must stay inside the buffer.
      Value zero = makeIndex(builder, loc, 0);
      shifted.base =
          arith::SelectOp::create(builder, loc, here, shifted.base, zero);
    }
    here = broadcast(builder, loc, here);
    inside = inside ? arith::AndIOp::create(builder, loc, inside, here) : here;
    at.push_back(shifted);
  }
  if (!inside)
    return emit(builder, loc, pad.getSource(), at);
  Value outer = mask;
  if (lanes > 1)
    mask = mask ? arith::AndIOp::create(builder, loc, mask, inside) : inside;
  // Values of the narrower mask are not shared with the points around.
  size_t known = emitted.size();
  Value value = emitVector(builder, loc, pad.getSource(), at);
  emitted.truncate(known);
  mask = outer;
  return arith::SelectOp::create(builder, loc, inside, value,
                                 broadcast(builder, loc, fill));
}

Value ElementwiseEmitter::emitSlice(OpBuilder &builder, Location loc,
                                    tensor::ExtractSliceOp slice,
                                    Coords coords) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
  ArrayRef<int64_t> strides = slice.getStaticStrides();
  SmallVector<Coord> at;
  unsigned next = 0;
  for (unsigned dim = 0; dim != offsets.size(); ++dim) {
    Value offset = getValueOrCreateConstantIndexOp(builder, loc, offsets[dim]);
    if (dropped.test(dim)) {
      at.push_back(Coord::scalar(offset));
      continue;
    }
    Coord coord = coords[next++];
    coord.base = arith::AddIOp::create(
        builder, loc,
        arith::MulIOp::create(builder, loc, coord.base,
                              makeIndex(builder, loc, strides[dim])),
        offset);
    coord.stride *= strides[dim];
    at.push_back(coord);
  }
  return emit(builder, loc, slice.getSource(), at);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

SmallVector<Value> ElementwiseEmitter::cloneBody(OpBuilder &builder,
                                                 linalg::LinalgOp op,
                                                 ValueRange arguments,
                                                 Coords loops,
                                                 ValueRange results) {
  Block *block = op.getBlock();
  IRMapping mapping;
  for (auto [argument, value] :
       llvm::zip_equal(block->getArguments(), arguments))
    if (value)
      mapping.map(argument, value);

  // Only what the results need.
  SetVector<Operation *> needed;
  SmallVector<Value> pending(results.begin(), results.end());
  while (!pending.empty()) {
    Operation *def = pending.pop_back_val().getDefiningOp();
    if (def && block->findAncestorOpInBlock(*def) == def &&
        needed.insert(def)) {
      pending.append(def->operand_begin(), def->operand_end());
      def->walk([&](Operation *inner) {
        if (inner != def)
          pending.append(inner->operand_begin(), inner->operand_end());
      });
    }
  }
  for (Operation &bodyOp : block->without_terminator())
    if (needed.contains(&bodyOp))
      mapping.map(bodyOp.getResult(0),
                  cloneOp(builder, &bodyOp, mapping, loops));
  SmallVector<Value> values;
  for (Value result : results)
    values.push_back(mapping.lookupOrDefault(result));
  return values;
}

/// An index of a body as a coordinate: the number of a loop, plus or times what
/// all lanes share. Nothing for any other vector of indices.
static std::optional<Coord> coordOf(OpBuilder &builder, Location loc,
                                    Value value, const IRMapping &mapping,
                                    ArrayRef<Coord> loops) {
  Value known = mapping.lookupOrDefault(value);
  if (!isa<VectorType>(known.getType()))
    return Coord::scalar(known);
  Operation *op = value.getDefiningOp();
  if (auto index = dyn_cast_if_present<linalg::IndexOp>(op))
    return loops[index.getDim()];
  if (!isa_and_present<arith::AddIOp, arith::MulIOp>(op))
    return std::nullopt;
  auto lhs = coordOf(builder, loc, op->getOperand(0), mapping, loops);
  auto rhs = coordOf(builder, loc, op->getOperand(1), mapping, loops);
  if (!lhs || !rhs)
    return std::nullopt;
  if (lhs->kind != Coord::Lanes)
    std::swap(lhs, rhs);
  if (isa<arith::AddIOp>(op)) {
    Value base = arith::AddIOp::create(builder, loc, lhs->base, rhs->base);
    bool both = rhs->kind == Coord::Lanes;
    return Coord{Coord::Lanes, base, lhs->stride + (both ? rhs->stride : 0)};
  }
  std::optional<int64_t> factor = constantOf(rhs->base);
  if (rhs->kind == Coord::Lanes || !factor)
    return std::nullopt;
  Value base = arith::MulIOp::create(builder, loc, lhs->base, rhs->base);
  return Coord{Coord::Lanes, base, lhs->stride * *factor};
}

Value ElementwiseEmitter::cloneOp(OpBuilder &builder, Operation *op,
                                  IRMapping &mapping, Coords loops) {
  Location loc = op->getLoc();
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    const Coord &coord = loops[index.getDim()];
    return coord.kind == Coord::Lanes && lanes > 1
               ? laneIndices(builder, loc, coord)
               : coord.base;
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(mapping.lookupOrDefault(operand));
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<Coord> at;
    for (Value index : extract.getIndices())
      if (std::optional<Coord> coord =
              coordOf(builder, loc, index, mapping, loops))
        at.push_back(*coord);
    if (at.size() == extract.getIndices().size())
      return load(builder, loc, memory.lookup(extract.getTensor()), at);
    return emitExtract(builder, loc, extract.getTensor(),
                       ArrayRef(operands).drop_front());
  }
  bool anyVector = llvm::any_of(
      operands, [](Value v) { return isa<VectorType>(v.getType()); });
  if (!anyVector)
    return builder.clone(*op, mapping)->getResult(0);
  for (Value &operand : operands)
    operand = broadcast(builder, loc, operand);
  OperationState state(loc, op->getName(), operands,
                       {vectorOf(op->getResult(0).getType())},
                       op->getDiscardableAttrDictionary().getValue());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  return builder.create(state)->getResult(0);
}

Value ElementwiseEmitter::emitExtract(OpBuilder &builder, Location loc,
                                      Value tensor, ValueRange indices) {
  Value memref = memory.lookup(tensor);
  bool anyVector = llvm::any_of(
      indices, [](Value v) { return isa<VectorType>(v.getType()); });
  if (!anyVector)
    return memref::LoadOp::create(builder, loc, memref, indices);
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  Value result = makeZero(builder, loc, vectorOf(element));
  Value zero = makeIndex(builder, loc, 0);
  for (int64_t lane = 0; lane != lanes; ++lane) {
    SmallVector<Value> at;
    for (Value index : indices) {
      Value one = index;
      if (isa<VectorType>(index.getType()))
        one = vector::ExtractOp::create(builder, loc, index, lane);
      if (mask) {
        // A lane outside the mask may hold any index.
        Value on = vector::ExtractOp::create(builder, loc, mask, lane);
        one = arith::SelectOp::create(builder, loc, on, one, zero);
      }
      at.push_back(one);
    }
    Value value = memref::LoadOp::create(builder, loc, memref, at);
    result = vector::InsertOp::create(builder, loc, value, result, lane);
  }
  return result;
}
