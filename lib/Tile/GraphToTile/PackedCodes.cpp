//===- PackedCodes.cpp - Vectors of decoded weights -----------------------===//

#include "PackedCodes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The codes of `lanes` columns at one k start at the same bit of consecutive
/// containers, for every vector of the tile.
static bool lanesAreContainers(lp::LayoutAttr layout, int64_t lanes) {
  for (size_t plane = 0; plane != layout.getPlanes().size(); ++plane)
    for (int64_t k = 0; k != layout.getK(); ++k)
      for (int64_t n = 0; n != layout.getN(); ++n) {
        int64_t first = layout.getTileBit(plane, n / lanes * lanes, k);
        if (layout.getTileBit(plane, n, k) !=
            first + n % lanes * layout.getContainer())
          return false;
      }
  return true;
}

/// The buffer of scales or zero points, [panels, groups, columns].
static Value panelsOf(const KernelFunction &kernel, Value tensor,
                      int64_t columns) {
  auto unpack = tensor.getDefiningOp<linalg::UnPackOp>();
  if (!unpack || unpack.getInnerDimsPos() != ArrayRef<int64_t>{0} ||
      unpack.getStaticTiles() != ArrayRef<int64_t>{columns} ||
      unpack.getOuterDimsPerm() != ArrayRef<int64_t>{0, 1})
    return {};
  return kernel.memoryOf(unpack.getSource());
}

FailureOr<PackedCodes> PackedCodes::read(const KernelFunction &kernel,
                                         lp::DequantizeOp op, int64_t columns,
                                         int64_t lanes, std::string &reason) {
  lp::LayoutAttr layout = op.getLayout();
  if (layout.getN() != columns || columns % lanes != 0 ||
      !lanesAreContainers(layout, lanes) ||
      op.getScheme().getGroup() % layout.getK() != 0) {
    reason = "packed codes do not lie as the schedule's vectors read them";
    return failure();
  }
  PackedCodes packed;
  packed.op = op;
  packed.lanes = lanes;
  packed.codes = kernel.memoryOf(op.getCodes());
  packed.scales = panelsOf(kernel, op.getScales(), columns);
  if (op.getZeros())
    packed.zeros = panelsOf(kernel, op.getZeros(), columns);
  if (!packed.codes || !packed.scales || (op.getZeros() && !packed.zeros)) {
    reason = "scales of packed codes do not lie by panels";
    return failure();
  }
  return packed;
}

/// The codes as integers, vector<lanes x i32>.
Value PackedCodes::loadCodes(const IndexBuilder &at, Value panel,
                             int64_t vector, Value start, int64_t step) const {
  OpBuilder &b = at.builder;
  Location loc = at.loc;
  lp::LayoutAttr layout = op.getLayout();
  int64_t container = layout.getContainer();
  int64_t positions = op.getResult().getType().getDimSize(0);
  Value tile = at.add(at.mul(panel, llvm::divideCeil(positions, layout.getK())),
                      at.div(start, layout.getK()));
  Value origin = at.mul(tile, layout.getTileBytes());
  auto bytes = VectorType::get({lanes * container / 8}, b.getI8Type());
  auto words = VectorType::get({lanes}, b.getIntegerType(container));
  auto integers = VectorType::get({lanes}, b.getI32Type());
  auto splat = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(integers, int32_t(value)));
  };
  Value code;
  for (auto [number, plane] : llvm::enumerate(layout.getPlanes())) {
    int64_t bit = layout.getTileBit(number, vector * lanes, step);
    Value word = vector::LoadOp::create(
        b, loc, bytes, codes,
        ValueRange{at.add(origin, bit / container * (container / 8))});
    word = vector::BitCastOp::create(b, loc, words, word);
    if (container != 32)
      word = arith::ExtUIOp::create(b, loc, integers, word);
    int64_t down = bit % container;
    Value part = word;
    if (down != 0)
      part = arith::ShRUIOp::create(b, loc, part, splat(down));
    // The highest slot has nothing above it.
    if (down + plane.getBits() != container)
      part = arith::AndIOp::create(b, loc, part,
                                   splat((1 << plane.getBits()) - 1));
    if (plane.getShift() != 0)
      part = arith::ShLIOp::create(b, loc, part, splat(plane.getShift()));
    code = code ? Value(arith::OrIOp::create(b, loc, code, part)) : part;
  }
  return code;
}

Value PackedCodes::load(const IndexBuilder &at, Value panel, int64_t vector,
                        Value start, int64_t step) const {
  OpBuilder &b = at.builder;
  Location loc = at.loc;
  lp::SchemeAttr scheme = op.getScheme();
  auto integers = VectorType::get({lanes}, b.getI32Type());
  auto numbers = VectorType::get({lanes}, b.getF32Type());
  SmallVector<Value> group = {panel, at.div(start, scheme.getGroup()),
                              at.constant(vector * lanes)};
  Value zero;
  if (zeros) {
    zero = vector::LoadOp::create(
        b, loc, VectorType::get({lanes}, b.getI8Type()), zeros, group);
    zero = arith::ExtUIOp::create(b, loc, integers, zero);
  } else {
    zero = arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(integers, int32_t(scheme.getZero())));
  }
  Value code = loadCodes(at, panel, vector, start, step);
  Value centred = arith::SubIOp::create(b, loc, code, zero);
  Value number = arith::SIToFPOp::create(b, loc, numbers, centred);
  Value scale = vector::LoadOp::create(b, loc, numbers, scales, group);
  return arith::MulFOp::create(b, loc, number, scale);
}
