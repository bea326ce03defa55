//===- ConvertOptions.h - What the target says to operators -----*- C++ -*-===//

#ifndef TEGULA_GRAPH_ONNXTOGRAPH_CONVERTOPTIONS_H
#define TEGULA_GRAPH_ONNXTOGRAPH_CONVERTOPTIONS_H

namespace tegula::graph {

/// What the target decides about the form of operators.
struct ConvertOptions {
  /// It sums products of four bytes exactly (`vpdpbusd`, `usdot`): weights are
  /// quads of bytes whatever their size, never pairs of 16-bit integers.
  bool exactByteDots = false;
};

} // namespace tegula::graph

#endif // TEGULA_GRAPH_ONNXTOGRAPH_CONVERTOPTIONS_H
