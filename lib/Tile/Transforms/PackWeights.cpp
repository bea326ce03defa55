//===- PackWeights.cpp - Constants in the layout of their schedule --------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Graph/IR/Constants.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Graph/IR/Winograd.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Schedule/IR/Sched.h"

#include <cstring>

namespace tegula::tile {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;

namespace {

/// linalg.pack of one dimension: `outer` is the order of the outer dimensions,
/// `dim` the dimension that is cut into tiles of `tile`.
struct PackedLayout {
  int64_t dim = 0;
  int64_t tile = 1;
  SmallVector<int64_t> outer;

  SmallVector<int64_t> packedShape(ArrayRef<int64_t> shape) const {
    SmallVector<int64_t> packed;
    for (int64_t d : outer)
      packed.push_back(d == dim ? llvm::divideCeil(shape[d], tile) : shape[d]);
    packed.push_back(tile);
    return packed;
  }
};

/// An operand of a kernel that its schedule wants packed.
struct PackedOperand {
  BlockArgument argument;
  PackedLayout layout;
};

} // namespace

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// Writes `source` (row-major `shape`, elements of `width` bytes) in `layout`;
/// what lies past the end of the packed dimension is zero.
static void packBytes(ArrayRef<char> source, bool isSplat,
                      ArrayRef<int64_t> shape, int64_t width,
                      const PackedLayout &layout,
                      MutableArrayRef<char> packed) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  SmallVector<int64_t> packedShape = layout.packedShape(shape);
  SmallVector<int64_t> at(layout.outer.size(), 0);
  std::memset(packed.data(), 0, packed.size());
  char *out = packed.data();
  for (char *end = out + packed.size(); out != end;
       out += layout.tile * width) {
    int64_t offset = 0, count = layout.tile;
    for (auto [position, d] : llvm::enumerate(layout.outer)) {
      int64_t first = at[position];
      if (d == layout.dim) {
        first *= layout.tile;
        count = std::min(layout.tile, shape[d] - first);
      }
      offset += first * strides[d];
    }
    int64_t step = isSplat ? 0 : strides[layout.dim] * width;
    const char *in = source.data() + (isSplat ? 0 : offset * width);
    if (step == width)
      std::memcpy(out, in, count * width);
    else
      for (int64_t i = 0; i != count; ++i)
        std::memcpy(out + i * width, in + i * step, width);
    for (int64_t d = int64_t(at.size()) - 1; d >= 0; --d) {
      if (++at[d] != packedShape[d])
        break;
      at[d] = 0;
    }
  }
}

static ElementsAttr packBytes(RankedTensorType type, ArrayRef<char> bytes,
                              bool isSplat, const PackedLayout &layout) {
  auto packedType = RankedTensorType::get(layout.packedShape(type.getShape()),
                                          type.getElementType());
  return graph::makeConstant(
      packedType, "packed", [&](MutableArrayRef<char> out) {
        packBytes(bytes, isSplat, type.getShape(),
                  type.getElementTypeBitWidth() / 8, layout, out);
      });
}

/// The packed form of a constant, or null if its bytes are not at hand.
static ElementsAttr packConstant(ElementsAttr constant,
                                 const PackedLayout &layout) {
  auto type = dyn_cast<RankedTensorType>(constant.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() == 0)
    return {};
  Type element = type.getElementType();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0)
    return {};
  int64_t width = element.getIntOrFloatBitWidth() / 8;
  ArrayRef<char> bytes = graph::bytesOf(constant);
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  bool isSplat = dense && dense.isSplat();
  if (int64_t(bytes.size()) < (isSplat ? width : type.getNumElements() * width))
    return {};
  return packBytes(type, bytes, isSplat, layout);
}

/// G g G^T of every filter and channel of a 3x3 filter, [elements][f][c], in
/// double precision, rounded once; empty if its bytes are not at hand.
static std::vector<float> transformFilter(ElementsAttr constant,
                                          graph::WinogradTransform transform) {
  auto type = cast<RankedTensorType>(constant.getType());
  ArrayRef<char> bytes = graph::bytesOf(constant);
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  bool isSplat = dense && dense.isSplat();
  if (bytes.size() < sizeof(float) * (isSplat ? 1 : type.getNumElements()))
    return {};
  constexpr int64_t taps = graph::WinogradTransform::kTaps;
  int64_t pairs = type.getDimSize(0) * type.getDimSize(1);
  std::vector<float> transformed(transform.elements() * pairs);
  std::vector<graph::WinogradTransform::Row> g = transform.filterMatrix();
  for (int64_t pair = 0; pair != pairs; ++pair) {
    std::array<float, taps * taps> filter;
    for (int64_t tap = 0; tap != taps * taps; ++tap) {
      int64_t at = isSplat ? 0 : pair * taps * taps + tap;
      std::memcpy(&filter[tap], bytes.data() + at * sizeof(float),
                  sizeof(float));
    }
    for (auto [a, rows] : llvm::enumerate(g))
      for (auto [b, columns] : llvm::enumerate(g)) {
        double sum = 0;
        for (int64_t tap = 0; tap != taps * taps; ++tap)
          sum += rows[tap / taps] * columns[tap % taps] * filter[tap];
        transformed[(a * g.size() + b) * pairs + pair] = float(sum);
      }
  }
  return transformed;
}

//===----------------------------------------------------------------------===//
// What to pack
//===----------------------------------------------------------------------===//

static int64_t dimOfLoop(AffineMap map, unsigned loop) {
  for (auto [dim, expr] : llvm::enumerate(map.getResults()))
    if (expr == getAffineDimExpr(loop, map.getContext()))
      return dim;
  return -1;
}

/// The columns of a contraction: [other.., n / w, k.., w], w columns a stream.
static std::optional<PackedOperand>
packedColumns(linalg::LinalgOp op, sched::ContractionAttr schedule) {
  auto loops = sched::matchContraction(op);
  if (!loops || loops->n.size() != 1)
    return std::nullopt;
  unsigned columns = loops->swapped ? 0 : 1;
  auto argument = dyn_cast<BlockArgument>(op.getDpsInputs()[columns]);
  if (!argument)
    return std::nullopt;
  AffineMap map = op.getIndexingMapsArray()[columns];
  PackedLayout layout;
  layout.dim = dimOfLoop(map, loops->n.front());
  layout.tile = schedule.packedColumns();
  SmallVector<int64_t> summed;
  for (unsigned loop : loops->k)
    summed.push_back(dimOfLoop(map, loop));
  for (int64_t dim = 0; dim < map.getNumResults(); ++dim)
    if (dim != layout.dim && !llvm::is_contained(summed, dim))
      layout.outer.push_back(dim);
  layout.outer.push_back(layout.dim);
  llvm::append_range(layout.outer, summed);
  return PackedOperand{argument, layout};
}

/// The filter of a convolution: the output channels innermost, in tiles of
/// `tile`.
static std::optional<PackedOperand> packedFilter(linalg::LinalgOp op,
                                                 int64_t tile) {
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  auto argument = dyn_cast<BlockArgument>(op.getDpsInputs()[1]);
  if (failed(dims) || !argument || dims->outputChannel.size() != 1)
    return std::nullopt;
  AffineMap map = op.getIndexingMapsArray()[1];
  PackedLayout layout;
  layout.dim = dimOfLoop(map, dims->outputChannel.front());
  layout.tile = tile;
  if (layout.dim < 0)
    return std::nullopt;
  for (int64_t dim = 0; dim < map.getNumResults(); ++dim)
    layout.outer.push_back(dim);
  return PackedOperand{argument, layout};
}

static std::optional<PackedOperand> operandToPack(graph::KernelOp kernel) {
  Attribute schedule = kernel->getAttr(sched::kScheduleAttrName);
  if (!schedule)
    return std::nullopt;
  sched::KernelBody body = sched::readKernelBody(kernel.getBody().front());
  if (body.reductions.size() != 1)
    return std::nullopt;
  linalg::LinalgOp root = body.reductions.front();
  if (auto contraction = dyn_cast<sched::ContractionAttr>(schedule))
    return packedColumns(root, contraction);
  if (auto convolution = dyn_cast<sched::ConvolutionAttr>(schedule))
    return packedFilter(root, convolution.getMr());
  if (auto convolution = dyn_cast<sched::FilterLanesAttr>(schedule))
    return packedFilter(root, convolution.getNr());
  return std::nullopt;
}

namespace {

struct PackWeightsPass
    : tegula::tile::impl::PackWeightsPassBase<PackWeightsPass> {
  void runOnOperation() override {
    SmallVector<graph::KernelOp> kernels;
    getOperation()->walk(
        [&](graph::KernelOp kernel) { kernels.push_back(kernel); });
    for (graph::KernelOp kernel : kernels) {
      if (auto schedule = kernel->getAttrOfType<sched::WinogradAttr>(
              sched::kScheduleAttrName))
        packTransform(kernel, schedule);
      else if (std::optional<PackedOperand> operand = operandToPack(kernel))
        pack(kernel, *operand);
      kernel.walk([&](lp::DequantizeOp op) { packCodes(kernel, op); });
    }
  }

private:
  void pack(graph::KernelOp kernel, const PackedOperand &operand) {
    BlockArgument argument = operand.argument;
    auto constant = constantOf(kernel, argument);
    if (!constant)
      return;
    ElementsAttr packed = packedForm(constant, operand.layout);
    if (!packed)
      return;
    Type type = argument.getType();
    replaceConstant(kernel, argument, packed);
    Operation *root = *argument.user_begin();
    Value unpacked = unpack(argument, type, operand.layout);
    root->replaceUsesOfWith(argument, unpacked);
  }

  /// The filter of a convolution by transforms: transformed, then packed. The
  /// body says which filter that was made of.
  void packTransform(graph::KernelOp kernel, sched::WinogradAttr schedule) {
    sched::KernelBody body = sched::readKernelBody(kernel.getBody().front());
    if (body.reductions.size() != 1 ||
        !sched::isWinogradConvolution(body.reductions.front()))
      return;
    linalg::LinalgOp root = body.reductions.front();
    auto argument = dyn_cast<BlockArgument>(root.getDpsInputs()[1]);
    ElementsAttr constant =
        argument ? constantOf(kernel, argument) : ElementsAttr();
    if (!constant)
      return;
    graph::WinogradTransform transform{schedule.getResults()};
    PackedLayout layout{/*dim=*/1, schedule.getMr(), /*outer=*/{0, 1, 2}};
    auto filter = cast<RankedTensorType>(argument.getType());
    RankedTensorType type = filter.clone(
        {transform.elements(), filter.getDimSize(0), filter.getDimSize(1)});
    ElementsAttr packed = transformedForm(constant, transform, type, layout);
    if (!packed)
      return;
    replaceConstant(kernel, argument, packed);
    Value unpacked = unpack(argument, type, layout);
    OpBuilder builder(root);
    auto op = graph::WinogradFilterOp::create(builder, argument.getLoc(),
                                              filter, unpacked);
    root->setOperand(1, op.getResult());
  }

  /// The constant behind an argument of the body that is used once, or null.
  static ElementsAttr constantOf(graph::KernelOp kernel,
                                 BlockArgument argument) {
    OpOperand &use = kernel->getOpOperand(argument.getArgNumber());
    auto constant = use.get().getDefiningOp<arith::ConstantOp>();
    if (!constant || !argument.hasOneUse())
      return {};
    return dyn_cast<ElementsAttr>(constant.getValue());
  }

  static void replaceConstant(graph::KernelOp kernel, BlockArgument argument,
                              ElementsAttr packed) {
    OpOperand &use = kernel->getOpOperand(argument.getArgNumber());
    auto constant = use.get().getDefiningOp<arith::ConstantOp>();
    OpBuilder builder(constant);
    use.set(arith::ConstantOp::create(builder, constant.getLoc(), packed));
    if (constant->use_empty())
      constant->erase();
    argument.setType(packed.getType());
  }

  /// The body unpacks, so that it means what it meant.
  static Value unpack(BlockArgument argument, Type type,
                      const PackedLayout &layout) {
    auto builder = OpBuilder::atBlockBegin(argument.getOwner());
    Location loc = argument.getLoc();
    auto tensor = cast<RankedTensorType>(type);
    Value empty = tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                          tensor.getElementType());
    auto op = linalg::UnPackOp::create(
        builder, loc, argument, empty, ArrayRef<int64_t>{layout.dim},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(layout.tile)},
        layout.outer);
    return op->getResult(0);
  }

  /// The codes of a product's columns, and their scales and zero points by
  /// panels.
  void packCodes(graph::KernelOp kernel, lp::DequantizeOp op) {
    auto schedule =
        kernel->getAttrOfType<sched::ContractionAttr>(sched::kScheduleAttrName);
    auto codes = dyn_cast<BlockArgument>(op.getCodes());
    if (!schedule || !codes)
      return;
    ArrayRef<char> bytes = graph::bytesOf(constantOf(kernel, codes));
    if (int64_t(bytes.size()) != op.getCodes().getType().getNumElements())
      return;
    int64_t nr = schedule.getNr();
    auto layout = lp::LayoutAttr::getColumns(
        &getContext(), op.getScheme().getBits(), nr, schedule.getVl());
    RankedTensorType result = op.getResult().getType();
    int64_t positions = result.getDimSize(0), rows = result.getDimSize(1);
    auto type =
        op.getCodes().getType().clone({layout.getBytes(rows, positions)});
    ElementsAttr packed =
        graph::makeConstant(type, "codes", [&](MutableArrayRef<char> out) {
          lp::relayCodes(op.getLayout(), bytes, layout, out, rows, positions);
        });
    replaceConstant(kernel, codes, packed);
    op.setLayoutAttr(layout);
    for (Value parameter : {op.getScales(), op.getZeros()})
      if (auto argument = dyn_cast_if_present<BlockArgument>(parameter))
        pack(kernel, {argument, {/*dim=*/0, nr, /*outer=*/{0, 1}}});
  }

  /// Weights that several kernels share are packed once per layout.
  ElementsAttr packedForm(ElementsAttr constant, const PackedLayout &layout) {
    for (auto &[from, known, to] : packedForms)
      if (from == constant && known.dim == layout.dim &&
          known.tile == layout.tile && known.outer == layout.outer)
        return to;
    ElementsAttr packed = packConstant(constant, layout);
    packedForms.emplace_back(constant, layout, packed);
    return packed;
  }

  ElementsAttr transformedForm(ElementsAttr constant,
                               graph::WinogradTransform transform,
                               RankedTensorType type,
                               const PackedLayout &layout) {
    for (auto &[from, results, tile, to] : transformedForms)
      if (from == constant && results == transform.results &&
          tile == layout.tile)
        return to;
    std::vector<float> values = transformFilter(constant, transform);
    ElementsAttr packed;
    if (!values.empty())
      packed = packBytes(type,
                         {reinterpret_cast<const char *>(values.data()),
                          values.size() * sizeof(float)},
                         /*isSplat=*/false, layout);
    transformedForms.emplace_back(constant, transform.results, layout.tile,
                                  packed);
    return packed;
  }

  std::vector<std::tuple<ElementsAttr, PackedLayout, ElementsAttr>> packedForms;
  std::vector<std::tuple<ElementsAttr, int64_t, int64_t, ElementsAttr>>
      transformedForms;
};

} // namespace
