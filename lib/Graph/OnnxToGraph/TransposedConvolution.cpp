//===- TransposedConvolution.cpp - Transposed convolution by phases -------===//

#include "TransposedConvolution.h"

#include "Patterns.h"
#include "Products.h"
#include "tegula/Graph/IR/Constants.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

/// The element numbers of `shape` at row-major position `linear`.
static SmallVector<int64_t> positionAt(ArrayRef<int64_t> shape,
                                       int64_t linear) {
  SmallVector<int64_t> position(shape.size());
  for (int64_t i = int64_t(shape.size()) - 1; i >= 0; --i) {
    position[i] = linear % shape[i];
    linear /= shape[i];
  }
  return position;
}

/// [C, F, kernels...] as [F * strides..., C, taps...]: tap t of phase r is the
/// kernel's r + stride * (taps - 1 - t), or zero beyond its end. Null if the
/// weights are not known.
static Value phaseWeights(OpBuilder &b, Location loc, Value w,
                          ArrayRef<TransposedWindow> windows) {
  auto type = cast<RankedTensorType>(w.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  ArrayRef<char> from = constantBytes(w);
  if (!type.hasStaticShape() || from.empty() ||
      int64_t(from.size()) != type.getNumElements() * bytes)
    return Value();
  SmallVector<int64_t> shape = {type.getDimSize(1)},
                       flat = {type.getDimSize(1), type.getDimSize(0)};
  for (const TransposedWindow &window : windows) {
    shape.push_back(window.stride);
    flat[0] *= window.stride;
  }
  shape.push_back(type.getDimSize(0));
  for (const TransposedWindow &window : windows) {
    shape.push_back(llvm::divideCeil(window.kernel, window.stride));
    flat.push_back(shape.back());
  }
  auto flatType = type.clone(flat);
  auto fill = [&](MutableArrayRef<char> to) {
    unsigned rank = windows.size();
    for (int64_t i = 0; i < flatType.getNumElements(); ++i) {
      SmallVector<int64_t> at = positionAt(shape, i);
      int64_t source = at[1 + rank] * type.getDimSize(1) + at[0];
      bool inside = true;
      for (unsigned dim = 0; dim < rank; ++dim) {
        const TransposedWindow &window = windows[dim];
        int64_t tap = shape[2 + rank + dim] - 1 - at[2 + rank + dim];
        int64_t position = at[1 + dim] + window.stride * tap;
        inside &= position < window.kernel;
        source = source * window.kernel + position;
      }
      char *target = to.data() + i * bytes;
      if (inside)
        std::copy_n(from.data() + source * bytes, bytes, target);
      else
        std::fill_n(target, bytes, 0);
    }
  };
  return arith::ConstantOp::create(b, loc,
                                   makeConstant(flatType, "phases", fill));
}

/// [N, F * strides..., positions...] as [N, F, positions * strides...], with
/// the bias added.
static Value interleave(OpBuilder &b, Location loc, Value sum, Value bias,
                        ArrayRef<TransposedWindow> windows, Type element) {
  Dims dims = dimsOf(b, loc, sum);
  unsigned rank = windows.size();
  int64_t phases = 1;
  Dims split = {dims[0], OpFoldResult()}, target = split, flat = split;
  SmallVector<int64_t> order = {0, 1};
  for (auto [i, window] : llvm::enumerate(windows)) {
    OpFoldResult stride = b.getIndexAttr(window.stride);
    phases *= window.stride;
    split.push_back(stride);
    target.append({dims[2 + i], stride});
    flat.push_back(mulDims(b, loc, dims[2 + i], stride));
    order.push_back(3 + 2 * i);
  }
  split.append(dims.begin() + 2, dims.end());
  for (unsigned i = 0; i < rank; ++i)
    order.push_back(2 + 2 * i);
  split[1] = target[1] = flat[1] =
      divDims(b, loc, dims[1], b.getIndexAttr(phases));
  SmallVector<MappedTensor> inputs = {
      {reshapeTo(b, loc, sum, split), computeType(element), order}};
  if (bias)
    inputs.push_back({bias, element, {1}});
  Value result = mapped(b, loc, target, inputs, element,
                        [](OpBuilder &b, Location loc, ValueRange x) -> Value {
                          if (x.size() == 1)
                            return x[0];
                          return arith::AddFOp::create(b, loc, x[0], x[1]);
                        });
  return reshapeTo(b, loc, result, flat);
}

Value convolveByPhases(OpBuilder &b, Location loc, Value x, Value w, Value bias,
                       ArrayRef<TransposedWindow> windows, Type element) {
  unsigned rank = windows.size();
  SmallVector<int64_t> ones(rank, 1), pads(2 * rank), cut(rank);
  Dims input = dimsOf(b, loc, x), sizes = {input[0], OpFoldResult()};
  sizes[1] = dimOf(b, loc, w, 1);
  bool isCut = false;
  for (auto [i, window] : llvm::enumerate(windows)) {
    if (window.before < 0 || window.kernel <= window.after)
      return Value();
    // Whole strides of padding are not computed, the rest is cut off.
    int64_t taps = llvm::divideCeil(window.kernel, window.stride);
    pads[i] = taps - 1 - window.before / window.stride;
    pads[rank + i] =
        llvm::divideCeil(window.kernel - window.after, window.stride) - 1;
    cut[i] = window.before % window.stride;
    if (pads[i] < 0)
      return Value();
    OpFoldResult spread =
        mulDims(b, loc, input[2 + i], b.getIndexAttr(window.stride));
    sizes.push_back(addDims(b, loc, spread,
                            b.getIndexAttr(window.kernel - window.stride -
                                           window.before - window.after)));
    isCut |= cut[i] || (window.kernel - window.after) % window.stride;
  }
  Value weights = phaseWeights(b, loc, w, windows);
  if (!weights)
    return Value();
  WindowAttributes attributes{"NOTSET", ones, ones, pads};
  auto sum = convolution(b, loc, x, weights, attributes, /*groups=*/1, element);
  if (!sum) {
    llvm::consumeError(sum.takeError());
    return Value();
  }
  Value full = interleave(b, loc, *sum, bias, windows, element);
  if (!isCut)
    return full;
  SmallVector<OpFoldResult> offsets(2, b.getIndexAttr(0)),
      steps(2 + rank, b.getIndexAttr(1));
  for (int64_t offset : cut)
    offsets.push_back(b.getIndexAttr(offset));
  return tensor::ExtractSliceOp::create(b, loc, full, offsets, sizes, steps);
}

} // namespace tegula::graph
