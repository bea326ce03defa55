//===- LowerResize.cpp - Resize -------------------------------------------===//
//
// Interpolation is separable: one pass per resized dimension, from the last to
// the first. A pass reads tables, small tensors that are made before it: for
// each output position the first input position and the weights of its taps.
//
//===----------------------------------------------------------------------===//

#include "Convert.h"
#include "DomainPatterns.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace mlir;

namespace tegula::graph {

namespace {

/// Attributes of a Resize.
struct ResizeMode {
  StringRef coordinates, nearest, mode;
  double cubicA = -0.75, extrapolation = 0;
  bool antialias = false, excludeOutside = false;

  bool isNearest() const { return mode == "nearest"; }
  double support() const { return mode == "cubic" ? 2 : 1; }
};

/// One resized dimension.
struct ResizedDim {
  int64_t dim;
  OpFoldResult from, to;
  Value scale;                       ///< f64.
  std::optional<double> knownScale;  ///< The same when it is a constant.
  std::optional<double> lowestScale; ///< It is at least this.
  Value roiStart, roiEnd;            ///< f64, for tf_crop_and_resize.
};

/// f64 arithmetic at one place.
struct Real {
  OpBuilder &b;
  Location loc;

  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
  }
  Value add(Value x, Value y) {
    return b.createOrFold<arith::AddFOp>(loc, x, y);
  }
  Value sub(Value x, Value y) {
    return b.createOrFold<arith::SubFOp>(loc, x, y);
  }
  Value mul(Value x, Value y) {
    return b.createOrFold<arith::MulFOp>(loc, x, y);
  }
  Value div(Value x, Value y) {
    return b.createOrFold<arith::DivFOp>(loc, x, y);
  }
  Value of(Value index) {
    return b.createOrFold<arith::SIToFPOp>(
        loc, b.getF64Type(), fromIndex(b, loc, index, b.getI64Type()));
  }
  Value floor(Value x) { return b.createOrFold<math::FloorOp>(loc, x); }
  Value ceil(Value x) { return b.createOrFold<math::CeilOp>(loc, x); }
  Value select(Value condition, Value x, Value y) {
    return b.createOrFold<arith::SelectOp>(loc, condition, x, y);
  }
  Value is(arith::CmpFPredicate predicate, Value x, Value y) {
    return b.createOrFold<arith::CmpFOp>(loc, predicate, x, y);
  }
  /// As index; values beyond 2^53 are brought there.
  Value toPosition(Value x) {
    Value bounded = arith::MinNumFOp::create(b, loc, x, constant(9e15));
    bounded = arith::MaxNumFOp::create(b, loc, bounded, constant(-9e15));
    return toIndex(b, loc,
                   arith::FPToSIOp::create(b, loc, b.getI64Type(), bounded));
  }
};

/// The place in the input that output position `at` shows.
Value originalPlace(OpBuilder &b, Location loc, const ResizedDim &d,
                    StringRef mode, Value at) {
  Real r{b, loc};
  Value one = r.constant(1), half = r.constant(0.5);
  Value x = r.of(at), from = r.of(asValue(b, loc, d.from));
  Value width = r.mul(d.scale, from), size = r.of(asValue(b, loc, d.to));
  Value single = r.is(arith::CmpFPredicate::OEQ, size, one);
  Value halfPixel = r.sub(r.div(r.add(x, half), d.scale), half);
  Value span = r.sub(from, one);
  if (mode == "align_corners")
    return r.select(single, r.constant(0),
                    r.div(r.mul(x, span), r.sub(width, one)));
  if (mode == "asymmetric")
    return r.div(x, d.scale);
  if (mode == "pytorch_half_pixel")
    return r.select(single, r.constant(-0.5), halfPixel);
  if (mode == "half_pixel_symmetric") {
    Value adjustment = r.div(size, width);
    Value centre = r.mul(from, half);
    Value offset = r.mul(centre, r.sub(one, adjustment));
    return r.add(offset, halfPixel);
  }
  if (mode == "tf_crop_and_resize") {
    Value extent = r.mul(r.sub(d.roiEnd, d.roiStart), span);
    Value moved = r.select(single, r.mul(extent, half),
                           r.div(r.mul(x, extent), r.sub(width, one)));
    return r.add(moved, r.mul(d.roiStart, span));
  }
  return halfPixel;
}

Value nearestPlace(Real r, StringRef mode, Value x) {
  Value half = r.constant(0.5);
  if (mode == "floor")
    return r.floor(x);
  if (mode == "ceil")
    return r.ceil(x);
  if (mode == "round_prefer_ceil")
    return r.floor(r.add(x, half));
  return r.ceil(r.sub(x, half));
}

/// The interpolation kernel at distance `x`.
Value kernelAt(Real r, const ResizeMode &mode, Value x) {
  Value a = math::AbsFOp::create(r.b, r.loc, x);
  Value zero = r.constant(0), one = r.constant(1);
  if (mode.mode != "cubic")
    return arith::MaximumFOp::create(r.b, r.loc, zero, r.sub(one, a));
  double A = mode.cubicA;
  auto polynomial = [&](double c3, double c2, double c1, double c0) {
    Value sum = r.add(r.mul(r.constant(c3), a), r.constant(c2));
    sum = r.add(r.mul(sum, a), r.constant(c1));
    return r.add(r.mul(sum, a), r.constant(c0));
  };
  Value inner = polynomial(A + 2, -(A + 3), 0, 1);
  Value outer = polynomial(A, -5 * A, 8 * A, -4 * A);
  Value beyond =
      r.select(r.is(arith::CmpFPredicate::OLT, a, r.constant(2)), outer, zero);
  return r.select(r.is(arith::CmpFPredicate::OLE, a, one), inner, beyond);
}

/// First input position of each output position, relative weights of the taps,
/// and whether it lies outside (as i8).
struct Tables {
  Value first, weights, outside;
  int64_t taps = 1;
};

/// The taps of one dimension: `count` of them from floor(x) + `start`.
struct Taps {
  int64_t start, count;
};

Taps tapsOf(const ResizeMode &mode, const ResizedDim &d) {
  double support = mode.support(), scale = 1;
  if (mode.antialias)
    scale = std::min(d.lowestScale.value_or(1), 1.0);
  int64_t start = int64_t(std::floor(-support / scale)) + 1;
  return {start, 2 - 2 * start};
}

/// The weight of tap number `tap` at the place floor + ratio; 0 outside of the
/// input where that is excluded.
Value rawWeight(Real r, const ResizeMode &mode, const ResizedDim &d,
                const Taps &taps, Value floor, Value ratio, Value tap) {
  Value offset = r.add(r.of(tap), r.constant(taps.start));
  Value distance = r.sub(offset, ratio);
  if (mode.antialias) // The kernel is wider where the result is smaller.
    distance = r.mul(distance, arith::MinimumFOp::create(r.b, r.loc, d.scale,
                                                         r.constant(1)));
  Value weight = kernelAt(r, mode, distance);
  if (!mode.excludeOutside)
    return weight;
  Value place = r.add(floor, offset), zero = r.constant(0);
  Value extent = r.of(asValue(r.b, r.loc, d.from));
  Value inside = arith::AndIOp::create(
      r.b, r.loc, r.is(arith::CmpFPredicate::OGE, place, zero),
      r.is(arith::CmpFPredicate::OLT, place, extent));
  return r.select(inside, weight, zero);
}

Tables tablesOf(OpBuilder &b, Location loc, const ResizeMode &mode,
                const ResizedDim &d) {
  Tables tables;
  Taps taps = tapsOf(mode, d);
  tables.first =
      generate(b, loc, {d.to}, b.getI64Type(),
               [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
                 Real r{b, loc};
                 Value x = originalPlace(b, loc, d, mode.coordinates, at[0]);
                 Value place = mode.isNearest()
                                   ? nearestPlace(r, mode.nearest, x)
                                   : r.add(r.floor(x), r.constant(taps.start));
                 return fromIndex(b, loc, r.toPosition(place), b.getI64Type());
               });
  if (mode.coordinates == "tf_crop_and_resize")
    tables.outside = generate(
        b, loc, {d.to}, b.getI8Type(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          Real r{b, loc};
          Value x = originalPlace(b, loc, d, mode.coordinates, at[0]);
          Value last = r.sub(r.of(asValue(b, loc, d.from)), r.constant(1));
          Value outside = arith::OrIOp::create(
              b, loc, r.is(arith::CmpFPredicate::OLT, x, r.constant(0)),
              r.is(arith::CmpFPredicate::OGT, x, last));
          return arith::ExtUIOp::create(b, loc, b.getI8Type(), outside);
        });
  if (mode.isNearest())
    return tables;
  tables.taps = taps.count;
  tables.weights = generate(
      b, loc, {d.to, b.getIndexAttr(taps.count)}, b.getF32Type(),
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Real r{b, loc};
        Value x = originalPlace(b, loc, d, mode.coordinates, at[0]);
        Value floor = r.floor(x), ratio = r.sub(x, floor);
        Value weight = rawWeight(r, mode, d, taps, floor, ratio, at[1]);
        if (mode.antialias || mode.excludeOutside) {
          Value sum =
              forEachIndex(
                  b, loc, {b.getIndexAttr(taps.count)}, r.constant(0),
                  [&](OpBuilder &b, Location loc, ValueRange tap,
                      ValueRange sum) -> SmallVector<Value> {
                    Real r{b, loc};
                    return {r.add(sum[0], rawWeight(r, mode, d, taps, floor,
                                                    ratio, tap[0]))};
                  })
                  .front();
          weight = r.div(weight, sum);
        }
        return arith::TruncFOp::create(b, loc, b.getF32Type(), weight);
      });
  return tables;
}

/// One pass: `data` with dimension d.dim resized; f32 unless nearest.
Value resizedAlong(OpBuilder &b, Location loc, Value data,
                   const ResizeMode &mode, const ResizedDim &d,
                   Value extrapolation) {
  Tables tables = tablesOf(b, loc, mode, d);
  Dims dims = dimsOf(b, loc, data);
  dims[d.dim] = d.to;
  Type storage = cast<RankedTensorType>(data.getType()).getElementType();
  Value last =
      subIndex(b, loc, asValue(b, loc, d.from), indexConstant(b, loc, 1));
  Value zero = indexConstant(b, loc, 0);
  return generate(
      b, loc, dims, storage,
      [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
        Value first = toIndex(
            b, loc, tensor::ExtractOp::create(b, loc, tables.first, at[d.dim]));
        auto read = [&](OpBuilder &b, Location loc, Value tap) -> Value {
          SmallVector<Value> from(at);
          from[d.dim] =
              clampIndex(b, loc, addIndex(b, loc, first, tap), zero, last);
          return tensor::ExtractOp::create(b, loc, data, from);
        };
        Value value;
        if (mode.isNearest()) {
          value = read(b, loc, zero);
        } else {
          Value start = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
          auto tap = [&](OpBuilder &b, Location loc, ValueRange k,
                         ValueRange sum) -> SmallVector<Value> {
            Value weight = tensor::ExtractOp::create(
                b, loc, tables.weights, ValueRange{at[d.dim], k[0]});
            Value term =
                arith::MulFOp::create(b, loc, weight, read(b, loc, k[0]));
            return {arith::AddFOp::create(b, loc, sum[0], term)};
          };
          value = start;
          if (tables.taps <= 4)
            for (int64_t k = 0; k < tables.taps; ++k)
              value = tap(b, loc, indexConstant(b, loc, k), value).front();
          else
            value =
                forEachIndex(b, loc, {b.getIndexAttr(tables.taps)}, start, tap)
                    .front();
        }
        if (!tables.outside)
          return value;
        Value flag =
            tensor::ExtractOp::create(b, loc, tables.outside, at[d.dim]);
        Value none = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
        Value outside =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, flag, none);
        return arith::SelectOp::create(b, loc, outside, extrapolation, value);
      });
}

struct LowerResize : OnnxPattern<onnx::ResizeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ResizeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), f32 = b.getF32Type();
    ResizeMode mode;
    mode.coordinates = op.getCoordinateTransformationMode();
    mode.nearest = op.getNearestMode();
    mode.mode = op.getMode();
    mode.cubicA = op.getCubicCoeffA().convertToFloat();
    mode.extrapolation = op.getExtrapolationValue().convertToFloat();
    mode.excludeOutside = op.getExcludeOutside() != 0;
    mode.antialias = op.getAntialias() != 0 && !mode.isNearest();
    auto dims = resizedDims(b, loc, op, in);
    if (!dims)
      return refuse(op, "axes, scales, sizes or roi do not fit the input");
    for (const ResizedDim &d : *dims)
      if (mode.antialias && !d.lowestScale)
        return refuse(op, "antialiasing with scales that are not known before "
                          "run time");
    bool inReals = !mode.isNearest() && !element.isF32();
    Value data = in.getX();
    if (inReals)
      data = elementwise(b, loc, {{data, element}}, f32,
                         [&](OpBuilder &b, Location loc, ValueRange x) {
                           return convertScalar(b, loc, x[0], element, f32);
                         });
    Type working = inReals ? f32 : element;
    Value outside = toStorage(
        b, loc, constantOf(b, loc, working, mode.extrapolation), working);
    for (const ResizedDim &d : llvm::reverse(*dims))
      if (!isUnchanged(d, mode))
        data = resizedAlong(b, loc, data, mode, d, outside);
    if (inReals)
      data = elementwise(b, loc, {{data, f32}}, element,
                         [&](OpBuilder &b, Location loc, ValueRange x) {
                           return convertScalar(b, loc, x[0], f32, element);
                         });
    return SmallVector<Value>{data};
  }

private:
  static bool isUnchanged(const ResizedDim &d, const ResizeMode &mode) {
    return d.knownScale == 1.0 && sameDim(d.from, d.to) &&
           mode.coordinates != "tf_crop_and_resize";
  }

  /// Element `at` of a tensor of floats as f64.
  static Value realAt(OpBuilder &b, Location loc, Value tensor, int64_t at) {
    Value value = b.createOrFold<tensor::ExtractOp>(
        loc, tensor, ValueRange{indexConstant(b, loc, at)});
    if (value.getType().isF64())
      return value;
    return b.createOrFold<arith::ExtFOp>(loc, b.getF64Type(), value);
  }

  static std::optional<double> known(Value real) {
    APFloat value(0.0);
    if (!matchPattern(real, m_ConstantFloat(&value)))
      return std::nullopt;
    return value.convertToDouble();
  }

  static bool isGiven(Value tensor, int64_t count) {
    if (onnx::isAbsent(tensor))
      return false;
    auto type = cast<RankedTensorType>(tensor.getType());
    return type.getRank() == 1 && type.getDimSize(0) == count && count > 0;
  }

  static std::optional<SmallVector<ResizedDim>>
  resizedDims(OpBuilder &b, Location loc, onnx::ResizeOp op, Adaptor in) {
    auto type = cast<RankedTensorType>(in.getX().getType());
    SmallVector<int64_t> axes =
        llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
    if (auto given = op.getAxes())
      axes.assign(given->begin(), given->end());
    int64_t count = axes.size();
    bool bySizes = isGiven(in.getSizes(), count);
    if (!bySizes && !isGiven(in.getScales(), count))
      return std::nullopt;
    Real r{b, loc};
    Dims sizes = bySizes ? indicesOf(b, loc, in.getSizes()) : Dims();
    bool stretch = op.getKeepAspectRatioPolicy() == "stretch";
    auto stated = cast<RankedTensorType>(op.getY().getType());
    SmallVector<ResizedDim> dims;
    for (auto [i, axis] : llvm::enumerate(axes)) {
      auto normal = normalizedAxis(axis, type.getRank());
      if (!normal)
        return std::nullopt;
      ResizedDim d;
      d.dim = *normal;
      d.from = dimOf(b, loc, in.getX(), d.dim);
      Value from = r.of(asValue(b, loc, d.from));
      if (bySizes) {
        d.to = sizes[i];
        if (stretch && !stated.isDynamicDim(d.dim))
          d.to = b.getIndexAttr(stated.getDimSize(d.dim));
        d.scale = r.div(r.of(asValue(b, loc, d.to)), from);
      } else {
        d.scale = realAt(b, loc, in.getScales(), i);
        d.to = extentOf(r, r.floor(r.mul(from, d.scale)));
      }
      dims.push_back(d);
    }
    if (bySizes && !stretch)
      keepAspectRatio(r, dims, op.getKeepAspectRatioPolicy() == "not_larger");
    if (!finishDims(b, loc, op, in, dims))
      return std::nullopt;
    return dims;
  }

  /// A float as extent: folded where it is known, never negative.
  static OpFoldResult extentOf(Real r, Value x) {
    if (auto value = known(x))
      return r.b.getIndexAttr(
          std::clamp<double>(*value, 0, double(int64_t(1) << 40)));
    return getAsOpFoldResult(
        maxIndex(r.b, r.loc, r.toPosition(x), indexConstant(r.b, r.loc, 0)));
  }

  /// One scale for all: the smallest or the largest of them.
  static void keepAspectRatio(Real r, MutableArrayRef<ResizedDim> dims,
                              bool smallest) {
    Value scale = dims[0].scale;
    for (const ResizedDim &d : dims.drop_front())
      scale = smallest
                  ? r.b.createOrFold<arith::MinimumFOp>(r.loc, scale, d.scale)
                  : r.b.createOrFold<arith::MaximumFOp>(r.loc, scale, d.scale);
    for (ResizedDim &d : dims) {
      Value from = r.of(asValue(r.b, r.loc, d.from));
      d.scale = scale;
      d.to = extentOf(r, r.floor(r.add(r.mul(scale, from), r.constant(0.5))));
    }
  }

  static bool finishDims(OpBuilder &b, Location loc, onnx::ResizeOp op,
                         Adaptor in, MutableArrayRef<ResizedDim> dims) {
    bool crops = op.getCoordinateTransformationMode() == "tf_crop_and_resize";
    if (crops && !isGiven(in.getRoi(), 2 * dims.size()))
      return false;
    auto stated = cast<RankedTensorType>(op.getY().getType());
    for (auto [i, d] : llvm::enumerate(dims)) {
      d.knownScale = known(d.scale);
      if (d.dim < stated.getRank() && !stated.isDynamicDim(d.dim))
        d.to = b.getIndexAttr(stated.getDimSize(d.dim));
      d.lowestScale = d.knownScale;
      auto to = getConstantIntValue(d.to), from = getConstantIntValue(d.from);
      if (!d.lowestScale && to && from && *from > 0)
        d.lowestScale = double(*to) / *from;
      if (d.lowestScale && (*d.lowestScale <= 0 || *d.lowestScale < 1e-4))
        return false;
      if (!crops)
        continue;
      d.roiStart = realAt(b, loc, in.getRoi(), i);
      d.roiEnd = realAt(b, loc, in.getRoi(), dims.size() + i);
    }
    return true;
  }
};

} // namespace

void populateResizePatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerResize>(converter, patterns.getContext());
}

} // namespace tegula::graph
