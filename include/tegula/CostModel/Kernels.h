//===- Kernels.h - Kernels and schedules as plain numbers -------*- C++ -*-===//
//
// What a cost model is asked about: a problem (sizes of one kernel) and a
// schedule (a point of its family's space). No MLIR: models are trained and
// tested without the compiler.
//
// A new family is a problem struct and a schedule struct here, with `kName`,
// `fields()` and, in the schedule, the `Problem` that it is for.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_KERNELS_H
#define TEGULA_COSTMODEL_KERNELS_H

#include "tegula/CostModel/Fields.h"

namespace tegula::cost {

/// An extent that is known only at run time.
inline constexpr int64_t kDynamic = -1;

/// batch x (m x k times k x n). Lanes run along n.
struct ContractionProblem {
  int64_t batch = 1, m = 1, n = 1, k = 1;
  int64_t elementBytes = 4;
  bool isFloat = true;
  /// The k x n operand is a constant, packed at compile time.
  bool constantColumns = false;
  /// It lies in memory as n x k.
  bool transposedColumns = false;
  /// Partial sums cannot be kept in the result: k must be one block.
  bool oneBlock = false;
  /// Elements are pairs or quads of integers, multiplied by lp.dot.
  bool isDot = false;
  /// Of an element of the rows and of the columns, as they lie in memory.
  int64_t rowBits = 32, columnBits = 32;

  static constexpr const char *kName = "contraction";
  static constexpr auto fields() {
    using P = ContractionProblem;
    return std::tuple(
        Field("batch", &P::batch), Field("m", &P::m), Field("n", &P::n),
        Field("k", &P::k), Field("element_bytes", &P::elementBytes),
        Field("is_float", &P::isFloat),
        Field("constant_columns", &P::constantColumns),
        Field("transposed_columns", &P::transposedColumns),
        Field("one_block", &P::oneBlock), Field("is_dot", &P::isDot),
        Field("row_bits", &P::rowBits), Field("column_bits", &P::columnBits));
  }
};

/// The parameters of #sched.contraction.
struct ContractionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, mc = 1, nc = 1;
  bool packColumns = false;
  int64_t streams = 1;

  using Problem = ContractionProblem;
  static constexpr const char *kName = "contraction";
  static constexpr auto fields() {
    using S = ContractionSchedule;
    return std::tuple(
        Field("mr", &S::mr), Field("nr", &S::nr), Field("vl", &S::vl),
        Field("kc", &S::kc), Field("mc", &S::mc), Field("nc", &S::nc),
        Field("pack_columns", &S::packColumns), Field("streams", &S::streams));
  }
};

/// A convolution: `groups` times an implicit product of filters x (channels *
/// window) with (channels * window) x pixels.
struct ConvolutionProblem {
  int64_t batch = 1, groups = 1;
  int64_t filters = 1;  ///< Of one group.
  int64_t channels = 1; ///< Of one group.
  int64_t window = 1;   ///< Elements of the kernel window.
  int64_t pixels = 1;   ///< Of one output image.
  int64_t width = 1;    ///< Innermost output extent.
  int64_t elementBytes = 4;
  /// Window of one element, stride 1, no padding.
  bool pointwise = false;
  /// Window of 3 x 3, stride 1, f32, constant filters, images of known size.
  bool winograd = false;
  /// The filters are a constant, packed at compile time.
  bool constantFilters = false;
  /// Between neighbouring output columns, in input columns.
  int64_t stride = 1;
  /// Partial sums cannot be kept in the result: k must be one block.
  bool oneBlock = false;
  /// Elements are pairs or quads of integers, multiplied by lp.dot.
  bool isDot = false;
  /// Of an element of the input and of the filters, as they lie in memory.
  int64_t inputBits = 32, filterBits = 32;

  static constexpr const char *kName = "convolution";
  static constexpr auto fields() {
    using P = ConvolutionProblem;
    return std::tuple(
        Field("batch", &P::batch), Field("groups", &P::groups),
        Field("filters", &P::filters), Field("channels", &P::channels),
        Field("window", &P::window), Field("pixels", &P::pixels),
        Field("width", &P::width), Field("element_bytes", &P::elementBytes),
        Field("pointwise", &P::pointwise), Field("winograd", &P::winograd),
        Field("constant_filters", &P::constantFilters),
        Field("stride", &P::stride), Field("one_block", &P::oneBlock),
        Field("is_dot", &P::isDot), Field("input_bits", &P::inputBits),
        Field("filter_bits", &P::filterBits));
  }
};

/// The parameters of #sched.convolution.
struct ConvolutionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, nb = 1, fc = 1;
  bool inPlace = false;

  using Problem = ConvolutionProblem;
  static constexpr const char *kName = "convolution";
  static constexpr auto fields() {
    using S = ConvolutionSchedule;
    return std::tuple(Field("mr", &S::mr), Field("nr", &S::nr),
                      Field("vl", &S::vl), Field("kc", &S::kc),
                      Field("nb", &S::nb), Field("fc", &S::fc),
                      Field("in_place", &S::inPlace));
  }
};

/// The parameters of #sched.filter_lanes.
struct FilterLanesSchedule {
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, np = 1, fc = 1;
  bool inPlace = false;

  using Problem = ConvolutionProblem;
  static constexpr const char *kName = "filter_lanes";
  static constexpr auto fields() {
    using S = FilterLanesSchedule;
    return std::tuple(Field("mr", &S::mr), Field("nr", &S::nr),
                      Field("vl", &S::vl), Field("kc", &S::kc),
                      Field("np", &S::np), Field("fc", &S::fc),
                      Field("in_place", &S::inPlace));
  }
};

/// The parameters of #sched.winograd.
struct WinogradSchedule {
  int64_t results = 4, mr = 1, nr = 1, vl = 1, rows = 1, fc = 1, tasks = 1;

  using Problem = ConvolutionProblem;
  static constexpr const char *kName = "winograd";
  static constexpr auto fields() {
    using S = WinogradSchedule;
    return std::tuple(Field("results", &S::results), Field("mr", &S::mr),
                      Field("nr", &S::nr), Field("vl", &S::vl),
                      Field("rows", &S::rows), Field("fc", &S::fc),
                      Field("tasks", &S::tasks));
  }
};

/// batch x softmax(f(queries x depth times depth x keys)) times keys x columns,
/// of f32.
struct AttentionProblem {
  int64_t batch = 1, queries = 1, keys = 1, depth = 1, columns = 1;

  static constexpr const char *kName = "attention";
  static constexpr auto fields() {
    using P = AttentionProblem;
    return std::tuple(Field("batch", &P::batch), Field("queries", &P::queries),
                      Field("keys", &P::keys), Field("depth", &P::depth),
                      Field("columns", &P::columns));
  }
};

/// The parameters of #sched.attention.
struct AttentionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, mq = 1, kc = 1, tasks = 1;

  using Problem = AttentionProblem;
  static constexpr const char *kName = "attention";
  static constexpr auto fields() {
    using S = AttentionSchedule;
    return std::tuple(Field("mr", &S::mr), Field("nr", &S::nr),
                      Field("vl", &S::vl), Field("mq", &S::mq),
                      Field("kc", &S::kc), Field("tasks", &S::tasks));
  }
};

/// A window over planes (images of one channel): a depthwise convolution or a
/// pooling.
struct DepthwiseProblem {
  int64_t planes = 1;
  int64_t height = 1, width = 1;             ///< Of the result.
  int64_t inputHeight = 1, inputWidth = 1;   ///< Without padding.
  int64_t windowHeight = 1, windowWidth = 1; ///< In taps.
  int64_t strideRows = 1, strideColumns = 1;
  int64_t dilationRows = 1, dilationColumns = 1;
  int64_t elementBytes = 4; ///< Of the input.
  bool padded = false;
  bool weighted = false; ///< Taps have weights; if not, it is a pooling.

  static constexpr const char *kName = "depthwise";
  static constexpr auto fields() {
    using P = DepthwiseProblem;
    return std::tuple(
        Field("planes", &P::planes), Field("height", &P::height),
        Field("width", &P::width), Field("input_height", &P::inputHeight),
        Field("input_width", &P::inputWidth),
        Field("window_height", &P::windowHeight),
        Field("window_width", &P::windowWidth),
        Field("stride_rows", &P::strideRows),
        Field("stride_columns", &P::strideColumns),
        Field("dilation_rows", &P::dilationRows),
        Field("dilation_columns", &P::dilationColumns),
        Field("element_bytes", &P::elementBytes), Field("padded", &P::padded),
        Field("weighted", &P::weighted));
  }
};

/// The parameters of #sched.depthwise.
struct DepthwiseSchedule {
  int64_t vl = 1, rows = 1, columns = 1, block = 1;
  bool unroll = true, inPlace = false;

  using Problem = DepthwiseProblem;
  static constexpr const char *kName = "depthwise";
  static constexpr auto fields() {
    using S = DepthwiseSchedule;
    return std::tuple(Field("vl", &S::vl), Field("rows", &S::rows),
                      Field("columns", &S::columns), Field("block", &S::block),
                      Field("unroll", &S::unroll),
                      Field("in_place", &S::inPlace));
  }
};

/// Everything parallel: rows x columns points, lanes along the columns.
struct ElementwiseProblem {
  int64_t rows = 1, columns = 1;
  int64_t elementBytes = 4; ///< Of the widest type that is computed with.
  /// Vector instructions of a point, loads and stores not among them.
  int64_t instructions = 0;
  int64_t bytes = 0; ///< Of all operands and results, each once.
  /// An input lies across the lanes.
  bool isTransposed = false;

  static constexpr const char *kName = "elementwise";
  static constexpr auto fields() {
    using P = ElementwiseProblem;
    return std::tuple(Field("rows", &P::rows), Field("columns", &P::columns),
                      Field("element_bytes", &P::elementBytes),
                      Field("instructions", &P::instructions),
                      Field("bytes", &P::bytes),
                      Field("is_transposed", &P::isTransposed));
  }
};

/// The parameters of #sched.elementwise.
struct ElementwiseSchedule {
  int64_t vl = 1, unroll = 1, tile = 1, grain = 1;

  using Problem = ElementwiseProblem;
  static constexpr const char *kName = "elementwise";
  static constexpr auto fields() {
    using S = ElementwiseSchedule;
    return std::tuple(Field("vl", &S::vl), Field("unroll", &S::unroll),
                      Field("tile", &S::tile), Field("grain", &S::grain));
  }
};

/// Reductions along the columns, one row after the other.
struct RowsProblem {
  int64_t rows = 1, columns = 1;
  int64_t reductions = 1;   ///< Passes over a row that end in one number.
  int64_t passes = 1;       ///< Those, and that of the results.
  int64_t instructions = 0; ///< Of a point, in all passes together.
  int64_t bytes = 0;        ///< Of all operands and results, each once.

  static constexpr const char *kName = "rows";
  static constexpr auto fields() {
    using P = RowsProblem;
    return std::tuple(
        Field("rows", &P::rows), Field("columns", &P::columns),
        Field("reductions", &P::reductions), Field("passes", &P::passes),
        Field("instructions", &P::instructions), Field("bytes", &P::bytes));
  }
};

/// The parameters of #sched.rows.
struct RowsSchedule {
  int64_t vl = 1, accumulators = 1, unroll = 1, grain = 1;

  using Problem = RowsProblem;
  static constexpr const char *kName = "rows";
  static constexpr auto fields() {
    using S = RowsSchedule;
    return std::tuple(Field("vl", &S::vl),
                      Field("accumulators", &S::accumulators),
                      Field("unroll", &S::unroll), Field("grain", &S::grain));
  }
};

/// A problem of any family.
using Problem =
    std::variant<ContractionProblem, ConvolutionProblem, AttentionProblem,
                 DepthwiseProblem, ElementwiseProblem, RowsProblem>;

/// A point of any family's space. Several families may be ways to compute the
/// same kind of problem.
using Schedule =
    std::variant<ContractionSchedule, ConvolutionSchedule, FilterLanesSchedule,
                 WinogradSchedule, AttentionSchedule, DepthwiseSchedule,
                 ElementwiseSchedule, RowsSchedule>;

/// Is `schedule` one for problems of this kind?
inline bool isFor(const Schedule &schedule, const Problem &problem) {
  return std::visit(
      [&](const auto &point) {
        using For = typename std::decay_t<decltype(point)>::Problem;
        return std::holds_alternative<For>(problem);
      },
      schedule);
}

/// Calls `visit(problem, schedule)` with both as the structs that they are.
/// `schedule` must be for the problem.
template <typename Visit>
auto visitKernel(const Problem &problem, const Schedule &schedule,
                 Visit &&visit) {
  return std::visit(
      [&](const auto &point) {
        using For = typename std::decay_t<decltype(point)>::Problem;
        return visit(*std::get_if<For>(&problem), point);
      },
      schedule);
}

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_KERNELS_H
