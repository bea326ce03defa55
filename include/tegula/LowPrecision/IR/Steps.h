//===- Steps.h - Quads of bytes whose products fit into 16 bits -*- C++ -*-===//
//
// What lp.sum_steps reads. The sum of two products of an unsigned and a signed
// byte does not always fit into 16 bits, but it does for all but the largest
// weights; those are split into halves, which are two steps.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LOWPRECISION_IR_STEPS_H
#define TEGULA_LOWPRECISION_IR_STEPS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace tegula::lp {

/// The operands of lp.sum_steps.
struct Steps {
  std::vector<uint32_t> quads; ///< `columns` of each step.
  std::vector<int32_t> positions, starts;
};

/// Quads of signed bytes: that of position i and column j lies at
/// `quads[i * strideK + j * strideN]`.
struct QuadMatrix {
  llvm::ArrayRef<uint32_t> quads;
  int64_t k, n; ///< Extents.
  int64_t strideK, strideN;
};

/// The steps of a matrix in panels of `columns` and blocks of `block`
/// positions.
Steps makeSteps(const QuadMatrix &matrix, int64_t columns, int64_t block);

/// How many steps that makes; ceil(n / columns) * k if none is split.
int64_t countSteps(const QuadMatrix &matrix, int64_t columns);

} // namespace tegula::lp

#endif // TEGULA_LOWPRECISION_IR_STEPS_H
