//===- SearchTest.cpp - Which schedules of a space to measure -------------===//

#include "tegula/Tuning/Search.h"

#include "gtest/gtest.h"
#include <cmath>
#include <set>

using namespace tegula::tuning;

namespace {

/// 8 x 8 points with one valley at (16, 4), which the predictions put at (1,
/// 1).
std::vector<SearchPoint> valley() {
  std::vector<SearchPoint> points;
  for (int64_t a = 0; a != 8; ++a)
    for (int64_t b = 0; b != 8; ++b)
      points.push_back({{int64_t(1) << a, int64_t(1) << b}, double(a + b)});
  return points;
}

double timeAt(const std::vector<int64_t> &at) {
  return 1 + std::abs(std::log2(double(at[0])) - 4) +
         std::abs(std::log2(double(at[1])) - 2);
}

/// Measurements until the valley is found.
size_t cost(const std::string &name, uint64_t seed) {
  const std::vector<SearchPoint> points = valley();
  auto search = makeSearch(name, points, seed);
  size_t measured = 0;
  for (auto batch = search->next(4); !batch.empty(); batch = search->next(4))
    for (size_t point : batch) {
      const double time = timeAt(points[point].parameters);
      search->tell(point, time);
      ++measured;
      if (time == 1)
        return measured;
    }
  ADD_FAILURE() << name << " did not ask for every point";
  return measured;
}

TEST(SearchTest, AsksForEveryPointOnce) {
  for (const std::string &name : searchNames()) {
    auto search = makeSearch(name, valley(), 3);
    std::set<size_t> seen;
    for (auto batch = search->next(5); !batch.empty(); batch = search->next(5))
      for (size_t point : batch) {
        EXPECT_TRUE(seen.insert(point).second) << name;
        search->tell(point, 1.0 / double(point + 1));
      }
    EXPECT_EQ(seen.size(), valley().size()) << name;
  }
}

TEST(SearchTest, IsReproducible) {
  for (const std::string &name : searchNames()) {
    auto one = makeSearch(name, valley(), 7),
         two = makeSearch(name, valley(), 7);
    for (auto batch = one->next(6); !batch.empty(); batch = one->next(6)) {
      EXPECT_EQ(batch, two->next(6)) << name;
      for (size_t point : batch) {
        one->tell(point, double(point % 5));
        two->tell(point, double(point % 5));
      }
    }
  }
}

TEST(SearchTest, GoesOnFromTheFastest) {
  // The predictions are wrong: by them the valley is asked for in the middle.
  const size_t exhaustive = cost("exhaustive", 1);
  EXPECT_GT(exhaustive, 20u);
  EXPECT_LT(cost("beam", 1), exhaustive);
  size_t evolutionary = 0, random = 0;
  for (uint64_t seed = 0; seed != 16; ++seed) {
    evolutionary += cost("evolutionary", seed);
    random += cost("random", seed);
  }
  EXPECT_LT(evolutionary, random);
}

TEST(SearchTest, FailuresAreNoParents) {
  auto search =
      makeSearch("beam", {{{1}, 1}, {{2}, 2}, {{64}, 3}, {{4}, 4}}, 1);
  EXPECT_EQ(search->next(2), (std::vector<size_t>{0, 1}));
  search->tell(0, std::numeric_limits<double>::infinity());
  search->tell(1, 5);
  EXPECT_EQ(search->next(1), (std::vector<size_t>{3})); // Next to {2}.
}

TEST(SearchTest, UnknownNames) {
  EXPECT_EQ(makeSearch("annealing", valley(), 1), nullptr);
}

} // namespace
