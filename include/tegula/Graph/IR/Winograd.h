//===- Winograd.h - The transforms of Winograd convolution ------*- C++ -*-===//
//
// F(m x m, 3 x 3): m x m results of a 3x3 convolution of stride 1 from an
// n x n tile d of the input, n = m + 2, by n * n products:
//
//   y = A^T [ (G g G^T) . (B^T d B) ] A
//
// Cook and Toom's construction interpolates at 0, +-inner, +-outer (m = 4) or
// 0, +-1 (m = 2), and at infinity. The matrices of both are here, in the form
// that shares the even and the odd part of each pair of points.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_GRAPH_IR_WINOGRAD_H
#define TEGULA_GRAPH_IR_WINOGRAD_H

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace tegula::graph {

struct WinogradTransform {
  static constexpr int64_t kTaps = 3;
  /// The points of m = 4. Of those whose squares and products are exact in
  /// f32, these have the smallest errors: about half of those of 1 and 2.
  static constexpr double kInner = 0.625, kOuter = 1.5;

  /// m, the results of a tile in one dimension: 2 or 4.
  int64_t results = 4;
  /// n, the elements of a tile in one dimension.
  int64_t size() const { return results + kTaps - 1; }
  int64_t elements() const { return size() * size(); }

  static std::optional<WinogradTransform> ofResults(int64_t results) {
    if (results == 2 || results == 4)
      return WinogradTransform{results};
    return std::nullopt;
  }
  static std::optional<WinogradTransform> ofElements(int64_t elements) {
    for (int64_t results : {2, 4})
      if (WinogradTransform{results}.elements() == elements)
        return WinogradTransform{results};
    return std::nullopt;
  }

  using Row = std::array<double, kTaps>;
  /// G, n rows: the value of a filter's polynomial at a point, divided by the
  /// product of the point's distances from the others.
  std::vector<Row> filterMatrix() const {
    std::vector<Row> rows;
    auto value = [&](double x, double scale) {
      rows.push_back({scale, scale * x, scale * x * x});
    };
    constexpr double a = kInner, b = kOuter;
    if (results == 2) {
      value(0, -1);
      value(1, 0.5);
      value(-1, 0.5);
    } else {
      value(0, 1 / (a * a * b * b));
      value(a, 1 / (2 * a * a * (a * a - b * b)));
      value(-a, 1 / (2 * a * a * (a * a - b * b)));
      value(b, 1 / (2 * b * b * (b * b - a * a)));
      value(-b, 1 / (2 * b * b * (b * b - a * a)));
    }
    rows.push_back({0, 0, 1});
    return rows;
  }
  /// A left inverse of G, column by column as filterMatrix: entry [j][i] is
  /// what element j of a transform adds to tap i.
  std::vector<Row> filterInverse() const {
    std::vector<Row> columns(size(), Row{0, 0, 0});
    std::vector<Row> g = filterMatrix();
    columns.front()[0] = 1 / g.front()[0];
    columns[1][1] = 1 / (2 * g[1][1]);
    columns[2][1] = -1 / (2 * g[1][1]);
    columns.back()[2] = 1;
    return columns;
  }
};

} // namespace tegula::graph

#endif // TEGULA_GRAPH_IR_WINOGRAD_H
