//===- LowerDataMovement.cpp - Transpose, tiles, blocks, triangles --------===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

struct LowerTranspose : OnnxPattern<onnx::TransposeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::TransposeOp op, Adaptor in, OpBuilder &b) const override {
    Value data = in.getData();
    int64_t rank = cast<RankedTensorType>(data.getType()).getRank();
    SmallVector<int64_t> perm =
        llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(rank)));
    if (auto given = op.getPerm())
      perm.assign(given->begin(), given->end());
    SmallVector<int64_t> sorted(perm);
    llvm::sort(sorted);
    if (sorted != llvm::to_vector(llvm::seq<int64_t>(rank)))
      return refuse(op, "'perm' is not a permutation of the dimensions");
    if (perm == sorted)
      return SmallVector<Value>{data};
    return SmallVector<Value>{transposed(b, op.getLoc(), data, perm)};
  }
};

/// Each dimension `repeats` times: a view with repeats in front of each extent
/// broadcast and collapsed again.
struct LowerTile : OnnxPattern<onnx::TileOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::TileOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getInput();
    auto type = cast<RankedTensorType>(data.getType());
    Dims repeats = indicesOf(b, loc, in.getRepeats());
    if (int64_t(repeats.size()) != type.getRank())
      return refuse(op, "'repeats' has not one element per dimension");
    Dims dims = dimsOf(b, loc, data), out;
    Value zero = indexConstant(b, loc, 0);
    for (auto [dim, repeat] : llvm::zip_equal(dims, repeats)) {
      Value times = maxIndex(b, loc, asValue(b, loc, repeat), zero);
      out.push_back(mulDims(b, loc, dim, getAsOpFoldResult(times)));
    }
    out = refined(b, out, op.getOutput().getType());
    SmallVector<Value> extents;
    for (OpFoldResult dim : dims)
      extents.push_back(asValue(b, loc, dim));
    Value result = generate(
        b, loc, out, type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          SmallVector<Value> from;
          for (auto [i, index] : llvm::enumerate(at)) {
            if (isConstantIntValue(repeats[i], 1))
              from.push_back(index);
            else if (isConstantIntValue(dims[i], 1))
              from.push_back(indexConstant(b, loc, 0));
            else
              from.push_back(arith::RemUIOp::create(b, loc, index, extents[i]));
          }
          return tensor::ExtractOp::create(b, loc, data, from);
        });
    return SmallVector<Value>{result};
  }
};

/// (n, c, h, w) taken apart and put together in another order.
struct LowerDepthToSpace : OnnxPattern<onnx::DepthToSpaceOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::DepthToSpaceOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Dims d = dimsOf(b, loc, in.getInput());
    if (d.size() != 4 || op.getBlocksize() < 1)
      return refuse(op, "the input has not rank 4 or the block size is not "
                        "positive");
    OpFoldResult block = b.getIndexAttr(op.getBlocksize());
    OpFoldResult square = b.getIndexAttr(op.getBlocksize() * op.getBlocksize());
    OpFoldResult depth = divDims(b, loc, d[1], square);
    bool columnFirst = op.getMode() == "CRD";
    Dims apart = columnFirst ? Dims{d[0], depth, block, block, d[2], d[3]}
                             : Dims{d[0], block, block, depth, d[2], d[3]};
    SmallVector<int64_t> perm = columnFirst
                                    ? SmallVector<int64_t>{0, 1, 4, 2, 5, 3}
                                    : SmallVector<int64_t>{0, 3, 4, 1, 5, 2};
    Value split = reshapeTo(b, loc, in.getInput(), apart);
    Dims out = {d[0], depth, mulDims(b, loc, d[2], block),
                mulDims(b, loc, d[3], block)};
    return SmallVector<Value>{
        reshapeTo(b, loc, transposed(b, loc, split, perm), out)};
  }
};

struct LowerSpaceToDepth : OnnxPattern<onnx::SpaceToDepthOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::SpaceToDepthOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Dims d = dimsOf(b, loc, in.getInput());
    if (d.size() != 4 || op.getBlocksize() < 1)
      return refuse(op, "the input has not rank 4 or the block size is not "
                        "positive");
    OpFoldResult block = b.getIndexAttr(op.getBlocksize());
    OpFoldResult square = b.getIndexAttr(op.getBlocksize() * op.getBlocksize());
    OpFoldResult height = divDims(b, loc, d[2], block),
                 width = divDims(b, loc, d[3], block);
    Value split = reshapeTo(b, loc, in.getInput(),
                            Dims{d[0], d[1], height, block, width, block});
    Value moved = transposed(b, loc, split, {0, 3, 5, 1, 2, 4});
    return SmallVector<Value>{
        reshapeTo(b, loc, moved,
                  Dims{d[0], mulDims(b, loc, d[1], square), height, width})};
  }
};

struct LowerTrilu : OnnxPattern<onnx::TriluOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::TriluOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getInput();
    auto type = cast<RankedTensorType>(data.getType());
    if (type.getRank() < 2)
      return refuse(op, "the input has fewer than two dimensions");
    Value offset = indexConstant(b, loc, 0);
    if (!onnx::isAbsent(in.getK()))
      offset = asValue(b, loc, indicesOf(b, loc, in.getK()).front());
    Type storage = type.getElementType();
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(storage));
    bool upper = op.getUpper() != 0;
    int64_t row = type.getRank() - 2;
    Dims dims = dimsOf(b, loc, data);
    AffineMap identity = b.getMultiDimIdentityMap(dims.size());
    SmallVector<utils::IteratorType> iterators(dims.size(),
                                               utils::IteratorType::parallel);
    Value empty = emptyTensor(b, loc, dims, storage);
    auto result = linalg::GenericOp::create(
        b, loc, empty.getType(), data, empty,
        ArrayRef<AffineMap>{identity, identity}, iterators,
        [&](OpBuilder &b, Location loc, ValueRange args) {
          Value i = linalg::IndexOp::create(b, loc, row);
          Value j = linalg::IndexOp::create(b, loc, row + 1);
          Value diagonal = arith::AddIOp::create(b, loc, i, offset);
          Value keep = arith::CmpIOp::create(b, loc,
                                             upper ? arith::CmpIPredicate::sge
                                                   : arith::CmpIPredicate::sle,
                                             j, diagonal);
          Value kept = arith::SelectOp::create(b, loc, keep, args[0], zero);
          linalg::YieldOp::create(b, loc, kept);
        });
    return SmallVector<Value>{result.getResult(0)};
  }
};

struct LowerReverseSequence : OnnxPattern<onnx::ReverseSequenceOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ReverseSequenceOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Value data = in.getInput(), lengths = in.getSequenceLens();
    auto type = cast<RankedTensorType>(data.getType());
    auto time = normalizedAxis(op.getTimeAxis(), type.getRank());
    auto batch = normalizedAxis(op.getBatchAxis(), type.getRank());
    if (!time || !batch || *time == *batch)
      return refuse(op, "the axes are not two of the input's");
    Dims dims = dimsOf(b, loc, data);
    OpFoldResult bound = addDims(b, loc, dims[*time], b.getIndexAttr(1));
    checkIndices(b, loc, lengths, bound,
                 "ReverseSequence: a length is larger than the sequence");
    Value extent = asValue(b, loc, dims[*time]);
    Value result = generate(
        b, loc, dims, type.getElementType(),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          Value length = toIndex(
              b, loc, tensor::ExtractOp::create(b, loc, lengths, at[*batch]));
          length = clampIndex(b, loc, length, indexConstant(b, loc, 0), extent);
          Value last = subIndex(b, loc, length, indexConstant(b, loc, 1));
          Value mirrored = subIndex(b, loc, last, at[*time]);
          Value inside = compareIndex(b, loc, arith::CmpIPredicate::slt,
                                      at[*time], length);
          SmallVector<Value> from(at);
          from[*time] = selectOf(b, loc, inside, mirrored, at[*time]);
          return tensor::ExtractOp::create(b, loc, data, from);
        });
    return SmallVector<Value>{result};
  }
};

} // namespace

void populateDataMovementPatterns(const TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<LowerTranspose, LowerTile, LowerDepthToSpace, LowerSpaceToDepth,
               LowerTrilu, LowerReverseSequence>(converter,
                                                 patterns.getContext());
}

} // namespace tegula::graph
