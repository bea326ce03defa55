//===- TreeEnsemble.h - A sum of regression trees ---------------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_TREEENSEMBLE_H
#define TEGULA_COSTMODEL_TREEENSEMBLE_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tegula::cost {

/// Trees in flat arrays. The sum is that of XGBoost to the bit: single
/// precision, from the base, in the order of the trees, `x < threshold` to the
/// left, missing (NaN) where training said.
class TreeEnsemble {
public:
  /// Eight bytes; the file holds them as they are here.
  struct Node {
    float value;      ///< Threshold, or what a leaf adds.
    uint16_t feature; ///< kLeaf, or a number | kMissingLeft.
    uint16_t left;    ///< Child, counted from the root; the right one follows.
  };
  static constexpr uint16_t kLeaf = 0x7fff, kMissingLeft = 0x8000;
  /// Nodes from a root to a leaf, at most.
  static constexpr int kMaxDepth = 32;

  /// `roots` are where trees start in `nodes`; `covers` how much of what was
  /// trained on comes through each node. False, with `message`, if some walk
  /// would leave its tree, not end, or read a feature that is not there: the
  /// arrays come from a file.
  bool assign(float base, std::vector<uint32_t> roots, std::vector<Node> nodes,
              std::vector<float> covers, size_t numFeatures,
              std::string &message);

  bool empty() const { return roots.empty(); }

  /// `features` are the numbers that assign() has checked.
  float predict(const float *features) const;

  /// Adds to `effects` of each feature what it contributes to predict(), and
  /// returns the rest, which is the same for all rows (TreeShap.h).
  double explain(const float *features, double *effects) const;

private:
  float base = 0;
  std::vector<uint32_t> roots;
  std::vector<Node> nodes;
  std::vector<float> covers;
};

/// Which child of `node` a row goes to: 0 left, 1 right.
inline uint16_t childOf(const TreeEnsemble::Node &node, const float *features) {
  float x = features[node.feature & TreeEnsemble::kLeaf];
  bool isMissing = x != x;
  bool left = isMissing ? (node.feature & TreeEnsemble::kMissingLeft) != 0
                        : x < node.value;
  return left ? 0 : 1;
}

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_TREEENSEMBLE_H
