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
  Value highest =
      selectOf(b, loc, backwards, subIndex(b, loc, dim, one), dim);
  first = clampIndex(b, loc, first, lowest, highest);
  last = clampIndex(b, loc, last, lowest, highest);
  checkThat(b, loc, compareIndex(b, loc, Predicate::ne, by, zero),
            "Slice: a step is 0");
  Value safe = selectOf(
      b, loc, compareIndex(b, loc, Predicate::eq, by, zero), one, by);
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
      return refuse(op, "the axes are not known before run time or not in the "
                        "input's rank");
    if (ends.size() != starts.size() || steps.size() != starts.size() ||
        axes->size() != starts.size())
      return refuse(op, "starts, ends, axes and steps differ in length");

    SmallVector<Range> ranges;
    for (OpFoldResult dim : dimsOf(b, loc, data))
      ranges.push_back({b.getIndexAttr(0), dim, b.getIndexAttr(1)});
    for (auto [i, axis] : llvm::enumerate(*axes))
      ranges[axis] = rangeOf(b, loc, starts[i], ends[i], steps[i],
                             ranges[axis].size);
    auto known = cast<RankedTensorType>(op.getOutput().getType());
    for (int64_t i = 0; i < std::min(known.getRank(), type.getRank()); ++i)
      if (!known.isDynamicDim(i))
        ranges[i].size = b.getIndexAttr(known.getDimSize(i));
    return SmallVector<Value>{sliced(b, loc, data, ranges)};
  }

private:
  static std::optional<SmallVector<int64_t>>
  axesOf(OpBuilder &b, Location loc, Value axes, int64_t count, int64_t rank) {
    if (onnx::isAbsent(axes)) {
      if (count > rank)
        return std::nullopt;
      return llvm::to_vector(llvm::seq<int64_t>(count));
    }
    auto known = constantIndicesOf(b, loc, axes);
    if (!known)
      return std::nullopt;
    for (int64_t &axis : *known) {
      auto normal = normalizedAxis(axis, rank);
      if (!normal)
        return std::nullopt;
      axis = *normal;
    }
    return known;
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
    return generate(b, loc, sizes, type.getElementType(),
                    [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                      SmallVector<Value> from;
                      for (auto [i, index] : llvm::enumerate(at))
                        from.push_back(addIndex(
                            b, loc, asValue(b, loc, offsets[i]),
                            mulIndex(b, loc, index,
                                     asValue(b, loc, steps[i]))));
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
