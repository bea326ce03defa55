//===- PlaneWindow.cpp - Windows over the last two dimensions -------------===//

#include "tegula/Schedule/IR/PlaneWindow.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

namespace {

class Matcher {
public:
  explicit Matcher(linalg::LinalgOp op) : op(op) {}

  bool match(PlaneWindow &window);

private:
  bool readAxis(PlaneWindow &window, unsigned dim, WindowAxis &axis);
  bool isFixed(PlaneWindow &window, unsigned dim);
  bool areOthersUniform();
  int64_t evaluate(AffineExpr expr, std::optional<unsigned> one);

  linalg::LinalgOp op;
  AffineMap inputMap;
  SmallVector<unsigned> resultLoops, taps;
};

} // namespace

/// A linear expression where all loops are 0 but `one`, which is 1.
int64_t Matcher::evaluate(AffineExpr expr, std::optional<unsigned> one) {
  SmallVector<AffineExpr> values;
  for (unsigned loop = 0; loop != op.getNumLoops(); ++loop)
    values.push_back(getAffineConstantExpr(one == loop, expr.getContext()));
  return cast<AffineConstantExpr>(expr.replaceDims(values)).getValue();
}

bool Matcher::match(PlaneWindow &window) {
  if (op.getNumDpsInputs() == 0)
    return false;
  window.input = op.getDpsInputs()[0];
  window.pad = window.input.getDefiningOp<tensor::PadOp>();
  if (window.pad)
    window.input = window.pad.getSource();
  inputMap = op.getIndexingMapsArray()[0];
  AffineMap results = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto type = dyn_cast<RankedTensorType>(window.input.getType());
  unsigned rank = inputMap.getNumResults();
  if (!type || rank < 2 || !results.isProjectedPermutation() ||
      results.getNumResults() < 2)
    return false;
  for (AffineExpr expr : results.getResults())
    resultLoops.push_back(cast<AffineDimExpr>(expr).getPosition());
  op.getReductionDims(taps);
  for (unsigned dim = 0; dim + 2 < rank; ++dim)
    if (!isFixed(window, dim))
      return false;
  return readAxis(window, rank - 2, window.y) &&
         readAxis(window, rank - 1, window.x) && areOthersUniform() &&
         llvm::all_of(taps, [&](unsigned loop) {
           return (window.y.tapLoop == loop) != (window.x.tapLoop == loop);
         });
}

/// Is dimension `dim` of the input one of the result, not padded?
bool Matcher::isFixed(PlaneWindow &window, unsigned dim) {
  auto loop = dyn_cast<AffineDimExpr>(inputMap.getResult(dim));
  bool padded = window.pad && (window.pad.getStaticLow()[dim] != 0 ||
                               window.pad.getStaticHigh()[dim] != 0);
  return loop && !padded && !llvm::is_contained(taps, loop.getPosition()) &&
         !llvm::is_contained(ArrayRef(resultLoops).take_back(2),
                             loop.getPosition());
}

/// Reads dimension `dim` of the input: a row or column of the result times the
/// stride, and at most one loop of taps.
bool Matcher::readAxis(PlaneWindow &window, unsigned dim, WindowAxis &axis) {
  AffineExpr expr = inputMap.getResult(dim);
  axis.loop =
      ArrayRef(resultLoops).take_back(2)[dim + 2 - inputMap.getNumResults()];
  if (!expr.isPureAffine() || expr.getKind() == AffineExprKind::Mod ||
      expr.getKind() == AffineExprKind::FloorDiv ||
      expr.getKind() == AffineExprKind::CeilDiv)
    return false;
  for (unsigned other : resultLoops)
    if (other != axis.loop && expr.isFunctionOfDim(other))
      return false;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned tap : taps) {
    if (!expr.isFunctionOfDim(tap))
      continue;
    if (axis.tapLoop)
      return false;
    axis.tapLoop = tap;
    axis.taps = ranges[tap];
    axis.dilation = evaluate(expr, tap);
  }
  int64_t high = 0;
  if (window.pad) {
    axis.padding = window.pad.getStaticLow()[dim];
    high = window.pad.getStaticHigh()[dim];
  }
  axis.input = cast<RankedTensorType>(window.input.getType()).getDimSize(dim);
  axis.output = ranges[axis.loop];
  axis.stride = evaluate(expr, axis.loop);
  // Dynamic sizes are negative.
  return axis.padding >= 0 && high >= 0 && axis.input > 0 && axis.output > 0 &&
         axis.taps > 0 && axis.stride >= 1 && axis.dilation >= 1 &&
         evaluate(expr, std::nullopt) == 0;
}

/// Have the other operands one value for all points of a plane?
bool Matcher::areOthersUniform() {
  for (OpOperand *operand : op.getDpsInputOperands())
    if (operand->getOperandNumber() != 0)
      for (unsigned loop : ArrayRef(resultLoops).take_back(2))
        if (op.getMatchingIndexingMap(operand).isFunctionOfDim(loop))
          return false;
  return true;
}

std::optional<PlaneWindow>
tegula::sched::matchPlaneWindow(linalg::LinalgOp op) {
  PlaneWindow window;
  if (!Matcher(op).match(window))
    return std::nullopt;
  return window;
}
