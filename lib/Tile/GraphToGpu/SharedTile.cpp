//===- SharedTile.cpp - Tiles of an operand in shared memory --------------===//

#include "SharedTile.h"
#include "GpuBlock.h"

#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula::tile;

/// Rows of the matrices that the tensor core's registers hold.
static constexpr int64_t kMatrixRows = 8;
/// Bytes of such a row: what ldmatrix reads at an address.
static constexpr int64_t kMatrixRowBytes = 16;

SharedTile::SharedTile(MatmulBlock &block, const MatmulBlock::Side &side,
                       Type element, int64_t stages, bool isTransposed)
    : block(block), side(side), isTransposed(isTransposed),
      bits(element.getIntOrFloatBitWidth()) {
  int64_t rows = side.tile, columns = block.plan.schedule.getTileK();
  if (isTransposed)
    std::swap(rows, columns);
  // Elements of 32 bits that do not run along k are read one by one, four rows
  // at once: their distance is a row of a matrix more.
  int64_t padding = kMatrixRowBytes * 8 / bits;
  if (isTransposed && bits == 32)
    padding *= 2;
  auto type =
      MemRefType::get({stages, rows, columns + padding}, element, AffineMap(),
                      block.builder.getI64IntegerAttr(kSharedSpace));
  memory = memref::AllocOp::create(block.builder, block.loc, type);
  lane = block.remainder(block.thread, kWarpThreads);
}

/// What `lane` holds of one matrix, read as a single element.
Value SharedTile::readElement(Value stage, Value row, int64_t k,
                              int64_t matrix) const {
  IndexBuilder &index = block.index;
  bool isRows = side.operand->isRows;
  int64_t rowBlock = isRows ? matrix % 2 : matrix / 2;
  int64_t kBlock = isRows ? matrix / 2 : matrix % 2;
  int64_t width = kMatrixRowBytes * 8 / bits;
  Value own =
      index.add(index.add(row, index.div(lane, 4)), rowBlock * kMatrixRows);
  Value depth = index.add(block.remainder(lane, 4), k + kBlock * width);
  return memref::LoadOp::create(block.builder, block.loc, memory,
                                at(stage, own, depth));
}

SmallVector<Value> SharedTile::readMatrices(Value stage, Value row, int64_t k,
                                            int64_t count) const {
  SmallVector<Value> registers;
  if (isTransposed && bits == 32) { // ldmatrix transposes 16-bit elements only.
    for (int64_t matrix = 0; matrix != count; ++matrix)
      registers.push_back(readElement(stage, row, k, matrix));
    return registers;
  }
  // Lane 8 i + r says where row r of matrix i is.
  OpBuilder &builder = block.builder;
  IndexBuilder &index = block.index;
  Value inMatrix = block.remainder(lane, kMatrixRows);
  Value first = block.remainder(index.div(lane, 8), 2);
  Value second = index.div(lane, 16);
  bool isRows = side.operand->isRows;
  int64_t width = kMatrixRowBytes * 8 / bits;
  Value own = index.add(row, index.mul(isRows ? first : second, kMatrixRows));
  Value depth = index.add(index.mul(isRows ? second : first, width), k);
  (isTransposed ? depth : own) =
      index.add(isTransposed ? depth : own, inMatrix);
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  Value matrices = nvgpu::LdMatrixOp::create(
      builder, block.loc, VectorType::get({count, 32 / bits}, element), memory,
      at(stage, own, depth), isTransposed, int32_t(count));
  for (int64_t matrix = 0; matrix != count; ++matrix) {
    SmallVector<int64_t> position{matrix};
    if (bits == 32)
      position.push_back(0);
    registers.push_back(
        vector::ExtractOp::create(builder, block.loc, matrices, position));
  }
  return registers;
}
