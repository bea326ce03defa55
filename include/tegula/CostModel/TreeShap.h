//===- TreeShap.h - What each feature adds to a sum of trees ----*- C++ -*-===//
//
// Shapley values: the effect of a feature is the change of the prediction when
// it becomes known, averaged over all orders in which features may become
// known. A split on an unknown feature goes both ways, by how much of what was
// trained on went there. Effects and rest add up to the prediction.
//
// Lundberg, Erion, Lee, "Consistent Individualized Feature Attribution for Tree
// Ensembles" (2018), algorithm 2: exact, O(leaves * depth^2) for a tree. The
// same numbers as XGBoost's `pred_contribs`.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_TREESHAP_H
#define TEGULA_COSTMODEL_TREESHAP_H

#include "tegula/CostModel/TreeEnsemble.h"

namespace tegula::cost {

/// Adds to `effects`, one per feature, those of one tree for the row
/// `features`, and returns what the tree says of an unknown row. `covers` are
/// those of its nodes.
double addTreeEffects(const TreeEnsemble::Node *tree, const float *covers,
                      const float *features, double *effects);

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_TREESHAP_H
