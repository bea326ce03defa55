//===- LowerDetection.cpp - NonMaxSuppression -----------------------------===//
//
// For each batch and class: take the best box that is left, drop those that
// overlap it, until enough are taken. The result is cut to what was found.
//
//===----------------------------------------------------------------------===//

#include "DomainPatterns.h"
#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Corners of a box, f32.
struct Box {
  Value top, left, bottom, right;
};

Box boxAt(OpBuilder &b, Location loc, Value boxes, Value batch, Value index,
          bool centred) {
  auto read = [&](int64_t which) -> Value {
    return tensor::ExtractOp::create(
        b, loc, boxes, ValueRange{batch, index, indexConstant(b, loc, which)});
  };
  Value v[4] = {read(0), read(1), read(2), read(3)};
  if (!centred)
    return {arith::MinNumFOp::create(b, loc, v[0], v[2]),
            arith::MinNumFOp::create(b, loc, v[1], v[3]),
            arith::MaxNumFOp::create(b, loc, v[0], v[2]),
            arith::MaxNumFOp::create(b, loc, v[1], v[3])};
  Value half = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.5));
  Value width = arith::MulFOp::create(b, loc, v[2], half),
        height = arith::MulFOp::create(b, loc, v[3], half);
  return {arith::SubFOp::create(b, loc, v[1], height),
          arith::SubFOp::create(b, loc, v[0], width),
          arith::AddFOp::create(b, loc, v[1], height),
          arith::AddFOp::create(b, loc, v[0], width)};
}

/// Intersection over union larger than `threshold`.
Value overlaps(OpBuilder &b, Location loc, const Box &p, const Box &q,
               Value threshold) {
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  auto length = [&](Value low, Value high) -> Value {
    return arith::MaxNumFOp::create(b, loc, zero,
                                    arith::SubFOp::create(b, loc, high, low));
  };
  auto area = [&](const Box &box) -> Value {
    return arith::MulFOp::create(b, loc, length(box.top, box.bottom),
                                 length(box.left, box.right));
  };
  Value height = length(arith::MaxNumFOp::create(b, loc, p.top, q.top),
                        arith::MinNumFOp::create(b, loc, p.bottom, q.bottom));
  Value width = length(arith::MaxNumFOp::create(b, loc, p.left, q.left),
                       arith::MinNumFOp::create(b, loc, p.right, q.right));
  Value common = arith::MulFOp::create(b, loc, height, width);
  Value whole = arith::SubFOp::create(
      b, loc, arith::AddFOp::create(b, loc, area(p), area(q)), common);
  Value ratio = arith::DivFOp::create(b, loc, common, whole);
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, ratio,
                               threshold);
}

struct LowerNonMaxSuppression : OnnxPattern<onnx::NonMaxSuppressionOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::NonMaxSuppressionOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Dims boxes = dimsOf(b, loc, in.getBoxes()),
         scores = dimsOf(b, loc, in.getScores());
    if (boxes.size() != 3 || scores.size() != 3)
      return refuse(op, "boxes and scores should have rank 3");
    Value count = asValue(b, loc, boxes[1]), zero = indexConstant(b, loc, 0);
    Value most = zero;
    if (!onnx::isAbsent(in.getMaxOutputBoxesPerClass()))
      most = toIndex(b, loc, scalarOf(b, loc, in.getMaxOutputBoxesPerClass()));
    most = clampIndex(b, loc, most, zero, count);
    Value overlap = thresholdOf(b, loc, in.getIouThreshold(), 0);
    Value least = thresholdOf(b, loc, in.getScoreThreshold(), -3.4e38);
    OpFoldResult capacity = mulDims(
        b, loc, mulDims(b, loc, scores[0], scores[1]), getAsOpFoldResult(most));
    Value out = emptyTensor(
        b, loc,
        {getAsOpFoldResult(asValue(b, loc, capacity)), b.getIndexAttr(3)},
        b.getI64Type());
    Value alive = emptyTensor(b, loc, {boxes[1]}, b.getI8Type());
    SmallVector<Value> found = forEachIndex(
        b, loc, {scores[0], scores[1]}, {out, zero, alive},
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          Value left =
              markGood(b, loc, in.getScores(), at, boxes[1], least, carried[2]);
          return forEachIndex(
              b, loc, {getAsOpFoldResult(most)}, {carried[0], carried[1], left},
              [&](OpBuilder &b, Location loc, ValueRange, ValueRange state) {
                return takeBest(b, loc, op, in, at, boxes[1], overlap, state);
              });
        });
    return SmallVector<Value>{tensor::ExtractSliceOp::create(
        b, loc, found[0], {b.getIndexAttr(0), b.getIndexAttr(0)},
        {OpFoldResult(found[1]), b.getIndexAttr(3)},
        {b.getIndexAttr(1), b.getIndexAttr(1)})};
  }

private:
  static Value scalarOf(OpBuilder &b, Location loc, Value tensor) {
    SmallVector<Value> at(cast<RankedTensorType>(tensor.getType()).getRank(),
                          indexConstant(b, loc, 0));
    return b.createOrFold<tensor::ExtractOp>(loc, tensor, at);
  }

  static Value thresholdOf(OpBuilder &b, Location loc, Value tensor,
                           double missing) {
    if (onnx::isAbsent(tensor))
      return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(missing));
    return scalarOf(b, loc, tensor);
  }

  static Value flag(OpBuilder &b, Location loc, int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(value));
  }

  /// alive[i] = score of box i above the threshold.
  static Value markGood(OpBuilder &b, Location loc, Value scores, ValueRange at,
                        OpFoldResult count, Value least, Value alive) {
    return forEachIndex(b, loc, {count}, alive,
                        [&](OpBuilder &b, Location loc, ValueRange i,
                            ValueRange carried) -> SmallVector<Value> {
                          Value score = tensor::ExtractOp::create(
                              b, loc, scores, ValueRange{at[0], at[1], i[0]});
                          Value good = arith::CmpFOp::create(
                              b, loc, arith::CmpFPredicate::OGT, score, least);
                          Value stored = arith::ExtUIOp::create(
                              b, loc, b.getI8Type(), good);
                          return {tensor::InsertOp::create(b, loc, stored,
                                                           carried[0], i)};
                        })
        .front();
  }

  /// The index of the best box that is left, or the number of boxes.
  static Value bestOf(OpBuilder &b, Location loc, Value scores, ValueRange at,
                      OpFoldResult count, Value alive) {
    Value lowest = arith::ConstantOp::create(
        b, loc, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
    Value none = asValue(b, loc, count);
    return forEachIndex(
        b, loc, {count}, {lowest, none},
        [&](OpBuilder &b, Location loc, ValueRange i,
            ValueRange best) -> SmallVector<Value> {
          Value score = tensor::ExtractOp::create(
              b, loc, scores, ValueRange{at[0], at[1], i[0]});
          Value isAlive = arith::CmpIOp::create(
              b, loc, arith::CmpIPredicate::ne,
              tensor::ExtractOp::create(b, loc, alive, i), flag(b, loc, 0));
          Value better = arith::AndIOp::create(
              b, loc, isAlive,
              arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, score,
                                    best[0]));
          return {arith::SelectOp::create(b, loc, better, score, best[0]),
                  arith::SelectOp::create(b, loc, better, i[0], best[1])};
        })[1];
  }

  /// state: results, their number, boxes that are left.
  static SmallVector<Value> takeBest(OpBuilder &b, Location loc,
                                     onnx::NonMaxSuppressionOp op, Adaptor in,
                                     ValueRange at, OpFoldResult count,
                                     Value overlap, ValueRange state) {
    Value best = bestOf(b, loc, in.getScores(), at, count, state[2]);
    Value any = compareIndex(b, loc, arith::CmpIPredicate::slt, best,
                             asValue(b, loc, count));
    bool centred = op.getCenterPointBox() != 0;
    return onlyIf(
        b, loc, any, state,
        [&](OpBuilder &b, Location loc) -> SmallVector<Value> {
          Value out = state[0];
          Value entries[3] = {at[0], at[1], best};
          for (int64_t i = 0; i < 3; ++i)
            out = tensor::InsertOp::create(
                b, loc, fromIndex(b, loc, entries[i], b.getI64Type()), out,
                ValueRange{state[1], indexConstant(b, loc, i)});
          Box taken = boxAt(b, loc, in.getBoxes(), at[0], best, centred);
          Value left =
              forEachIndex(
                  b, loc, {count}, state[2],
                  [&](OpBuilder &b, Location loc, ValueRange i,
                      ValueRange alive) -> SmallVector<Value> {
                    Box other =
                        boxAt(b, loc, in.getBoxes(), at[0], i[0], centred);
                    Value gone = arith::OrIOp::create(
                        b, loc, overlaps(b, loc, taken, other, overlap),
                        compareIndex(b, loc, arith::CmpIPredicate::eq, i[0],
                                     best));
                    Value old = tensor::ExtractOp::create(b, loc, alive[0], i);
                    Value next = arith::SelectOp::create(b, loc, gone,
                                                         flag(b, loc, 0), old);
                    return {
                        tensor::InsertOp::create(b, loc, next, alive[0], i)};
                  })
                  .front();
          return {out, addIndex(b, loc, state[1], indexConstant(b, loc, 1)),
                  left};
        });
  }
};

} // namespace

void populateDetectionPatterns(const TypeConverter &converter,
                               RewritePatternSet &patterns) {
  patterns.add<LowerNonMaxSuppression>(converter, patterns.getContext());
}

} // namespace tegula::graph
