//===- ConvolutionGather.cpp - Input columns of a convolution -------------===//

#include "ConvolutionGather.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula::tile;

ConvolutionGather::ConvolutionGather(ConvolutionPlan &plan,
                                     ElementwiseEmitter &emitter,
                                     OpBuilder &builder, Location loc,
                                     int64_t vl)
    : plan(plan), emitter(emitter), builder(builder), loc(loc),
      index{builder, loc}, vl(vl) {}

void ConvolutionGather::prepare(ArrayRef<Value> positions,
                                ArrayRef<Value> taps) {
  outputExtents.assign(positions.begin(), positions.end());
  tapExtents.assign(taps.begin(), taps.end());
  window = index.constant(1);
  for (Value extent : taps)
    window = index.mul(window, extent);
  int64_t rank = cast<MemRefType>(plan.inputMemory.getType()).getRank();
  SmallVector<Value> strides(rank);
  strides[rank - 1] = index.constant(1);
  for (int64_t dim = rank - 2; dim >= 0; --dim)
    strides[dim] =
        index.mul(strides[dim + 1], index.extent(plan.inputMemory, dim + 1));
  for (const ConvolutionWindow &w : plan.windows) {
    inputExtents.push_back(index.extent(plan.inputMemory, w.inputDim));
    inputStrides.push_back(strides[w.inputDim]);
  }
  for (auto [dim, expr] : llvm::enumerate(plan.inputMap.getResults()))
    if (expr.isFunctionOfDim(plan.inputChannel))
      channelStride = strides[dim];
  flatInput = index.flatten(plan.inputMemory);
}

void ConvolutionGather::emit(Value panels, Value slot, Value image, Value pixel,
                             int64_t vectors, Value channel,
                             Value channelCount) {
  // Reading the last dimension at a distance of more than two elements, or
  // rows so short that a vector spans many, goes lane by lane.
  std::optional<int64_t> width = constantOf(outputExtents.back());
  bool manyRows = crossesRows && (!width || 2 * *width < vl);
  if (plan.windows.back().stride > 2 || manyRows)
    emitScalars(panels, slot, image, pixel, vectors, channel, channelCount);
  else
    emitVectors(panels, slot, image, pixel, vectors, channel, channelCount);
}

/// Is 0 <= value < extent, for a value that may be negative?
Value ConvolutionGather::signedBetween(Value value, Value extent) {
  // As unsigned numbers, negative ones are larger than every extent.
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, value,
                               extent);
}

/// Elements first .. first + vl of the mask of [low, high).
Value ConvolutionGather::rangeMask(Value low, Value high, int64_t first) {
  auto type = VectorType::get({vl}, builder.getI32Type());
  SmallVector<int32_t> numbers;
  for (int64_t lane = 0; lane != vl; ++lane)
    numbers.push_back(first + lane);
  Value lanes = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  auto splat = [&](Value bound) -> Value {
    Value narrow =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), bound);
    return vector::BroadcastOp::create(builder, loc, type, narrow);
  };
  Value above = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                      lanes, splat(low));
  Value below = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                      lanes, splat(high));
  return arith::AndIOp::create(builder, loc, above, below);
}

/// The lanes of the vector at `pixel` that lie `number` rows further on.
ConvolutionGather::Segment ConvolutionGather::segmentOf(Value pixel,
                                                        int64_t number,
                                                        ArrayRef<Value> taps) {
  auto muli = [&](Value a, int64_t b) { return index.mul(a, b); };
  const ConvolutionWindow &last = plan.windows.back();
  Value width = outputExtents.back();
  Value row = builder.createOrFold<arith::DivUIOp>(loc, pixel, width);
  Value column = builder.createOrFold<arith::RemUIOp>(loc, pixel, width);
  row = index.add(row, number);
  SmallVector<Value> rowAt =
      index.delinearize(row, ArrayRef(outputExtents).drop_back());

  Value offset = index.constant(0), inside;
  for (unsigned i = 0; i + 1 < plan.windows.size(); ++i) {
    const ConvolutionWindow &w = plan.windows[i];
    Value at = index.add(muli(rowAt[i], w.stride), muli(taps[i], w.dilation));
    at = index.sub(at, index.constant(w.padding));
    Value here = signedBetween(at, inputExtents[i]);
    inside = inside ? arith::AndIOp::create(builder, loc, inside, here) : here;
    offset = index.add(offset, index.mul(at, inputStrides[i]));
  }
  // Lane l reads x = base + l * stride.
  Value start = index.sub(column, muli(width, number));
  Value base =
      index.add(muli(start, last.stride), muli(taps.back(), last.dilation));
  base = index.sub(base, index.constant(last.padding));
  // Elements [low, high) of base.. lie in the row and in the input.
  Value zero = index.constant(0);
  auto smax = [&](Value a, Value b) {
    return builder.createOrFold<arith::MaxSIOp>(loc, a, b);
  };
  auto smin = [&](Value a, Value b) {
    return builder.createOrFold<arith::MinSIOp>(loc, a, b);
  };
  Value low =
      smax(index.sub(zero, base), muli(index.sub(zero, start), last.stride));
  Value high = smin(index.sub(inputExtents.back(), base),
                    muli(index.sub(width, start), last.stride));
  low = smax(low, zero);
  high = smin(high, index.constant(vl * last.stride));
  if (inside)
    high = arith::SelectOp::create(builder, loc, inside, high, zero);
  Segment segment;
  segment.offset = index.add(offset, base);
  for (int64_t part = 0; part != last.stride; ++part)
    segment.masks.push_back(rangeMask(low, high, part * vl));
  return segment;
}

Value ConvolutionGather::loadLanes(ArrayRef<Segment> segments, Value base) {
  Type element = cast<MemRefType>(flatInput.getType()).getElementType();
  auto type = VectorType::get({vl}, element);
  SmallVector<Value> parts(
      plan.windows.back().stride,
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type)));
  for (const Segment &segment : segments)
    for (auto [number, part] : llvm::enumerate(parts)) {
      Value at = index.add(index.add(base, segment.offset), number * vl);
      part = vector::MaskedLoadOp::create(builder, loc, type, flatInput, at,
                                          segment.masks[number], part);
    }
  if (parts.size() == 1)
    return parts[0];
  SmallVector<int64_t> even;
  for (int64_t lane = 0; lane != vl; ++lane)
    even.push_back(2 * lane);
  return vector::ShuffleOp::create(builder, loc, parts[0], parts[1], even);
}

void ConvolutionGather::emitVectors(Value panels, Value slot, Value image,
                                    Value pixel, int64_t vectors, Value channel,
                                    Value channelCount) {
  int64_t count = 1;
  if (crossesRows)
    count = (vl - 2 + *constantOf(outputExtents.back())) /
                *constantOf(outputExtents.back()) +
            1;
  index.loop(index.constant(0), window, 1, [&](Value tap) {
    SmallVector<Value> taps = index.delinearize(tap, tapExtents);
    SmallVector<SmallVector<Segment>> segments(vectors);
    for (int64_t v = 0; v != vectors; ++v)
      for (int64_t number = 0; number != count; ++number)
        segments[v].push_back(
            segmentOf(index.add(pixel, v * vl), number, taps));
    index.loop(index.constant(0), channelCount, 1, [&](Value c) {
      Value base =
          index.add(image, index.mul(index.add(channel, c), channelStride));
      Value k = index.add(index.mul(c, window), tap);
      for (int64_t v = 0; v != vectors; ++v) {
        Value value = plan.mac.prepareVector(builder, emitter,
                                             loadLanes(segments[v], base));
        vector::StoreOp::create(builder, loc, value, panels,
                                ValueRange{slot, k, index.constant(v * vl)});
      }
    });
  });
}

/// The offset of what `pixel` reads, and whether that is inside the input.
std::pair<Value, Value> ConvolutionGather::addressOf(Value pixel,
                                                     ArrayRef<Value> taps) {
  SmallVector<Value> at = index.delinearize(pixel, outputExtents);
  Value offset = index.constant(0), inside;
  for (auto [i, w] : llvm::enumerate(plan.windows)) {
    Value x =
        index.add(index.mul(at[i], w.stride), index.mul(taps[i], w.dilation));
    x = index.sub(x, index.constant(w.padding));
    Value here = signedBetween(x, inputExtents[i]);
    inside = inside ? arith::AndIOp::create(builder, loc, inside, here) : here;
    offset = index.add(offset, index.mul(x, inputStrides[i]));
  }
  offset =
      arith::SelectOp::create(builder, loc, inside, offset, index.constant(0));
  return {offset, inside};
}

void ConvolutionGather::emitScalars(Value panels, Value slot, Value image,
                                    Value pixel, int64_t vectors, Value channel,
                                    Value channelCount) {
  Value pixels = index.constant(1);
  for (Value extent : outputExtents)
    pixels = index.mul(pixels, extent);
  Type element = cast<MemRefType>(flatInput.getType()).getElementType();
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element));
  index.loop(index.constant(0), window, 1, [&](Value tap) {
    SmallVector<Value> taps = index.delinearize(tap, tapExtents);
    index.loop(
        index.constant(0), index.constant(vectors * vl), 1, [&](Value lane) {
          Value last = index.sub(pixels, index.constant(1));
          Value offset, inside;
          std::tie(offset, inside) =
              addressOf(index.min(index.add(pixel, lane), last), taps);
          index.loop(index.constant(0), channelCount, 1, [&](Value c) {
            Value base = index.add(
                image, index.mul(index.add(channel, c), channelStride));
            Value value = memref::LoadOp::create(
                builder, loc, flatInput, ValueRange{index.add(base, offset)});
            value = arith::SelectOp::create(builder, loc, inside, value, zero);
            value = plan.mac.prepareVector(builder, emitter, value);
            Value k = index.add(index.mul(c, window), tap);
            memref::StoreOp::create(builder, loc, value, panels,
                                    ValueRange{slot, k, lane});
          });
        });
  });
}
