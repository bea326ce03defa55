//===- ConvolutionSpace.cpp - Legal schedules of convolutions -------------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t roundUp(int64_t a, int64_t b) { return ceilDiv(a, b) * b; }

/// What the gathered columns of one task may take: the kernel's scratch buffer.
static constexpr int64_t kScratchBytes = 64 * 1024;
/// Tasks that give every thread some work.
static constexpr int64_t kTasks = 8;

namespace {

/// What is enumerated; makeSchedule computes the rest.
struct Knobs {
  int64_t mr, vectors;
  int64_t kLimit;      ///< Largest block of channels times window.
  int64_t panelDivide; ///< Panels of a task, as a part of those that fit.
  bool divideFilters;  ///< Always, not only when there are few pixels.
  bool inPlace;
};

} // namespace

/// The block of k: whole channels, and as even as they divide.
static int64_t kBlock(const cost::ConvolutionProblem &problem, int64_t limit) {
  int64_t window = problem.window == cost::kDynamic
                       ? 1
                       : std::max<int64_t>(problem.window, 1);
  int64_t block = std::max<int64_t>(1, limit / window);
  if (problem.channels == cost::kDynamic)
    return block * window;
  int64_t channels = std::max<int64_t>(problem.channels, 1);
  if (problem.oneBlock)
    return channels * window;
  return ceilDiv(channels, ceilDiv(channels, block)) * window;
}

static cost::ConvolutionSchedule
makeSchedule(const cost::ConvolutionProblem &problem,
             const cost::CpuTarget &target, const Knobs &knobs) {
  cost::ConvolutionSchedule s;
  s.vl = target.lanes(problem.elementBytes);
  s.mr = knobs.mr;
  s.nr = knobs.vectors * s.vl;
  s.inPlace = knobs.inPlace;
  int64_t rowBytes = s.nr * problem.elementBytes;
  s.kc = kBlock(problem, std::min(knobs.kLimit, kScratchBytes / rowBytes));
  int64_t pixels = problem.pixels == cost::kDynamic
                       ? 1024
                       : std::max<int64_t>(problem.pixels, 1);
  int64_t panels = ceilDiv(pixels, s.nr);
  s.nb = std::clamp<int64_t>(kScratchBytes / (s.kc * rowBytes), 1, panels);
  int64_t images = problem.batch == cost::kDynamic ? 1 : problem.batch;
  int64_t groups = problem.groups == cost::kDynamic ? 1 : problem.groups;
  int64_t independent = std::max<int64_t>(1, images * groups);
  if (independent < kTasks)
    s.nb = std::min(s.nb, std::max<int64_t>(1, panels * independent / kTasks));
  s.nb = std::max<int64_t>(1, s.nb / knobs.panelDivide);
  // Few pixels: the tasks divide the filters, too, and gather again.
  int64_t blocks = ceilDiv(panels, s.nb) * independent;
  int64_t parts = blocks >= kTasks ? 1 : ceilDiv(kTasks, blocks);
  if (knobs.divideFilters)
    parts = std::max<int64_t>(parts, 2);
  int64_t filters = problem.filters == cost::kDynamic
                        ? s.mr
                        : std::max<int64_t>(problem.filters, 1);
  int64_t tiles = ceilDiv(filters, s.mr);
  s.fc = roundUp(ceilDiv(tiles, std::min(parts, tiles)) * s.mr, s.mr);
  return s;
}

static void addPoints(const cost::ConvolutionProblem &problem,
                      const cost::CpuTarget &target, Knobs knobs,
                      std::vector<cost::ConvolutionSchedule> &space) {
  auto add = [&] {
    cost::ConvolutionSchedule s = makeSchedule(problem, target, knobs);
    if (std::find(space.begin(), space.end(), s) == space.end())
      space.push_back(s);
  };
  for (int64_t kLimit : {256, 384, 640}) {
    knobs.kLimit = kLimit;
    for (int64_t panelDivide : {1, 2, 4}) {
      knobs.panelDivide = panelDivide;
      for (bool divideFilters : {false, true}) {
        // Gathering again pays only if the weights do not stay in L2.
        knobs.divideFilters = divideFilters;
        knobs.inPlace = problem.pointwise;
        add();
        if (!problem.pointwise)
          continue;
        knobs.inPlace = false;
        add();
      }
    }
  }
}

std::vector<cost::ConvolutionSchedule>
tegula::sched::convolutionSpace(const cost::ConvolutionProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::ConvolutionSchedule> space;
  const int64_t dotRegisters = problem.isDot ? target.dotRegisters : 0;
  for (int64_t vectors : {1, 2, 3, 4}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills =
          mr * vectors + vectors + 1 + dotRegisters > target.vectorRegisters;
      bool tooMany = problem.filters != cost::kDynamic && mr > problem.filters;
      if (mr > 1 && (spills || tooMany))
        continue;
      addPoints(problem, target, {mr, vectors, 0, 1, false, false}, space);
    }
  }
  return space;
}
