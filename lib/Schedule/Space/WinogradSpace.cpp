//===- WinogradSpace.cpp - Legal schedules of Winograd convolutions -------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Blocks at least. Those that divide the filters transform the input again.
static constexpr int64_t kBlocks = 2;

/// Wider images are not for transforms: a row of tiles would be too large.
static constexpr int64_t kRowBytes = kTaskScratchBytes / 4;

/// The transformed tiles of one row of tiles, before and after the products.
static int64_t rowBytes(const cost::ConvolutionProblem &problem,
                        int64_t results) {
  int64_t elements = (results + 2) * (results + 2);
  return elements * (problem.channels + problem.filters) *
         ceilDiv(problem.width, results) * problem.elementBytes;
}

/// A schedule whose blocks take about `blockBytes` of scratch memory.
static cost::WinogradSchedule
makeSchedule(const cost::ConvolutionProblem &problem, cost::WinogradSchedule s,
             int64_t blockBytes) {
  int64_t rows = ceilDiv(problem.pixels / problem.width, s.results);
  int64_t bytes = rowBytes(problem, s.results);
  int64_t images = problem.batch == cost::kDynamic ? 1 : problem.batch;
  int64_t fit = std::clamp<int64_t>(blockBytes / bytes, 1, rows);
  s.rows = ceilDiv(rows, ceilDiv(rows, fit));
  int64_t rowBlocks = images * ceilDiv(rows, s.rows);
  int64_t tiles = ceilDiv(problem.filters, s.mr);
  int64_t parts = std::min(tiles, ceilDiv(kBlocks, rowBlocks));
  s.fc = ceilDiv(tiles, parts) * s.mr;
  int64_t blocks = rowBlocks * ceilDiv(problem.filters, s.fc);
  s.tasks = std::clamp<int64_t>(kTaskScratchBytes / (bytes * s.rows), 1,
                                kMaxScratchTasks);
  s.tasks =
      problem.batch == cost::kDynamic ? s.tasks : std::min(s.tasks, blocks);
  return s;
}

std::vector<cost::WinogradSchedule>
tegula::sched::winogradSpace(const cost::ConvolutionProblem &problem,
                             const cost::CpuTarget &target, int64_t results) {
  std::vector<cost::WinogradSchedule> space;
  int64_t vl = target.lanes(problem.elementBytes);
  if (!problem.winograd || vl % results != 0 ||
      rowBytes(problem, results) > kRowBytes)
    return space;
  // One vector is bound by broadcasts, four by the loads of few filters.
  for (int64_t vectors : {2, 3}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills = mr * vectors + vectors + 1 > target.vectorRegisters;
      if (mr > 1 && (spills || mr > problem.filters))
        continue;
      for (int64_t parts : {1, 2, 4, 8, 16}) {
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
