//===- ConvolutionGather.h - Input columns of a convolution -----*- C++ -*-===//
//
// Fills a panel [k][nr] with what `nr` output pixels read from the input
// (im2col), for a range of channels. Pixels are counted through rows; lanes of
// one vector may lie in several rows ("segments"), each read by masked loads.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONGATHER_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONGATHER_H

#include "ConvolutionPlan.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

class ConvolutionGather {
public:
  ConvolutionGather(ConvolutionPlan &plan, ElementwiseEmitter &emitter,
                    mlir::OpBuilder &builder, mlir::Location loc, int64_t vl);

  /// Sizes that the kernel's prologue computes: call once, outside the tasks.
  void prepare(mlir::ArrayRef<mlir::Value> outputExtents,
               mlir::ArrayRef<mlir::Value> tapExtents);

  /// Gathers `vectors` vectors of pixels from `pixel` on, channels
  /// [channel, channel + channelCount), into panel[slot].
  /// `image` is the offset of the input's first channel of this group.
  void emit(mlir::Value panels, mlir::Value slot, mlir::Value image,
            mlir::Value pixel, int64_t vectors, mlir::Value channel,
            mlir::Value channelCount);

  /// Elements between two channels of the input.
  mlir::Value channelStride;
  /// Lanes of one vector may lie in more than one row.
  bool crossesRows = true;

private:
  /// The part of one vector that lies in one row.
  struct Segment {
    mlir::Value offset; ///< Of lane 0, from the channel's start.
    llvm::SmallVector<mlir::Value> masks; ///< One per load of `vl` elements.
  };

  Segment segmentOf(mlir::Value pixel, int64_t number,
                    mlir::ArrayRef<mlir::Value> taps);
  mlir::Value rangeMask(mlir::Value low, mlir::Value high, int64_t first);
  mlir::Value loadLanes(mlir::ArrayRef<Segment> segments, mlir::Value base);
  void emitVectors(mlir::Value panels, mlir::Value slot, mlir::Value image,
                   mlir::Value pixel, int64_t vectors, mlir::Value channel,
                   mlir::Value channelCount);
  void emitScalars(mlir::Value panels, mlir::Value slot, mlir::Value image,
                   mlir::Value pixel, int64_t vectors, mlir::Value channel,
                   mlir::Value channelCount);
  std::pair<mlir::Value, mlir::Value>
  addressOf(mlir::Value pixel, mlir::ArrayRef<mlir::Value> taps);
  mlir::Value signedBetween(mlir::Value value, mlir::Value extent);

  ConvolutionPlan &plan;
  ElementwiseEmitter &emitter;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  IndexBuilder index;
  int64_t vl;
  mlir::Value flatInput;
  llvm::SmallVector<mlir::Value> outputExtents, tapExtents, inputExtents,
      inputStrides;
  mlir::Value window;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONGATHER_H
