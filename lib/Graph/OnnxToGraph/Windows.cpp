//===- Windows.cpp - Sliding windows of convolutions and pooling ----------===//

#include "Windows.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// (kernel - 1) * dilation + 1.
OpFoldResult extentOf(OpBuilder &b, Location loc, const Window &window) {
  OpFoldResult one = b.getIndexAttr(1);
  OpFoldResult taps = subDims(b, loc, window.kernel, one);
  return addDims(b, loc, mulDims(b, loc, taps, b.getIndexAttr(window.dilation)),
                 one);
}

OpFoldResult maxWithZero(OpBuilder &b, Location loc, OpFoldResult x) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  return getAsOpFoldResult(
      b.createOrFold<arith::MaxSIOp>(loc, asValue(b, loc, x), zero));
}

/// SAME_UPPER and SAME_LOWER: as many positions as ceil(extent / stride).
void padSame(OpBuilder &b, Location loc, OpFoldResult extent, bool upper,
             Window &window) {
  OpFoldResult stride = b.getIndexAttr(window.stride);
  OpFoldResult one = b.getIndexAttr(1);
  OpFoldResult last = divDims(b, loc, subDims(b, loc, extent, one), stride);
  OpFoldResult need =
      addDims(b, loc, mulDims(b, loc, last, stride), extentOf(b, loc, window));
  OpFoldResult total = maxWithZero(b, loc, subDims(b, loc, need, extent));
  OpFoldResult half = divDims(b, loc, total, b.getIndexAttr(2));
  OpFoldResult rest = subDims(b, loc, total, half);
  window.before = upper ? half : rest;
  window.after = upper ? rest : half;
}

bool lengthIsWrong(ArrayRef<int64_t> values, size_t wanted) {
  return !values.empty() && values.size() != wanted;
}

} // namespace

llvm::Expected<SmallVector<Window>>
windowsOf(OpBuilder &b, Location loc, Value input,
          ArrayRef<OpFoldResult> kernel, const WindowAttributes &attributes) {
  size_t count = kernel.size();
  if (cast<RankedTensorType>(input.getType()).getRank() != int64_t(count) + 2)
    return llvm::createStringError("the kernel has %zu dimensions, but the "
                                   "input's rank is not two more",
                                   count);
  if (lengthIsWrong(attributes.strides, count) ||
      lengthIsWrong(attributes.dilations, count) ||
      lengthIsWrong(attributes.pads, 2 * count))
    return llvm::createStringError(
        "strides, dilations and pads should have %zu, %zu and %zu values",
        count, count, 2 * count);
  SmallVector<Window> windows(count);
  for (auto [i, window] : llvm::enumerate(windows)) {
    window.kernel = kernel[i];
    window.stride = attributes.strides.empty() ? 1 : attributes.strides[i];
    window.dilation =
        attributes.dilations.empty() ? 1 : attributes.dilations[i];
    if (window.stride < 1 || window.dilation < 1 || window.stride > INT32_MAX ||
        window.dilation > INT32_MAX)
      return llvm::createStringError(
          "strides and dilations should be positive");
    StringRef mode = attributes.autoPad;
    int64_t before = 0, after = 0;
    if ((mode == "NOTSET" || mode.empty()) && !attributes.pads.empty()) {
      before = attributes.pads[i];
      after = attributes.pads[count + i];
    }
    if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX)
      return llvm::createStringError("pads should not be negative");
    window.before = b.getIndexAttr(before);
    window.after = b.getIndexAttr(after);
    if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
      padSame(b, loc, dimOf(b, loc, input, 2 + i), mode == "SAME_UPPER",
              window);
  }
  return windows;
}

Dims positionsOf(OpBuilder &b, Location loc, Value input,
                 MutableArrayRef<Window> windows, bool ceilMode) {
  Dims out;
  OpFoldResult one = b.getIndexAttr(1);
  for (auto [i, window] : llvm::enumerate(windows)) {
    OpFoldResult extent = dimOf(b, loc, input, 2 + i);
    OpFoldResult stride = b.getIndexAttr(window.stride);
    OpFoldResult reach = addDims(b, loc, extent, window.before);
    OpFoldResult room = subDims(b, loc, addDims(b, loc, reach, window.after),
                                extentOf(b, loc, window));
    if (!ceilMode) {
      out.push_back(addDims(b, loc, divDims(b, loc, room, stride), one));
      continue;
    }
    // ceil(room / stride) + 1, but the last must start before `reach`.
    OpFoldResult up = addDims(b, loc, room, b.getIndexAttr(window.stride - 1));
    OpFoldResult positions = addDims(b, loc, divDims(b, loc, up, stride), one);
    OpFoldResult starts = addDims(
        b, loc, divDims(b, loc, subDims(b, loc, reach, one), stride), one);
    positions = getAsOpFoldResult(b.createOrFold<arith::MinSIOp>(
        loc, asValue(b, loc, positions), asValue(b, loc, starts)));
    OpFoldResult used = addDims(
        b, loc, mulDims(b, loc, subDims(b, loc, positions, one), stride),
        extentOf(b, loc, window));
    window.after = getAsOpFoldResult(b.createOrFold<arith::MaxSIOp>(
        loc, asValue(b, loc, subDims(b, loc, used, reach)),
        asValue(b, loc, window.after)));
    out.push_back(positions);
  }
  return out;
}

Value padded(OpBuilder &b, Location loc, Value input, ArrayRef<Window> windows,
             Value value) {
  auto isZero = [](OpFoldResult x) { return isConstantIntValue(x, 0); };
  if (llvm::all_of(windows, [&](const Window &window) {
        return isZero(window.before) && isZero(window.after);
      }))
    return input;
  SmallVector<OpFoldResult> low(2, b.getIndexAttr(0)), high = low;
  for (const Window &window : windows) {
    low.push_back(window.before);
    high.push_back(window.after);
  }
  auto type = cast<RankedTensorType>(input.getType());
  Dims dims = dimsOf(b, loc, input);
  for (size_t i = 0; i < dims.size(); ++i)
    dims[i] = addDims(b, loc, addDims(b, loc, dims[i], low[i]), high[i]);
  auto wanted = RankedTensorType::get(staticShape(dims), type.getElementType());
  return tensor::PadOp::create(b, loc, wanted, input, low, high, value);
}

AffineExpr windowExpr(OpBuilder &b, const Window &window, unsigned position,
                      unsigned tap) {
  return b.getAffineDimExpr(position) * window.stride +
         b.getAffineDimExpr(tap) * window.dilation;
}

Value pooled(OpBuilder &b, Location loc, Value x, ArrayRef<Window> windows,
             ArrayRef<OpFoldResult> positions, Value initial, ScalarBody body) {
  unsigned rank = windows.size(), lead = 2 + rank;
  Dims out = {dimOf(b, loc, x, 0), dimOf(b, loc, x, 1)}, taps;
  out.append(positions.begin(), positions.end());
  SmallVector<AffineExpr> xs = {b.getAffineDimExpr(0), b.getAffineDimExpr(1)},
                          ks, os;
  for (unsigned i = 0; i < lead; ++i)
    os.push_back(b.getAffineDimExpr(i));
  for (unsigned i = 0; i < rank; ++i) {
    xs.push_back(windowExpr(b, windows[i], 2 + i, lead + i));
    ks.push_back(b.getAffineDimExpr(lead + i));
    taps.push_back(windows[i].kernel);
  }
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(lead + rank, 0, exprs, b.getContext());
  };
  SmallVector<utils::IteratorType> iterators(lead,
                                             utils::IteratorType::parallel);
  iterators.append(rank, utils::IteratorType::reduction);
  // The window's shape is an operand without data, as in linalg.pooling_*.
  Value shape = emptyTensor(b, loc, taps, b.getF32Type());
  Value start = filled(b, loc, out, initial);
  return linalg::GenericOp::create(
             b, loc, start.getType(), ValueRange{x, shape}, start,
             {map(xs), map(ks), map(os)}, iterators,
             [&](OpBuilder &b, Location loc, ValueRange args) {
               Value result = body(b, loc, {args[0], args[2]});
               linalg::YieldOp::create(b, loc, result);
             })
      .getResult(0);
}

} // namespace tegula::graph
