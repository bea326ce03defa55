//===- LowerSignal.cpp - DFT and Det --------------------------------------===//

#include "Convert.h"
#include "DomainPatterns.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The sum as it is defined, with angles reduced exactly to one turn.
struct LowerDFT : OnnxPattern<onnx::DFTOp> {
  using OnnxPattern::OnnxPattern;

  /// What all elements of one transform share.
  struct Transform {
    Value data, length, given;
    int64_t axis;
    bool realInput, realOutput, inverse, mirrored;
    Type element, real;
  };

  Lowered lower(onnx::DFTOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(in.getInput().getType());
    int64_t rank = type.getRank(), axis = -2;
    if (!onnx::isAbsent(in.getAxis())) {
      auto known = constantIndicesOf(b, loc, in.getAxis());
      if (!known || known->size() != 1)
        return refuse(op, "the axis is not known before run time");
      axis = known->front();
    }
    auto normal = normalizedAxis(axis, rank);
    if (!normal || *normal == rank - 1 || type.isDynamicDim(rank - 1))
      return refuse(op, "the axis or the last dimension does not fit");
    bool onesided = op.getOnesided() != 0, inverse = op.getInverse() != 0;
    Transform t;
    t.data = in.getInput();
    t.axis = *normal;
    t.inverse = inverse;
    t.mirrored = inverse && onesided;
    t.realInput = type.getDimSize(rank - 1) == 1;
    t.realOutput = t.mirrored;
    t.element = elementOf(op.getInput());
    t.real = t.element.isF64() ? t.element : Type(b.getF32Type());
    Dims out = dimsOf(b, loc, t.data);
    t.given = asValue(b, loc, out[t.axis]);
    Value one = indexConstant(b, loc, 1), two = indexConstant(b, loc, 2);
    t.length = t.given;
    if (!onnx::isAbsent(in.getDftLength()))
      t.length = asValue(b, loc, indicesOf(b, loc, in.getDftLength()).front());
    else if (t.mirrored)
      t.length = mulIndex(b, loc, subIndex(b, loc, t.given, one), two);
    t.length = maxIndex(b, loc, t.length, indexConstant(b, loc, 0));
    out[t.axis] = getAsOpFoldResult(
        onesided && !inverse
            ? addIndex(b, loc,
                       b.createOrFold<arith::DivSIOp>(loc, t.length, two), one)
            : t.length);
    out.back() = b.getIndexAttr(t.realOutput ? 1 : 2);
    return SmallVector<Value>{
        generate(b, loc, out, storageType(t.element),
                 [&](OpBuilder &b, Location loc, ValueRange at) {
                   return elementAt(b, loc, t, at);
                 })};
  }

private:
  static Value elementAt(OpBuilder &b, Location loc, const Transform &t,
                         ValueRange at) {
    auto constant = [&](double value) -> Value {
      return arith::ConstantOp::create(b, loc, b.getFloatAttr(t.real, value));
    };
    Value zero = constant(0);
    Value count = t.mirrored ? t.length : minIndex(b, loc, t.given, t.length);
    SmallVector<Value> sum = forEachIndex(
        b, loc, {getAsOpFoldResult(count)}, {zero, zero},
        [&](OpBuilder &b, Location loc, ValueRange n, ValueRange carried) {
          return term(b, loc, t, at, n[0], carried);
        });
    Value isReal = compareIndex(b, loc, arith::CmpIPredicate::eq, at.back(),
                                indexConstant(b, loc, 0));
    Value value = selectOf(b, loc, isReal, sum[0], sum[1]);
    if (t.inverse)
      value = arith::DivFOp::create(b, loc, value, realOf(b, loc, t, t.length));
    return toStorage(b, loc, value, t.element);
  }

  static Value realOf(OpBuilder &b, Location loc, const Transform &t,
                      Value index) {
    return arith::SIToFPOp::create(b, loc, t.real,
                                   fromIndex(b, loc, index, b.getI64Type()));
  }

  /// x[n] exp(-+ 2 pi i n k / N) added to the sums.
  static SmallVector<Value> term(OpBuilder &b, Location loc, const Transform &t,
                                 ValueRange at, Value n, ValueRange carried) {
    // In f64: the sine of half a turn in f32 is not small enough to be zero
    // after a sum of large elements.
    Transform exact = t;
    exact.real = b.getF64Type();
    auto mul = [&](Value x, Value y) -> Value {
      return arith::MulFOp::create(b, loc, x, y);
    };
    Value product = arith::MulIOp::create(b, loc, n, at[t.axis]);
    Value rest = arith::RemUIOp::create(b, loc, product, t.length);
    Value turn = arith::DivFOp::create(b, loc, realOf(b, loc, exact, rest),
                                       realOf(b, loc, exact, t.length));
    Value factor = arith::ConstantOp::create(
        b, loc,
        b.getF64FloatAttr((t.inverse ? 2 : -2) * 3.14159265358979323846));
    Value angle = mul(turn, factor);
    Value cosine = math::CosOp::create(b, loc, angle),
          sine = math::SinOp::create(b, loc, angle);
    if (t.real != exact.real) {
      cosine = arith::TruncFOp::create(b, loc, t.real, cosine);
      sine = arith::TruncFOp::create(b, loc, t.real, sine);
    }
    // A onesided input continues with the conjugates, backwards.
    Value index = n, isMirror;
    if (t.mirrored) {
      isMirror = compareIndex(b, loc, arith::CmpIPredicate::sge, n, t.given);
      index = selectOf(b, loc, isMirror, subIndex(b, loc, t.length, n), n);
      index = clampIndex(b, loc, index, indexConstant(b, loc, 0),
                         subIndex(b, loc, t.given, indexConstant(b, loc, 1)));
    }
    auto read = [&](int64_t part) {
      SmallVector<Value> from(at);
      from[t.axis] = index;
      from.back() = indexConstant(b, loc, part);
      return toCompute(b, loc, tensor::ExtractOp::create(b, loc, t.data, from),
                       t.element);
    };
    Value x = read(0), re = mul(x, cosine), im = mul(x, sine);
    if (!t.realInput) {
      Value y = read(1);
      if (isMirror)
        y = selectOf(b, loc, isMirror, arith::NegFOp::create(b, loc, y), y);
      re = arith::SubFOp::create(b, loc, re, mul(y, sine));
      im = arith::AddFOp::create(b, loc, im, mul(y, cosine));
    }
    return {arith::AddFOp::create(b, loc, carried[0], re),
            arith::AddFOp::create(b, loc, carried[1], im)};
  }
};

/// Determinants by elimination with the largest pivot, one matrix at a time.
struct LowerDet : OnnxPattern<onnx::DetOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::DetOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    Dims dims = dimsOf(b, loc, in.getX());
    if (dims.size() < 2 || !element.isF32())
      return refuse(op,
                    "the input should be a float matrix or a stack of them");
    ArrayRef<OpFoldResult> lead = ArrayRef(dims).drop_back(2);
    OpFoldResult n = dims.back();
    Value start = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
    Value out = filled(b, loc, lead, start);
    // A copy to work on.
    Value work = elementwiseStored(
        b, loc, in.getX(), b.getF32Type(),
        [](OpBuilder &, Location, ValueRange x) { return x[0]; });
    Dims loops(lead);
    return SmallVector<Value>{forEachIndex(
        b, loc, loops, {work, out},
        [&](OpBuilder &b, Location loc, ValueRange at,
            ValueRange carried) -> SmallVector<Value> {
          SmallVector<Value> state = forEachIndex(
              b, loc, {n}, {carried[0], start},
              [&](OpBuilder &b, Location loc, ValueRange k, ValueRange state) {
                return eliminated(b, loc, at, n, k[0], state);
              });
          return {state[0],
                  tensor::InsertOp::create(b, loc, state[1], carried[1], at)};
        })[1]};
  }

private:
  static SmallVector<Value> place(ValueRange lead, Value i, Value j) {
    SmallVector<Value> out(lead);
    out.append({i, j});
    return out;
  }

  /// The row at or below k with the largest element in column k.
  static Value pivotOf(OpBuilder &b, Location loc, ValueRange lead,
                       OpFoldResult n, Value k, Value work) {
    Value none = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(-1));
    return forEachIndex(
        b, loc, {n}, {none, k},
        [&](OpBuilder &b, Location loc, ValueRange i,
            ValueRange best) -> SmallVector<Value> {
          Value x = math::AbsFOp::create(
              b, loc,
              tensor::ExtractOp::create(b, loc, work, place(lead, i[0], k)));
          Value below =
              compareIndex(b, loc, arith::CmpIPredicate::sge, i[0], k);
          Value larger = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OGT, x, best[0]);
          Value better = arith::AndIOp::create(b, loc, below, larger);
          return {arith::SelectOp::create(b, loc, better, x, best[0]),
                  arith::SelectOp::create(b, loc, better, i[0], best[1])};
        })[1];
  }

  static SmallVector<Value> eliminated(OpBuilder &b, Location loc,
                                       ValueRange lead, OpFoldResult n, Value k,
                                       ValueRange state) {
    Value pivot = pivotOf(b, loc, lead, n, k, state[0]);
    auto read = [&](OpBuilder &b, Value work, Value i, Value j) -> Value {
      return tensor::ExtractOp::create(b, loc, work, place(lead, i, j));
    };
    // Swap the rows.
    Value work = forEachIndex(b, loc, {n}, state[0],
                              [&](OpBuilder &b, Location loc, ValueRange j,
                                  ValueRange w) -> SmallVector<Value> {
                                Value x = read(b, w[0], k, j[0]);
                                Value y = read(b, w[0], pivot, j[0]);
                                Value next = tensor::InsertOp::create(
                                    b, loc, y, w[0], place(lead, k, j[0]));
                                return {tensor::InsertOp::create(
                                    b, loc, x, next, place(lead, pivot, j[0]))};
                              })
                     .front();
    Value diagonal = read(b, work, k, k);
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    Value one = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
    Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                         diagonal, zero);
    Value safe = arith::SelectOp::create(b, loc, isZero, one, diagonal);
    work =
        forEachIndex(
            b, loc, {n, n}, work,
            [&](OpBuilder &b, Location loc, ValueRange at,
                ValueRange w) -> SmallVector<Value> {
              // Right to left: column k is read until it is changed last.
              Value last = subIndex(b, loc, asValue(b, loc, n),
                                    indexConstant(b, loc, 1));
              Value j = subIndex(b, loc, last, at[1]);
              Value x = read(b, w[0], at[0], j);
              Value factor =
                  arith::DivFOp::create(b, loc, read(b, w[0], at[0], k), safe);
              Value less = arith::SubFOp::create(
                  b, loc, x,
                  arith::MulFOp::create(b, loc, factor, read(b, w[0], k, j)));
              Value changes = arith::AndIOp::create(
                  b, loc,
                  compareIndex(b, loc, arith::CmpIPredicate::sgt, at[0], k),
                  compareIndex(b, loc, arith::CmpIPredicate::sge, j, k));
              Value next = arith::SelectOp::create(b, loc, changes, less, x);
              return {tensor::InsertOp::create(b, loc, next, w[0],
                                               place(lead, at[0], j))};
            })
            .front();
    Value swapped = compareIndex(b, loc, arith::CmpIPredicate::ne, pivot, k);
    Value factor = arith::SelectOp::create(
        b, loc, swapped, arith::NegFOp::create(b, loc, diagonal), diagonal);
    return {work, arith::MulFOp::create(b, loc, state[1], factor)};
  }
};

} // namespace

void populateSignalPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns) {
  patterns.add<LowerDFT, LowerDet>(converter, patterns.getContext());
}

} // namespace tegula::graph
