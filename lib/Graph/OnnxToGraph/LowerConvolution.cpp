//===- LowerConvolution.cpp - Conv and ConvTranspose ----------------------===//

#include "Pairs.h"
#include "Patterns.h"
#include "Products.h"
#include "TransposedConvolution.h"

#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The static extents after the first two dimensions, or failure.
std::optional<Dims> kernelDims(OpBuilder &b, Location loc, Value weight) {
  auto type = cast<RankedTensorType>(weight.getType());
  if (type.getRank() < 3)
    return std::nullopt;
  Dims dims;
  for (int64_t i = 2; i < type.getRank(); ++i)
    dims.push_back(dimOf(b, loc, weight, i));
  return dims;
}

/// Dimensions of a convolution's operands.
struct ConvShape {
  OpFoldResult batch, channels, filters, channelsPerGroup;
  int64_t groups;
  SmallVector<Window> windows;
  Dims positions;
};

/// Every channel has its own filter.
bool isDepthwise(const ConvShape &s) {
  return s.groups > 1 && isConstantIntValue(s.channelsPerGroup, 1) &&
         isConstantIntValue(s.filters, s.groups);
}

/// `x` [N, C, ...] as [N, G, C / G, ...]; weights [F, ...] as [G, F / G, ...].
Value splitDim(OpBuilder &b, Location loc, Value x, int64_t dim,
               int64_t groups) {
  Dims dims = dimsOf(b, loc, x);
  OpFoldResult inner = divDims(b, loc, dims[dim], b.getIndexAttr(groups));
  dims[dim] = inner;
  dims.insert(dims.begin() + dim, b.getIndexAttr(groups));
  return reshapeTo(b, loc, x, dims);
}

/// sum over c, k of x[n, (g,) c, o * s + k * d] * w[(g,) f, c, k].
Value convolve(OpBuilder &b, Location loc, Value x, Value w, const ConvShape &s,
               Type element, Terms terms = Terms::Products) {
  Dims out = {s.batch, s.filters};
  out.append(s.positions);
  Value zero = constantOf(b, loc, element, 0);
  unsigned rank = s.windows.size();
  bool depthwise = isDepthwise(s), grouped = s.groups > 1 && !depthwise;
  if (depthwise) {
    Dims dims = {s.filters};
    for (const Window &window : s.windows)
      dims.push_back(window.kernel);
    w = reshapeTo(b, loc, w, dims);
  }
  if (grouped) {
    x = splitDim(b, loc, x, 1, s.groups);
    w = splitDim(b, loc, w, 0, s.groups);
    OpFoldResult perGroup =
        divDims(b, loc, s.filters, b.getIndexAttr(s.groups));
    out[1] = perGroup;
    out.insert(out.begin() + 1, b.getIndexAttr(s.groups));
  }
  Value initial = filled(b, loc, out, zero);

  // Loops: n, (g,) f | c, o..., [c,] k...
  unsigned lead = grouped ? 3 : 2, numLoops = lead + rank;
  SmallVector<AffineExpr> xs = {b.getAffineDimExpr(0)}, ws, os;
  for (unsigned i = 0; i < lead + rank; ++i)
    os.push_back(b.getAffineDimExpr(i));
  AffineExpr f = b.getAffineDimExpr(lead - 1);
  if (grouped) {
    xs.push_back(b.getAffineDimExpr(1));
    ws.push_back(b.getAffineDimExpr(1));
  }
  ws.push_back(f);
  if (depthwise) {
    xs.push_back(f);
  } else {
    AffineExpr c = b.getAffineDimExpr(numLoops++);
    xs.push_back(c);
    ws.push_back(c);
  }
  for (unsigned i = 0; i < rank; ++i) {
    unsigned tap = numLoops + i;
    xs.push_back(windowExpr(b, s.windows[i], lead + i, tap));
    ws.push_back(b.getAffineDimExpr(tap));
  }
  numLoops += rank;
  auto map = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(numLoops, 0, exprs, b.getContext());
  };
  Value sum = sumOf(terms)(b, loc, x, w, initial, {map(xs), map(ws), map(os)});
  Dims flat = {s.batch, s.filters};
  flat.append(s.positions);
  return reshapeTo(b, loc, sum, flat);
}

/// Adds the bias per filter, if there is one, and stores.
Value finished(OpBuilder &b, Location loc, Value sum, Value bias,
               Type element) {
  Type compute = computeType(element);
  Dims dims = dimsOf(b, loc, sum);
  SmallVector<MappedTensor> inputs = {{sum, compute, allDims(dims.size())}};
  if (bias)
    inputs.push_back({bias, element, {1}});
  else if (compute == storageType(element))
    return sum;
  return mapped(b, loc, dims, inputs, element,
                [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
                  if (x.size() == 1)
                    return x[0];
                  return arith::AddFOp::create(b, loc, x[0], x[1]);
                });
}

struct LowerConv : OnnxPattern<onnx::ConvOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ConvOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    if (!isa<FloatType>(element))
      return refuse(op, "only floating-point convolutions are supported");
    auto sum = convolution(b, loc, in.getX(), in.getW(), windowAttributesOf(op),
                           op.getGroup(), element);
    if (!sum)
      return refuse(op, llvm::toString(sum.takeError()));
    Value bias = onnx::isAbsent(op.getB()) ? Value() : in.getB();
    return SmallVector<Value>{finished(b, loc, *sum, bias, element)};
  }
};

/// ConvTranspose is the convolution of the input, spread out by the strides and
/// padded by kernel - 1 - pad, with the mirrored weights; by phases
/// (TransposedConvolution.h) where the weights are known.
struct LowerConvTranspose : OnnxPattern<onnx::ConvTransposeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ConvTransposeOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getX());
    auto xType = cast<RankedTensorType>(in.getX().getType());
    auto wType = cast<RankedTensorType>(in.getW().getType());
    int64_t rank = xType.getRank() - 2, groups = op.getGroup();
    if (!isa<FloatType>(element) || rank < 1 || !wType.hasStaticShape())
      return refuse(op, "the weight should be a static float tensor of rank 3 "
                        "or more");
    if (groups < 1 || wType.getDimSize(0) % groups != 0)
      return refuse(op, "the number of groups should divide the channels");
    auto read = [&](auto given, int64_t otherwise) {
      return given && int64_t(given->size()) == rank
                 ? llvm::to_vector(*given)
                 : SmallVector<int64_t>(rank, otherwise);
    };
    SmallVector<int64_t> strides = read(op.getStrides(), 1);
    SmallVector<int64_t> dilations = read(op.getDilations(), 1);
    SmallVector<int64_t> extra = read(op.getOutputPadding(), 0);
    for (int64_t i = 0; i < rank; ++i)
      if (strides[i] < 1 || dilations[i] < 1 || extra[i] < 0)
        return refuse(op, "strides and dilations should be positive");

    ConvShape shape;
    shape.groups = groups;
    shape.batch = dimOf(b, loc, in.getX(), 0);
    shape.channels = dimOf(b, loc, in.getX(), 1);
    shape.filters = b.getIndexAttr(wType.getDimSize(1) * groups);
    shape.channelsPerGroup = b.getIndexAttr(wType.getDimSize(0) / groups);
    SmallVector<TransposedWindow> transposed;
    for (int64_t i = 0; i < rank; ++i) {
      Window window;
      window.kernel = b.getIndexAttr(wType.getDimSize(2 + i));
      window.dilation = dilations[i];
      int64_t reach = (wType.getDimSize(2 + i) - 1) * dilations[i];
      auto pads =
          padding(op, xType.getDimSize(2 + i), i, strides[i], reach, extra[i]);
      if (!pads)
        return refuse(op, "output_shape needs extents of the input that are "
                          "known before run time");
      auto [before, after] = *pads;
      window.before = b.getIndexAttr(reach - before);
      window.after = b.getIndexAttr(reach - after + extra[i]);
      if (before > reach || reach - after + extra[i] < 0)
        return refuse(op, "the padding is larger than the kernel");
      shape.windows.push_back(window);
      transposed.push_back(
          {wType.getDimSize(2 + i), strides[i], before, after - extra[i]});
    }
    Value bias = onnx::isAbsent(op.getB()) ? Value() : in.getB();
    if (groups == 1 &&
        llvm::all_of(dilations, [](int64_t d) { return d == 1; }))
      if (Value result = convolveByPhases(b, loc, in.getX(), in.getW(), bias,
                                          transposed, element))
        return SmallVector<Value>{result};
    Value sum =
        convolveSpread(b, loc, in.getX(), in.getW(), strides, shape, element);
    return SmallVector<Value>{finished(b, loc, sum, bias, element)};
  }

private:
  /// The convolution of `x`, spread out, with mirrored `w`.
  static Value convolveSpread(OpBuilder &b, Location loc, Value x, Value w,
                              ArrayRef<int64_t> strides, ConvShape &shape,
                              Type element) {
    Value zero = toStorage(b, loc, constantOf(b, loc, element, 0), element);
    Value spread = spreadOut(b, loc, x, strides, zero);
    shape.positions = positionsOf(b, loc, spread, shape.windows, false);
    Value input = padded(b, loc, spread, shape.windows, zero);
    return convolve(b, loc, input, mirrored(b, loc, w, shape.groups), shape,
                    element);
  }

  /// Padding before and after dimension `i` of the given `extent`, from
  /// output_shape, auto_pad or pads; nothing if it depends on a dynamic extent.
  static std::optional<std::pair<int64_t, int64_t>>
  padding(onnx::ConvTransposeOp op, int64_t extent, int64_t i, int64_t stride,
          int64_t reach, int64_t extra) {
    StringRef mode = op.getAutoPad();
    int64_t rank = cast<ShapedType>(op.getX().getType()).getRank() - 2;
    auto given = op.getOutputShape();
    bool isGiven = given && int64_t(given->size()) >= rank;
    if (isGiven || mode.starts_with("SAME")) {
      if (isGiven && ShapedType::isDynamic(extent))
        return std::nullopt;
      // SAME makes extent * stride elements, whatever the extent is.
      int64_t missing =
          isGiven ? (*given)[given->size() - rank + i] - stride * (extent - 1)
                  : stride;
      int64_t total = extra + reach + 1 - missing;
      // More than the windows reach is filled up at the end.
      if (total < 0)
        return std::pair<int64_t, int64_t>(0, total);
      int64_t half = total / 2;
      return mode == "SAME_UPPER" ? std::pair(half, total - half)
                                  : std::pair(total - half, half);
    }
    if (auto pads = op.getPads(); pads && int64_t(pads->size()) == 2 * rank)
      return std::pair((*pads)[i], (*pads)[rank + i]);
    return std::pair<int64_t, int64_t>(0, 0);
  }

  /// Elements `strides` apart with zeros between.
  static Value spreadOut(OpBuilder &b, Location loc, Value x,
                         ArrayRef<int64_t> strides, Value zero) {
    if (llvm::all_of(strides, [](int64_t s) { return s == 1; }))
      return x;
    Dims sizes = dimsOf(b, loc, x), dims = sizes;
    OpFoldResult one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> offsets(dims.size(), b.getIndexAttr(0)),
        steps(dims.size(), one);
    for (auto [i, stride] : llvm::enumerate(strides)) {
      OpFoldResult last = subDims(b, loc, dims[2 + i], one);
      dims[2 + i] =
          addDims(b, loc, mulDims(b, loc, last, b.getIndexAttr(stride)), one);
      steps[2 + i] = b.getIndexAttr(stride);
    }
    Value zeros = filled(b, loc, dims, zero);
    return tensor::InsertSliceOp::create(b, loc, x, zeros, offsets, sizes,
                                         steps);
  }

  /// [C, F / G, k...] as [F, C / G, k...] with every k counted backwards.
  static Value mirrored(OpBuilder &b, Location loc, Value w, int64_t groups) {
    auto type = cast<RankedTensorType>(w.getType());
    int64_t channels = type.getDimSize(0) / groups;
    int64_t filters = type.getDimSize(1);
    Dims dims = dimsOf(b, loc, w);
    dims[0] = b.getIndexAttr(filters * groups);
    dims[1] = b.getIndexAttr(channels);
    return generate(
        b, loc, dims, type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          auto index = [&](int64_t value) -> Value {
            return arith::ConstantIndexOp::create(b, loc, value);
          };
          Value group = arith::DivUIOp::create(b, loc, at[0], index(filters));
          Value filter = arith::RemUIOp::create(b, loc, at[0], index(filters));
          Value channel = arith::AddIOp::create(
              b, loc, arith::MulIOp::create(b, loc, group, index(channels)),
              at[1]);
          SmallVector<Value> from = {channel, filter};
          for (int64_t i = 2; i < type.getRank(); ++i)
            from.push_back(arith::SubIOp::create(
                b, loc, index(type.getDimSize(i) - 1), at[i]));
          return tensor::ExtractOp::create(b, loc, w, from);
        });
  }
};

} // namespace

llvm::Expected<Value> convolution(OpBuilder &b, Location loc, Value x, Value w,
                                  const WindowAttributes &attributes,
                                  int64_t groups, Type element, Terms terms) {
  auto error = [](const char *text) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
  };
  std::optional<Dims> kernel = kernelDims(b, loc, w);
  if (!kernel)
    return error("the weight should have rank 3 or more");
  auto windows = windowsOf(b, loc, x, *kernel, attributes);
  if (!windows)
    return windows.takeError();
  ConvShape shape;
  shape.groups = groups;
  shape.batch = dimOf(b, loc, x, 0);
  shape.channels = dimOf(b, loc, x, 1);
  shape.filters = dimOf(b, loc, w, 0);
  shape.channelsPerGroup = dimOf(b, loc, w, 1);
  auto filters = getConstantIntValue(shape.filters);
  auto channels = getConstantIntValue(shape.channels);
  if (groups < 1 || (filters && *filters % groups) ||
      (channels && *channels % groups))
    return error("the number of groups should divide the channels");
  shape.windows = *windows;
  shape.positions = positionsOf(b, loc, x, shape.windows, /*ceilMode=*/false);
  Value zero = toStorage(b, loc, constantOf(b, loc, element, 0), element);
  Value input = padded(b, loc, x, shape.windows, zero);
  return convolve(b, loc, input, w, shape, element, terms);
}

void populateConvolutionPatterns(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerConv, LowerConvTranspose>(converter, patterns.getContext());
}

} // namespace tegula::graph
