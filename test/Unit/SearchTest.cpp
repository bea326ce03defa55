//===- SearchTest.cpp - Which schedules of a space to measure -------------===//

#include "tegula/Tuning/Search.h"
#include "tegula/Tuning/SearchCApi.h"

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
      points.push_back({{int64_t(1) << a, int64_t(1) << b},
                        double(1 + a + b),
                        /*spread=*/4});
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
  EXPECT_LT(cost("bayesian", 1), exhaustive);
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

TEST(SearchTest, OptionsSayHowManyParents) {
  const std::vector<SearchPoint> points = {
      {{1}, 1}, {{64}, 2}, {{2}, 3}, {{128}, 4}, {{3}, 5}};
  for (size_t parents : {1, 2}) {
    SearchOptions options;
    options.parents = parents;
    auto search = makeSearch("beam", points, 1, options);
    EXPECT_EQ(search->next(2), (std::vector<size_t>{0, 1}));
    search->tell(0, 1);
    search->tell(1, 2);
    // Next to {1} both, or the second next to {64}.
    EXPECT_EQ(search->next(2), parents == 1 ? (std::vector<size_t>{2, 4})
                                            : (std::vector<size_t>{2, 3}));
  }
}

TEST(SearchTest, FailuresOnly) {
  for (const std::string &name : searchNames()) {
    auto search = makeSearch(name, valley(), 5);
    size_t given = 0;
    for (auto batch = search->next(8); !batch.empty(); batch = search->next(8))
      for (size_t point : batch) {
        search->tell(point, std::numeric_limits<double>::infinity());
        ++given;
      }
    EXPECT_EQ(given, valley().size()) << name;
  }
}

TEST(SearchTest, PredictionsThatAreNone) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (const std::string &name : searchNames()) {
    auto search = makeSearch(
        name, {{{1}, std::nan("")}, {{2}, infinite}, {{3}, 0}, {{4}, 1}}, 1);
    std::set<size_t> seen;
    for (auto batch = search->next(1); !batch.empty();
         batch = search->next(1)) {
      seen.insert(batch.front());
      search->tell(batch.front(), 1);
    }
    EXPECT_EQ(seen.size(), 4u) << name;
  }
}

// What all predictions are wrong by says nothing of one against another.
TEST(SearchTest, BayesianIsBlindToACommonFactor) {
  for (double factor : {0.1, 1.0, 10.0}) {
    auto search =
        makeSearch("bayesian", {{{1}, 1.0}, {{256}, 1.1}, {{65536}, 1.2}}, 1);
    EXPECT_EQ(search->next(1), (std::vector<size_t>{0}));
    search->tell(0, factor);
    EXPECT_EQ(search->next(1), (std::vector<size_t>{1})) << factor;
  }
}

// A point near one that was slower than predicted is passed over for one that
// is predicted to be as fast elsewhere.
TEST(SearchTest, BayesianLearnsFromNeighbours) {
  auto ask = [](double secondsOfSecond) {
    auto search = makeSearch(
        "bayesian",
        {{{1}, 1.0}, {{1024}, 1.1}, {{2048}, 1.1}, {{1 << 20}, 1.1}}, 1);
    search->next(2);
    search->tell(0, 1.0);
    search->tell(1, secondsOfSecond);
    return search->next(1).front();
  };
  EXPECT_EQ(ask(1.6), 3u);
  EXPECT_EQ(ask(0.6), 2u);
}

// A narrow interval leaves nothing to be gained by a measurement.
TEST(SearchTest, BayesianMeasuresTheUnsure) {
  auto search = makeSearch(
      "bayesian", {{{1}, 1.0, 1.01}, {{256}, 1.1, 1.01}, {{65536}, 1.15, 3.0}},
      1);
  search->next(1);
  search->tell(0, 1.0);
  EXPECT_EQ(search->next(1), (std::vector<size_t>{2}));
}

TEST(SearchTest, FromC) {
  const int64_t parameters[] = {1, 1, 2, 2, 4, 4};
  const double predicted[] = {3, 1, 2}, spreads[] = {0, 0, 0};
  EXPECT_EQ(tegula_search_new("luck", parameters, predicted, spreads, 3, 2, 1,
                              nullptr),
            nullptr);
  TegulaSearch *search = tegula_search_new("exhaustive", parameters, predicted,
                                           spreads, 3, 2, 1, nullptr);
  size_t batch[2];
  ASSERT_EQ(tegula_search_next(search, 2, batch), 2u);
  EXPECT_EQ(batch[0], 1u);
  EXPECT_EQ(batch[1], 2u);
  tegula_search_tell(search, 1, 1.0);
  ASSERT_EQ(tegula_search_next(search, 2, batch), 1u);
  EXPECT_EQ(batch[0], 0u);
  tegula_search_free(search);
}

TEST(SearchTest, UnknownNames) {
  EXPECT_EQ(makeSearch("annealing", valley(), 1), nullptr);
}

} // namespace
