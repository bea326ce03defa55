//===- Steps.cpp - Quads of bytes whose products fit into 16 bits ---------===//

#include "tegula/LowPrecision/IR/Steps.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace tegula::lp;

static int64_t byteOf(uint32_t quad, unsigned number) {
  return int8_t(quad >> (8 * number));
}

/// Whether the products of `quad` with any unsigned bytes are narrow.
static bool isNarrow(uint32_t quad) {
  for (unsigned pair : {0, 2}) {
    int64_t first = byteOf(quad, pair), second = byteOf(quad, pair + 1);
    int64_t highest =
        255 * (std::max<int64_t>(first, 0) + std::max<int64_t>(second, 0));
    int64_t lowest =
        255 * (std::min<int64_t>(first, 0) + std::min<int64_t>(second, 0));
    if (highest > INT16_MAX || lowest < INT16_MIN)
      return false;
  }
  return true;
}

/// Half of each byte; with `rest` what is missing to the whole.
static uint32_t halfOf(uint32_t quad, bool rest) {
  uint32_t result = 0;
  for (unsigned number = 0; number != 4; ++number) {
    int64_t byte = byteOf(quad, number), half = byte / 2;
    result |= uint32_t(uint8_t(rest ? byte - half : half)) << (8 * number);
  }
  return result;
}

/// Calls `body(position, row, isNarrow)` for each position of each panel, in
/// the order of the steps; `row` holds the quads of the panel's columns.
template <typename Body>
static void forEachPosition(const QuadMatrix &matrix, int64_t columns,
                            Body body) {
  llvm::SmallVector<uint32_t> row;
  for (int64_t first = 0; first < matrix.n; first += columns)
    for (int64_t position = 0; position != matrix.k; ++position) {
      row.clear();
      int64_t end = std::min(first + columns, matrix.n);
      for (int64_t n = first; n != end; ++n)
        row.push_back(
            matrix.quads[position * matrix.strideK + n * matrix.strideN]);
      body(position, row, llvm::all_of(row, isNarrow));
    }
}

int64_t tegula::lp::countSteps(const QuadMatrix &matrix, int64_t columns) {
  int64_t count = 0;
  forEachPosition(matrix, columns,
                  [&](int64_t, llvm::ArrayRef<uint32_t>, bool narrow) {
                    count += narrow ? 1 : 2;
                  });
  return count;
}

Steps tegula::lp::makeSteps(const QuadMatrix &matrix, int64_t columns,
                            int64_t block) {
  Steps steps;
  auto add = [&](int64_t position, llvm::ArrayRef<uint32_t> row, auto part) {
    steps.positions.push_back(position);
    for (uint32_t quad : row)
      steps.quads.push_back(part(quad));
    steps.quads.resize(steps.positions.size() * columns, 0);
  };
  forEachPosition(
      matrix, columns,
      [&](int64_t position, llvm::ArrayRef<uint32_t> row, bool narrow) {
        if (position % block == 0)
          steps.starts.push_back(steps.positions.size());
        if (narrow)
          return add(position, row, [](uint32_t quad) { return quad; });
        for (bool rest : {false, true})
          add(position, row, [&](uint32_t quad) { return halfOf(quad, rest); });
      });
  steps.starts.push_back(steps.positions.size());
  return steps;
}
