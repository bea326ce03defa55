//===- Kernels.h - Kernels and schedules as plain numbers -------*- C++ -*-===//
//
// What a cost model is asked about: a problem (sizes of one kernel) and a
// schedule (a point of its family's space). No MLIR: models are trained and
// tested without the compiler.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_KERNELS_H
#define TEGULA_COSTMODEL_KERNELS_H

#include <cstdint>

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
};

inline bool operator==(const ContractionProblem &a,
                       const ContractionProblem &b) {
  return a.batch == b.batch && a.m == b.m && a.n == b.n && a.k == b.k &&
         a.elementBytes == b.elementBytes && a.isFloat == b.isFloat &&
         a.constantColumns == b.constantColumns &&
         a.transposedColumns == b.transposedColumns && a.oneBlock == b.oneBlock;
}

/// The parameters of #sched.contraction.
struct ContractionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, mc = 1, nc = 1;
  bool packColumns = false;
  int64_t streams = 1;
};

inline bool operator==(const ContractionSchedule &a,
                       const ContractionSchedule &b) {
  return a.mr == b.mr && a.nr == b.nr && a.vl == b.vl && a.kc == b.kc &&
         a.mc == b.mc && a.nc == b.nc && a.packColumns == b.packColumns &&
         a.streams == b.streams;
}

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
  /// Between neighbouring output columns, in input columns.
  int64_t stride = 1;
  /// Partial sums cannot be kept in the result: k must be one block.
  bool oneBlock = false;
  /// Elements are pairs or quads of integers, multiplied by lp.dot.
  bool isDot = false;
};

inline bool operator==(const ConvolutionProblem &a,
                       const ConvolutionProblem &b) {
  return a.batch == b.batch && a.groups == b.groups && a.filters == b.filters &&
         a.channels == b.channels && a.window == b.window &&
         a.pixels == b.pixels && a.width == b.width &&
         a.elementBytes == b.elementBytes && a.pointwise == b.pointwise &&
         a.winograd == b.winograd && a.stride == b.stride &&
         a.oneBlock == b.oneBlock;
}

/// The parameters of #sched.convolution.
struct ConvolutionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, nb = 1, fc = 1;
  bool inPlace = false;
};

inline bool operator==(const ConvolutionSchedule &a,
                       const ConvolutionSchedule &b) {
  return a.mr == b.mr && a.nr == b.nr && a.vl == b.vl && a.kc == b.kc &&
         a.nb == b.nb && a.fc == b.fc && a.inPlace == b.inPlace;
}

/// The parameters of #sched.winograd.
struct WinogradSchedule {
  int64_t results = 4, mr = 1, nr = 1, vl = 1, rows = 1, fc = 1, tasks = 1;
};

inline bool operator==(const WinogradSchedule &a, const WinogradSchedule &b) {
  return a.results == b.results && a.mr == b.mr && a.nr == b.nr &&
         a.vl == b.vl && a.rows == b.rows && a.fc == b.fc && a.tasks == b.tasks;
}

/// batch x softmax(f(queries x depth times depth x keys)) times keys x columns,
/// of f32.
struct AttentionProblem {
  int64_t batch = 1, queries = 1, keys = 1, depth = 1, columns = 1;
};

inline bool operator==(const AttentionProblem &a, const AttentionProblem &b) {
  return a.batch == b.batch && a.queries == b.queries && a.keys == b.keys &&
         a.depth == b.depth && a.columns == b.columns;
}

/// The parameters of #sched.attention.
struct AttentionSchedule {
  int64_t mr = 1, nr = 1, vl = 1, mq = 1, kc = 1, tasks = 1;
};

inline bool operator==(const AttentionSchedule &a, const AttentionSchedule &b) {
  return a.mr == b.mr && a.nr == b.nr && a.vl == b.vl && a.mq == b.mq &&
         a.kc == b.kc && a.tasks == b.tasks;
}

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_KERNELS_H
