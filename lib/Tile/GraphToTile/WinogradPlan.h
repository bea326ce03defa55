//===- WinogradPlan.h - How one Winograd convolution is lowered -*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADPLAN_H

#include "ConvolutionPlan.h"

#include "tegula/Graph/IR/Winograd.h"

namespace tegula::tile {

/// A convolution by transforms, all sizes but the number of images known.
struct WinogradPlan {
  ConvolutionPlan convolution;
  sched::WinogradAttr schedule;
  graph::WinogradTransform transform;
  mlir::Value filter; ///< Buffer [element, f / mr, c, mr].

  struct Size {
    int64_t rows = 0, columns = 0;
  };
  int64_t channels = 0, filters = 0;
  Size input, output; ///< Of an image.
  Size padding;       ///< Before the first row and column.
  Size tiles;         ///< Of an image.
  /// Of a block.
  int64_t blockRows = 0, blockFilters = 0;
  int64_t tasks = 0; ///< At most.
  /// Elements between two channels of transformed tiles. A whole and odd number
  /// of cache lines: a panel's lines spread over all sets of the cache.
  int64_t pitch = 0;

  int64_t rowBlocks() const { return llvm::divideCeil(tiles.rows, blockRows); }
  int64_t filterBlocks() const {
    return llvm::divideCeil(filters, blockFilters);
  }

  /// Reads the function; fails with a reason when the lowering does not cover
  /// it. `emitter` gets the inputs bound.
  static mlir::FailureOr<WinogradPlan> make(const KernelFunction &kernel,
                                            sched::WinogradAttr schedule,
                                            ElementwiseEmitter &emitter,
                                            std::string &reason);
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADPLAN_H
