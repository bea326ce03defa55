//===- ConvolutionPlan.cpp - How one convolution is lowered ---------------===//

#include "ConvolutionPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The position among `map`'s results of the one that uses `loop`, or -1.
static int64_t dimUsing(AffineMap map, unsigned loop) {
  for (auto [dim, expr] : llvm::enumerate(map.getResults()))
    if (expr.isFunctionOfDim(loop))
      return dim;
  return -1;
}

/// Looks through zero padding of spatial dimensions to the buffer.
static LogicalResult readInput(const KernelFunction &kernel, Value input,
                               ConvolutionPlan &plan, std::string &reason) {
  if (auto pad = input.getDefiningOp<tensor::PadOp>()) {
    Value fill = pad.getConstantPaddingValue();
    if (!fill || !(matchPattern(fill, m_AnyZeroFloat()) ||
                   matchPattern(fill, m_Zero()))) {
      reason = "padding by another value than zero";
      return failure();
    }
    SmallVector<OpFoldResult> lows = pad.getMixedLowPad();
    SmallVector<OpFoldResult> highs = pad.getMixedHighPad();
    for (int64_t dim = 0; dim != pad.getSourceType().getRank(); ++dim) {
      OpFoldResult low = lows[dim], high = highs[dim];
      std::optional<int64_t> amount = getConstantIntValue(low);
      auto window = llvm::find_if(plan.windows, [&](const auto &candidate) {
        return candidate.inputDim == dim;
      });
      bool unpadded = isConstantIntValue(low, 0) && isConstantIntValue(high, 0);
      if (!amount || (window == plan.windows.end() && !unpadded)) {
        reason = "padding that is dynamic or not spatial";
        return failure();
      }
      if (window != plan.windows.end())
        window->padding = *amount;
    }
    input = pad.getSource();
  }
  plan.inputMemory = kernel.memoryOf(input);
  if (plan.inputMemory)
    return success();
  reason = "the input is not in memory";
  return failure();
}

/// k must be (channel, taps..), the filter's last dimensions in order.
static LogicalResult checkFilterOrder(const ConvolutionPlan &plan,
                                      std::string &reason) {
  unsigned rank = plan.filterMap.getNumResults();
  unsigned first = rank - 1 - plan.windows.size();
  bool inOrder = plan.filterMap.isProjectedPermutation() &&
                 dimUsing(plan.filterMap, plan.inputChannel) == first;
  for (auto [i, window] : llvm::enumerate(plan.windows))
    inOrder &= dimUsing(plan.filterMap, window.tap) == int64_t(first + 1 + i);
  if (inOrder)
    return success();
  reason = "the filter's dimensions are in another order";
  return failure();
}

LogicalResult ConvolutionPlan::setPackedFilter(const KernelFunction &kernel,
                                               int64_t tile,
                                               std::string &reason) {
  if (failed(checkFilterOrder(*this, reason)))
    return failure();
  reason = "the packed filter does not have the schedule's layout";
  auto unpack = filter.getDefiningOp<linalg::UnPackOp>();
  if (!unpack)
    return failure();
  int64_t f = dimUsing(filterMap, outputChannel);
  packedFilter = kernel.memoryOf(unpack.getSource());
  ArrayRef<int64_t> order = unpack.getOuterDimsPerm();
  bool identity =
      order.empty() ||
      llvm::equal(order, llvm::seq<int64_t>(0, filterMap.getNumResults()));
  return success(packedFilter && identity &&
                 unpack.getInnerDimsPos() == ArrayRef<int64_t>{f} &&
                 unpack.getStaticTiles() == ArrayRef<int64_t>{tile});
}

/// The filter, packed as the schedule says or in place with k innermost.
static LogicalResult readFilter(const KernelFunction &kernel,
                                ConvolutionPlan &plan, std::string &reason) {
  if (plan.filter.getDefiningOp<linalg::UnPackOp>())
    return plan.setPackedFilter(kernel, plan.schedule.getMr(), reason);
  if (failed(checkFilterOrder(plan, reason)))
    return failure();
  if (auto sum = plan.filter.getDefiningOp<lp::SumStepsOp>()) {
    linalg::LinalgOp op = plan.mac.op;
    ArrayRef<int64_t> shape = op.getShape(op.getDpsInputOperand(1));
    int64_t block = plan.schedule.positionsOfBlock(shape.drop_front());
    auto steps =
        PackedSteps::read(kernel, sum, plan.schedule.getMr(), block, reason);
    if (failed(steps))
      return failure();
    plan.steps = *steps;
    return success();
  }
  if (kernel.memoryOf(plan.filter))
    return success();
  reason = "the filter is not in memory";
  return failure();
}

/// Positions are one folded dimension of everything around the root.
static LogicalResult checkPositions(const KernelFunction &kernel,
                                    const ElementwiseEmitter &emitter,
                                    const ConvolutionPlan &plan,
                                    std::string &reason) {
  auto initial = emitter.trace(plan.initial, &reason);
  if (failed(initial))
    return failure();
  for (size_t i = 0; i + 1 < plan.windows.size(); ++i) {
    int64_t dim = dimUsing(plan.resultMap, plan.windows[i].position);
    int64_t next = dimUsing(plan.resultMap, plan.windows[i + 1].position);
    bool folds = dim + 1 == next && canFold(*initial, dim, next);
    for (auto [output, dims] :
         llvm::zip_equal(kernel.outputs, plan.outputDims)) {
      auto accesses = emitter.trace(output.tensor, &reason);
      if (failed(accesses))
        return failure();
      folds &= dims[dim] + 1 == dims[next] &&
               canFold(*accesses, dims[dim], dims[next]);
    }
    if (!folds) {
      reason = "the positions cannot be counted through";
      return failure();
    }
  }
  return success();
}

bool ConvolutionPlan::isPointwise() const {
  linalg::LinalgOp op = mac.op;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  bool isPadded = llvm::any_of(op.getDpsInputs(), [](Value input) {
    return input.getDefiningOp<tensor::PadOp>() != nullptr;
  });
  return !isPadded && llvm::all_of(windows, [&](const auto &window) {
    return ranges[window.tap] == 1 && window.stride == 1;
  });
}

FailureOr<ConvolutionPlan> ConvolutionPlan::make(const KernelFunction &kernel,
                                                 bool fusedMultiplyAdd,
                                                 ElementwiseEmitter &emitter,
                                                 std::string &reason) {
  reason = "the root is not one convolution with one channel loop";
  if (kernel.body.reductions.size() != 1)
    return failure();
  linalg::LinalgOp op = kernel.body.reductions.front();
  auto body = sched::matchContractionBody(op);
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  if (!body || failed(dims) || dims->batch.size() > 1 ||
      dims->depth.size() > 1 || dims->outputChannel.size() != 1 ||
      dims->inputChannel.size() != 1)
    return failure();

  ConvolutionPlan plan;
  plan.mac = {op, *body, /*swapped=*/true, fusedMultiplyAdd};
  plan.root = op->getResult(0);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  plan.inputMap = maps[0];
  plan.filterMap = maps[1];
  plan.resultMap = maps[2];
  plan.filter = op.getDpsInputs()[1];
  plan.initial = op.getDpsInits()[0];
  if (!dims->batch.empty())
    plan.batch = dims->batch.front();
  if (!dims->depth.empty())
    plan.depth = dims->depth.front();
  plan.outputChannel = dims->outputChannel.front();
  plan.inputChannel = dims->inputChannel.front();
  for (auto [position, tap, stride, dilation] : llvm::zip_equal(
           dims->outputImage, dims->filterLoop, dims->strides, dims->dilations))
    plan.windows.push_back({position, tap, dimUsing(plan.inputMap, position),
                            stride, dilation, /*padding=*/0});

  kernel.bindInputs(emitter);
  emitter.bindSource(plan.root, nullptr);
  auto outputDims = traceOutputs(kernel, emitter, plan.root, &reason);
  if (failed(outputDims))
    return failure();
  plan.outputDims = *outputDims;
  if (failed(readInput(kernel, op.getDpsInputs()[0], plan, reason)) ||
      failed(checkPositions(kernel, emitter, plan, reason)))
    return failure();
  auto type = cast<MemRefType>(kernel.outputs[0].memref.getType());
  int64_t last = dimUsing(plan.resultMap, plan.windows.back().position);
  plan.revisitsOutput = kernel.outputs.size() == 1 &&
                        type.getElementType() == plan.mac.accumulatorType() &&
                        plan.outputDims[0][last] == type.getRank() - 1;
  return plan;
}

LogicalResult ConvolutionPlan::setSchedule(const KernelFunction &kernel,
                                           sched::ConvolutionAttr wanted,
                                           std::string &reason) {
  schedule = wanted;
  return readFilter(kernel, *this, reason);
}

SmallVector<Coord> ConvolutionPlan::resultAt(Value image, Value group,
                                             Coord filter, Coord pixel) const {
  linalg::LinalgOp op = mac.op;
  SmallVector<Coord> loops(op.getNumLoops(), Coord::folded());
  if (batch)
    loops[*batch] = Coord::scalar(image);
  if (depth)
    loops[*depth] = Coord::scalar(group);
  loops[outputChannel] = filter;
  loops[windows.back().position] = pixel;
  SmallVector<Coord> coords;
  for (AffineExpr expr : resultMap.getResults())
    coords.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  return coords;
}

Value ConvolutionPlan::inputOffset(const IndexBuilder &index, Value image,
                                   Value group) const {
  Value offset = index.constant(0), stride = index.constant(1);
  for (int64_t dim = inputMap.getNumResults() - 1; dim >= 0; --dim) {
    AffineExpr expr = inputMap.getResult(dim);
    if (batch && expr == getAffineDimExpr(*batch, expr.getContext()))
      offset = index.add(offset, index.mul(image, stride));
    if (depth && expr == getAffineDimExpr(*depth, expr.getContext()))
      offset = index.add(offset, index.mul(group, stride));
    stride = index.mul(stride, index.extent(inputMemory, dim));
  }
  return offset;
}
