//===- EvaluateIndexing.cpp - Gather, scatter and generators --------------===//

#include "ConstantTensor.h"

#include <cmath>

using namespace mlir;

namespace tegula::frontend {

namespace {

/// `index` counted from the end when negative; false when it is outside.
bool normalize(int64_t &index, int64_t extent) {
  index = index < 0 ? index + extent : index;
  return index >= 0 && index < extent;
}

bool gather(Evaluation &e) {
  auto indices = e.numbers(1);
  if (!e.has(0) || !indices)
    return false;
  const ConstantTensor &data = e.input(0);
  int64_t axis = e.integer("axis", 0);
  if (!normalize(axis, data.rank()))
    return false;
  int64_t inner = *elementBytes(data.element()), rows = 1;
  int64_t extent = data.shape()[axis];
  for (int64_t size : data.shape().drop_front(axis + 1))
    inner *= size;
  for (int64_t size : data.shape().take_front(axis))
    rows *= size;
  std::string out;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t index : *indices) {
      if (!normalize(index, extent))
        return false;
      out.append(data.bytes().data() + (row * extent + index) * inner, inner);
    }
  e.outputs.push_back(std::move(out));
  return true;
}

/// ScatterND without a reduction: rows of updates replace rows of the data.
bool scatterRows(Evaluation &e) {
  auto indices = e.numbers(1);
  auto mode = e.op->getAttrOfType<StringAttr>("reduction");
  if (!e.has(0) || !indices || !e.has(2) || (mode && mode != "none") ||
      e.input(1).rank() == 0)
    return false;
  const ConstantTensor &data = e.input(0), &updates = e.input(2);
  int64_t depth = e.input(1).shape().back();
  if (depth < 1 || depth > data.rank())
    return false;
  SmallVector<int64_t> strides = stridesOf(data.shape());
  int64_t size = *elementBytes(data.element());
  int64_t row = strides[depth - 1] * size;
  int64_t numRows = indices->size() / depth;
  if (int64_t(updates.bytes().size()) != numRows * row)
    return false;
  std::string out(data.bytes().data(), data.bytes().size());
  for (int64_t i = 0; i < numRows; ++i) {
    int64_t offset = 0;
    for (int64_t d = 0; d < depth; ++d) {
      int64_t index = (*indices)[i * depth + d];
      if (!normalize(index, data.shape()[d]))
        return false;
      offset += index * strides[d] * size;
    }
    out.replace(offset, row, updates.bytes().data() + i * row, row);
  }
  e.outputs.push_back(std::move(out));
  return true;
}

/// ScatterElements without a reduction.
bool scatterElements(Evaluation &e) {
  auto indices = e.numbers(1);
  auto mode = e.op->getAttrOfType<StringAttr>("reduction");
  int64_t axis = e.integer("axis", 0);
  if (!e.has(0) || !indices || !e.has(2) || (mode && mode != "none") ||
      e.input(1).shape() != e.input(2).shape() ||
      e.input(1).rank() != e.input(0).rank() ||
      !normalize(axis, e.input(0).rank()))
    return false;
  const ConstantTensor &data = e.input(0), &updates = e.input(2);
  SmallVector<int64_t> to = stridesOf(data.shape()),
                       from = stridesOf(updates.shape());
  int64_t size = *elementBytes(data.element());
  std::string out(data.bytes().data(), data.bytes().size());
  for (size_t i = 0; i < indices->size(); ++i) {
    int64_t offset = 0;
    for (int64_t d = 0; d < data.rank(); ++d) {
      int64_t at =
          d == axis ? (*indices)[i] : int64_t(i) / from[d] % updates.shape()[d];
      if (!normalize(at, data.shape()[d]))
        return false;
      offset += at * to[d];
    }
    out.replace(offset * size, size, updates.bytes().data() + i * size, size);
  }
  e.outputs.push_back(std::move(out));
  return true;
}

/// One value everywhere; a float zero when the node names none.
bool constantOfShape(Evaluation &e) {
  std::optional<int64_t> size = elementBytes(e.types[0].getElementType());
  if (!size)
    return false;
  std::string element(*size, '\0');
  if (auto value = e.op->getAttrOfType<ElementsAttr>("value")) {
    auto tensor = ConstantTensor::get(value, 64);
    if (!tensor || int64_t(tensor->bytes().size()) != *size)
      return false;
    element.assign(tensor->bytes().data(), *size);
  }
  std::string out;
  for (int64_t i = 0, n = e.types[0].getNumElements(); i < n; ++i)
    out += element;
  e.outputs.push_back(std::move(out));
  return true;
}

bool range(Evaluation &e) {
  if (!e.has(0) || !e.has(1) || !e.has(2) || e.types[0].getRank() != 1)
    return false;
  int64_t count = e.types[0].getDimSize(0);
  return withArithmetic(e.input(0).element(), [&](auto sample) {
    using T = decltype(sample);
    for (size_t i = 0; i < 3; ++i)
      if (e.input(i).count() != 1)
        return false;
    T start = e.input(0).template values<T>()[0];
    T delta = e.input(2).template values<T>()[0];
    std::vector<T> values(count);
    for (int64_t i = 0; i < count; ++i)
      if constexpr (std::is_floating_point_v<T>)
        values[i] = start + T(i) * delta;
      else
        values[i] = T(uint64_t(start) + uint64_t(i) * uint64_t(delta));
    e.outputs.push_back(packed<T>(values, e.types[0].getElementType()));
    return true;
  });
}

bool eyeLike(Evaluation &e) {
  if (e.types[0].getRank() != 2)
    return false;
  int64_t k = e.integer("k", 0);
  int64_t rows = e.types[0].getDimSize(0), columns = e.types[0].getDimSize(1);
  return withArithmetic(e.types[0].getElementType(), [&](auto sample) {
    using T = decltype(sample);
    std::vector<T> values(rows * columns, T(0));
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        if (j - i == k)
          values[i * columns + j] = T(1);
    e.outputs.push_back(packed<T>(values, e.types[0].getElementType()));
    return true;
  });
}

bool trilu(Evaluation &e) {
  int64_t rank = e.types[0].getRank();
  if (!e.has(0) || rank < 2 || e.input(0).type != e.types[0] ||
      e.inputs.size() < 1)
    return false;
  auto diagonal = e.numbers(1);
  if (e.inputs.size() > 1 && e.has(1) && (!diagonal || diagonal->size() != 1))
    return false;
  int64_t k = diagonal ? (*diagonal)[0] : 0;
  bool upper = e.integer("upper", 1) != 0;
  int64_t rows = e.types[0].getDimSize(rank - 2),
          columns = e.types[0].getDimSize(rank - 1);
  int64_t size = *elementBytes(e.types[0].getElementType());
  std::string out(e.input(0).bytes().data(), e.input(0).bytes().size());
  for (int64_t i = 0, n = e.types[0].getNumElements(); i < n; ++i) {
    int64_t distance = i % columns - i / columns % rows;
    if (upper ? distance < k : distance > k)
      out.replace(i * size, size, std::string(size, '\0'));
  }
  e.outputs.push_back(std::move(out));
  return true;
}

/// The shape of the result depends on the values: it is set here.
bool nonZero(Evaluation &e) {
  if (!e.has(0))
    return false;
  const ConstantTensor &data = e.input(0);
  int64_t size = *elementBytes(data.element()), rank = data.rank();
  bool isFloat = isa<FloatType>(data.element());
  SmallVector<int64_t> strides = stridesOf(data.shape());
  std::vector<int64_t> found;
  for (int64_t i = 0; i < data.count(); ++i) {
    ArrayRef<char> element = data.bytes().slice(i * size, size);
    bool zero = llvm::all_of(element.drop_back(), [](char c) { return !c; }) &&
                (element.back() == 0 || (isFloat && element.back() == '\x80'));
    if (!zero)
      found.push_back(i);
  }
  std::vector<int64_t> positions;
  for (int64_t d = 0; d < rank; ++d)
    for (int64_t i : found)
      positions.push_back(i / strides[d] % data.shape()[d]);
  e.types[0] = RankedTensorType::get({rank, int64_t(found.size())},
                                     e.types[0].getElementType());
  e.outputs.push_back(packed<int64_t>(positions, e.types[0].getElementType()));
  return true;
}

} // namespace

ArrayRef<EvaluatorRow> indexingEvaluators() {
  static constexpr EvaluatorRow rows[] = {
      {"Gather", gather},
      {"ScatterND", scatterRows},
      {"ScatterElements", scatterElements},
      {"ConstantOfShape", constantOfShape},
      {"Range", range},
      {"EyeLike", eyeLike},
      {"Trilu", trilu},
      {"NonZero", nonZero},
  };
  return rows;
}

} // namespace tegula::frontend
