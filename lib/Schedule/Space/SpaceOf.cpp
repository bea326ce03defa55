//===- SpaceOf.cpp - The space of any problem, by numerics class ----------===//

#include "tegula/Schedule/Space/Spaces.h"

using namespace tegula;
using namespace tegula::sched;

std::string tegula::sched::multiplyAddClass(const cost::CpuTarget &target) {
  return target.fusedMultiplyAdd ? "fma" : "mul-add";
}

/// Adds `points` as a part, unless there are none.
template <typename Point>
static void addPart(std::vector<SpacePart> &space, std::string numerics,
                    const std::vector<Point> &points) {
  if (!points.empty())
    space.push_back({std::move(numerics), {points.begin(), points.end()}});
}

static std::vector<SpacePart> partsOf(const cost::ContractionProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  addPart(space, multiplyAddClass(target), contractionSpace(problem, target));
  return space;
}

/// Directly, and by transforms.
static std::vector<SpacePart> partsOf(const cost::ConvolutionProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  std::string sums = multiplyAddClass(target);
  addPart(space, sums, convolutionSpace(problem, target));
  std::vector<cost::FilterLanesSchedule> lanes =
      filterLanesSpace(problem, target);
  std::vector<cost::Schedule> &direct = space.front().points;
  direct.insert(direct.end(), lanes.begin(), lanes.end());
  for (int64_t results : kWinogradResults)
    addPart(space, "winograd" + std::to_string(results) + "-" + sums,
            winogradSpace(problem, target, results));
  return space;
}

static std::vector<SpacePart> partsOf(const cost::AttentionProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  addPart(space, "keys4-" + multiplyAddClass(target),
          attentionSpace(problem, target));
  return space;
}

static std::vector<SpacePart> partsOf(const cost::DepthwiseProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  addPart(space, multiplyAddClass(target), depthwiseSpace(problem, target));
  return space;
}

static std::vector<SpacePart> partsOf(const cost::ElementwiseProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  addPart(space, "exact", elementwiseSpace(problem, target));
  return space;
}

static std::vector<SpacePart> partsOf(const cost::RowsProblem &problem,
                                      const cost::CpuTarget &target) {
  std::vector<SpacePart> space;
  addPart(space,
          "tree" + std::to_string(target.lanes(4)) + "x" +
              std::to_string(kRowAccumulators),
          rowsSpace(problem, target));
  return space;
}

std::vector<SpacePart> tegula::sched::spaceOf(const cost::Problem &problem,
                                              const cost::CpuTarget &target) {
  return std::visit([&](const auto &sizes) { return partsOf(sizes, target); },
                    problem);
}
