//===- LowerPad.cpp - Pad -------------------------------------------------===//

#include "Axes.h"
#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Elements added in front of and behind each dimension (removed if negative).
struct Padding {
  Dims low, high;
};

struct LowerPad : OnnxPattern<onnx::PadOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::PadOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto padding = paddingOf(b, loc, in);
    if (!padding)
      return refuse(op, "the number of axes is not known before run time, or "
                        "'pads' has not two elements per axis");
    Dims dims = dimsOf(b, loc, data), out;
    for (auto [i, dim] : llvm::enumerate(dims)) {
      OpFoldResult sum = addDims(b, loc, dim, padding->low[i]);
      sum = addDims(b, loc, sum, padding->high[i]);
      out.push_back(getAsOpFoldResult(
          maxIndex(b, loc, asValue(b, loc, sum), indexConstant(b, loc, 0))));
    }
    out = refined(b, out, op.getOutput().getType());
    StringRef mode = op.getMode();
    if (mode == "constant")
      return SmallVector<Value>{constantPad(b, op, in, *padding, out)};
    if (mode != "reflect" && mode != "edge" && mode != "wrap")
      return refuse(op, "the mode '" + mode + "' is not one of ONNX");
    return SmallVector<Value>{
        mirrored(b, loc, data, *padding, dims, out, mode)};
  }

private:
  static std::optional<Padding> paddingOf(OpBuilder &b, Location loc,
                                          Adaptor in) {
    int64_t rank = cast<RankedTensorType>(in.getData().getType()).getRank();
    StringRef lengths = "Pad: 'pads' has not two elements per axis";
    if (onnx::isAbsent(in.getAxes())) {
      Dims pads = indicesOf(
          b, loc, withLength(b, loc, in.getPads(), 2 * rank, lengths));
      if (int64_t(pads.size()) != 2 * rank)
        return std::nullopt;
      ArrayRef<OpFoldResult> all(pads);
      return Padding{Dims(all.take_front(rank)), Dims(all.drop_front(rank))};
    }
    auto axesType = cast<RankedTensorType>(in.getAxes().getType());
    if (!axesType.hasStaticShape())
      return std::nullopt;
    int64_t count = axesType.getNumElements();
    Dims pads =
        indicesOf(b, loc, withLength(b, loc, in.getPads(), 2 * count, lengths));
    if (int64_t(pads.size()) != 2 * count)
      return std::nullopt;
    Padding padding{Dims(rank, b.getIndexAttr(0)),
                    Dims(rank, b.getIndexAttr(0))};
    if (auto known = constantIndicesOf(b, loc, in.getAxes())) {
      for (auto [i, axis] : llvm::enumerate(*known)) {
        auto normal = normalizedAxis(axis, rank);
        if (!normal)
          return std::nullopt;
        padding.low[*normal] = pads[i];
        padding.high[*normal] = pads[count + i];
      }
      return padding;
    }
    (void)axisMask(b, loc, in.getAxes(), rank);
    for (auto [i, axis] : llvm::enumerate(elementsOf(b, loc, in.getAxes())))
      for (int64_t dim = 0; dim < rank; ++dim) {
        Value here = compareIndex(b, loc, arith::CmpIPredicate::eq,
                                  wrapNegative(b, loc, toIndex(b, loc, axis),
                                               indexConstant(b, loc, rank)),
                                  indexConstant(b, loc, dim));
        auto chosen = [&](OpFoldResult given, OpFoldResult &amount) {
          amount = getAsOpFoldResult(selectOf(
              b, loc, here, asValue(b, loc, given), asValue(b, loc, amount)));
        };
        chosen(pads[i], padding.low[dim]);
        chosen(pads[count + i], padding.high[dim]);
      }
    return padding;
  }

  static Value constantPad(OpBuilder &b, onnx::PadOp op, Adaptor in,
                           const Padding &padding, const Dims &out) {
    Location loc = op.getLoc();
    Value data = in.getData();
    auto type = cast<RankedTensorType>(data.getType());
    Type storage = type.getElementType();
    Value value;
    if (onnx::isAbsent(in.getConstantValue())) {
      value = arith::ConstantOp::create(b, loc, b.getZeroAttr(storage));
    } else {
      Value given = in.getConstantValue();
      SmallVector<Value> at(cast<RankedTensorType>(given.getType()).getRank(),
                            indexConstant(b, loc, 0));
      value = b.createOrFold<tensor::ExtractOp>(loc, given, at);
    }
    data = cropped(b, loc, data, padding);
    Value zero = indexConstant(b, loc, 0);
    auto added = [&](const Dims &amounts) {
      Dims result;
      for (OpFoldResult amount : amounts)
        result.push_back(
            getAsOpFoldResult(maxIndex(b, loc, asValue(b, loc, amount), zero)));
      return result;
    };
    auto wanted = RankedTensorType::get(staticShape(out), storage);
    return tensor::PadOp::create(b, loc, wanted, data, added(padding.low),
                                 added(padding.high), value);
  }

  /// `data` without what negative amounts take away.
  static Value cropped(OpBuilder &b, Location loc, Value data,
                       const Padding &padding) {
    auto mayCrop = [](OpFoldResult amount) {
      auto known = getConstantIntValue(amount);
      return !known || *known < 0;
    };
    if (llvm::none_of(padding.low, mayCrop) &&
        llvm::none_of(padding.high, mayCrop))
      return data;
    Value zero = indexConstant(b, loc, 0);
    auto removed = [&](OpFoldResult amount) {
      Value negated = subIndex(b, loc, zero, asValue(b, loc, amount));
      return maxIndex(b, loc, negated, zero);
    };
    Dims offsets, sizes, ones;
    for (auto [i, dim] : llvm::enumerate(dimsOf(b, loc, data))) {
      Value extent = asValue(b, loc, dim);
      Value front = minIndex(b, loc, removed(padding.low[i]), extent);
      Value left = subIndex(b, loc, subIndex(b, loc, extent, front),
                            removed(padding.high[i]));
      offsets.push_back(getAsOpFoldResult(front));
      sizes.push_back(getAsOpFoldResult(maxIndex(b, loc, left, zero)));
      ones.push_back(b.getIndexAttr(1));
    }
    return tensor::ExtractSliceOp::create(b, loc, data, offsets, sizes, ones);
  }

  /// The place in [0, extent) that `index`, outside of it, shows.
  static Value source(OpBuilder &b, Location loc, Value index, Value extent,
                      StringRef mode) {
    Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
    Value last = subIndex(b, loc, extent, one);
    if (mode == "edge")
      return clampIndex(b, loc, index, zero, last);
    // With period p: i mod p, and for a reflection the way back, p - i.
    Value period = mode == "wrap"
                       ? extent
                       : mulIndex(b, loc, last, indexConstant(b, loc, 2));
    period = maxIndex(b, loc, period, one);
    Value rest = wrapNegative(
        b, loc, b.createOrFold<arith::RemSIOp>(loc, index, period), period);
    if (mode == "wrap")
      return rest;
    return minIndex(b, loc, rest, subIndex(b, loc, period, rest));
  }

  static Value mirrored(OpBuilder &b, Location loc, Value data,
                        const Padding &padding, const Dims &dims,
                        const Dims &out, StringRef mode) {
    SmallVector<Value> extents, low;
    for (auto [dim, amount] : llvm::zip_equal(dims, padding.low)) {
      extents.push_back(asValue(b, loc, dim));
      low.push_back(asValue(b, loc, amount));
    }
    Type storage = cast<RankedTensorType>(data.getType()).getElementType();
    return generate(b, loc, out, storage,
                    [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                      SmallVector<Value> from;
                      for (auto [i, index] : llvm::enumerate(at)) {
                        bool same = isConstantIntValue(padding.low[i], 0) &&
                                    isConstantIntValue(padding.high[i], 0);
                        Value shifted = subIndex(b, loc, index, low[i]);
                        from.push_back(
                            same ? index
                                 : source(b, loc, shifted, extents[i], mode));
                      }
                      return tensor::ExtractOp::create(b, loc, data, from);
                    });
  }
};

} // namespace

void populatePadPatterns(const TypeConverter &converter,
                         RewritePatternSet &patterns) {
  patterns.add<LowerPad>(converter, patterns.getContext());
}

} // namespace tegula::graph
