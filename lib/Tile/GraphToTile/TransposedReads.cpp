//===- TransposedReads.cpp - Inputs across a kernel's lanes ---------------===//

#include "TransposedReads.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula::tile;

// Blocks of half the size change places across the diagonal, then those inside
// of them: each step is one shuffle a row, of at most two machine instructions.
SmallVector<Value> tegula::tile::transposeSquare(OpBuilder &builder,
                                                 Location loc,
                                                 SmallVector<Value> rows) {
  int64_t size = rows.size();
  for (int64_t block = size / 2; block != 0; block /= 2)
    for (int64_t row = 0; row != size; ++row) {
      if (row & block)
        continue;
      SmallVector<int64_t> upper, lower;
      for (int64_t lane = 0; lane != size; ++lane) {
        bool right = lane & block;
        upper.push_back(right ? size + lane - block : lane);
        lower.push_back(right ? size + lane : lane + block);
      }
      Value first = rows[row], second = rows[row + block];
      rows[row] = vector::ShuffleOp::create(builder, loc, first, second, upper);
      rows[row + block] =
          vector::ShuffleOp::create(builder, loc, first, second, lower);
    }
  return rows;
}

std::optional<int64_t>
tegula::tile::findTransposedDim(ArrayRef<TensorAccess> accesses, int64_t rank) {
  auto holds = [](const TensorAccess &access, int64_t dim) {
    return llvm::is_contained(access.dims, dim);
  };
  std::optional<int64_t> found;
  for (const TensorAccess &access : accesses)
    if (!found && access.tensor && access.dims.size() > 1 &&
        access.dims.back() >= 0 && access.dims.back() != rank - 1 &&
        llvm::count(access.dims, rank - 1) == 1 &&
        llvm::count(access.dims, access.dims.back()) == 1)
      found = access.dims.back();
  for (const TensorAccess &access : accesses)
    if (found && (holds(access, TensorAccess::kComplex) ||
                  (!access.tensor &&
                   (holds(access, *found) || holds(access, rank - 1)))))
      return std::nullopt;
  return found;
}

TransposedReads::TransposedReads(ElementwiseEmitter &emitter, ValueRange inputs)
    : emitter(emitter) {
  for (Value tensor : inputs)
    emitter.bindSource(tensor, [this, tensor](OpBuilder &builder, Location loc,
                                              ArrayRef<Coord> coords) {
      return read(builder, loc, tensor, coords);
    });
}

void TransposedReads::beginSquare(int64_t newSize, Value newRow, Value newRows,
                                  Value newColumn, Value newColumns) {
  size = newSize;
  firstRow = newRow;
  rows = newRows;
  column = newColumn;
  columns = newColumns;
  squares.clear();
}

void TransposedReads::beginRow(int64_t newNumber, Value newRow) {
  number = newNumber;
  row = newRow;
}

/// Constants are made anew for each point.
static bool isSame(const Coord &a, const Coord &b) {
  if (a == b)
    return true;
  return a.kind == Coord::Scalar && b.kind == Coord::Scalar &&
         constantOf(a.base) && constantOf(a.base) == constantOf(b.base);
}

Value TransposedReads::read(OpBuilder &builder, Location loc, Value tensor,
                            ArrayRef<Coord> coords) {
  auto hasLanes = [](const Coord &c) { return c.kind == Coord::Lanes; };
  bool isTransposed = !coords.empty() && coords.back().kind == Coord::Scalar &&
                      coords.back().base == row &&
                      llvm::count_if(coords, hasLanes) == 1;
  if (!isTransposed)
    return emitter.load(builder, loc, emitter.getMemory(tensor), coords);
  for (const Square &square : squares)
    if (square.tensor == tensor &&
        llvm::equal(square.coords, coords.drop_back(), isSame))
      return square.rows[number];
  squares.push_back(load(builder, loc, tensor, coords));
  return squares.back().rows[number];
}

TransposedReads::Square TransposedReads::load(OpBuilder &builder, Location loc,
                                              Value tensor,
                                              ArrayRef<Coord> coords) const {
  IndexBuilder index{builder, loc};
  ElementwiseEmitter reader(size);
  reader.beginPoint(rows ? vector::CreateMaskOp::create(
                               builder, loc,
                               VectorType::get({size}, builder.getI1Type()),
                               rows)
                         : Value());
  SmallVector<Value> loaded;
  for (int64_t lane = 0; lane != size; ++lane) {
    Value at = index.add(column, lane);
    // Past the end, the last one is read again.
    if (columns)
      at = index.min(at,
                     index.sub(index.add(column, columns), index.constant(1)));
    SmallVector<Coord> place(coords);
    for (Coord &coord : place)
      if (coord.kind == Coord::Lanes)
        coord = Coord::scalar(at);
    place.back() = Coord::lanes(firstRow);
    loaded.push_back(
        reader.load(builder, loc, emitter.getMemory(tensor), place));
  }
  return {tensor, SmallVector<Coord>(coords.drop_back()),
          transposeSquare(builder, loc, loaded)};
}
