//===- EvaluateMovement.cpp - Data movement on constants ------------------===//
//
// Operators that place elements by position alone. They move bytes, so that
// every element type goes; positions are checked although inference has
// computed the shapes.
//
//===----------------------------------------------------------------------===//

#include "ConstantTensor.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;

namespace tegula::frontend {

namespace {

/// Fills result 0 with elements of input 0: `place` says for the position of
/// an element of the result which position of the input it has; false when
/// there is none.
template <typename Place>
bool gatherPositions(Evaluation &e, Place place) {
  ArrayRef<int64_t> from = e.input(0).shape(), to = e.types[0].getShape();
  SmallVector<int64_t> strides = stridesOf(from);
  SmallVector<int64_t> position(to.size(), 0), source(from.size(), 0);
  int64_t size = *elementBytes(e.input(0).element());
  ArrayRef<char> bytes = e.input(0).bytes();
  std::string out;
  out.reserve(e.types[0].getNumElements() * size);
  for (int64_t i = 0, n = e.types[0].getNumElements(); i < n; ++i) {
    if (!place(position, source))
      return false;
    int64_t offset = 0;
    for (size_t d = 0; d < from.size(); ++d) {
      if (source[d] < 0 || source[d] >= from[d])
        return false;
      offset += source[d] * strides[d];
    }
    out.append(bytes.data() + offset * size, size);
    for (size_t d = to.size(); d-- > 0 && ++position[d] == to[d];)
      position[d] = 0;
  }
  e.outputs.push_back(std::move(out));
  return true;
}

bool sameBytes(Evaluation &e) {
  if (!e.has(0) || e.input(0).count() != e.types[0].getNumElements())
    return false;
  ArrayRef<char> bytes = e.input(0).bytes();
  e.outputs.emplace_back(bytes.data(), bytes.size());
  return true;
}

/// Fills `out`, of `shape`, from `data`, whose steps along the axes of `out`
/// are `strides`. In blocks of the two axes that are innermost on either side.
template <typename T>
void permute(const char *data, ArrayRef<int64_t> shape,
             ArrayRef<int64_t> strides, char *out) {
  constexpr int64_t block = 32;
  int64_t rank = shape.size();
  if (rank == 0 || llvm::is_contained(shape, 0)) {
    std::memcpy(out, data, rank == 0 ? sizeof(T) : 0);
    return;
  }
  int64_t last = rank - 1, fast = last;
  for (int64_t d = 0; d < rank; ++d)
    if (shape[d] != 1 && strides[d] == 1)
      fast = d;
  SmallVector<int64_t> position(rank, 0), to = stridesOf(shape);
  auto copyBlock = [&] {
    int64_t from = 0, at = 0;
    for (int64_t d = 0; d < rank; ++d) {
      from += position[d] * strides[d];
      at += position[d] * to[d];
    }
    int64_t rows =
        fast == last ? 1 : std::min(block, shape[fast] - position[fast]);
    int64_t columns = std::min(block, shape[last] - position[last]);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        std::memcpy(out + (at + i * to[fast] + j) * sizeof(T),
                    data + (from + i * strides[fast] + j * strides[last]) *
                               sizeof(T),
                    sizeof(T));
  };
  for (int64_t d = rank; d >= 0;) {
    copyBlock();
    for (d = rank; d-- > 0;) {
      position[d] += d == fast || d == last ? block : 1;
      if (position[d] < shape[d])
        break;
      position[d] = 0;
    }
  }
}

bool transpose(Evaluation &e) {
  if (!e.has(0))
    return false;
  int64_t rank = e.input(0).rank();
  SmallVector<int64_t> order = e.integers("perm").value_or(
      SmallVector<int64_t>(llvm::reverse(llvm::seq<int64_t>(0, rank))));
  if (int64_t(order.size()) != rank || e.types[0].getRank() != rank ||
      llvm::any_of(order, [&](int64_t d) { return d < 0 || d >= rank; }))
    return false;
  ArrayRef<int64_t> shape = e.types[0].getShape();
  SmallVector<int64_t> strides, from = stridesOf(e.input(0).shape());
  for (auto [axis, extent] : llvm::zip_equal(order, shape)) {
    if (e.input(0).shape()[axis] != extent)
      return false;
    strides.push_back(from[axis]);
  }
  std::string out(e.input(0).bytes().size(), '\0');
  const char *data = e.input(0).bytes().data();
  switch (*elementBytes(e.input(0).element())) {
  case 1:
    permute<uint8_t>(data, shape, strides, out.data());
    break;
  case 2:
    permute<uint16_t>(data, shape, strides, out.data());
    break;
  case 4:
    permute<uint32_t>(data, shape, strides, out.data());
    break;
  case 8:
    permute<uint64_t>(data, shape, strides, out.data());
    break;
  default:
    return false;
  }
  e.outputs.push_back(std::move(out));
  return true;
}

bool slice(Evaluation &e) {
  auto starts = e.numbers(1), ends = e.numbers(2), axes = e.numbers(3),
       steps = e.numbers(4);
  if (!e.has(0) || !starts || !ends || e.has(3) != bool(axes) ||
      e.has(4) != bool(steps) || e.input(0).rank() != e.types[0].getRank())
    return false;
  int64_t rank = e.input(0).rank();
  SmallVector<int64_t> first(rank, 0), stride(rank, 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    int64_t axis = axes ? (i < axes->size() ? (*axes)[i] : rank) : i;
    axis = axis < 0 ? axis + rank : axis;
    if (axis < 0 || axis >= rank || (steps && i >= steps->size()))
      return false;
    int64_t extent = e.input(0).shape()[axis];
    int64_t step = steps ? (*steps)[i] : 1, start = (*starts)[i];
    if (step == 0)
      return false;
    start = start < 0 ? std::max<int64_t>(start, -extent) + extent : start;
    start = std::min(start, step < 0 ? extent - 1 : extent);
    first[axis] = start;
    stride[axis] = step;
  }
  return gatherPositions(e, [&](auto &to, auto &from) {
    for (int64_t d = 0; d < rank; ++d)
      if (llvm::MulOverflow(to[d], stride[d], from[d]) ||
          llvm::AddOverflow(from[d], first[d], from[d]))
        return false;
    return true;
  });
}

/// Expand and Tile: positions modulo the extents of the input.
bool repeat(Evaluation &e) {
  if (!e.has(0) || e.input(0).rank() > e.types[0].getRank())
    return false;
  ArrayRef<int64_t> shape = e.input(0).shape();
  size_t shift = e.types[0].getRank() - shape.size();
  return gatherPositions(e, [&](auto &to, auto &from) {
    for (size_t d = 0; d < shape.size(); ++d)
      from[d] = to[d + shift] % shape[d];
    return true;
  });
}

/// Appends to `out` what lies between `begin` and `end` of `axis`, row by row.
void appendRows(const ConstantTensor &tensor, int64_t axis, int64_t row,
                std::string &out) {
  int64_t size = *elementBytes(tensor.element());
  for (int64_t extent : tensor.shape().drop_front(axis))
    size *= extent;
  out.append(tensor.bytes().data() + row * size, size);
}

bool concat(Evaluation &e) {
  int64_t rank = e.types[0].getRank(), axis = e.integer("axis", 0);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return false;
  int64_t rows = 1;
  for (int64_t extent : e.types[0].getShape().take_front(axis))
    rows *= extent;
  for (auto &input : e.inputs)
    if (!input || input->rank() != rank ||
        input->shape().take_front(axis) !=
            e.types[0].getShape().take_front(axis))
      return false;
  std::string out;
  for (int64_t row = 0; row < rows; ++row)
    for (auto &input : e.inputs)
      appendRows(*input, axis, row, out);
  e.outputs.push_back(std::move(out));
  return true;
}

bool split(Evaluation &e) {
  if (!e.has(0))
    return false;
  const ConstantTensor &input = e.input(0);
  int64_t rank = input.rank(), axis = e.integer("axis", 0);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis >= rank)
    return false;
  int64_t inner = *elementBytes(input.element()), rows = 1, total = 0;
  for (int64_t extent : input.shape().drop_front(axis + 1))
    inner *= extent;
  for (int64_t extent : input.shape().take_front(axis))
    rows *= extent;
  for (RankedTensorType type : e.types) {
    if (type.getRank() != rank)
      return false;
    total += type.getDimSize(axis);
  }
  int64_t extent = input.shape()[axis], begin = 0;
  if (total != extent)
    return false;
  for (RankedTensorType type : e.types) {
    int64_t width = type.getDimSize(axis);
    std::string out;
    for (int64_t row = 0; row < rows; ++row)
      out.append(input.bytes().data() + (row * extent + begin) * inner,
                 width * inner);
    begin += width;
    e.outputs.push_back(std::move(out));
  }
  return true;
}

/// Constant padding with non-negative amounts.
bool pad(Evaluation &e) {
  auto mode = e.op->getAttrOfType<StringAttr>("mode");
  auto pads = e.numbers(1);
  if (!e.has(0) || !pads || e.has(3) || (mode && mode != "constant"))
    return false;
  int64_t rank = e.input(0).rank(), size = *elementBytes(e.input(0).element());
  if (int64_t(pads->size()) != 2 * rank || e.types[0].getRank() != rank)
    return false;
  for (int64_t d = 0; d < 2 * rank; ++d)
    if ((*pads)[d] < 0 || (*pads)[d] > e.types[0].getDimSize(d % rank))
      return false;
  std::string fill(size, '\0'), out;
  if (e.has(2) && int64_t(e.input(2).bytes().size()) == size)
    fill.assign(e.input(2).bytes().data(), size);
  for (int64_t i = 0, n = e.types[0].getNumElements(); i < n; ++i)
    out += fill;
  SmallVector<int64_t> from = stridesOf(e.input(0).shape()),
                       to = stridesOf(e.types[0].getShape());
  for (int64_t i = 0, n = e.input(0).count(); i < n; ++i) {
    int64_t offset = 0;
    for (int64_t d = 0; d < rank; ++d) {
      int64_t at = i / from[d] % e.input(0).shape()[d] + (*pads)[d];
      if (at >= e.types[0].getDimSize(d))
        return false;
      offset += at * to[d];
    }
    out.replace(offset * size, size, e.input(0).bytes().data() + i * size,
                size);
  }
  e.outputs.push_back(std::move(out));
  return true;
}

} // namespace

ArrayRef<EvaluatorRow> movementEvaluators() {
  static constexpr EvaluatorRow rows[] = {
      {"Identity", sameBytes}, {"Reshape", sameBytes},
      {"Squeeze", sameBytes},  {"Unsqueeze", sameBytes},
      {"Flatten", sameBytes},  {"Transpose", transpose},
      {"Slice", slice},        {"Expand", repeat},
      {"Tile", repeat},        {"Concat", concat},
      {"Split", split},        {"Pad", pad},
  };
  return rows;
}

} // namespace tegula::frontend
