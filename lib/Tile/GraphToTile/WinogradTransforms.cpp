//===- WinogradTransforms.cpp - Winograd's transforms on vectors ----------===//

#include "WinogradTransforms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

Value WinogradEmitter::splat(double factor, Type type) const {
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(cast<ShapedType>(type), float(factor)));
}

Value WinogradEmitter::add(Value a, Value b) const {
  return arith::AddFOp::create(builder, loc, a, b);
}

Value WinogradEmitter::sub(Value a, Value b) const {
  return arith::SubFOp::create(builder, loc, a, b);
}

Value WinogradEmitter::mul(double factor, Value a) const {
  return arith::MulFOp::create(builder, loc, splat(factor, a.getType()), a);
}

Value WinogradEmitter::fma(double factor, Value a, Value b) const {
  if (!fused)
    return add(mul(factor, a), b);
  return vector::FMAOp::create(builder, loc, splat(factor, a.getType()), a, b);
}

/// The rows of B^T are the polynomials that vanish at all points but one. Those
/// of a pair of points share their even and odd terms.
WinogradEmitter::Values WinogradEmitter::input(ArrayRef<Value> d) const {
  if (transform.results == 2)
    return {sub(d[2], d[0]), add(d[2], d[1]), sub(d[2], d[1]), sub(d[3], d[1])};
  constexpr double a = graph::WinogradTransform::kInner,
                   b = graph::WinogradTransform::kOuter;
  // (x^2 - a^2) (x^2 - b^2)
  auto all = [&](Value d0, Value d2, Value d4) {
    return fma(a * a * b * b, d0, fma(-(a * a + b * b), d2, d4));
  };
  auto pair = [&](double point, double other) {
    Value even = fma(-other * other, d[2], d[4]);
    Value odd = fma(-other * other * point, d[1], mul(point, d[3]));
    return std::pair(add(even, odd), sub(even, odd));
  };
  auto [innerPlus, innerMinus] = pair(a, b);
  auto [outerPlus, outerMinus] = pair(b, a);
  return {all(d[0], d[2], d[4]), innerPlus, innerMinus, outerPlus, outerMinus,
          all(d[1], d[3], d[5])};
}

/// Row i of A^T holds the powers i of the points, and infinity in the last.
WinogradEmitter::Values WinogradEmitter::result(ArrayRef<Value> m) const {
  Value inner = add(m[1], m[2]), innerOdd = sub(m[1], m[2]);
  if (transform.results == 2)
    return {add(m[0], inner), add(m[3], innerOdd)};
  constexpr double a = graph::WinogradTransform::kInner,
                   b = graph::WinogradTransform::kOuter;
  Value outer = add(m[3], m[4]), outerOdd = sub(m[3], m[4]);
  return {add(add(m[0], inner), outer), fma(a, innerOdd, mul(b, outerOdd)),
          fma(a * a, inner, mul(b * b, outer)),
          fma(a * a * a, innerOdd, fma(b * b * b, outerOdd, m[5]))};
}

/// Every second lane of `a`, then of `b`, from lane `first` on.
static Value everySecond(OpBuilder &builder, Location loc, Value a, Value b,
                         int64_t first) {
  int64_t lanes = cast<VectorType>(a.getType()).getNumElements();
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane != lanes; ++lane)
    order.push_back(2 * lane + first);
  return vector::ShuffleOp::create(builder, loc, a, b, order);
}

WinogradEmitter::Values
WinogradEmitter::toTiles(ArrayRef<Value> columns) const {
  // Halves of each round: the even columns of all vectors, then the odd ones.
  Values even, odd;
  for (size_t i = 0; i != columns.size(); i += 2) {
    even.push_back(everySecond(builder, loc, columns[i], columns[i + 1], 0));
    odd.push_back(everySecond(builder, loc, columns[i], columns[i + 1], 1));
  }
  if (columns.size() == 2)
    return {even[0], odd[0]};
  Values evens = toTiles(even), odds = toTiles(odd);
  Values tiles;
  for (auto [first, second] : llvm::zip_equal(evens, odds))
    tiles.append({first, second});
  return tiles;
}

WinogradEmitter::Values
WinogradEmitter::toColumns(ArrayRef<Value> tiles) const {
  if (tiles.size() == 1)
    return {tiles[0]};
  Values evens, odds, columns;
  for (size_t i = 0; i != tiles.size(); i += 2) {
    evens.push_back(tiles[i]);
    odds.push_back(tiles[i + 1]);
  }
  evens = toColumns(evens);
  odds = toColumns(odds);
  int64_t lanes = cast<VectorType>(tiles[0].getType()).getNumElements();
  for (auto [even, odd] : llvm::zip_equal(evens, odds))
    for (int64_t half : {0, 1}) {
      SmallVector<int64_t> order;
      for (int64_t lane = 0; lane != lanes; ++lane)
        order.push_back((half * lanes + lane) / 2 + lane % 2 * lanes);
      columns.push_back(
          vector::ShuffleOp::create(builder, loc, even, odd, order));
    }
  return columns;
}
