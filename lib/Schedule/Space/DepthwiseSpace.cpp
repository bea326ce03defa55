//===- DepthwiseSpace.cpp - Legal schedules of windows over planes --------===//

#include "tegula/Schedule/IR/WindowLimits.h"
#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static constexpr int64_t kMaxRows = 8, kMaxColumns = 3;
/// Multiply-adds of the code of one tile: what a level-1 instruction cache
/// holds, about.
static constexpr int64_t kMaxCode = 2048;

/// Do the sums of a tile, a row of loads and a weight fit into registers?
static bool fitsRegisters(const cost::DepthwiseSchedule &s,
                          const cost::CpuTarget &target) {
  return s.rows * s.columns + s.columns + 1 <= target.vectorRegisters;
}

/// Can the window be unrolled, or be a loop over its rows, as `s` says?
static bool isLegal(const cost::DepthwiseProblem &problem,
                    const cost::DepthwiseSchedule &s) {
  int64_t rowCode = problem.windowWidth * s.rows * s.columns;
  if (s.unroll)
    return problem.windowHeight * problem.windowWidth <= kMaxUnrolledTaps &&
           rowCode * problem.windowHeight <= kMaxCode;
  // Rows of the input that are taps of some rows of the tile only are unrolled.
  int64_t edge = (s.rows - 1) * problem.strideRows;
  return problem.windowHeight > 1 &&
         (problem.dilationRows == 1 || s.rows == 1) &&
         problem.windowWidth <= kMaxUnrolledTaps &&
         rowCode * (1 + edge) <= kMaxCode;
}

/// Do vectors of taps lie inside the input's rows?
static bool canReadInPlace(const cost::DepthwiseProblem &problem, int64_t vl) {
  int64_t stride = problem.strideColumns;
  int64_t reach = (problem.windowWidth - 1) * problem.dilationColumns;
  return !problem.padded && problem.width >= vl &&
         (problem.width - vl) * stride + reach / stride * stride +
                 stride * vl <=
             problem.inputWidth;
}

/// Rows of the result whose padded input rows take at most `bytes`, in even
/// blocks of whole tiles; 0 if those of a tile take more.
static int64_t blockFor(const cost::DepthwiseProblem &problem, int64_t rows,
                        int64_t vl, int64_t bytes) {
  int64_t reach = (problem.windowWidth - 1) * problem.dilationColumns;
  // Whole vectors, and one more on each side.
  int64_t columns = std::max(problem.width * problem.strideColumns + reach,
                             problem.inputWidth) +
                    4 * vl * problem.strideColumns;
  int64_t inputRows = bytes / (columns * problem.elementBytes) -
                      (problem.windowHeight - 1) * problem.dilationRows - 1;
  if (inputRows < 0)
    return 0;
  int64_t most = std::min(inputRows / problem.strideRows + 1, problem.height);
  if (most < std::min(rows, problem.height))
    return 0;
  most = std::max(rows, most / rows * rows);
  int64_t even = ceilDiv(problem.height, ceilDiv(problem.height, most));
  return ceilDiv(even, rows) * rows;
}

/// Adds the blocks of `s`, in place where that is possible.
static void addBlocks(const cost::DepthwiseProblem &problem,
                      const cost::CpuTarget &target, cost::DepthwiseSchedule s,
                      std::vector<cost::DepthwiseSchedule> &space) {
  for (int64_t bytes : {target.l1Bytes / 4, target.l1Bytes / 2, target.l1Bytes,
                        kMaxWindowBytes}) {
    s.block = blockFor(problem, s.rows, s.vl, bytes);
    if (s.block == 0)
      continue;
    for (bool inPlace : {true, false}) {
      s.inPlace = inPlace;
      if ((!inPlace || canReadInPlace(problem, s.vl)) &&
          std::find(space.begin(), space.end(), s) == space.end())
        space.push_back(s);
    }
  }
}

std::vector<cost::DepthwiseSchedule>
tegula::sched::depthwiseSpace(const cost::DepthwiseProblem &problem,
                              const cost::CpuTarget &target) {
  std::vector<cost::DepthwiseSchedule> space;
  cost::DepthwiseSchedule s;
  s.vl = std::max<int64_t>(target.lanes(sizeof(float)), 1);
  bool inTiles = problem.strideColumns <= 2;
  for (s.rows = 1; inTiles && s.rows <= kMaxRows; ++s.rows)
    for (s.columns = 1; s.columns <= kMaxColumns; ++s.columns)
      for (bool unroll : {true, false}) {
        s.unroll = unroll;
        bool larger = (s.rows > problem.height && s.rows > 1) ||
                      (s.columns - 1) * s.vl >= problem.width;
        if (!larger && fitsRegisters(s, target) && isLegal(problem, s))
          addBlocks(problem, target, s, space);
      }
  // Point by point, or a loop over taps: the lowering has no choice.
  if (space.empty())
    space.push_back({s.vl, 1, 1, 1, true, false});
  return space;
}
