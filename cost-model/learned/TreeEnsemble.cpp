//===- TreeEnsemble.cpp - A sum of regression trees -----------------------===//

#include "tegula/CostModel/TreeEnsemble.h"

#include <cmath>

using namespace tegula::cost;

/// Children lie after their parent and inside of the tree, so that each walk
/// goes forward and ends at a leaf.
static bool isTree(const TreeEnsemble::Node *nodes, size_t count,
                   size_t numFeatures) {
  for (size_t i = 0; i != count; ++i) {
    const TreeEnsemble::Node &node = nodes[i];
    if (!std::isfinite(node.value))
      return false;
    uint16_t feature = node.feature & TreeEnsemble::kLeaf;
    if (feature == TreeEnsemble::kLeaf)
      continue;
    if (feature >= numFeatures || node.left <= i ||
        size_t(node.left) + 1 >= count)
      return false;
  }
  return count != 0;
}

bool TreeEnsemble::assign(float base, std::vector<uint32_t> roots,
                          std::vector<Node> nodes, size_t numFeatures,
                          std::string &message) {
  if (!std::isfinite(base)) {
    message = "the base of its sums is not a number";
    return false;
  }
  for (size_t tree = 0; tree != roots.size(); ++tree) {
    size_t low = roots[tree];
    size_t high = tree + 1 < roots.size() ? roots[tree + 1] : nodes.size();
    if (low >= high || high > nodes.size() ||
        !isTree(nodes.data() + low, high - low, numFeatures)) {
      message = "tree " + std::to_string(tree) + " is malformed";
      return false;
    }
  }
  this->base = base;
  this->roots = std::move(roots);
  this->nodes = std::move(nodes);
  return true;
}

float TreeEnsemble::predict(const float *features) const {
  float sum = base;
  for (uint32_t root : roots) {
    const Node *tree = nodes.data() + root;
    const Node *node = tree;
    for (uint16_t feature; (feature = node->feature & kLeaf) != kLeaf;) {
      float x = features[feature];
      bool left =
          std::isnan(x) ? (node->feature & kMissingLeft) != 0 : x < node->value;
      node = tree + node->left + (left ? 0 : 1);
    }
    sum += node->value;
  }
  return sum;
}
