//===- TreeEnsemble.cpp - A sum of regression trees -----------------------===//

#include "tegula/CostModel/TreeEnsemble.h"

#include "tegula/CostModel/TreeShap.h"

#include <cmath>

using namespace tegula::cost;

/// The smallest part of a node's cover that a child may have.
static constexpr float kLeastCover = 1e-9f;

/// Is `child` a part of `parent`, by how much comes through them?
static bool isPart(float child, float parent) {
  return child > 0 && child >= kLeastCover * parent && child <= parent;
}

/// Children lie after their parent and inside of the tree, each below one
/// parent, so that each walk goes forward and ends at a leaf soon.
static bool isTree(const TreeEnsemble::Node *nodes, const float *covers,
                   size_t count, size_t numFeatures) {
  std::vector<int> depths(count, 0); // 0: not the child of a node
  if (count == 0 || !std::isnormal(covers[0]) || covers[0] < 0)
    return false;
  depths[0] = 1;
  for (size_t i = 0; i != count; ++i) {
    const TreeEnsemble::Node &node = nodes[i];
    if (!std::isfinite(node.value) || depths[i] == 0 ||
        depths[i] > TreeEnsemble::kMaxDepth)
      return false;
    uint16_t feature = node.feature & TreeEnsemble::kLeaf;
    if (feature == TreeEnsemble::kLeaf)
      continue;
    size_t left = node.left, right = left + 1;
    if (feature >= numFeatures || left <= i || right >= count ||
        depths[left] != 0 || depths[right] != 0 ||
        !isPart(covers[left], covers[i]) || !isPart(covers[right], covers[i]))
      return false;
    depths[left] = depths[right] = depths[i] + 1;
  }
  return true;
}

bool TreeEnsemble::assign(float base, std::vector<uint32_t> roots,
                          std::vector<Node> nodes, std::vector<float> covers,
                          size_t numFeatures, std::string &message) {
  if (!std::isfinite(base)) {
    message = "the base of its sums is not a number";
    return false;
  }
  for (size_t tree = 0; tree != roots.size(); ++tree) {
    size_t low = roots[tree];
    size_t high = tree + 1 < roots.size() ? roots[tree + 1] : nodes.size();
    if (low >= high || high > nodes.size() || high > covers.size() ||
        !isTree(nodes.data() + low, covers.data() + low, high - low,
                numFeatures)) {
      message = "tree " + std::to_string(tree) + " is malformed";
      return false;
    }
  }
  this->base = base;
  this->roots = std::move(roots);
  this->nodes = std::move(nodes);
  this->covers = std::move(covers);
  return true;
}

float TreeEnsemble::predict(const float *features) const {
  float sum = base;
  for (uint32_t root : roots) {
    const Node *tree = nodes.data() + root;
    const Node *node = tree;
    while ((node->feature & kLeaf) != kLeaf)
      node = tree + node->left + childOf(*node, features);
    sum += node->value;
  }
  return sum;
}

double TreeEnsemble::explain(const float *features, double *effects) const {
  double rest = base;
  for (uint32_t root : roots)
    rest += addTreeEffects(nodes.data() + root, covers.data() + root, features,
                           effects);
  return rest;
}
