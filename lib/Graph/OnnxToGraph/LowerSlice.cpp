//===- LowerSlice.cpp - Slice ---------------------------------------------===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// One dimension of a slice: elements start, start + step, ...
struct Range {
  OpFoldResult start, size, step;
};

/// start and end brought into the dimension as NumPy does, for a step whose
/// sign is known or not.
Range rangeOf(OpBuilder &b, Location loc, OpFoldResult start, OpFoldResult end,
              OpFoldResult step, OpFoldResult extent) {
  using Predicate = arith::CmpIPredicate;
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value dim = asValue(b, loc, extent), by = asValue(b, loc, step);
  Value first = wrapNegative(b, loc, asValue(b, loc, start), dim);
  Value last = wrapNegative(b, loc, asValue(b, loc, end), dim);
  Value backwards = compareIndex(b, loc, Predicate::slt, by, zero);
  Value lowest = selectOf(b, loc, backwards, indexConstant(b, loc, -1), zero);
  Value highest = selectOf(b, loc, backwards, subIndex(b, loc, dim, one), dim);
  first = clampIndex(b, loc, first, lowest, highest);
  last = clampIndex(b, loc, last, lowest, highest);
  checkThat(b, loc, compareIndex(b, loc, Predicate::ne, by, zero),
            "Slice: a step is 0");
  Value safe =
      selectOf(b, loc, compareIndex(b, loc, Predicate::eq, by, zero), one, by);
  Value span = subIndex(b, loc, last, first);
  Value size = isConstantIntValue(getAsOpFoldResult(safe), 1)
                   ? span
                   : b.createOrFold<arith::CeilDivSIOp>(loc, span, safe);
  return {getAsOpFoldResult(first),
          getAsOpFoldResult(maxIndex(b, loc, size, zero)),
          getAsOpFoldResult(safe)};
}

struct LowerSlice : OnnxPattern<onnx::SliceOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::SliceOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto type = cast<RankedTensorType>(data.getType());
    if (!cast<RankedTensorType>(in.getStarts().getType()).hasStaticShape())
      return refuse(op, "the number of starts is not known before run time");
    Dims starts = indicesOf(b, loc, in.getStarts()),
         ends = indicesOf(b, loc, in.getEnds());
    Dims steps(starts.size(), b.getIndexAttr(1));
    if (!onnx::isAbsent(in.getSteps()))
      steps = indicesOf(b, loc, in.getSteps());
    auto axes = axesOf(b, loc, in.getAxes(), starts.size(), type.getRank());
    if (!axes)
      return refuse(op, "an axis is not in the input's rank");
    if (ends.size() != starts.size() || steps.size() != starts.size() ||
        axes->size() != starts.size())
      return refuse(op, "starts, ends, axes and steps differ in length");

    SmallVector<Range> ranges;
    for (auto [dim, extent] : llvm::enumerate(dimsOf(b, loc, data)))
      ranges.push_back(
          rangeAlong(b, loc, dim, extent, *axes, starts, ends, steps));
    adoptKnownSizes(b, loc, ranges, op.getOutput().getType());
    return SmallVector<Value>{sliced(b, loc, data, ranges)};
  }

private:
  /// Axes counted from the front, known now or not.
  static std::optional<Dims> axesOf(OpBuilder &b, Location loc, Value axes,
                                    int64_t count, int64_t rank) {
    if (onnx::isAbsent(axes)) {
      if (count > rank)
        return std::nullopt;
      return getAsIndexOpFoldResult(b.getContext(),
                                    llvm::to_vector(llvm::seq<int64_t>(count)));
    }
    Dims out = indicesOf(b, loc, axes);
    for (OpFoldResult &axis : out) {
      auto known = getConstantIntValue(axis);
      if (known && !normalizedAxis(*known, rank))
        return std::nullopt;
      axis = getAsOpFoldResult(wrapNegative(b, loc, asValue(b, loc, axis),
                                            indexConstant(b, loc, rank)));
    }
    return out;
  }

  /// The range of dimension `dim`: that of the axis which names it, or all.
  static Range rangeAlong(OpBuilder &b, Location loc, int64_t dim,
                          OpFoldResult extent, ArrayRef<OpFoldResult> axes,
                          ArrayRef<OpFoldResult> starts,
                          ArrayRef<OpFoldResult> ends,
                          ArrayRef<OpFoldResult> steps) {
    OpFoldResult start = b.getIndexAttr(0), end = extent,
                 step = b.getIndexAttr(1);
    bool named = false;
    for (auto [i, axis] : llvm::enumerate(axes)) {
      auto known = getConstantIntValue(axis);
      if (known && *known != dim)
        continue;
      named = true;
      Value here =
          compareIndex(b, loc, arith::CmpIPredicate::eq, asValue(b, loc, axis),
                       indexConstant(b, loc, dim));
      auto chosen = [&](OpFoldResult x, OpFoldResult otherwise) {
        return getAsOpFoldResult(selectOf(b, loc, here, asValue(b, loc, x),
                                          asValue(b, loc, otherwise)));
      };
      start = chosen(starts[i], start);
      end = chosen(ends[i], end);
      step = chosen(steps[i], step);
    }
    if (!named)
      return {start, extent, step};
    return rangeOf(b, loc, start, end, step, extent);
  }

  /// Sizes that the model states, checked where they are only stated.
  static void adoptKnownSizes(OpBuilder &b, Location loc,
                              MutableArrayRef<Range> ranges, Type type) {
    auto known = cast<RankedTensorType>(type);
    for (auto [i, range] : llvm::enumerate(ranges)) {
      if (int64_t(i) >= known.getRank() || known.isDynamicDim(i))
        continue;
      OpFoldResult stated = b.getIndexAttr(known.getDimSize(i));
      if (!sameDim(stated, range.size))
        checkThat(b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::eq,
                               asValue(b, loc, stated),
                               asValue(b, loc, range.size)),
                  "Slice: the result has not the shape that the model states");
      range.size = stated;
    }
  }

  static Value sliced(OpBuilder &b, Location loc, Value data,
                      ArrayRef<Range> ranges) {
    auto type = cast<RankedTensorType>(data.getType());
    if (Value scalars = scalarized(b, loc, data, ranges))
      return scalars;
    Dims offsets, sizes, steps;
    bool forwards = true, whole = true;
    for (auto [i, range] : llvm::enumerate(ranges)) {
      offsets.push_back(range.start);
      sizes.push_back(range.size);
      steps.push_back(range.step);
      auto step = getConstantIntValue(range.step);
      forwards &= step && *step > 0;
      whole &= isConstantIntValue(range.start, 0) && step == 1 &&
               sameDim(range.size, dimOf(b, loc, data, i));
    }
    if (whole)
      return data;
    if (llvm::is_contained(staticShape(sizes), 0))
      return emptyTensor(b, loc, sizes, type.getElementType());
    if (forwards)
      return tensor::ExtractSliceOp::create(b, loc, data, offsets, sizes,
                                            steps);
    return generate(
        b, loc, sizes, type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> from;
          for (auto [i, index] : llvm::enumerate(at))
            from.push_back(
                addIndex(b, loc, asValue(b, loc, offsets[i]),
                         mulIndex(b, loc, index, asValue(b, loc, steps[i]))));
          return tensor::ExtractOp::create(b, loc, data, from);
        });
  }

  /// Chosen scalars of a small vector.
  static Value scalarized(OpBuilder &b, Location loc, Value data,
                          ArrayRef<Range> ranges) {
    auto type = cast<RankedTensorType>(data.getType());
    if (!isScalarized(type) || type.getRank() != 1)
      return {};
    auto start = getConstantIntValue(ranges[0].start),
         size = getConstantIntValue(ranges[0].size),
         step = getConstantIntValue(ranges[0].step);
    if (!start || !size || !step)
      return {};
    SmallVector<Value> elements = elementsOf(b, loc, data), chosen;
    for (int64_t i = 0; i < *size; ++i) {
      int64_t at = *start + i * *step;
      if (at < 0 || at >= type.getNumElements())
        return {};
      chosen.push_back(elements[at]);
    }
    auto wanted = RankedTensorType::get({*size}, type.getElementType());
    return tensor::FromElementsOp::create(b, loc, wanted, chosen);
  }
};

} // namespace

void populateSlicePatterns(const TypeConverter &converter,
                           RewritePatternSet &patterns) {
  patterns.add<LowerSlice>(converter, patterns.getContext());
}

} // namespace tegula::graph
