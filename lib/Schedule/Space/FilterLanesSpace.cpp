//===- FilterLanesSpace.cpp - Legal schedules with filters as lanes -------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// With more pixels few lanes are idle where pixels are lanes.
static constexpr int64_t kMaxPixels = 128;
/// Pixels of a task: their columns are gathered by code of that many vectors.
static constexpr int64_t kTaskPixels = 64;
/// Tasks that give every thread some work; each gathers for itself.
static constexpr int64_t kTasks = 8, kGatheredTasks = 4;
/// Multiply-adds that are worth a task.
static constexpr int64_t kTaskSteps = 32 * 1024;

static cost::FilterLanesSchedule
makeSchedule(const cost::ConvolutionProblem &problem, int64_t vl, int64_t mr,
             int64_t vectors, int64_t kLimit, bool inPlace) {
  cost::FilterLanesSchedule s;
  s.vl = vl;
  s.mr = mr;
  s.nr = vectors * vl;
  s.inPlace = inPlace;
  int64_t channels = std::max<int64_t>(1, kLimit / problem.window);
  channels = ceilDiv(problem.channels, ceilDiv(problem.channels, channels));
  s.kc = channels * problem.window;
  s.np = std::min(problem.pixels, kTaskPixels / mr * mr);
  int64_t images = problem.batch == cost::kDynamic ? 1 : problem.batch;
  int64_t blocks = std::max<int64_t>(1, images * problem.groups) *
                   ceilDiv(problem.pixels, s.np);
  int64_t steps = s.np * problem.filters * problem.channels * problem.window;
  int64_t parts = ceilDiv(s.inPlace ? kTasks : kGatheredTasks, blocks);
  parts = std::clamp<int64_t>(steps / kTaskSteps, 1, parts);
  int64_t panels = ceilDiv(problem.filters, s.nr);
  s.fc = ceilDiv(panels, std::min(parts, panels)) * s.nr;
  return s;
}

std::vector<cost::FilterLanesSchedule>
tegula::sched::filterLanesSpace(const cost::ConvolutionProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::FilterLanesSchedule> space;
  for (int64_t extent : {problem.groups, problem.filters, problem.channels,
                         problem.window, problem.pixels})
    if (extent == cost::kDynamic || extent == 0)
      return space;
  if (!problem.constantFilters || problem.isDot || problem.pixels > kMaxPixels)
    return space;
  int64_t vl = target.lanes(problem.elementBytes);
  // One vector is bound by broadcasts.
  for (int64_t vectors = problem.filters > vl ? 2 : 1; vectors <= 8;
       ++vectors) {
    if (vectors > 1 && (vectors - 1) * vl >= problem.filters)
      break;
    for (int64_t mr = 1; mr <= 14; ++mr) {
      bool spills = mr * vectors + vectors + 1 > target.vectorRegisters;
      if (mr > problem.pixels || (spills && mr * vectors > 1))
        break;
      for (int64_t kLimit : {64, 128, 256}) {
        for (bool inPlace : {false, true}) {
          if (inPlace && !problem.pointwise)
            continue;
          cost::FilterLanesSchedule s =
              makeSchedule(problem, vl, mr, vectors, kLimit, inPlace);
          if (std::find(space.begin(), space.end(), s) == space.end())
            space.push_back(s);
        }
      }
    }
  }
  return space;
}
