//===- TreeShap.cpp - What each feature adds to a sum of trees ------------===//

#include "tegula/CostModel/TreeShap.h"

#include <algorithm>
#include <array>

using namespace tegula::cost;

namespace {

/// One split on the way to a node, by its feature. Weights count the orders in
/// which as many features as the place in the path are known.
struct Split {
  int feature;       ///< -1: the start of the path.
  double unknown;    ///< The part that comes through if it is unknown,
  double known;      ///< and if it is known: 0 or 1.
  double weight = 0; ///< Of all sets of so many known features.
};

using Path = std::array<Split, TreeEnsemble::kMaxDepth + 1>;

/// The recursion over one tree.
class Walk {
public:
  Walk(const TreeEnsemble::Node *tree, const float *covers,
       const float *features, double *effects)
      : tree(tree), covers(covers), features(features), effects(effects) {}

  void visit(uint16_t node, const Path &above, int length, Split split);

private:
  void addLeaf(const Path &path, int length, double value);

  const TreeEnsemble::Node *tree;
  const float *covers;
  const float *features;
  double *effects;
};

} // namespace

/// Lengthens the path of `length` splits: sets with and without the new one.
static void extend(Path &path, int length, Split split) {
  path[length] = split;
  path[length].weight = length == 0 ? 1 : 0;
  for (int i = length - 1; i >= 0; --i) {
    double weight = path[i].weight / double(length + 1);
    path[i + 1].weight += split.known * weight * double(i + 1);
    path[i].weight = split.unknown * weight * double(length - i);
  }
}

/// The weights of the path without split number `index`, whose last one is
/// number `last`; one after the other, from the last, to `take`.
template <typename Take>
static void forEachUnwound(const Path &path, int last, int index, Take take) {
  const Split &split = path[index];
  double next = path[last].weight;
  for (int i = last - 1; i >= 0; --i) {
    double weight;
    if (split.known != 0) {
      weight = next * double(last + 1) / (double(i + 1) * split.known);
      next = path[i].weight -
             weight * split.unknown * double(last - i) / double(last + 1);
    } else {
      weight = path[i].weight * double(last + 1) /
               (split.unknown * double(last - i));
    }
    take(i, weight);
  }
}

/// Takes split number `index` out of the path.
static void unwind(Path &path, int last, int index) {
  std::array<double, TreeEnsemble::kMaxDepth + 1> weights;
  forEachUnwound(path, last, index,
                 [&](int i, double weight) { weights[i] = weight; });
  std::move(path.begin() + index + 1, path.begin() + last + 1,
            path.begin() + index);
  for (int i = 0; i != last; ++i)
    path[i].weight = weights[i];
}

void Walk::addLeaf(const Path &path, int length, double value) {
  int last = length - 1;
  for (int index = 1; index <= last; ++index) {
    double weight = 0;
    forEachUnwound(path, last, index, [&](int, double w) { weight += w; });
    const Split &split = path[index];
    effects[split.feature] += weight * (split.known - split.unknown) * value;
  }
}

void Walk::visit(uint16_t node, const Path &above, int length, Split split) {
  Path path = above;
  extend(path, length++, split);
  const TreeEnsemble::Node &here = tree[node];
  int feature = here.feature & TreeEnsemble::kLeaf;
  if (feature == TreeEnsemble::kLeaf)
    return addLeaf(path, length, here.value);
  // A feature that was split before counts once: both splits become one.
  Split before = {feature, 1, 1};
  auto end = path.begin() + length;
  auto same = std::find_if(path.begin() + 1, end, [&](const Split &other) {
    return other.feature == feature;
  });
  if (same != end) {
    before = *same;
    unwind(path, length - 1, int(same - path.begin()));
    --length;
  }
  uint16_t taken = childOf(here, features);
  for (uint16_t side : {0, 1}) {
    uint16_t child = uint16_t(here.left + side);
    double part = double(covers[child]) / double(covers[node]);
    visit(child, path, length,
          {feature, part * before.unknown, side == taken ? before.known : 0});
  }
}

/// The mean of the leaves below `node`.
static double meanOf(const TreeEnsemble::Node *tree, const float *covers,
                     uint16_t node) {
  const TreeEnsemble::Node &here = tree[node];
  if ((here.feature & TreeEnsemble::kLeaf) == TreeEnsemble::kLeaf)
    return here.value;
  auto share = [&](uint16_t child) {
    return meanOf(tree, covers, child) * double(covers[child]);
  };
  return (share(here.left) + share(uint16_t(here.left + 1))) /
         double(covers[node]);
}

double tegula::cost::addTreeEffects(const TreeEnsemble::Node *tree,
                                    const float *covers, const float *features,
                                    double *effects) {
  Walk(tree, covers, features, effects).visit(0, {}, 0, {-1, 1, 1});
  return meanOf(tree, covers, 0);
}
