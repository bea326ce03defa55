//===- LowerPooling.cpp - Sliding and global pooling ----------------------===//

#include "Patterns.h"
#include "Windows.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

struct LowerMaxPool : OnnxPattern<onnx::MaxPoolOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::MaxPoolOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    if (!onnx::isAbsent(op.getIndices()))
      return refuse(op, "the output Indices is not supported");
    auto windows =
        windowsOf(b, loc, in.getX(), kernelDims(b, op.getKernelShape()),
                  attributesOf(op));
    if (!windows)
      return refuse(op, llvm::toString(windows.takeError()));
    Dims positions =
        positionsOf(b, loc, in.getX(), *windows, op.getCeilMode() != 0);
    Value lowest = toStorage(b, loc, lowestOf(b, loc, element), element);
    Value x = padded(b, loc, in.getX(), *windows, lowest);
    Value result =
        pooled(b, loc, x, *windows, positions, lowest,
               [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                 if (isa<FloatType>(element))
                   return arith::MaximumFOp::create(b, loc, v[0], v[1]);
                 if (isUnsignedElement(element))
                   return arith::MaxUIOp::create(b, loc, v[0], v[1]);
                 return arith::MaxSIOp::create(b, loc, v[0], v[1]);
               });
    return SmallVector<Value>{result, Value()};
  }
};

/// How many elements of the window at `position` lie inside the input (and its
/// padding, when that counts).
Value countInside(OpBuilder &b, Location loc, Value position,
                  OpFoldResult extent, const Window &window,
                  bool countPadding) {
  auto index = [&](OpFoldResult x) { return asValue(b, loc, x); };
  auto constant = [&](int64_t x) -> Value {
    return arith::ConstantIndexOp::create(b, loc, x);
  };
  Value zero = constant(0), one = constant(1), step = constant(window.dilation);
  Value before = index(window.before);
  Value start = arith::SubIOp::create(
      b, loc, arith::MulIOp::create(b, loc, position, constant(window.stride)),
      before);
  Value from =
      countPadding ? arith::SubIOp::create(b, loc, zero, before) : zero;
  Value to = countPadding ? arith::AddIOp::create(b, loc, index(extent),
                                                  index(window.after))
                          : index(extent);
  // Taps t with from <= start + t * dilation < to.
  Value first = arith::CeilDivSIOp::create(
      b, loc, arith::SubIOp::create(b, loc, from, start), step);
  first = arith::MaxSIOp::create(b, loc, first, zero);
  Value end = arith::CeilDivSIOp::create(
      b, loc, arith::SubIOp::create(b, loc, to, start), step);
  end = arith::MinSIOp::create(b, loc, end, index(window.kernel));
  return arith::MaxSIOp::create(b, loc,
                                arith::SubIOp::create(b, loc, end, first), one);
}

struct LowerAveragePool : OnnxPattern<onnx::AveragePoolOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::AveragePoolOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), compute = computeType(element);
    auto windows =
        windowsOf(b, loc, in.getX(), kernelDims(b, op.getKernelShape()),
                  attributesOf(op));
    if (!windows)
      return refuse(op, llvm::toString(windows.takeError()));
    SmallVector<Window> given = *windows; // padding after before ceil mode
    Dims positions =
        positionsOf(b, loc, in.getX(), *windows, op.getCeilMode() != 0);
    Value zero = constantOf(b, loc, element, 0);
    Value x =
        padded(b, loc, in.getX(), *windows, toStorage(b, loc, zero, element));
    Value sum = pooled(b, loc, x, *windows, positions, zero,
                       [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                         return arith::AddFOp::create(
                             b, loc, toCompute(b, loc, v[0], element), v[1]);
                       });
    Dims extents;
    for (size_t i = 0; i < given.size(); ++i)
      extents.push_back(dimOf(b, loc, in.getX(), 2 + i));
    Dims out = dimsOf(b, loc, sum);
    bool countPadding = op.getCountIncludePad() != 0;
    Value mean = mapped(
        b, loc, out, MappedTensor{sum, compute, allDims(out.size())}, element,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value count = arith::ConstantIndexOp::create(b, loc, 1);
          for (auto [i, window] : llvm::enumerate(given)) {
            Value at = linalg::IndexOp::create(b, loc, 2 + i);
            count = arith::MulIOp::create(
                b, loc, count,
                countInside(b, loc, at, extents[i], window, countPadding));
          }
          Value divisor = arith::UIToFPOp::create(
              b, loc, compute,
              arith::IndexCastOp::create(b, loc, b.getI64Type(), count));
          return arith::DivFOp::create(b, loc, v[0], divisor);
        });
    return SmallVector<Value>{mean};
  }
};

/// LRN: x / (bias + alpha / size * sum)^beta, with the sum of the squares of
/// the same position in `size` neighbouring channels.
struct LowerLRN : OnnxPattern<onnx::LRNOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::LRNOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX()), compute = computeType(element);
    Dims dims = dimsOf(b, loc, in.getX());
    int64_t size = op.getSize();
    if (dims.size() < 2 || size < 1)
      return refuse(op, "the input should have channels and the size be "
                        "positive");
    // As an image of one channel, whose rows are the channels.
    Dims image = {dims[0], b.getIndexAttr(1), dims[1],
                  productOf(b, loc, ArrayRef(dims).drop_front(2))};
    Value x = reshapeTo(b, loc, in.getX(), image);
    Window across, along;
    across.kernel = b.getIndexAttr(size);
    across.before = b.getIndexAttr((size - 1) / 2);
    across.after = b.getIndexAttr(size / 2);
    along.kernel = b.getIndexAttr(1);
    along.before = along.after = b.getIndexAttr(0);
    SmallVector<Window> windows = {across, along};
    Value zero = constantOf(b, loc, element, 0);
    Value sum = pooled(
        b, loc, padded(b, loc, x, windows, toStorage(b, loc, zero, element)),
        windows, {image[2], image[3]}, zero,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value tap = toCompute(b, loc, v[0], element);
          return arith::AddFOp::create(
              b, loc, arith::MulFOp::create(b, loc, tap, tap), v[1]);
        });
    double alpha = op.getAlpha().convertToDouble() / size;
    Value y = elementwise(
        b, loc, {TypedTensor{x, element}, TypedTensor{sum, compute}}, element,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          auto number = [&](double value) {
            return constantOf(b, loc, compute, value);
          };
          Value base = arith::AddFOp::create(
              b, loc, number(op.getBias().convertToDouble()),
              arith::MulFOp::create(b, loc, number(alpha), v[1]));
          return arith::DivFOp::create(
              b, loc, v[0],
              math::PowFOp::create(b, loc, base,
                                   number(op.getBeta().convertToDouble())));
        });
    return SmallVector<Value>{reshapeTo(b, loc, y, dims)};
  }
};

/// Global pooling keeps batch and channel.
template <typename Op, bool mean>
struct LowerGlobalPool : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = this->elementOf(op.getX()), compute = computeType(element);
    Dims dims = dimsOf(b, loc, in.getX());
    if (dims.size() < 3 || !isa<FloatType>(element))
      return this->refuse(op,
                          "the input should be of floats, of rank 3 or more");
    SmallVector<int64_t> axes = allDims(dims.size());
    axes.erase(axes.begin(), axes.begin() + 2);
    Value initial =
        mean ? constantOf(b, loc, element, 0) : lowestOf(b, loc, element);
    Value pooled =
        reduce(b, loc, in.getX(), axes, initial,
               [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                 Value x = toCompute(b, loc, v[0], element);
                 if (mean)
                   return arith::AddFOp::create(b, loc, x, v[1]);
                 return arith::MaximumFOp::create(b, loc, x, v[1]);
               });
    Value count =
        asValue(b, loc, productOf(b, loc, ArrayRef(dims).drop_front(2)));
    Value divisor = arith::UIToFPOp::create(
        b, loc, compute,
        arith::IndexCastOp::create(b, loc, b.getI64Type(), count));
    Value result =
        elementwise(b, loc, TypedTensor{pooled, compute}, element,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      if (mean)
                        return arith::DivFOp::create(b, loc, v[0], divisor);
                      return v[0];
                    });
    Dims out = {dims[0], dims[1]};
    out.append(dims.size() - 2, b.getIndexAttr(1));
    return SmallVector<Value>{reshapeTo(b, loc, result, out)};
  }
};

} // namespace

void populatePoolingPatterns(const TypeConverter &converter,
                             RewritePatternSet &patterns) {
  patterns.add<LowerMaxPool, LowerAveragePool, LowerLRN,
               LowerGlobalPool<onnx::GlobalAveragePoolOp, /*mean=*/true>,
               LowerGlobalPool<onnx::GlobalMaxPoolOp, /*mean=*/false>>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
