//===- LowerPooling.cpp - Sliding and global pooling ----------------------===//

#include "Patterns.h"
#include "Windows.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// Combines the elements of every window: stored element and running value.
Value pool(OpBuilder &b, Location loc, Value x, ArrayRef<Window> windows,
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

template <typename Op>
WindowAttributes attributesOf(Op op) {
  WindowAttributes attributes;
  attributes.autoPad = op.getAutoPad();
  attributes.ceilMode = op.getCeilMode() != 0;
  if (auto strides = op.getStrides())
    attributes.strides = *strides;
  if (auto dilations = op.getDilations())
    attributes.dilations = *dilations;
  if (auto pads = op.getPads())
    attributes.pads = *pads;
  return attributes;
}

Dims kernelDims(OpBuilder &b, ArrayRef<int64_t> kernel) {
  Dims dims;
  for (int64_t extent : kernel)
    dims.push_back(b.getIndexAttr(extent));
  return dims;
}

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
        pool(b, loc, x, *windows, positions, lowest,
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
    Value sum = pool(b, loc, x, *windows, positions, zero,
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
  patterns.add<LowerMaxPool, LowerAveragePool,
               LowerGlobalPool<onnx::GlobalAveragePoolOp, /*mean=*/true>,
               LowerGlobalPool<onnx::GlobalMaxPoolOp, /*mean=*/false>>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
