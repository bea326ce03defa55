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

/// What a panel packed at run time may take: it lies on the stack.
static constexpr int64_t kScratchBytes = 64 * 1024;
/// Multiply-adds below which a task is not worth handing to another thread.
static constexpr int64_t kTaskWork = 1 << 20;
/// More than any problem's k: one block.
static constexpr int64_t kWholeK = int64_t(1) << 30;

namespace {

/// What is enumerated; makeSchedule computes the rest.
struct Knobs {
  int64_t mr, vectors;
  int64_t kLimit;   ///< Largest block of k.
  double rowShare;  ///< Of L2, for a block of rows.
  int64_t maxTasks; ///< That the columns are divided for.
  bool pack;
};

} // namespace

/// The columns of one task: few enough that every thread gets some.
static int64_t columnBlock(const cost::ContractionProblem &problem,
                           int64_t mBlocks, int64_t nr, int64_t maxTasks) {
  if (problem.n == cost::kDynamic)
    return nr * 8;
  int64_t m = problem.m == cost::kDynamic ? 128 : problem.m;
  int64_t k = problem.k == cost::kDynamic ? 128 : problem.k;
  int64_t batch = problem.batch == cost::kDynamic ? 1 : problem.batch;
  double work = double(batch) * double(m) * double(problem.n) * double(k);
  // Few rows are bound by reading the columns, which is slower than computing.
  work *= std::max(1.0, 8.0 / double(std::max<int64_t>(m, 1)));
  double wanted = std::min(work / double(kTaskWork), double(maxTasks));
  int64_t tasks = std::max<int64_t>(int64_t(wanted), 1);
  int64_t parts =
      std::max<int64_t>(1, tasks / std::max<int64_t>(1, batch * mBlocks));
  int64_t panels = ceilDiv(std::max<int64_t>(problem.n, 1), nr);
  return ceilDiv(panels, std::min(parts, panels)) * nr;
}

/// More sequences of addresses than this are not read faster.
static constexpr int64_t kMaxStreams = 4;

/// In how many streams a tile of `vectors` vectors reads packed columns.
static int64_t streamsOf(int64_t vectors) {
  int64_t streams = std::min(vectors, kMaxStreams);
  while (vectors % streams != 0)
    --streams;
  return streams;
}

static cost::ContractionSchedule
makeSchedule(const cost::ContractionProblem &problem,
             const cost::CpuTarget &target, const Knobs &knobs) {
  cost::ContractionSchedule s;
  s.vl = target.lanes(problem.elementBytes);
  s.mr = knobs.mr;
  s.nr = knobs.vectors * s.vl;
  s.packColumns = knobs.pack;
  if (problem.constantColumns)
    s.streams = streamsOf(knobs.vectors);
  int64_t limit = knobs.kLimit;
  if (knobs.pack)
    limit = std::min(limit, kScratchBytes / (s.nr * problem.elementBytes));
  s.kc = evenBlock(problem.k, limit, 8);
  if (problem.oneBlock)
    s.kc =
        problem.k == cost::kDynamic ? kWholeK : std::max<int64_t>(problem.k, 1);
  int64_t rowBytes = std::min<int64_t>(s.kc, 4096) * problem.elementBytes;
  int64_t rows = int64_t(double(target.l2Bytes) * knobs.rowShare) / rowBytes;
  s.mc = evenBlock(problem.m, rows, s.mr);
  int64_t mBlocks = problem.m == cost::kDynamic
                        ? 1
                        : ceilDiv(std::max<int64_t>(problem.m, 1), s.mc);
  s.nc = columnBlock(problem, mBlocks, s.nr, knobs.maxTasks);
  return s;
}

/// May (and should) the columns be packed at run time, read in place?
static std::vector<bool> packings(const cost::ContractionProblem &problem,
                                  const cost::CpuTarget &target,
                                  const Knobs &knobs) {
  if (problem.constantColumns)
    return {false};
  int64_t nrBytes = knobs.vectors * target.vectorBits / 8;
  bool fits = !problem.oneBlock || (problem.k != cost::kDynamic &&
                                    problem.k <= kScratchBytes / nrBytes);
  if (!fits)
    return {false};
  // Lanes of transposed columns are far apart: in place is never good.
  if (problem.transposedColumns)
    return {true};
  // A panel that one tile uses once is not worth packing.
  if (problem.m != cost::kDynamic && problem.m <= knobs.mr)
    return {false};
  return {true, false};
}

static void addPoints(const cost::ContractionProblem &problem,
                      const cost::CpuTarget &target, Knobs knobs,
                      std::vector<cost::ContractionSchedule> &space) {
  bool fewRows = problem.m != cost::kDynamic && problem.m <= 2 * knobs.mr;
  auto add = [&] {
    cost::ContractionSchedule s = makeSchedule(problem, target, knobs);
    if (std::find(space.begin(), space.end(), s) == space.end())
      space.push_back(s);
  };
  for (bool pack : packings(problem, target, knobs)) {
    knobs.pack = pack;
    // With few rows nothing of a panel is used again: large blocks of k. With
    // many, one block of a whole k that leaves room for rows in L2 may pay.
    for (int64_t kLimit : {256, 512, 768, 1024, 8192}) {
      if (fewRows ? kLimit < 1024 : kLimit > 1024)
        continue;
      knobs.kLimit = kLimit;
      for (double rowShare : {0.8, 0.25}) {
        knobs.rowShare = rowShare;
        for (int64_t maxTasks : {32, 8}) {
          knobs.maxTasks = maxTasks;
          add();
        }
      }
    }
  }
}

std::vector<cost::ContractionSchedule>
tegula::sched::contractionSpace(const cost::ContractionProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::ContractionSchedule> space;
  const int64_t dotRegisters = problem.isDot ? target.dotRegisters : 0;
  for (int64_t vectors : {1, 2, 3, 4, 6, 8}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills =
          mr * vectors + vectors + 1 + dotRegisters > target.vectorRegisters;
      bool tooManyRows = problem.m != cost::kDynamic && mr > problem.m;
      if (mr > 1 && (spills || tooManyRows))
        continue;
      addPoints(problem, target, {mr, vectors, 0, 0, 0, false}, space);
    }
  }
  return space;
}
