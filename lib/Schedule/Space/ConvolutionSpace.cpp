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

static cost::ConvolutionSchedule
makeSchedule(const cost::ConvolutionProblem &problem,
             const cost::CpuTarget &target, int64_t mr, int64_t vectors,
             int64_t kLimit) {
  cost::ConvolutionSchedule s;
  s.vl = target.lanes(problem.elementBytes);
  s.mr = mr;
  s.nr = vectors * s.vl;
  s.inPlace = problem.pointwise;
  int64_t k =
      problem.channels == cost::kDynamic || problem.window == cost::kDynamic
          ? 256
          : std::max<int64_t>(problem.channels * problem.window, 1);
  int64_t kBlocks = ceilDiv(k, kLimit);
  s.kc = ceilDiv(k, kBlocks);
  int64_t panelBytes = s.kc * s.nr * problem.elementBytes;
  int64_t pixels = problem.pixels == cost::kDynamic
                       ? 1024
                       : std::max<int64_t>(problem.pixels, 1);
  int64_t panels = ceilDiv(pixels, s.nr);
  s.nb = std::clamp<int64_t>(kScratchBytes / panelBytes, 1, panels);
  int64_t images = problem.batch == cost::kDynamic ? 1 : problem.batch;
  int64_t independent = std::max<int64_t>(1, images * problem.groups);
  if (independent < kTasks)
    s.nb = std::min(s.nb, std::max<int64_t>(1, panels * independent / kTasks));
  // Few pixels: the tasks divide the filters, too, and gather again.
  int64_t blocks = ceilDiv(panels, s.nb) * independent;
  int64_t parts = blocks >= kTasks ? 1 : ceilDiv(kTasks, blocks);
  int64_t tiles = ceilDiv(std::max<int64_t>(problem.filters, 1), mr);
  s.fc = roundUp(ceilDiv(tiles, std::min(parts, tiles)) * mr, mr);
  return s;
}

std::vector<cost::ConvolutionSchedule>
tegula::sched::convolutionSpace(const cost::ConvolutionProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::ConvolutionSchedule> space;
  for (int64_t vectors : {1, 2, 3, 4}) {
    for (int64_t mr = 1; mr <= 16; ++mr) {
      bool spills = mr * vectors + vectors + 1 > target.vectorRegisters;
      if (mr > 1 && (spills || mr > problem.filters))
        continue;
      for (int64_t kLimit : {256, 384, 640}) {
        int64_t nrBytes = vectors * target.vectorBits / 8;
        space.push_back(
            makeSchedule(problem, target, mr, vectors,
                         std::min(kLimit, kScratchBytes / nrBytes)));
      }
    }
  }
  return space;
}
