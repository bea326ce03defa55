//===- UpgradeNormalization.cpp - Normalisations of old operator sets -----===//

#include "Upgrade.h"

using llvm::Error;

namespace tegula::frontend {

/// Before 9 statistics could be kept for every element (`spatial` = 0).
static Error spatial(NodeUpgrade &upgrade) {
  if (upgrade.takeInt("spatial").value_or(1) == 0 &&
      upgrade.rankOf(1).value_or(1) != 1)
    return llvm::createStringError(
        "BatchNormalization with spatial = 0 keeps statistics for every "
        "element, which is not supported");
  return Error::success();
}

/// Before 14 a node trained when it had more outputs than one.
static Error training(NodeUpgrade &upgrade) {
  bool infers = upgrade.takeInt("is_test").value_or(0) != 0;
  bool trains = !infers && (upgrade.hasOutput(1) || upgrade.hasOutput(2));
  upgrade.truncateOutputs(trains ? 3 : 1);
  if (trains)
    upgrade.set("training_mode", int64_t(1));
  return Error::success();
}

/// Before 21 scale and bias had one element a group, not one a channel.
static Error group(NodeUpgrade &upgrade) {
  auto type = mlir::dyn_cast_or_null<mlir::RankedTensorType>(upgrade.typeOf(0));
  const auto *groups = upgrade.find("num_groups");
  int64_t count = groups ? groups->i() : 0;
  if (!type || type.getRank() < 2 || type.isDynamicDim(1) || count <= 0 ||
      type.getDimSize(1) % count != 0)
    return llvm::createStringError(
        "GroupNormalization needs a known number of channels that its "
        "%lld groups divide",
        (long long)count);
  int64_t channels = type.getDimSize(1);
  for (int index : {1, 2}) {
    std::string column = upgrade.call(
        "Reshape", {upgrade.input(index), upgrade.ints({count, 1})});
    std::string wide = upgrade.call(
        "Expand", {column, upgrade.ints({count, channels / count})});
    upgrade.setInput(index,
                     upgrade.call("Reshape", {wide, upgrade.ints({channels})}));
  }
  return Error::success();
}

llvm::ArrayRef<UpgradeRule> normalizationUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"BatchNormalization", 8, spatial},
      {"BatchNormalization", 13, training},
      {"GroupNormalization", 20, group},
  };
  return rules;
}

} // namespace tegula::frontend
