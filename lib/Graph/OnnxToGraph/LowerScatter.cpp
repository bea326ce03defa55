//===- LowerScatter.cpp - Writing at positions that a tensor gives --------===//
//
// Positions may repeat: updates are applied one after the other, in order, so
// that the result is the same in each run.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// An element and an update combined as the attribute `reduction` says.
Value combined(OpBuilder &b, Location loc, StringRef reduction, Type element,
               Value old, Value update) {
  if (reduction == "none")
    return update;
  Value x = toCompute(b, loc, old, element),
        y = toCompute(b, loc, update, element), result;
  bool isFloat = isa<FloatType>(element);
  bool isUnsigned = isUnsignedElement(element);
  if (reduction == "add")
    result = isFloat ? Value(arith::AddFOp::create(b, loc, x, y))
                     : Value(arith::AddIOp::create(b, loc, x, y));
  else if (reduction == "mul")
    result = isFloat ? Value(arith::MulFOp::create(b, loc, x, y))
                     : Value(arith::MulIOp::create(b, loc, x, y));
  else if (reduction == "max")
    result = isFloat      ? Value(arith::MaximumFOp::create(b, loc, x, y))
             : isUnsigned ? Value(arith::MaxUIOp::create(b, loc, x, y))
                          : Value(arith::MaxSIOp::create(b, loc, x, y));
  else
    result = isFloat      ? Value(arith::MinimumFOp::create(b, loc, x, y))
             : isUnsigned ? Value(arith::MinUIOp::create(b, loc, x, y))
                          : Value(arith::MinSIOp::create(b, loc, x, y));
  return toStorage(b, loc, result, element);
}

bool isReduction(StringRef name) {
  return name == "none" || name == "add" || name == "mul" || name == "max" ||
         name == "min";
}

std::string messageOf(Operation *op) {
  return (onnx::operatorName(op) +
          ": an index is outside of the dimension that it addresses")
      .str();
}

struct LowerScatterElements : OnnxPattern<onnx::ScatterElementsOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ScatterElementsOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData(), indices = in.getIndices(),
          updates = in.getUpdates();
    auto type = cast<RankedTensorType>(data.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    Dims to = dimsOf(b, loc, data), count = dimsOf(b, loc, indices);
    if (!axis || to.size() != count.size() || !isReduction(op.getReduction()))
      return refuse(op, "the axis, the rank of the indices or the reduction is "
                        "not one of ONNX");
    checkIndices(b, loc, indices, to[*axis], messageOf(op));
    for (size_t i = 0; i < count.size(); ++i)
      if (int64_t(i) != *axis && !sameDim(count[i], to[i]))
        checkThat(b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::sle,
                               asValue(b, loc, count[i]),
                               asValue(b, loc, to[i])),
                  "ScatterElements: the indices are larger than the data");
    Value extent = asValue(b, loc, to[*axis]);
    Type element = elementOf(op.getData());
    return forEachIndex(
        b, loc, count, data,
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          Value index = tensor::ExtractOp::create(b, loc, indices, at);
          SmallVector<Value> place(at);
          place[*axis] = safePosition(b, loc, index, extent);
          Value update = tensor::ExtractOp::create(b, loc, updates, at);
          if (op.getReduction() != "none") {
            Value old = tensor::ExtractOp::create(b, loc, carried[0], place);
            update = combined(b, loc, op.getReduction(), element, old, update);
          }
          return SmallVector<Value>{
              tensor::InsertOp::create(b, loc, update, carried[0], place)};
        });
  }
};

struct LowerScatterND : OnnxPattern<onnx::ScatterNDOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ScatterNDOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(in.getData().getType());
    auto places = cast<RankedTensorType>(in.getIndices().getType());
    int64_t lead = places.getRank() - 1;
    if (lead < 0 || places.isDynamicDim(lead) ||
        places.getDimSize(lead) > type.getRank())
      return refuse(op, "the length of an index is not known or larger than "
                        "the data's rank");
    if (!isReduction(op.getReduction()))
      return refuse(op, "the reduction is not one of ONNX");
    Dims to = dimsOf(b, loc, in.getData());
    Dims count = dimsOf(b, loc, in.getIndices());
    count.pop_back();
    checkUpdates(b, loc, in, to, count, places.getDimSize(lead));
    return forEachIndex(
        b, loc, count, in.getData(),
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          return SmallVector<Value>{updated(b, loc, op, in, at, carried[0], to,
                                            places.getDimSize(lead))};
        });
  }

private:
  static void checkUpdates(OpBuilder &b, Location loc, Adaptor in,
                           const Dims &to, const Dims &count, int64_t depth) {
    Dims wanted(count);
    wanted.append(to.begin() + depth, to.end());
    Dims given = dimsOf(b, loc, in.getUpdates());
    for (auto [x, y] : llvm::zip(wanted, given))
      if (!sameDim(x, y))
        checkThat(b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::eq,
                               asValue(b, loc, x), asValue(b, loc, y)),
                  "ScatterND: the updates do not have the shape that indices "
                  "and data ask for");
  }

  /// `result` with the slice that the index tuple at `at` names updated.
  static Value updated(OpBuilder &b, Location loc, onnx::ScatterNDOp op,
                       Adaptor in, ValueRange at, Value result, const Dims &to,
                       int64_t depth) {
    SmallVector<Value> tuple(at), place;
    tuple.push_back({});
    for (int64_t i = 0; i < depth; ++i) {
      tuple.back() = indexConstant(b, loc, i);
      Value index = tensor::ExtractOp::create(b, loc, in.getIndices(), tuple);
      Value extent = asValue(b, loc, to[i]);
      Value wrapped = wrapNegative(b, loc, toIndex(b, loc, index), extent);
      Value inRange =
          compareIndex(b, loc, arith::CmpIPredicate::ult, wrapped, extent);
      checkThat(b, loc, inRange, messageOf(op));
      place.push_back(safePosition(b, loc, index, extent));
    }
    Type element = elementOf(op.getData());
    Dims rest(to.begin() + depth, to.end());
    auto update = [&](OpBuilder &b, Location loc, ValueRange inner,
                      ValueRange carried) -> SmallVector<Value> {
      SmallVector<Value> source(at), target(place);
      llvm::append_range(source, inner);
      llvm::append_range(target, inner);
      Value value = tensor::ExtractOp::create(b, loc, in.getUpdates(), source);
      if (op.getReduction() != "none") {
        Value old = tensor::ExtractOp::create(b, loc, carried[0], target);
        value = combined(b, loc, op.getReduction(), element, old, value);
      }
      return {tensor::InsertOp::create(b, loc, value, carried[0], target)};
    };
    return forEachIndex(b, loc, rest, result, update).front();
  }
};

/// A cache with new rows written from a position per batch on.
struct LowerTensorScatter : OnnxPattern<onnx::TensorScatterOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::TensorScatterOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value cache = in.getPastCache(), update = in.getUpdate();
    auto type = cast<RankedTensorType>(cache.getType());
    auto axis = normalizedAxis(op.getAxis(), type.getRank());
    if (!axis || *axis == 0 ||
        cast<RankedTensorType>(update.getType()).getRank() != type.getRank())
      return refuse(op, "the axis or the rank of the update does not fit");
    Dims to = dimsOf(b, loc, cache), count = dimsOf(b, loc, update);
    for (size_t i = 0; i < count.size(); ++i)
      if (!sameDim(count[i], to[i]))
        checkThat(b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::sle,
                               asValue(b, loc, count[i]),
                               asValue(b, loc, to[i])),
                  "TensorScatter: the update is larger than the cache");
    bool circular = op.getMode() == "circular";
    Value extent = asValue(b, loc, to[*axis]), one = indexConstant(b, loc, 1);
    return forEachIndex(
        b, loc, count, cache,
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          SmallVector<Value> place(at);
          Value start = indexConstant(b, loc, 0);
          if (!onnx::isAbsent(in.getWriteIndices()))
            start = toIndex(
                b, loc,
                tensor::ExtractOp::create(b, loc, in.getWriteIndices(), at[0]));
          Value row = addIndex(b, loc, start, at[*axis]);
          if (circular)
            row = wrapNegative(
                b, loc, arith::RemSIOp::create(b, loc, row, extent), extent);
          else
            checkThat(
                b, loc,
                compareIndex(b, loc, arith::CmpIPredicate::ult, row, extent),
                messageOf(op));
          place[*axis] = clampIndex(b, loc, row, indexConstant(b, loc, 0),
                                    subIndex(b, loc, extent, one));
          Value element = tensor::ExtractOp::create(b, loc, update, at);
          return SmallVector<Value>{
              tensor::InsertOp::create(b, loc, element, carried[0], place)};
        });
  }
};

} // namespace

void populateScatterPatterns(const TypeConverter &converter,
                             RewritePatternSet &patterns) {
  patterns.add<LowerScatterElements, LowerScatterND, LowerTensorScatter>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
