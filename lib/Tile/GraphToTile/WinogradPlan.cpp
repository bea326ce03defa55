//===- WinogradPlan.cpp - How one Winograd convolution is lowered ---------===//

#include "WinogradPlan.h"

#include "tegula/Graph/IR/Graph.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The buffer of the transformed filter, as the schedule wants it packed.
static Value readFilter(const KernelFunction &kernel,
                        const WinogradPlan &plan) {
  auto op = plan.convolution.filter.getDefiningOp<graph::WinogradFilterOp>();
  if (!op ||
      op.getTransform().getType().getDimSize(0) != plan.transform.elements())
    return {};
  auto unpack = op.getTransform().getDefiningOp<linalg::UnPackOp>();
  bool isPacked =
      unpack && unpack.getInnerDimsPos() == ArrayRef<int64_t>{1} &&
      unpack.getStaticTiles() == ArrayRef<int64_t>{plan.schedule.getMr()} &&
      llvm::equal(unpack.getOuterDimsPerm(), llvm::seq<int64_t>(0, 3));
  return isPacked ? kernel.memoryOf(unpack.getSource()) : Value();
}

static WinogradPlan::Size
sizeOf(const WinogradPlan &plan,
       llvm::function_ref<int64_t(const ConvolutionWindow &)> extent) {
  ArrayRef<ConvolutionWindow> windows = plan.convolution.windows;
  return {extent(windows[0]), extent(windows[1])};
}

/// Blocks never larger than the image, and where their tiles lie.
static void computeBlocks(WinogradPlan &plan) {
  sched::WinogradAttr schedule = plan.schedule;
  int64_t results = plan.transform.results, vl = schedule.getVl();
  plan.tiles = {int64_t(llvm::divideCeil(plan.output.rows, results)),
                int64_t(llvm::divideCeil(plan.output.columns, results))};
  plan.blockRows = std::min(schedule.getRows(), plan.tiles.rows);
  plan.blockFilters = std::min<int64_t>(
      schedule.getFc(), llvm::alignTo(plan.filters, schedule.getMr()));
  // The last vector of a row of tiles may be longer than the row.
  int64_t before = (plan.blockRows - 1) * plan.tiles.columns;
  int64_t end = std::max(llvm::alignTo(before + plan.tiles.columns, vl),
                         before + llvm::alignTo(plan.tiles.columns, vl));
  constexpr int64_t line = 16;
  plan.pitch = (llvm::divideCeil(end, line) | 1) * line;
}

FailureOr<WinogradPlan> WinogradPlan::make(const KernelFunction &kernel,
                                           sched::WinogradAttr schedule,
                                           ElementwiseEmitter &emitter,
                                           std::string &reason) {
  reason = "the root is not a 3x3 convolution of stride 1 of known size";
  if (kernel.body.reductions.size() != 1 ||
      !sched::isWinogradConvolution(kernel.body.reductions.front()))
    return failure();
  WinogradPlan plan;
  auto convolution = ConvolutionPlan::make(
      kernel, schedule.getNumerics().ends_with("-fma"), emitter, reason);
  if (failed(convolution))
    return failure();
  plan.convolution = *convolution;
  plan.schedule = schedule;
  plan.transform = {schedule.getResults()};
  plan.filter = readFilter(kernel, plan);
  if (!plan.filter) {
    reason = "the filter is not packed as its transform";
    return failure();
  }
  linalg::LinalgOp op = plan.convolution.mac.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto image = cast<MemRefType>(plan.convolution.inputMemory.getType());
  plan.channels = ranges[plan.convolution.inputChannel];
  plan.filters = ranges[plan.convolution.outputChannel];
  plan.input = sizeOf(plan, [&](const ConvolutionWindow &window) {
    return image.getDimSize(window.inputDim);
  });
  plan.output = sizeOf(plan, [&](const ConvolutionWindow &window) {
    return ranges[window.position];
  });
  plan.padding = sizeOf(
      plan, [](const ConvolutionWindow &window) { return window.padding; });
  if (ShapedType::isDynamic(plan.input.rows) ||
      ShapedType::isDynamic(plan.input.columns)) {
    reason = "the size of the images is known only at run time";
    return failure();
  }
  computeBlocks(plan);
  // Everything that is larger would be a mistake of a schedule.
  constexpr int64_t maxBytes = 64 << 20;
  int64_t rows = std::max(plan.channels, plan.blockFilters) + 1;
  int64_t bytes =
      plan.transform.elements() * rows * plan.pitch * int64_t(sizeof(float));
  if (bytes > maxBytes) {
    reason = "a block of the schedule is too large";
    return failure();
  }
  plan.tasks = std::min(schedule.getTasks(), maxBytes / bytes);
  return plan;
}
