//===- UpgradeSpatial.cpp - Resampling operators of old operator sets -----===//

#include "Upgrade.h"

using llvm::Error;

namespace tegula::frontend {

/// "bilinear" and "bicubic" were names of today's "linear" and "cubic".
static void modernMode(NodeUpgrade &upgrade) {
  if (auto mode = upgrade.takeString("mode"))
    upgrade.set("mode", llvm::StringRef(*mode == "bilinear"  ? "linear"
                                        : *mode == "bicubic" ? "cubic"
                                                             : *mode));
}

/// Upsample-1: two attributes, images only.
static Error upsampleScales(NodeUpgrade &upgrade) {
  auto height = upgrade.takeFloat("height_scale"),
       width = upgrade.takeFloat("width_scale");
  if (!height || !width)
    return llvm::createStringError("Upsample needs attributes 'height_scale' "
                                   "and 'width_scale'");
  upgrade.setInput(1, upgrade.floats({1.0f, 1.0f, *height, *width}));
  return Error::success();
}

/// Upsample-7: attribute `scales`.
static Error upsampleInput(NodeUpgrade &upgrade) {
  if (auto scales = upgrade.takeFloats("scales"))
    upgrade.setInput(1, upgrade.floats(*scales));
  return Error::success();
}

static Error upsampleToResize(NodeUpgrade &upgrade) {
  upgrade.node.set_op_type("Resize");
  return Error::success();
}

/// Resize-10 (and Upsample): data and scales, x_in = floor(x_out / scale).
static Error resizeInputs(NodeUpgrade &upgrade) {
  modernMode(upgrade);
  std::string scales = upgrade.input(1);
  upgrade.setInput(1, "");
  upgrade.setInput(2, scales);
  upgrade.set("coordinate_transformation_mode", llvm::StringRef("asymmetric"));
  upgrade.set("nearest_mode", llvm::StringRef("floor"));
  return Error::success();
}

/// Resize-11 spells "absent" as an empty tensor and has one mode more, which
/// for nearest pixels is rounding of today's half_pixel.
static Error resizeModes(NodeUpgrade &upgrade) {
  auto isEmpty = [&](int index) {
    auto type =
        mlir::dyn_cast_or_null<mlir::RankedTensorType>(upgrade.typeOf(index));
    return type && type.getRank() == 1 && type.getDimSize(0) == 0;
  };
  for (int index : {1, 2})
    if (isEmpty(index))
      upgrade.setInput(index, "");
  const auto *found = upgrade.find("coordinate_transformation_mode");
  if (!found || found->s() != "tf_half_pixel_for_nn")
    return Error::success();
  const auto *mode = upgrade.find("mode"),
             *nearest = upgrade.find("nearest_mode");
  if ((mode && mode->s() != "nearest") || !nearest || nearest->s() != "floor")
    return llvm::createStringError(
        "tf_half_pixel_for_nn is supported for mode nearest with nearest_mode "
        "floor only");
  upgrade.set("coordinate_transformation_mode", llvm::StringRef("half_pixel"));
  upgrade.set("nearest_mode", llvm::StringRef("round_prefer_ceil"));
  return Error::success();
}

/// Before 16 there was no half-pixel shift.
static Error roiAlign(NodeUpgrade &upgrade) {
  if (!upgrade.find("coordinate_transformation_mode"))
    upgrade.set("coordinate_transformation_mode",
                llvm::StringRef("output_half_pixel"));
  return Error::success();
}

static Error gridSample(NodeUpgrade &upgrade) {
  modernMode(upgrade);
  return Error::success();
}

llvm::ArrayRef<UpgradeRule> spatialUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"Upsample", 6, upsampleScales},   {"Upsample", 8, upsampleInput},
      {"Upsample", 9, upsampleToResize}, {"Resize", 10, resizeInputs},
      {"Resize", 12, resizeModes},       {"RoiAlign", 15, roiAlign},
      {"GridSample", 19, gridSample},
  };
  return rules;
}

} // namespace tegula::frontend
