//===- Parts.h - What extractors of features have in common -----*- C++ -*-===//
//
// An extractor (one per schedule family) describes its kernel as a loop nest,
// by the bytes that it moves and by its tasks, hands these to the functions
// below, and adds what only its family has. Numbers come from
// withKnownSizes(): positive, and not too large to multiply.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_LEARNED_FEATURES_PARTS_H
#define TEGULA_COSTMODEL_LEARNED_FEATURES_PARTS_H

#include "tegula/CostModel/Features.h"
#include "tegula/CostModel/KnownSizes.h"

#include <cmath>

namespace tegula::cost::features {

/// rows x columns of `batch` products over k; see Features.def.
struct Nest {
  int64_t batch = 1, rows = 1, columns = 1, k = 1;
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, blockRows = 1, blockColumns = 1;
  int64_t bytes = 4;
  /// Of an element as it lies in memory.
  double rowBytes = 4, columnBytes = 4;

  int64_t vectors() const { return ceilDiv(nr, vl); }
  int64_t rowTiles() const { return ceilDiv(rows, mr); }
  int64_t panels() const { return ceilDiv(columns, nr); }
  int64_t kBlocks() const { return ceilDiv(k, kc); }
  int64_t rowBlocks() const { return ceilDiv(rows, blockRows); }
  int64_t columnBlocks() const { return ceilDiv(columns, blockColumns); }
  double work() const;
  /// Of all operands and results, each once.
  double compulsoryBytes() const;
  /// Bytes that a cache of `capacity` bytes cannot keep; see Features.def.
  double bytesBeyond(double capacity) const;
  /// What register tiles load, and load and store of results.
  double loadedBytes() const;
  /// Of the operands and results of one task.
  double taskBytes() const;
};

/// Bytes that move between levels of memory, for one kernel.
struct Traffic {
  double compulsory = 1; ///< Each operand and result once.
  double loaded = 1;     ///< To and from registers.
  double ofTask = 1;     ///< Operands and results of one task.
  double beyondL1 = 1, beyondL2 = 1, beyondLast = 1;

  /// `bytesBeyond`: of a capacity, what such a cache cannot keep.
  template <typename BytesBeyond>
  void setLevels(const CpuTarget &target, BytesBeyond bytesBeyond) {
    beyondL1 = bytesBeyond(double(target.l1Bytes));
    beyondL2 = bytesBeyond(double(target.l2Bytes));
    beyondLast = bytesBeyond(double(target.lastLevelBytes));
  }
};

/// The traffic of a product that is all that a kernel does.
Traffic trafficOf(const Nest &nest, const CpuTarget &target);

inline float log2Of(double value) {
  return value > 0 ? float(std::log2(value)) : 0;
}

/// log2(gcd(stride, 4096)): how regular addresses are that lie so far apart.
float aliasOf(int64_t stride);
/// log2(1 + rows * gcd(stride, 4096) / 4096): how many of `rows` lines that lie
/// `stride` bytes apart share a set of a level-1 cache.
float setsOf(int64_t rows, int64_t stride);
/// log2 of the pages that `rows` lines of `bytes` bytes touch which lie
/// `stride` bytes apart.
float pagesOf(int64_t rows, int64_t bytes, int64_t stride);

// Nest.cpp.
void addSizes(Features &f, const Nest &nest, const CpuTarget &target);
void addRegisterTile(Features &f, const Nest &nest, const CpuTarget &target);
void addEdges(Features &f, const Nest &nest, const CpuTarget &target);
void addCounts(Features &f, const Nest &nest);

// Memory.cpp.
void addFootprints(Features &f, const Nest &nest, const CpuTarget &target);
void addScratch(Features &f, double bytes, const CpuTarget &target);
/// `work`: multiply-adds or instructions of all points.
void addTraffic(Features &f, const Traffic &traffic, double work, int64_t bytes,
                const CpuTarget &target);
void addResultAddresses(Features &f, int64_t rowBytes);

// Resources.cpp.
void addTasks(Features &f, const AnalyticTime &time, double tasks,
              const Traffic &traffic, const CpuTarget &target);
void addMachine(Features &f, const CpuTarget &target);
void addAnalytic(Features &f, const AnalyticTime &time);

/// What a kernel is looked at with.
struct Context {
  const CpuTarget &target;
  const AnalyticTime &time;
  double tasks;
};

/// All of the above for a kernel whose arithmetic is `work` steps of this nest.
Features nestFeatures(const Nest &nest, const Traffic &traffic, double work,
                      const Context &context);

/// What the ways to convolve have in common: what is known of images.
void addImage(Features &f, const ConvolutionProblem &problem,
              const CpuTarget &target);
/// Elements of the input of all images and groups, without padding.
double inputElements(const ConvolutionProblem &problem);
/// Elements of the input per pixel and step of k: windows share them.
double inputPerStep(const ConvolutionProblem &problem);

// One per family, in a file of its own.
Features extract(const ContractionProblem &problem,
                 const ContractionSchedule &schedule, const Context &context);
Features extract(const ConvolutionProblem &problem,
                 const ConvolutionSchedule &schedule, const Context &context);
Features extract(const ConvolutionProblem &problem,
                 const FilterLanesSchedule &schedule, const Context &context);
Features extract(const ConvolutionProblem &problem,
                 const WinogradSchedule &schedule, const Context &context);
Features extract(const AttentionProblem &problem,
                 const AttentionSchedule &schedule, const Context &context);
Features extract(const DepthwiseProblem &problem,
                 const DepthwiseSchedule &schedule, const Context &context);
Features extract(const ElementwiseProblem &problem,
                 const ElementwiseSchedule &schedule, const Context &context);
Features extract(const RowsProblem &problem, const RowsSchedule &schedule,
                 const Context &context);

} // namespace tegula::cost::features

#endif // TEGULA_COSTMODEL_LEARNED_FEATURES_PARTS_H
