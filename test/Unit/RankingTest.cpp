//===- RankingTest.cpp - Which point of a space is taken ------------------===//

#include "Schedule/Transforms/Ranking.h"

#include "gtest/gtest.h"

using namespace tegula;
using namespace tegula::sched;

namespace {

/// Direct convolutions take a second, with an interval; those by transforms
/// less, without one.
class HalfSure : public cost::CostModel {
public:
  explicit HalfSure(double transformed, double spread = 1.2)
      : transformed(transformed), spread(spread) {}

  cost::Estimate estimate(const cost::Problem &, const cost::Schedule &schedule,
                          const cost::CpuTarget &) const override {
    if (std::holds_alternative<cost::WinogradSchedule>(schedule))
      return {transformed, /*spread=*/0};
    return {1.0, spread};
  }
  cost::Explanation explain(const cost::Problem &, const cost::Schedule &,
                            const cost::CpuTarget &) const override {
    return {};
  }

private:
  double transformed, spread;
};

cost::ConvolutionProblem window() {
  cost::ConvolutionProblem problem;
  problem.batch = problem.groups = 1;
  problem.filters = problem.channels = 64;
  problem.window = 9;
  problem.pixels = 56 * 56;
  problem.width = 56;
  problem.winograd = problem.constantFilters = true;
  return problem;
}

bool isTransformed(const cost::CostModel &model) {
  Ranker ranker(cost::CpuTarget(), model);
  const Ranking &ranking = ranker.rank(window());
  return std::holds_alternative<cost::WinogradSchedule>(ranking.best->schedule);
}

TEST(RankingTest, UnsureIsNotTakenForALittle) {
  EXPECT_FALSE(isTransformed(HalfSure(0.9)));
  EXPECT_FALSE(isTransformed(HalfSure(0.65)));
}

TEST(RankingTest, UnsureIsTakenForMuch) {
  EXPECT_TRUE(isTransformed(HalfSure(0.5)));
}

TEST(RankingTest, TheFastestOfUnsurePoints) {
  EXPECT_TRUE(isTransformed(HalfSure(0.9, /*spread=*/0)));
  EXPECT_FALSE(isTransformed(HalfSure(1.1, /*spread=*/0)));
}

TEST(RankingTest, TheFastestComesSecond) {
  HalfSure model(0.9);
  Ranker ranker(cost::CpuTarget(), model);
  EXPECT_EQ(ranker.rank(window()).second->time.seconds, 0.9);
}

} // namespace
