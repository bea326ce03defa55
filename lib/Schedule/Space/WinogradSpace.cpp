//===- WinogradSpace.cpp - Legal schedules of Winograd convolutions -------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Blocks that give several threads some work.
static constexpr int64_t kBlocks = 4;
/// What the scratch memory of all tasks may take together, and how many tasks
/// there are at most. Fewer tasks than threads would leave some idle.
static constexpr int64_t kScratchBytes = 16 << 20;
static constexpr int64_t kMinTasks = 8, kMaxTasks = 64;

/// A schedule whose blocks take about `blockBytes` of scratch memory.
static cost::WinogradSchedule
makeSchedule(const cost::ConvolutionProblem &problem, cost::WinogradSchedule s,
             int64_t blockBytes) {
  int64_t size = s.results + 2;
  int64_t columns = ceilDiv(problem.width, s.results);
  int64_t rows = ceilDiv(problem.pixels / problem.width, s.results);
  // The transformed tiles of one row of tiles, before and after the products.
  int64_t rowBytes = size * size * (problem.channels + problem.filters) *
                     columns * problem.elementBytes;
  int64_t images = problem.batch == cost::kDynamic ? 1 : problem.batch;
  int64_t fit = std::clamp<int64_t>(blockBytes / rowBytes, 1, rows);
  s.rows = ceilDiv(rows, ceilDiv(rows, fit));
  int64_t rowBlocks = images * ceilDiv(rows, s.rows);
  int64_t tiles = ceilDiv(problem.filters, s.mr);
  int64_t parts = std::min(tiles, ceilDiv(kBlocks, rowBlocks));
  s.fc = ceilDiv(tiles, parts) * s.mr;
  int64_t blocks = rowBlocks * ceilDiv(problem.filters, s.fc);
  s.tasks =
      std::clamp(kScratchBytes / (rowBytes * s.rows), kMinTasks, kMaxTasks);
  s.tasks =
      problem.batch == cost::kDynamic ? s.tasks : std::min(s.tasks, blocks);
  return s;
}

std::vector<cost::WinogradSchedule>
tegula::sched::winogradSpace(const cost::ConvolutionProblem &problem,
                             const cost::CpuTarget &target, int64_t results) {
  std::vector<cost::WinogradSchedule> space;
  int64_t vl = target.lanes(problem.elementBytes);
  if (!problem.winograd || vl % results != 0)
    return space;
  // One vector is bound by broadcasts, four by the loads of few filters.
  for (int64_t vectors : {2, 3}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills = mr * vectors + vectors + 1 > target.vectorRegisters;
      if (mr > 1 && (spills || mr > problem.filters))
        continue;
      for (int64_t parts : {1, 2, 4, 8}) {
        cost::WinogradSchedule s;
        s.results = results;
        s.mr = mr;
        s.nr = vectors * vl;
        s.vl = vl;
        s = makeSchedule(problem, s, target.l2Bytes * parts / 2);
        if (std::find(space.begin(), space.end(), s) == space.end())
          space.push_back(s);
      }
    }
  }
  return space;
}
