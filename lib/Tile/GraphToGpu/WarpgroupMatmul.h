//===- WarpgroupMatmul.h - Products of four warps at once -------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_WARPGROUPMATMUL_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_WARPGROUPMATMUL_H

#include "MatmulPlan.h"

namespace tegula::tile {

/// Lowers a product whose tiles are copied by tensor maps (`copy = "tma"`).
void lowerWarpgroupMatmul(KernelFunction &kernel, MatmulPlan &plan,
                          ElementwiseEmitter &emitter);

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_WARPGROUPMATMUL_H
