//===- BayesianSearch.cpp - Measure where most is to be gained ------------===//
//
// The logarithm of a point's time is taken for a Gaussian process:
//
//   mean        the logarithm of the predicted time
//   covariance  offset^2 + s(a) s(b) exp(-steps(a, b) / length)
//
// The offset is what a prediction errs in for all schedules of a kernel alike;
// it makes no schedule better than another, and the first measurement tells it.
// s is how far the cost model says that it may err. Each question is the point
// of the largest expected improvement on the fastest measured one. Points of a
// batch that are still being measured are believed to take their mean.
//
//===----------------------------------------------------------------------===//

#include "SpaceSearch.h"

#include <algorithm>
#include <cmath>

using namespace tegula::tuning;

/// Standard deviations, of logarithms.
static constexpr double kOffset = 1, kUnknownError = 0.2;

/// A spread holds nine of ten kernels: so many standard deviations.
static constexpr double kDeviationsOfSpread = 1.645;

namespace {

class Bayesian : public SpaceSearch {
public:
  Bayesian(std::vector<SearchPoint> space, uint64_t seed,
           const SearchOptions &options)
      : SpaceSearch(std::move(space), seed, options), whitened(points.size()) {
    for (const SearchPoint &point : points) {
      means.push_back(std::log(std::max(point.predicted, kLeastSeconds)));
      errors.push_back(point.spread > 1 && std::isfinite(point.spread)
                           ? std::log(point.spread) / kDeviationsOfSpread
                           : kUnknownError);
    }
  }

  size_t pick() override {
    const size_t point = measured.empty() ? firstOfOrder() : mostPromising();
    if (point != points.size())
      condition(point);
    return point;
  }

  void tell(size_t point, double seconds) override;

private:
  /// Predictions of less are taken for as much.
  static constexpr double kLeastSeconds = 1e-12;

  double covariance(size_t a, size_t b) const;
  void condition(size_t point);
  double expectedImprovement(size_t point,
                             const std::vector<double> &surprises) const;
  size_t mostPromising() const;

  /// Prior mean and deviation by point.
  std::vector<double> means, errors;

  /// The points asked for, in order, their row of the Cholesky factor of the
  /// covariance (each one longer than the one before), and what they told: the
  /// measured deviation from the mean given those before, in standard
  /// deviations; 0 while it is not known.
  struct Observation {
    size_t point;
    std::vector<double> factor;
    double logSeconds;
    double surprise = 0;
  };
  std::vector<Observation> observations;

  /// By point: the solution of the factor with its covariances to the points
  /// asked for.
  std::vector<std::vector<double>> whitened;
};

} // namespace

static double dot(const std::vector<double> &a, const std::vector<double> &b) {
  double sum = 0;
  for (size_t i = 0, size = std::min(a.size(), b.size()); i != size; ++i)
    sum += a[i] * b[i];
  return sum;
}

double Bayesian::covariance(size_t a, size_t b) const {
  // Of a sum of steps the plain exponential is a covariance, the squared one
  // is none.
  const double steps = distance(points[a].parameters, points[b].parameters);
  return kOffset * kOffset +
         errors[a] * errors[b] * std::exp(-steps / options.length);
}

/// Adds a row to the factor: `point` will be known.
void Bayesian::condition(size_t point) {
  const std::vector<double> row = whitened[point];
  const double pivot =
      std::sqrt(std::max(covariance(point, point) - dot(row, row), 0.0) +
                options.noise * options.noise);
  for (size_t other = 0; other != points.size(); ++other)
    whitened[other].push_back(
        (covariance(other, point) - dot(whitened[other], row)) / pivot);
  Observation &added = observations.emplace_back();
  added.point = point;
  added.factor = row;
  added.factor.push_back(pivot);
  added.logSeconds = std::nan("");
}

/// A failure says nothing of other points.
void Bayesian::tell(size_t point, double seconds) {
  SpaceSearch::tell(point, seconds);
  if (!std::isfinite(seconds) || seconds <= 0)
    return;
  // What came before may have been told after: all surprises again.
  std::vector<double> before;
  for (Observation &one : observations) {
    if (one.point == point)
      one.logSeconds = std::log(seconds);
    if (!std::isnan(one.logSeconds))
      one.surprise =
          (one.logSeconds - means[one.point] - dot(one.factor, before)) /
          one.factor.back();
    before.push_back(one.surprise);
  }
}

/// Of the logarithm of the fastest measured time.
double
Bayesian::expectedImprovement(size_t point,
                              const std::vector<double> &surprises) const {
  const std::vector<double> &row = whitened[point];
  const double mean = means[point] + dot(row, surprises);
  const double deviation =
      std::sqrt(std::max(covariance(point, point) - dot(row, row), 1e-12));
  const double gain = std::log(measured.front().first) - mean;
  const double ratio = gain / deviation;
  const double density = std::exp(-ratio * ratio / 2) / std::sqrt(2 * M_PI);
  const double probability = std::erfc(-ratio / std::sqrt(2.0)) / 2;
  return gain * probability + deviation * density;
}

/// Of points that promise as much, the one that is predicted to be faster.
size_t Bayesian::mostPromising() const {
  std::vector<double> surprises;
  for (const Observation &one : observations)
    surprises.push_back(one.surprise);
  size_t best = points.size();
  double most = -1;
  for (size_t point : order) {
    if (given[point])
      continue;
    const double improvement = expectedImprovement(point, surprises);
    if (improvement > most) {
      most = improvement;
      best = point;
    }
  }
  return best;
}

std::unique_ptr<Search>
tegula::tuning::makeBayesianSearch(std::vector<SearchPoint> points,
                                   uint64_t seed,
                                   const SearchOptions &options) {
  return std::make_unique<Bayesian>(std::move(points), seed, options);
}
