//===- ContractionSpace.cpp - Legal schedules of contractions -------------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// Splits `extent` into the fewest equal parts of at most `limit`, each a
/// multiple of `unit`.
static int64_t evenBlock(int64_t extent, int64_t limit, int64_t unit) {
  limit = std::max(limit, unit);
  if (extent == cost::kDynamic)
    return limit / unit * unit;
  int64_t parts = ceilDiv(std::max<int64_t>(extent, 1), limit);
  return roundUp(ceilDiv(std::max<int64_t>(extent, 1), parts), unit);
}

/// What a panel packed at run time may take.
static constexpr int64_t kScratchBytes = 64 * 1024;
/// Multiply-adds below which a task is not worth handing to another thread.
static constexpr int64_t kTaskWork = 1 << 20;
/// Tasks that one kernel is cut into at most: enough for balance.
static constexpr int64_t kMaxTasks = 32;

/// The columns of one task: few enough that every thread gets some.
static int64_t columnBlock(const cost::ContractionProblem &problem,
                           int64_t mBlocks, int64_t nr) {
  if (problem.n == cost::kDynamic)
    return nr * 8;
  int64_t m = problem.m == cost::kDynamic ? 128 : problem.m;
  int64_t k = problem.k == cost::kDynamic ? 128 : problem.k;
  int64_t batch = problem.batch == cost::kDynamic ? 1 : problem.batch;
  double work = double(batch) * double(m) * double(problem.n) * double(k);
  // Few rows are bound by reading the columns, which is slower than computing.
  work *= std::max(1.0, 8.0 / double(m));
  int64_t tasks =
      std::clamp<int64_t>(int64_t(work / double(kTaskWork)), 1, kMaxTasks);
  int64_t parts =
      std::max<int64_t>(1, tasks / std::max<int64_t>(1, batch * mBlocks));
  int64_t panels = ceilDiv(std::max<int64_t>(problem.n, 1), nr);
  return ceilDiv(panels, std::min(parts, panels)) * nr;
}

static cost::ContractionSchedule
makeSchedule(const cost::ContractionProblem &problem,
             const cost::CpuTarget &target, int64_t mr, int64_t vectors,
             int64_t kLimit) {
  cost::ContractionSchedule s;
  s.vl = target.lanes(problem.elementBytes);
  s.mr = mr;
  s.nr = vectors * s.vl;
  s.kc = problem.oneBlock && problem.k != cost::kDynamic
             ? std::max<int64_t>(problem.k, 1)
             : evenBlock(problem.k, kLimit, 8);
  if (problem.oneBlock && problem.k == cost::kDynamic)
    s.kc = int64_t(1) << 30;
  int64_t rowBytes = std::min<int64_t>(s.kc, 4096) * problem.elementBytes;
  s.mc = evenBlock(problem.m, target.l2Bytes * 8 / 10 / rowBytes, mr);
  int64_t mBlocks = problem.m == cost::kDynamic
                        ? 1
                        : ceilDiv(std::max<int64_t>(problem.m, 1), s.mc);
  s.nc = columnBlock(problem, mBlocks, s.nr);
  bool fewRows = problem.m != cost::kDynamic && problem.m <= 2 * mr;
  // The packed panel lies on the stack.
  bool fits = s.kc <= kScratchBytes / (s.nr * problem.elementBytes);
  s.packColumns = !problem.constantColumns && fits &&
                  (problem.transposedColumns || !fewRows);
  return s;
}

std::vector<cost::ContractionSchedule>
tegula::sched::contractionSpace(const cost::ContractionProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::ContractionSchedule> space;
  for (int64_t vectors : {1, 2, 3, 4, 6, 8}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills = mr * vectors + vectors + 1 > target.vectorRegisters;
      bool tooManyRows = problem.m != cost::kDynamic && mr > problem.m;
      int64_t nrBytes = vectors * target.vectorBits / 8;
      if (mr > 1 && (spills || tooManyRows))
        continue;
      bool fewRows = problem.m != cost::kDynamic && problem.m <= 2 * mr;
      for (int64_t kLimit : {256, 512, 768, 8192}) {
        if (kLimit != 256 && !fewRows && problem.k != cost::kDynamic &&
            problem.k <= kLimit / 2)
          continue;
        // With few rows nothing of a panel is used again: no blocks of k.
        if ((kLimit > 768) != fewRows)
          continue;
        int64_t limit = kLimit;
        if (!problem.constantColumns && !fewRows)
          limit = std::min(limit, kScratchBytes / nrBytes);
        space.push_back(makeSchedule(problem, target, mr, vectors, limit));
      }
    }
  }
  return space;
}
