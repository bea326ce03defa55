//===- PackSteps.cpp - Weights of byte products as steps ------------------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Graph/IR/Constants.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/LowPrecision/IR/Steps.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"

namespace tegula::tile {
#define GEN_PASS_DEF_PACKSTEPSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;

namespace {

/// Weights of a product of bytes that its schedule wants in steps.
struct Weights {
  BlockArgument argument;
  bool isColumns; ///< [k, n], else [n, k...].
  int64_t panel, block;

  SmallVector<int64_t> stepsShape() const {
    SmallVector<int64_t> shape(
        cast<RankedTensorType>(argument.getType()).getShape());
    if (isColumns)
      std::swap(shape[0], shape[1]);
    return shape;
  }
};

} // namespace

/// The columns of a contraction, a matrix with k first.
static std::optional<Weights> columnsOf(linalg::LinalgOp root,
                                        sched::ContractionAttr schedule,
                                        BlockArgument argument) {
  auto loops = sched::matchContraction(root);
  if (!loops || loops->swapped || loops->k.size() != 1 || loops->n.size() != 1)
    return std::nullopt;
  MLIRContext *context = root->getContext();
  AffineExpr k = getAffineDimExpr(loops->k.front(), context);
  AffineExpr n = getAffineDimExpr(loops->n.front(), context);
  AffineMap map = root.getIndexingMapsArray()[1];
  if (!llvm::equal(map.getResults(), ArrayRef<AffineExpr>{k, n}))
    return std::nullopt;
  int64_t extent = cast<RankedTensorType>(argument.getType()).getDimSize(0);
  return Weights{argument, /*isColumns=*/true, schedule.getNr(),
                 std::min(schedule.getKc(), extent)};
}

/// The filter of a convolution without groups: filters, channels, taps.
static std::optional<Weights> filterOf(linalg::LinalgOp root,
                                       sched::ConvolutionAttr schedule,
                                       BlockArgument argument) {
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(root);
  if (failed(dims) || !dims->depth.empty() || dims->outputChannel.size() != 1 ||
      dims->inputChannel.size() != 1)
    return std::nullopt;
  SmallVector<unsigned> loops = {dims->outputChannel.front(),
                                 dims->inputChannel.front()};
  loops.append(dims->filterLoop.begin(), dims->filterLoop.end());
  AffineMap map = root.getIndexingMapsArray()[1];
  for (auto [expr, loop] : llvm::zip_equal(map.getResults(), loops))
    if (expr != getAffineDimExpr(loop, root->getContext()))
      return std::nullopt;
  auto type = cast<RankedTensorType>(argument.getType());
  return Weights{argument, /*isColumns=*/false, schedule.getMr(),
                 schedule.positionsOfBlock(type.getShape().drop_front())};
}

static std::optional<Weights> weightsOf(graph::KernelOp kernel,
                                        linalg::LinalgOp root) {
  auto body = sched::matchContractionBody(root);
  if (!body || !isa_and_nonnull<lp::DotBytesOp>(body->dot))
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(root.getDpsInputs()[1]);
  auto type = argument ? cast<RankedTensorType>(argument.getType()) : nullptr;
  if (!argument || !argument.hasOneUse() || !type.hasStaticShape())
    return std::nullopt;
  Attribute schedule = kernel->getAttr(sched::kScheduleAttrName);
  if (auto contraction = dyn_cast_if_present<sched::ContractionAttr>(schedule))
    return columnsOf(root, contraction, argument);
  if (auto convolution = dyn_cast_if_present<sched::ConvolutionAttr>(schedule))
    return filterOf(root, convolution, argument);
  return std::nullopt;
}

/// The elements of a constant of i32, or none.
static ArrayRef<uint32_t> quadsOf(arith::ConstantOp constant) {
  ArrayRef<char> bytes =
      graph::bytesOf(dyn_cast<ElementsAttr>(constant.getValue()));
  return {reinterpret_cast<const uint32_t *>(bytes.data()),
          bytes.size() / sizeof(uint32_t)};
}

template <typename Element>
static Value constantOf(OpBuilder &b, Location loc, StringRef name,
                        ArrayRef<int64_t> shape,
                        const std::vector<Element> &elements) {
  auto type = RankedTensorType::get(shape, b.getI32Type());
  return arith::ConstantOp::create(
      b, loc, graph::makeConstant(type, name, ArrayRef(elements)));
}

/// `tensor` without the number of steps in its type: kernels that differ in
/// nothing else share their code.
static Value withoutCount(OpBuilder &b, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = ShapedType::kDynamic;
  return tensor::CastOp::create(b, tensor.getLoc(), type.clone(shape), tensor);
}

namespace {

struct PackStepsPass : tegula::tile::impl::PackStepsPassBase<PackStepsPass> {
  void runOnOperation() override {
    getOperation()->walk([&](graph::KernelOp kernel) {
      sched::KernelBody body = sched::readKernelBody(kernel.getBody().front());
      if (body.reductions.size() != 1)
        return;
      linalg::LinalgOp root = body.reductions.front();
      if (std::optional<Weights> weights = weightsOf(kernel, root))
        pack(kernel, cast<linalg::GenericOp>(root), *weights);
    });
  }

private:
  static void pack(graph::KernelOp kernel, linalg::GenericOp root,
                   const Weights &weights) {
    OpOperand &use = kernel->getOpOperand(weights.argument.getArgNumber());
    auto constant = use.get().getDefiningOp<arith::ConstantOp>();
    ArrayRef<uint32_t> quads =
        constant ? quadsOf(constant) : ArrayRef<uint32_t>();
    SmallVector<int64_t> shape = weights.stepsShape();
    int64_t n = shape[0], k = ShapedType::getNumElements(shape) / n;
    if (quads.empty() || int64_t(quads.size()) != n * k)
      return;
    lp::QuadMatrix matrix = {quads, k, n, weights.isColumns ? n : 1,
                             weights.isColumns ? 1 : k};
    lp::Steps steps = lp::makeSteps(matrix, weights.panel, weights.block);
    int64_t count = steps.positions.size(), bounds = steps.starts.size();
    OpBuilder b(constant);
    Location loc = constant.getLoc();
    use.set(withoutCount(
        b, constantOf(b, loc, "steps", {count, weights.panel}, steps.quads)));
    Value positions = withoutCount(
        b, constantOf(b, loc, "positions", {count}, steps.positions));
    Value starts = constantOf(b, loc, "starts", {bounds}, steps.starts);
    if (constant->use_empty())
      constant->erase();
    BlockArgument argument = weights.argument;
    argument.setType(use.get().getType());
    readSteps(kernel, root, argument, {positions, starts}, shape,
              weights.block);
    if (weights.isColumns)
      swapDimensions(root);
  }

  /// The root's second operand is now the sum of the steps.
  static void readSteps(graph::KernelOp kernel, linalg::GenericOp root,
                        BlockArgument steps, ArrayRef<Value> tables,
                        ArrayRef<int64_t> shape, int64_t blockSize) {
    unsigned last = kernel.getInputs().size();
    kernel.getInputsMutable().append(tables);
    Block *block = steps.getOwner();
    Location loc = root.getLoc();
    SmallVector<Value> arguments;
    for (auto [i, table] : llvm::enumerate(tables))
      arguments.push_back(
          block->insertArgument(last + i, table.getType(), loc));
    OpBuilder b = OpBuilder::atBlockBegin(block);
    auto type = RankedTensorType::get(shape, b.getI32Type());
    Value sum = lp::SumStepsOp::create(b, loc, type, steps, arguments[0],
                                       arguments[1], blockSize);
    root->setOperand(1, sum);
    auto body = sched::matchContractionBody(root);
    cast<lp::DotBytesOp>(body->dot).setNarrow(true);
  }

  /// The second operand is read as [n, k].
  static void swapDimensions(linalg::GenericOp root) {
    SmallVector<AffineMap> maps = root.getIndexingMapsArray();
    SmallVector<AffineExpr> exprs(llvm::reverse(maps[1].getResults()));
    maps[1] = AffineMap::get(maps[1].getNumDims(), 0, exprs, root.getContext());
    root.setIndexingMapsAttr(
        Builder(root.getContext()).getAffineMapArrayAttr(maps));
  }
};

} // namespace
