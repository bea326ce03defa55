//===- LowerSampling.cpp - GridSample and RoiAlign ------------------------===//

#include "DomainPatterns.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// f32 arithmetic at one place.
struct Real {
  OpBuilder &b;
  Location loc;

  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, loc, x, y); }
  Value max(Value x, Value y) { return arith::MaxNumFOp::create(b, loc, x, y); }
  Value min(Value x, Value y) { return arith::MinNumFOp::create(b, loc, x, y); }
  Value floor(Value x) { return math::FloorOp::create(b, loc, x); }
  Value less(Value x, Value y) {
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  Value of(Value index) {
    return arith::SIToFPOp::create(b, loc, b.getF32Type(),
                                   fromIndex(b, loc, index, b.getI64Type()));
  }
  /// A whole number as index; NaN and what is far outside come near.
  Value toPosition(Value x) {
    Value bounded = max(min(x, constant(1e9)), constant(-1e9));
    return toIndex(b, loc,
                   arith::FPToSIOp::create(b, loc, b.getI64Type(), bounded));
  }
};

struct GridMode {
  bool alignCorners, nearest, cubic;
  StringRef padding;
};

/// `x` mirrored at both ends until it is in [low, high].
Value reflected(Real r, Value x, Value low, Value high) {
  // With a period of twice the range: a triangle wave.
  Value range = r.sub(high, low), two = r.constant(2);
  Value period = r.mul(range, two);
  Value moved = r.sub(x, low);
  Value turns = r.floor(r.div(moved, period));
  Value rest = r.sub(moved, r.mul(turns, period));
  Value back = r.sub(period, rest);
  Value folded = r.add(low, r.min(rest, back));
  Value single = r.less(range, r.constant(1e-30));
  return r.select(single, low, folded);
}

/// One spatial dimension of a sample.
struct Coordinate {
  Value floor, fraction, extent, low, high;
};

Coordinate coordinateOf(Real r, const GridMode &mode, Value grid,
                        Value extent) {
  Value length = r.of(extent), one = r.constant(1), half = r.constant(0.5);
  Value last = r.sub(length, one), zero = r.constant(0), x;
  Value shifted = r.add(grid, one);
  Coordinate c;
  c.extent = extent;
  if (mode.alignCorners) {
    x = r.mul(r.mul(shifted, half), last);
    c.low = zero;
    c.high = last;
  } else {
    x = r.mul(r.sub(r.mul(shifted, length), one), half);
    c.low = r.constant(-0.5);
    c.high = r.sub(length, half);
  }
  if (mode.nearest)
    x = math::RoundEvenOp::create(r.b, r.loc, x);
  if (mode.padding == "border")
    x = r.max(zero, r.min(x, last));
  else if (mode.padding == "reflection")
    x = reflected(r, x, c.low, c.high);
  c.floor = r.floor(x);
  c.fraction = r.sub(x, c.floor);
  return c;
}

/// The weight of the tap at distance `x`, |x| < 2.
Value tapWeight(Real r, const GridMode &mode, Value x) {
  Value a = math::AbsFOp::create(r.b, r.loc, x);
  if (!mode.cubic)
    return r.max(r.constant(0), r.sub(r.constant(1), a));
  constexpr double A = -0.75;
  auto polynomial = [&](double c3, double c2, double c1, double c0) {
    Value sum = r.add(r.mul(r.constant(c3), a), r.constant(c2));
    sum = r.add(r.mul(sum, a), r.constant(c1));
    return r.add(r.mul(sum, a), r.constant(c0));
  };
  return r.select(r.less(a, r.constant(1)), polynomial(A + 2, -(A + 3), 0, 1),
                  polynomial(A, -5 * A, 8 * A, -4 * A));
}

struct LowerGridSample : OnnxPattern<onnx::GridSampleOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::GridSampleOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), gridElement = elementOf(op.getGrid());
    Dims from = dimsOf(b, loc, in.getX()), grid = dimsOf(b, loc, in.getGrid());
    if (from.size() < 3 || grid.size() != from.size() ||
        !isa<FloatType>(element) || element.isF64())
      return refuse(op, "input and grid should be floats of the same rank");
    GridMode mode{op.getAlignCorners() != 0, op.getMode() == "nearest",
                  op.getMode() == "cubic" || op.getMode() == "bicubic",
                  op.getPaddingMode()};
    Dims out = {from[0], from[1]};
    out.append(grid.begin() + 1, grid.end() - 1);
    SmallVector<Value> extents;
    for (OpFoldResult dim : ArrayRef(from).drop_front(2))
      extents.push_back(asValue(b, loc, dim));
    return SmallVector<Value>{generate(
        b, loc, out, storageType(element),
        [&](OpBuilder &b, Location loc, ValueRange at) {
          Real r{b, loc};
          SmallVector<Coordinate> place;
          for (auto [i, extent] : llvm::enumerate(extents)) {
            SmallVector<Value> where(at);
            where.erase(where.begin() + 1);
            // The grid names the last dimension first.
            where.push_back(indexConstant(b, loc, extents.size() - 1 - i));
            Value given = toCompute(
                b, loc, tensor::ExtractOp::create(b, loc, in.getGrid(), where),
                gridElement);
            if (given.getType().isF64())
              given = arith::TruncFOp::create(b, loc, b.getF32Type(), given);
            place.push_back(coordinateOf(r, mode, given, extent));
          }
          Value value = sampled(b, loc, in.getX(), element, mode,
                                at.take_front(2), place);
          return toStorage(b, loc, value, element);
        })};
  }

private:
  /// The pixel at whole coordinates, padded.
  static Value pixel(OpBuilder &b, Location loc, Value data, Type element,
                     const GridMode &mode, ValueRange lead,
                     ArrayRef<Coordinate> place, ArrayRef<Value> at) {
    Real r{b, loc};
    Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
    Value inside = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
    SmallVector<Value> from(lead);
    for (auto [c, x] : llvm::zip_equal(place, at)) {
      Value moved = x;
      if (mode.padding == "reflection")
        moved = reflected(r, x, c.low, c.high);
      Value index = r.toPosition(moved);
      Value fits =
          compareIndex(b, loc, arith::CmpIPredicate::ult, index, c.extent);
      inside = arith::AndIOp::create(b, loc, inside, fits);
      from.push_back(
          clampIndex(b, loc, index, zero, subIndex(b, loc, c.extent, one)));
    }
    Value value = toCompute(
        b, loc, tensor::ExtractOp::create(b, loc, data, from), element);
    if (mode.padding != "zeros")
      return value;
    return r.select(inside, value, r.constant(0));
  }

  static Value sampled(OpBuilder &b, Location loc, Value data, Type element,
                       const GridMode &mode, ValueRange lead,
                       ArrayRef<Coordinate> place) {
    SmallVector<Value> floors;
    for (const Coordinate &c : place)
      floors.push_back(c.floor);
    if (mode.nearest)
      return pixel(b, loc, data, element, mode, lead, place, floors);
    int64_t taps = mode.cubic ? 4 : 2, start = mode.cubic ? -1 : 0;
    Dims loops(place.size(), b.getIndexAttr(taps));
    Value zero = Real{b, loc}.constant(0);
    return forEachIndex(
               b, loc, loops, zero,
               [&](OpBuilder &b, Location loc, ValueRange tap,
                   ValueRange sum) -> SmallVector<Value> {
                 Real r{b, loc};
                 Value weight = r.constant(1);
                 SmallVector<Value> at;
                 for (auto [c, k] : llvm::zip_equal(place, tap)) {
                   Value offset = r.add(r.of(k), r.constant(start));
                   at.push_back(r.add(c.floor, offset));
                   weight = r.mul(
                       weight, tapWeight(r, mode, r.sub(offset, c.fraction)));
                 }
                 Value value =
                     pixel(b, loc, data, element, mode, lead, place, at);
                 return {r.add(sum[0], r.mul(weight, value))};
               })
        .front();
  }
};

/// Regions of interest cut into bins; each bin is the mean or maximum of a grid
/// of samples.
struct LowerRoiAlign : OnnxPattern<onnx::RoiAlignOp> {
  using OnnxPattern::OnnxPattern;

  /// One spatial dimension of a region.
  struct Span {
    Value start, bin, samples, extent;
  };

  Lowered lower(onnx::RoiAlignOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    Dims from = dimsOf(b, loc, in.getX());
    if (from.size() != 4 || !element.isF32())
      return refuse(op, "only float inputs of rank 4 are supported");
    checkIndices(b, loc, in.getBatchIndices(), from[0],
                 "RoiAlign: a batch index is out of range");
    OpFoldResult regions = dimOf(b, loc, in.getRois(), 0);
    Dims out = {regions, from[1], b.getIndexAttr(op.getOutputHeight()),
                b.getIndexAttr(op.getOutputWidth())};
    Value batches = asValue(b, loc, from[0]), height = asValue(b, loc, from[2]),
          width = asValue(b, loc, from[3]);
    return SmallVector<Value>{generate(
        b, loc, out, b.getF32Type(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          Value batch =
              tensor::ExtractOp::create(b, loc, in.getBatchIndices(), at[0]);
          SmallVector<Value> lead = {safePosition(b, loc, batch, batches),
                                     at[1]};
          Span y =
              spanOf(b, loc, op, in, at[0], 1, op.getOutputHeight(), height);
          Span x = spanOf(b, loc, op, in, at[0], 0, op.getOutputWidth(), width);
          return pooled(b, loc, op, in.getX(), lead, at, y, x);
        })};
  }

private:
  static Span spanOf(OpBuilder &b, Location loc, onnx::RoiAlignOp op,
                     Adaptor in, Value region, int64_t axis, int64_t bins,
                     Value extent) {
    Real r{b, loc};
    bool half = op.getCoordinateTransformationMode() == "half_pixel";
    auto corner = [&](int64_t which) {
      Value x = tensor::ExtractOp::create(
          b, loc, in.getRois(),
          ValueRange{region, indexConstant(b, loc, which)});
      x = r.mul(x, r.constant(op.getSpatialScale().convertToFloat()));
      return half ? r.sub(x, r.constant(0.5)) : x;
    };
    Span span;
    span.start = corner(axis);
    span.extent = extent;
    Value size = r.sub(corner(axis + 2), span.start);
    if (!half)
      size = r.max(size, r.constant(1));
    span.bin = r.div(size, r.constant(bins));
    if (op.getSamplingRatio() > 0) {
      span.samples = indexConstant(b, loc, op.getSamplingRatio());
    } else {
      Value count = math::CeilOp::create(b, loc, span.bin);
      span.samples = clampIndex(b, loc, r.toPosition(count),
                                indexConstant(b, loc, 0), extent);
    }
    return span;
  }

  static Value pooled(OpBuilder &b, Location loc, onnx::RoiAlignOp op,
                      Value data, ValueRange lead, ValueRange at, Span y,
                      Span x) {
    bool isMax = op.getMode() == "max";
    Real r{b, loc};
    Value zero = r.constant(0);
    Value start = isMax ? r.constant(-3.4028234663852886e38) : zero;
    Value sum =
        forEachIndex(
            b, loc, {OpFoldResult(y.samples), OpFoldResult(x.samples)}, start,
            [&](OpBuilder &b, Location loc, ValueRange sample,
                ValueRange carried) -> SmallVector<Value> {
              Real r{b, loc};
              Value sy = placeOf(r, y, at[2], sample[0]);
              Value sx = placeOf(r, x, at[3], sample[1]);
              return {combined(r, data, lead, y, sy, x, sx, isMax, carried[0])};
            })
            .front();
    Value count = r.of(mulIndex(b, loc, y.samples, x.samples));
    Value none = r.less(count, r.constant(0.5));
    if (isMax)
      return r.select(none, zero, sum);
    return r.div(sum, r.max(count, r.constant(1)));
  }

  static Value placeOf(Real r, const Span &span, Value bin, Value sample) {
    Value step = r.div(span.bin, r.of(span.samples));
    Value offset = r.mul(r.add(r.of(sample), r.constant(0.5)), step);
    return r.add(r.add(span.start, r.mul(r.of(bin), span.bin)), offset);
  }

  /// Bilinear at (y, x), added to or maximised with `carried`.
  static Value combined(Real r, Value data, ValueRange lead, const Span &spanY,
                        Value y, const Span &spanX, Value x, bool isMax,
                        Value carried) {
    struct Corner {
      Value low, high, lowWeight, highWeight, outside;
    };
    auto corner = [&](Value v, Value extent) {
      Value length = r.of(extent), zero = r.constant(0), one = r.constant(1);
      Corner c;
      c.outside = arith::OrIOp::create(r.b, r.loc, r.less(v, r.constant(-1)),
                                       r.less(length, v));
      Value last = r.sub(length, one);
      Value inside = r.min(r.max(v, zero), last);
      Value low = r.floor(inside);
      c.highWeight = r.sub(inside, low);
      c.lowWeight = r.sub(one, c.highWeight);
      Value bound = subIndex(r.b, r.loc, extent, indexConstant(r.b, r.loc, 1));
      Value start = indexConstant(r.b, r.loc, 0);
      c.low = clampIndex(r.b, r.loc, r.toPosition(low), start, bound);
      c.high =
          clampIndex(r.b, r.loc, r.toPosition(r.add(low, one)), start, bound);
      return c;
    };
    Corner cy = corner(y, spanY.extent), cx = corner(x, spanX.extent);
    SmallVector<Value> terms;
    for (auto [row, rowWeight] :
         {std::pair(cy.low, cy.lowWeight), std::pair(cy.high, cy.highWeight)})
      for (auto [column, columnWeight] : {std::pair(cx.low, cx.lowWeight),
                                          std::pair(cx.high, cx.highWeight)}) {
        Value value = tensor::ExtractOp::create(
            r.b, r.loc, data, ValueRange{lead[0], lead[1], row, column});
        terms.push_back(r.mul(r.mul(rowWeight, columnWeight), value));
      }
    Value result = terms[0];
    for (Value term : ArrayRef(terms).drop_front())
      result = isMax ? r.max(result, term) : r.add(result, term);
    Value outside = arith::OrIOp::create(r.b, r.loc, cy.outside, cx.outside);
    result = r.select(outside, r.constant(0), result);
    return isMax ? r.max(carried, result) : r.add(carried, result);
  }
};

} // namespace

void populateSamplingPatterns(const TypeConverter &converter,
                              RewritePatternSet &patterns) {
  patterns.add<LowerGridSample, LowerRoiAlign>(converter,
                                               patterns.getContext());
}

} // namespace tegula::graph
