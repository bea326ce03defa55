//===- EvaluateReduction.cpp - Reductions and sums along an axis ----------===//
//
// Integer reductions only, but for the largest and smallest: the order of a
// sum of floats is the schedule's business.
//
//===----------------------------------------------------------------------===//

#include "ConstantTensor.h"

using namespace mlir;

namespace tegula::frontend {

namespace {

/// The axes that are reduced, as flags; nothing when they are not known.
std::optional<SmallVector<bool>> reducedAxes(Evaluation &e) {
  int64_t rank = e.input(0).rank();
  SmallVector<bool> reduced(rank, false);
  auto axes = e.numbers(1);
  if (e.has(1) && !axes)
    return std::nullopt;
  if (!axes || axes->empty()) {
    bool all = e.integer("noop_with_empty_axes", 0) == 0;
    reduced.assign(rank, all);
    return reduced;
  }
  for (int64_t axis : *axes) {
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank)
      return std::nullopt;
    reduced[axis] = true;
  }
  return reduced;
}

/// Combines the elements of each reduced group with `Op`, first to last.
template <typename Op>
bool reduce(Evaluation &e) {
  if (!e.has(0) || e.input(0).count() == 0)
    return false;
  std::optional<SmallVector<bool>> reduced = reducedAxes(e);
  if (!reduced || (!Op::exact && isa<FloatType>(e.input(0).element())))
    return false;
  ArrayRef<int64_t> shape = e.input(0).shape();
  SmallVector<int64_t> from = stridesOf(shape), kept(shape);
  for (size_t d = 0; d < kept.size(); ++d)
    if ((*reduced)[d])
      kept[d] = 1;
  SmallVector<int64_t> to = stridesOf(kept);
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    std::vector<T> values = e.input(0).template values<T>();
    std::vector<T> out(e.types[0].getNumElements());
    std::vector<bool> begun(out.size(), false);
    for (size_t i = 0; i < values.size(); ++i) {
      size_t offset = 0;
      for (size_t d = 0; d < kept.size(); ++d)
        if (!(*reduced)[d])
          offset += int64_t(i) / from[d] % shape[d] * to[d];
      if (offset >= out.size())
        return false;
      out[offset] =
          begun[offset] ? Op::apply(out[offset], values[i]) : values[i];
      begun[offset] = true;
    }
    e.outputs.push_back(packed<T>(out, e.types[0].getElementType()));
    return true;
  });
}

struct Sum {
  static constexpr bool exact = false;
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a + b;
    return T(uint64_t(a) + uint64_t(b));
  }
};
struct Product {
  static constexpr bool exact = false;
  template <typename T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
      return a * b;
    return T(uint64_t(a) * uint64_t(b));
  }
};
struct Largest {
  static constexpr bool exact = true;
  template <typename T>
  static T apply(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct Smallest {
  static constexpr bool exact = true;
  template <typename T>
  static T apply(T a, T b) {
    return a < b || a != a ? a : b;
  }
};

/// Integers only: see the head of the file.
bool cumSum(Evaluation &e) {
  auto axes = e.numbers(1);
  if (!e.has(0) || !axes || axes->size() != 1 ||
      !isa<IntegerType>(e.input(0).element()) ||
      e.integer("exclusive", 0) != 0 || e.integer("reverse", 0) != 0)
    return false;
  int64_t axis = (*axes)[0], rank = e.input(0).rank();
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return false;
  int64_t stride = stridesOf(e.input(0).shape())[axis];
  int64_t extent = e.input(0).shape()[axis];
  std::vector<int64_t> values = e.input(0).values<int64_t>();
  for (size_t i = 0; i < values.size(); ++i)
    if (int64_t(i) / stride % extent != 0)
      values[i] = int64_t(uint64_t(values[i]) + uint64_t(values[i - stride]));
  e.outputs.push_back(packed<int64_t>(values, e.types[0].getElementType()));
  return true;
}

} // namespace

ArrayRef<EvaluatorRow> reductionEvaluators() {
  static constexpr EvaluatorRow rows[] = {
      {"ReduceSum", reduce<Sum>},
      {"ReduceProd", reduce<Product>},
      {"ReduceMax", reduce<Largest>},
      {"ReduceMin", reduce<Smallest>},
      {"CumSum", cumSum},
  };
  return rows;
}

} // namespace tegula::frontend
