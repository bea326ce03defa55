//===- CostModelTest.cpp - What any model of time must say ----------------===//

#include "tegula/CostModel/CostModel.h"
#include "tegula/CostModel/Analytic.h"
#include "tegula/CostModel/KernelText.h"
#include "tegula/CostModel/LearnedModel.h"
#include "tegula/Schedule/Space/Spaces.h"

#include "gtest/gtest.h"

#include <cmath>
#include <set>

using namespace tegula;

namespace {

/// The time of the schedule that the model would choose.
double bestSeconds(const cost::ContractionProblem &problem,
                   const cost::CpuTarget &target) {
  double best = INFINITY;
  for (const auto &schedule : sched::contractionSpace(problem, target)) {
    double seconds =
        cost::analyticModel().estimate(problem, schedule, target).seconds;
    EXPECT_TRUE(std::isfinite(seconds) && seconds > 0);
    best = std::min(best, seconds);
  }
  return best;
}

TEST(AnalyticModel, NeverFasterThanTheMultiplyAddUnits) {
  cost::CpuTarget target;
  for (int64_t size : {8, 32, 128, 512, 1024}) {
    cost::ContractionProblem problem;
    problem.m = problem.n = problem.k = size;
    double cycles =
        double(size) * size * size / target.lanes(4) / target.fmaPerCycle;
    EXPECT_GE(bestSeconds(problem, target), cycles / target.cyclesPerSecond)
        << size;
  }
}

TEST(AnalyticModel, MoreWorkTakesLonger) {
  cost::CpuTarget target;
  double before = 0;
  for (int64_t k : {16, 64, 256, 1024, 4096}) {
    cost::ContractionProblem problem;
    problem.m = problem.n = 96;
    problem.k = k;
    double seconds = bestSeconds(problem, target);
    EXPECT_GT(seconds, before) << k;
    before = seconds;
  }
}

TEST(AnalyticModel, StreamsAreWorthWhatMemoryIs) {
  auto gain = [](int64_t m) {
    cost::ContractionProblem problem;
    problem.m = m;
    problem.n = problem.k = 2048;
    problem.constantColumns = true;
    cost::ContractionSchedule schedule;
    schedule.mr = std::min<int64_t>(m, 4);
    schedule.nr = schedule.nc = 24;
    schedule.vl = 8;
    schedule.kc = 512;
    schedule.mc = m;
    auto seconds = [&](int64_t streams) {
      schedule.streams = streams;
      return cost::analyticModel().estimate(problem, schedule, {}).seconds;
    };
    return seconds(1) / seconds(3);
  };
  EXPECT_GT(gain(1), 1.05);
  EXPECT_GT(gain(1), gain(64));
  EXPECT_GT(gain(64), 1.0);
}

TEST(AnalyticModel, FasterCoreIsFaster) {
  cost::CpuTarget slow, fast;
  fast.cyclesPerSecond = 2 * slow.cyclesPerSecond;
  cost::ConvolutionProblem problem;
  problem.filters = problem.channels = 64;
  problem.window = 9;
  problem.width = 28;
  problem.pixels = 28 * 28;
  for (const auto &schedule : sched::convolutionSpace(problem, slow))
    EXPECT_LT(cost::analyticModel().estimate(problem, schedule, fast).seconds,
              cost::analyticModel().estimate(problem, schedule, slow).seconds);
}

TEST(AnalyticModel, TransformsPayForManyChannels) {
  cost::CpuTarget target;
  auto fewer = [&](int64_t channels) {
    cost::ConvolutionProblem problem;
    problem.filters = 64;
    problem.channels = channels;
    problem.window = 9;
    problem.width = 56;
    problem.pixels = 56 * 56;
    problem.winograd = true;
    auto best = [&](const auto &space) {
      double seconds = INFINITY;
      for (const auto &schedule : space)
        seconds = std::min(
            seconds,
            cost::analyticModel().estimate(problem, schedule, target).seconds);
      return seconds;
    };
    return best(sched::winogradSpace(problem, target, 4)) <
           best(sched::convolutionSpace(problem, target));
  };
  EXPECT_FALSE(fewer(3));
  EXPECT_TRUE(fewer(64));
  EXPECT_TRUE(fewer(256));
}

TEST(AnalyticModel, WindowsPreferWhatTheyShare) {
  cost::CpuTarget target;
  cost::DepthwiseProblem problem{96, 56, 56, 56, 56, 7,    7,
                                 1,  1,  1,  1,  4,  true, true};
  auto seconds = [&](int64_t rows, int64_t columns, int64_t block) {
    cost::DepthwiseSchedule schedule{8, rows, columns, block, false, false};
    return cost::analyticModel().estimate(problem, schedule, target).seconds;
  };
  // Chains, then loads, then staged rows that leave the level-1 cache.
  EXPECT_LT(seconds(4, 2, 56), seconds(1, 1, 56));
  EXPECT_LT(seconds(4, 2, 56), seconds(1, 3, 56));
  problem.inputHeight = problem.inputWidth = 224;
  problem.height = problem.width = 112;
  problem.strideRows = problem.strideColumns = 2;
  problem.windowHeight = problem.windowWidth = 3;
  EXPECT_LT(seconds(2, 2, 8), seconds(2, 2, 112));
}

TEST(AnalyticModel, LongFunctionsGainByVectorsSideBySide) {
  auto gain = [](int64_t instructions) {
    cost::ElementwiseProblem problem;
    problem.columns = 1 << 20;
    problem.instructions = instructions;
    problem.bytes = 8 << 20;
    auto seconds = [&](int64_t unroll) {
      cost::ElementwiseSchedule schedule{8, unroll, 16, 1 << 14};
      return cost::analyze(problem, schedule, {}).total;
    };
    return seconds(1) / seconds(4);
  };
  EXPECT_GT(gain(1), 1.0);
  EXPECT_GT(gain(30), gain(1));
  EXPECT_LT(gain(30), 1.5);
}

TEST(AnalyticModel, TransposedBlocksTakePairsOfLines) {
  cost::ElementwiseProblem problem;
  problem.rows = problem.columns = 1024;
  problem.bytes = 8 << 20;
  problem.isTransposed = true;
  auto seconds = [&](int64_t tile) {
    cost::ElementwiseSchedule schedule{8, 1, tile, 1 << 14};
    return cost::analyze(problem, schedule, {}).total;
  };
  EXPECT_LT(seconds(16), seconds(8));
  EXPECT_LT(seconds(32), seconds(16));
  EXPECT_LT(seconds(32), seconds(64));
}

/// One problem of each family.
const cost::Problem kProblems[] = {
    cost::ContractionProblem{2, 30, 40, 50},
    cost::ConvolutionProblem{1, 1, 64, 64, 9, 9 * 9, 9, 4, false, true, true},
    cost::AttentionProblem{12, 128, 128, 64, 64},
    cost::DepthwiseProblem{96, 56, 56, 56, 56, 7, 7, 1, 1, 1, 1, 4, true, true},
    cost::ElementwiseProblem{1, 4096, 4, 20, 32768, false},
    cost::RowsProblem{128, 768, 2, 3, 8, 786432}};
static_assert(std::size(kProblems) == std::variant_size_v<cost::Problem>);

TEST(AnalyticModel, ThreadsDivideTime) {
  for (const cost::Problem &problem : kProblems) {
    cost::CpuTarget target;
    const cost::Schedule point =
        sched::spaceOf(problem, target).front().points.front();
    double one = cost::analyticTime(problem, point, target).total;
    double tasks = cost::tasksOf(problem, point);
    EXPECT_GE(tasks, 1);
    target.threads = 2;
    double two = cost::analyticTime(problem, point, target).total;
    if (tasks > 1) {
      EXPECT_GT(two, one / 2);
      EXPECT_LT(two, one * 2 / 3 + target.dispatchSeconds * 2);
    } else {
      EXPECT_EQ(one, two);
    }
  }
}

TEST(AnalyticModel, Balance) {
  EXPECT_EQ(cost::balanceOf(4, 2), 1);
  EXPECT_EQ(cost::balanceOf(5, 2), 5.0 / 6);
  EXPECT_EQ(cost::balanceOf(1, 4), 1.0 / 4);
}

TEST(Explanation, MultipliesToTheEstimate) {
  for (const cost::CostModel *model :
       {&cost::defaultModel(), &cost::analyticModel()})
    for (const cost::Problem &problem : kProblems) {
      const cost::Schedule point =
          sched::spaceOf(problem, {}).front().points.front();
      cost::Explanation found = model->explain(problem, point, {});
      cost::Estimate estimate = model->estimate(problem, point, {});
      EXPECT_EQ(found.estimate.seconds, estimate.seconds);
      EXPECT_EQ(found.estimate.spread, estimate.spread);
      double sum = found.base, last = INFINITY;
      for (const cost::Contribution &one : found.contributions) {
        sum += one.effect;
        EXPECT_LE(std::abs(one.effect), last);
        last = std::abs(one.effect);
      }
      EXPECT_NEAR(std::log(found.factor()), sum, 1e-5);
    }
}

TEST(KernelText, EveryPointIsReadBack) {
  std::set<size_t> families;
  for (const cost::Problem &problem : kProblems) {
    cost::Problem readProblem;
    std::string message;
    ASSERT_TRUE(readText(textOf(problem), readProblem, message)) << message;
    EXPECT_TRUE(readProblem == problem) << textOf(problem);
    EXPECT_EQ(hashOf(readProblem), hashOf(problem));
    for (const sched::SpacePart &part : sched::spaceOf(problem, {}))
      for (const cost::Schedule &point : part.points) {
        cost::Schedule readPoint;
        ASSERT_TRUE(readText(textOf(point), readPoint, message)) << message;
        EXPECT_TRUE(readPoint == point) << textOf(point);
        EXPECT_TRUE(isFor(point, problem));
        families.insert(point.index());
      }
  }
  EXPECT_EQ(families.size(), std::variant_size_v<cost::Schedule>);
}

TEST(KernelText, EachFieldCounts) {
  for (const cost::Problem &problem : kProblems)
    std::visit(
        [](const auto &sizes) {
          for (size_t field = 0; field != numbersOf(sizes).size(); ++field) {
            auto other = sizes;
            size_t number = 0;
            forEachField(other, [&](const char *, auto &member) {
              if (number++ == field)
                member = !member;
            });
            EXPECT_FALSE(other == sizes);
            EXPECT_NE(hashOf(other), hashOf(sizes));
          }
        },
        problem);
}

TEST(Spaces, PartsAreClasses) {
  for (const cost::Problem &problem : kProblems) {
    std::set<std::string> classes;
    for (const sched::SpacePart &part : sched::spaceOf(problem, {})) {
      EXPECT_FALSE(part.points.empty());
      EXPECT_TRUE(classes.insert(part.numerics).second) << part.numerics;
    }
    EXPECT_FALSE(classes.empty());
  }
}

} // namespace
