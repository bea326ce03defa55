//===- SpacesTest.cpp - Every point of a schedule space is legal ----------===//

#include "tegula/Schedule/Space/Spaces.h"
#include "tegula/Schedule/IR/WindowLimits.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace tegula;

namespace {

int64_t randomExtent(std::mt19937 &random) {
  return random() % 8 == 0 ? cost::kDynamic : 1 + random() % 600;
}

template <typename Schedule>
bool allDistinct(const std::vector<Schedule> &space) {
  for (auto it = space.begin(); it != space.end(); ++it)
    if (std::find(std::next(it), space.end(), *it) != space.end())
      return false;
  return true;
}

/// The accumulators, one vector of each column group, one broadcast row, and
/// what a multiply-add needs besides.
template <typename Problem, typename Schedule>
bool fitsRegisters(const Problem &problem, const Schedule &s,
                   const cost::CpuTarget &target) {
  int64_t vectors = s.nr / s.vl;
  int64_t besides = problem.isDot ? target.dotRegisters : 0;
  return s.mr == 1 ||
         s.mr * vectors + vectors + 1 + besides <= target.vectorRegisters;
}

TEST(ContractionSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(3);
  for (int round = 0; round != 100; ++round) {
    cost::CpuTarget target;
    if (round % 2)
      target.vectorBits = 512, target.vectorRegisters = 32;
    cost::ContractionProblem problem;
    problem.m = randomExtent(random);
    problem.n = randomExtent(random);
    problem.k = randomExtent(random);
    problem.constantColumns = random() % 2;
    problem.isDot = random() % 2;
    target.dotRegisters = random() % 2 ? 1 : 7;
    problem.transposedColumns = !problem.constantColumns && random() % 2;
    auto space = sched::contractionSpace(problem, target);
    ASSERT_FALSE(space.empty());
    EXPECT_TRUE(allDistinct(space));
    for (const cost::ContractionSchedule &s : space) {
      EXPECT_EQ(s.vl, target.lanes(problem.elementBytes));
      EXPECT_EQ(s.nr % s.vl, 0);
      EXPECT_EQ(s.mc % s.mr, 0);
      EXPECT_EQ(s.nc % s.nr, 0);
      EXPECT_EQ(s.nr / s.vl % s.streams, 0);
      EXPECT_EQ(s.streams > 1, problem.constantColumns && s.nr > s.vl);
      EXPECT_GE(s.kc, 1);
      EXPECT_TRUE(fitsRegisters(problem, s, target)) << s.mr << " x " << s.nr;
    }
  }
}

TEST(ConvolutionSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(4);
  for (int round = 0; round != 100; ++round) {
    cost::CpuTarget target;
    cost::ConvolutionProblem problem;
    problem.filters = 1 + random() % 300;
    problem.channels = 1 + random() % 300;
    problem.window = 1 + random() % 9;
    problem.width = 1 + random() % 60;
    problem.pixels = problem.width * (1 + random() % 60);
    problem.pointwise = problem.window == 1;
    problem.isDot = random() % 2;
    target.dotRegisters = random() % 2 ? 1 : 7;
    auto space = sched::convolutionSpace(problem, target);
    ASSERT_FALSE(space.empty());
    EXPECT_TRUE(allDistinct(space));
    for (const cost::ConvolutionSchedule &s : space) {
      EXPECT_EQ(s.nr % s.vl, 0);
      EXPECT_EQ(s.fc % s.mr, 0);
      EXPECT_GE(s.nb, 1);
      EXPECT_TRUE(problem.pointwise || !s.inPlace);
      EXPECT_TRUE(fitsRegisters(problem, s, target)) << s.mr << " x " << s.nr;
    }
  }
}

TEST(FilterLanesSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(4);
  for (int round = 0; round != 100; ++round) {
    cost::CpuTarget target;
    cost::ConvolutionProblem problem;
    problem.filters = 1 + random() % 300;
    problem.channels = 1 + random() % 300;
    problem.window = 1 + random() % 9;
    problem.width = 1 + random() % 11;
    problem.pixels = problem.width * (1 + random() % 11);
    problem.pointwise = problem.window == 1;
    EXPECT_TRUE(sched::filterLanesSpace(problem, target).empty());
    problem.constantFilters = true;
    auto space = sched::filterLanesSpace(problem, target);
    ASSERT_FALSE(space.empty());
    EXPECT_TRUE(allDistinct(space));
    for (const cost::FilterLanesSchedule &s : space) {
      EXPECT_EQ(s.nr % s.vl, 0);
      EXPECT_EQ(s.fc % s.nr, 0);
      EXPECT_GE(s.np, s.mr);
      EXPECT_EQ(s.kc % problem.window, 0);
      EXPECT_TRUE(problem.pointwise || !s.inPlace);
      EXPECT_TRUE(fitsRegisters(problem, s, target)) << s.mr << " x " << s.nr;
    }
  }
}

TEST(FilterLanesSpace, EmptyForManyOrUnknownPixels) {
  cost::CpuTarget target;
  cost::ConvolutionProblem problem;
  problem.constantFilters = true;
  for (int64_t pixels : {int64_t(3136), cost::kDynamic}) {
    problem.pixels = pixels;
    EXPECT_TRUE(sched::filterLanesSpace(problem, target).empty());
  }
}

TEST(WinogradSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(4);
  for (int round = 0; round != 100; ++round) {
    cost::CpuTarget target;
    cost::ConvolutionProblem problem;
    problem.filters = 1 + random() % 300;
    problem.channels = 1 + random() % 300;
    problem.window = 9;
    problem.width = 1 + random() % 60;
    problem.pixels = problem.width * (1 + random() % 60);
    problem.batch = 1 + random() % 3;
    EXPECT_TRUE(sched::winogradSpace(problem, target, 4).empty());
    problem.winograd = true;
    for (int64_t results : sched::kWinogradResults) {
      auto space = sched::winogradSpace(problem, target, results);
      ASSERT_FALSE(space.empty());
      EXPECT_TRUE(allDistinct(space));
      for (const cost::WinogradSchedule &s : space) {
        EXPECT_EQ(s.results, results);
        EXPECT_EQ(s.nr % s.vl, 0);
        EXPECT_EQ(s.vl % results, 0);
        EXPECT_EQ(s.fc % s.mr, 0);
        EXPECT_GE(s.rows, 1);
        EXPECT_GE(s.tasks, 1);
        EXPECT_TRUE(fitsRegisters(problem, s, target)) << s.mr << " x " << s.nr;
      }
    }
  }
}

TEST(WinogradSpace, EmptyWithoutLanesForATile) {
  cost::CpuTarget target;
  target.vectorBits = 64;
  cost::ConvolutionProblem problem;
  problem.winograd = true;
  EXPECT_TRUE(sched::winogradSpace(problem, target, 4).empty());
  EXPECT_FALSE(sched::winogradSpace(problem, target, 2).empty());
}

TEST(AttentionSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(5);
  for (int round = 0; round != 100; ++round) {
    cost::CpuTarget target;
    cost::AttentionProblem problem;
    problem.queries = round % 5 ? 1 + random() % 300 : cost::kDynamic;
    problem.keys = round % 7 ? 1 + random() % 3000 : cost::kDynamic;
    problem.depth = problem.columns = 1 + random() % 128;
    auto space = sched::attentionSpace(problem, target);
    ASSERT_FALSE(space.empty());
    EXPECT_TRUE(allDistinct(space));
    for (const cost::AttentionSchedule &s : space) {
      EXPECT_EQ(s.nr % s.vl, 0);
      EXPECT_EQ(s.mq % s.nr, 0);
      EXPECT_GE(s.kc, 1);
      EXPECT_GE(s.tasks, 1);
      int64_t vectors = s.nr / s.vl;
      EXPECT_TRUE(s.mr == 1 ||
                  s.mr * vectors + vectors + 1 <= target.vectorRegisters);
    }
  }
}

/// A window with a result of some size; its input is padded or not.
cost::DepthwiseProblem randomWindow(std::mt19937 &random) {
  cost::DepthwiseProblem problem;
  problem.planes = 1 + random() % 300;
  problem.height = 1 + random() % 120;
  problem.width = 1 + random() % 120;
  problem.windowHeight = 1 + random() % 31;
  problem.windowWidth = 1 + random() % 31;
  problem.strideRows = problem.strideColumns = 1 + random() % 2;
  problem.dilationRows = 1 + random() % 2;
  problem.padded = random() % 2;
  int64_t margin = problem.padded ? 0 : problem.windowWidth;
  problem.inputWidth = problem.width * problem.strideColumns + margin;
  problem.inputHeight = problem.height * problem.strideRows + margin;
  problem.weighted = random() % 2;
  return problem;
}

TEST(DepthwiseSpace, PointsAreLegalAndDistinct) {
  std::mt19937 random(6);
  for (int round = 0; round != 200; ++round) {
    cost::CpuTarget target;
    cost::DepthwiseProblem problem = randomWindow(random);
    auto space = sched::depthwiseSpace(problem, target);
    ASSERT_FALSE(space.empty());
    EXPECT_TRUE(allDistinct(space));
    for (const cost::DepthwiseSchedule &s : space) {
      EXPECT_EQ(s.vl, 8);
      EXPECT_LE(s.rows * s.columns + s.columns + 1, target.vectorRegisters);
      EXPECT_GE(s.block, 1);
      EXPECT_TRUE(!s.unroll || problem.windowHeight * problem.windowWidth <=
                                   sched::kMaxUnrolledTaps);
      EXPECT_TRUE(s.unroll || problem.dilationRows == 1 || s.rows == 1);
      EXPECT_FALSE(s.inPlace && problem.padded);
    }
  }
}

TEST(DepthwiseSpace, StridesBeyondTwoHaveOnePoint) {
  cost::DepthwiseProblem problem = {64, 20, 20, 64, 64, 3,     3,
                                    3,  3,  1,  1,  4,  false, true};
  EXPECT_EQ(sched::depthwiseSpace(problem, {}).size(), 1u);
}

TEST(DepthwiseSpace, ReadsInPlaceWhereVectorsFit) {
  auto inPlace = [](const cost::DepthwiseProblem &problem) {
    for (const auto &s : sched::depthwiseSpace(problem, {}))
      if (s.inPlace)
        return true;
    return false;
  };
  cost::DepthwiseProblem pool{64, 28, 28, 56, 56, 2, 2, 2, 2, 1, 1, 4, false};
  EXPECT_TRUE(inPlace(pool));
  pool.padded = true;
  EXPECT_FALSE(inPlace(pool));
  // The last vector of pairs would read one column too many.
  cost::DepthwiseProblem odd{64, 28, 28, 57, 57, 3, 3, 2, 2, 1, 1, 4, false};
  EXPECT_FALSE(inPlace(odd));
}

} // namespace
