//===- PackSteps.cpp - Weights of byte products as steps ------------------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/LowPrecision/IR/Steps.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"

#include <cstring>

namespace tegula::tile {
#define GEN_PASS_DEF_PACKSTEPSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;

/// The kernel's argument for the columns of a product of bytes, a matrix with k
/// first, or null.
static BlockArgument columnsOf(graph::KernelOp kernel, linalg::LinalgOp root) {
  auto body = sched::matchContractionBody(root);
  if (!body || !isa_and_nonnull<lp::DotBytesOp>(body->dot))
    return {};
  auto loops = sched::matchContraction(root);
  auto argument = dyn_cast<BlockArgument>(root.getDpsInputs()[1]);
  if (!loops || loops->swapped || loops->k.size() != 1 ||
      loops->n.size() != 1 || !argument || !argument.hasOneUse())
    return {};
  MLIRContext *context = root->getContext();
  AffineMap map = root.getIndexingMapsArray()[1];
  bool isMatrix = llvm::equal(
      map.getResults(),
      ArrayRef<AffineExpr>{getAffineDimExpr(loops->k.front(), context),
                           getAffineDimExpr(loops->n.front(), context)});
  return isMatrix ? argument : BlockArgument();
}

/// The elements of a constant matrix of i32, or none.
static ArrayRef<uint32_t> quadsOf(arith::ConstantOp constant) {
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (dense && !dense.isSplat())
    bytes = dense.getRawData();
  return {reinterpret_cast<const uint32_t *>(bytes.data()),
          bytes.size() / sizeof(uint32_t)};
}

template <typename Element>
static Value makeConstant(OpBuilder &b, Location loc, StringRef name,
                          ArrayRef<int64_t> shape,
                          const std::vector<Element> &elements) {
  size_t size = elements.size() * sizeof(Element);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size, /*align=*/64,
                                                       /*dataIsMutable=*/true);
  std::memcpy(blob.getMutableData().data(), elements.data(), size);
  auto type = RankedTensorType::get(shape, b.getI32Type());
  return arith::ConstantOp::create(
      b, loc, DenseResourceElementsAttr::get(type, name, std::move(blob)));
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
      auto schedule = kernel->getAttrOfType<sched::ContractionAttr>(
          sched::kScheduleAttrName);
      sched::KernelBody body = sched::readKernelBody(kernel.getBody().front());
      if (!schedule || body.reductions.size() != 1)
        return;
      if (BlockArgument columns = columnsOf(kernel, body.reductions.front()))
        pack(kernel, schedule, body.reductions.front(), columns);
    });
  }

private:
  static void pack(graph::KernelOp kernel, sched::ContractionAttr schedule,
                   linalg::LinalgOp root, BlockArgument columns) {
    OpOperand &use = kernel->getOpOperand(columns.getArgNumber());
    auto constant = use.get().getDefiningOp<arith::ConstantOp>();
    auto type = cast<RankedTensorType>(columns.getType());
    ArrayRef<uint32_t> quads =
        constant ? quadsOf(constant) : ArrayRef<uint32_t>();
    if (quads.empty() || int64_t(quads.size()) != type.getNumElements())
      return;
    int64_t blockSize = std::min(schedule.getKc(), type.getDimSize(0));
    lp::Steps steps =
        lp::makeSteps(quads, type.getDimSize(0), type.getDimSize(1),
                      schedule.getNr(), blockSize);
    int64_t count = steps.positions.size(), bounds = steps.starts.size();
    OpBuilder b(constant);
    Location loc = constant.getLoc();
    use.set(
        withoutCount(b, makeConstant(b, loc, "steps", {count, schedule.getNr()},
                                     steps.quads)));
    Value positions = withoutCount(
        b, makeConstant(b, loc, "positions", {count}, steps.positions));
    Value starts = makeConstant(b, loc, "starts", {bounds}, steps.starts);
    if (constant->use_empty())
      constant->erase();

    columns.setType(cast<RankedTensorType>(use.get().getType()));
    unsigned last = kernel.getInputs().size();
    kernel.getInputsMutable().append({positions, starts});
    Block *block = columns.getOwner();
    Value positionsArgument =
        block->insertArgument(last, positions.getType(), loc);
    Value startsArgument =
        block->insertArgument(last + 1, starts.getType(), loc);
    b.setInsertionPointToStart(block);
    Value sum = lp::SumStepsOp::create(b, loc, type, columns, positionsArgument,
                                       startsArgument, blockSize);
    root->setOperand(1, sum);
    auto body = sched::matchContractionBody(root);
    cast<lp::DotBytesOp>(body->dot).setNarrow(true);
  }
};

} // namespace
