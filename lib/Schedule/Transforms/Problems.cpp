//===- Problems.cpp - Sizes of a kernel for the cost model ----------------===//

#include "Problems.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Schedule/IR/Attention.h"
#include "tegula/Schedule/IR/PlaneWindow.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

FailureOr<cost::CpuTarget>
tegula::sched::makeTarget(Location loc, int64_t vectorBits,
                          int64_t vectorRegisters, bool fusedMultiplyAdd,
                          int64_t l1Bytes, int64_t l2Bytes) {
  if (vectorBits < 64 || vectorRegisters < 4 || l1Bytes < 4096 ||
      l2Bytes < l1Bytes)
    return emitError(loc, "the target's vectors or caches are too small: at "
                          "least 64 bits, 4 registers, 4 KiB");
  cost::CpuTarget target;
  target.vectorBits = vectorBits;
  target.vectorRegisters = vectorRegisters;
  target.fusedMultiplyAdd = fusedMultiplyAdd;
  target.l1Bytes = l1Bytes;
  target.l2Bytes = l2Bytes;
  return target;
}

/// The product of the loops' extents, kDynamic if any is dynamic.
static int64_t extentOf(linalg::LinalgOp op, ArrayRef<unsigned> loops) {
  int64_t product = 1;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : loops) {
    if (ShapedType::isDynamic(ranges[loop]))
      return cost::kDynamic;
    product *= ranges[loop];
  }
  return product;
}

/// Is `tensor` a constant, seen through the kernel's argument, or packed one?
static bool isConstant(Value tensor) {
  if (tensor.getDefiningOp<linalg::UnPackOp>() ||
      tensor.getDefiningOp<lp::DequantizeOp>())
    return true;
  auto argument = dyn_cast<BlockArgument>(tensor);
  if (!argument)
    return false;
  auto kernel = dyn_cast<graph::KernelOp>(argument.getOwner()->getParentOp());
  return kernel && kernel->getOperand(argument.getArgNumber())
                       .getDefiningOp<arith::ConstantOp>();
}

static int64_t bytesOf(Type type) {
  return type.isIntOrFloat() ? std::max(1u, type.getIntOrFloatBitWidth() / 8)
                             : 8;
}

/// Bits of an element of `tensor` as it lies in memory.
static int64_t storedBits(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (auto dequantize = tensor.getDefiningOp<lp::DequantizeOp>()) {
    auto codes = cast<RankedTensorType>(dequantize.getCodes().getType());
    if (codes.hasStaticShape() && type.hasStaticShape())
      return std::max<int64_t>(1,
                               codes.getNumElements() * 8 /
                                   std::max<int64_t>(1, type.getNumElements()));
  }
  return bytesOf(type.getElementType()) * 8;
}

static bool isDot(linalg::LinalgOp op) {
  std::optional<ContractionBody> body = matchContractionBody(op);
  return body && body->dot;
}

cost::ContractionProblem
tegula::sched::contractionProblem(const KernelBody &body) {
  linalg::LinalgOp op = body.reductions.front();
  ContractionLoops loops = *matchContraction(op);
  unsigned columns = loops.swapped ? 0 : 1;
  Value columnsTensor = op.getDpsInputs()[columns];
  AffineMap map = op.getIndexingMapsArray()[columns];

  cost::ContractionProblem problem;
  problem.batch = extentOf(op, loops.batch);
  problem.m = extentOf(op, loops.m);
  problem.n = extentOf(op, loops.n);
  problem.k = extentOf(op, loops.k);
  Type accumulator = op.getBlock()->getArguments().back().getType();
  problem.elementBytes = bytesOf(accumulator);
  problem.rowBits = storedBits(op.getDpsInputs()[1 - columns]);
  problem.columnBits = storedBits(columnsTensor);
  problem.isFloat = isa<FloatType>(accumulator);
  // Packing at compile time needs one n dimension.
  problem.constantColumns = isConstant(columnsTensor) && loops.n.size() == 1;
  problem.transposedColumns =
      !problem.constantColumns &&
      cast<AffineDimExpr>(map.getResults().back()).getPosition() ==
          loops.k.back();
  Type result =
      cast<RankedTensorType>(body.results.front().getType()).getElementType();
  problem.oneBlock = body.results.size() != 1 || result != accumulator;
  problem.isDot = isDot(op);
  return problem;
}

static cost::ConvolutionProblem convolutionProblem(const KernelBody &body) {
  linalg::LinalgOp op = body.reductions.front();
  linalg::ConvolutionDimensions dims = *linalg::inferConvolutionDims(op);
  cost::ConvolutionProblem problem;
  problem.batch = extentOf(op, dims.batch);
  problem.groups = extentOf(op, dims.depth);
  problem.filters = extentOf(op, dims.outputChannel);
  problem.channels = extentOf(op, dims.inputChannel);
  problem.window = extentOf(op, dims.filterLoop);
  problem.pixels = extentOf(op, dims.outputImage);
  problem.width = extentOf(op, dims.outputImage.back());
  Type accumulator = op.getBlock()->getArguments().back().getType();
  problem.elementBytes = bytesOf(accumulator);
  problem.inputBits = storedBits(op.getDpsInputs()[0]);
  problem.filterBits = storedBits(op.getDpsInputs()[1]);
  problem.pointwise =
      problem.window == 1 &&
      llvm::all_of(dims.strides, [](int64_t s) { return s == 1; }) &&
      !op.getDpsInputs()[0].getDefiningOp<tensor::PadOp>();
  problem.constantFilters = isConstant(op.getDpsInputs()[1]);
  problem.winograd = isWinogradConvolution(op) && problem.constantFilters;
  problem.stride = dims.strides.empty() ? 1 : dims.strides.back();
  Type result =
      cast<RankedTensorType>(body.results.front().getType()).getElementType();
  problem.oneBlock = body.results.size() != 1 || result != accumulator;
  problem.isDot = isDot(op);
  return problem;
}

cost::AttentionProblem tegula::sched::attentionProblem(const KernelBody &body) {
  Attention a = *matchAttention(body);
  cost::AttentionProblem problem;
  SmallVector<unsigned> batch;
  for (unsigned dim = 0; dim != a.keyDim(); ++dim)
    if (dim != a.queryDim)
      batch.push_back(a.scoresLoops[dim]);
  problem.batch = extentOf(a.scores, batch);
  problem.queries = extentOf(a.scores, a.scoresLoops[a.queryDim]);
  problem.keys = extentOf(a.scores, a.scoresLoops[a.keyDim()]);
  problem.depth = extentOf(a.scores, a.depthLoop);
  problem.columns = extentOf(a.result, a.columnLoop);
  return problem;
}

/// None if the window does not move over planes of known size in memory.
static std::optional<cost::Problem> depthwiseProblem(const KernelBody &body) {
  linalg::LinalgOp op = body.reductions.front();
  std::optional<PlaneWindow> window = matchPlaneWindow(op);
  if (!window || !isa<BlockArgument>(window->input))
    return std::nullopt;
  cost::DepthwiseProblem problem;
  problem.weighted = op.getNumDpsInputs() > 1 && matchContractionBody(op);
  SmallVector<unsigned> planes;
  op.getParallelDims(planes);
  llvm::erase(planes, window->y.loop);
  llvm::erase(planes, window->x.loop);
  problem.planes = extentOf(op, planes);
  problem.height = window->y.output;
  problem.width = window->x.output;
  problem.inputHeight = window->y.input;
  problem.inputWidth = window->x.input;
  problem.windowHeight = window->y.taps;
  problem.windowWidth = window->x.taps;
  problem.strideRows = window->y.stride;
  problem.strideColumns = window->x.stride;
  problem.dilationRows = window->y.dilation;
  problem.dilationColumns = window->x.dilation;
  problem.elementBytes =
      bytesOf(cast<ShapedType>(window->input.getType()).getElementType());
  problem.padded = bool(window->pad);
  return problem;
}

std::optional<cost::Problem> tegula::sched::problemOf(const KernelBody &body) {
  switch (classifyKernel(body)) {
  case Family::Contraction:
    return contractionProblem(body);
  case Family::Convolution:
    return convolutionProblem(body);
  case Family::Attention:
    return attentionProblem(body);
  case Family::Depthwise:
    return depthwiseProblem(body);
  case Family::Elementwise:
    return elementwiseProblem(body);
  case Family::Rows:
    return rowsProblem(body);
  case Family::Loops:
    break;
  }
  return std::nullopt;
}

int64_t tegula::sched::widestElementBytes(const KernelBody &body) {
  int64_t widest = 1;
  auto consider = [&](Type type) {
    if (auto shaped = dyn_cast<ShapedType>(type))
      type = shaped.getElementType();
    if (type.isIntOrFloat())
      widest = std::max(widest, bytesOf(type));
  };
  Value result = body.results.front();
  Block *block = result.getParentBlock();
  block->walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      consider(type);
    for (Value operand : op->getOperands())
      consider(operand.getType());
  });
  return widest;
}
