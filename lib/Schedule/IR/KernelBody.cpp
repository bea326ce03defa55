//===- KernelBody.cpp - What a kernel computes ----------------------------===//

#include "tegula/Schedule/IR/KernelBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Schedule/IR/Attention.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

//===----------------------------------------------------------------------===//
// Reading the block
//===----------------------------------------------------------------------===//

static bool isKernelDialect(Operation *op) {
  StringRef name = op->getDialect() ? op->getDialect()->getNamespace() : "";
  return llvm::is_contained({"linalg", "tensor", "arith", "math", "affine",
                             "bufferization", "index", "func", "graph", "lp"},
                            name);
}

KernelBody tegula::sched::readKernelBody(Block &block) {
  KernelBody body;
  for (Operation &op : block) {
    if (auto store = dyn_cast<bufferization::MaterializeInDestinationOp>(op)) {
      body.results.push_back(store.getSource());
      continue;
    }
    if (!isKernelDialect(&op))
      body.hasForeignOps = true;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (linalgOp && linalgOp.getNumReductionLoops() > 0)
      body.reductions.push_back(linalgOp);
    if (isa<linalg::LinalgDialect>(op.getDialect()) && !linalgOp &&
        !isa<linalg::UnPackOp, linalg::YieldOp>(op))
      body.hasForeignOps = true;
  }
  if (block.mightHaveTerminator())
    for (Value value : block.getTerminator()->getOperands())
      if (isa<RankedTensorType>(value.getType()))
        body.results.push_back(value);
  return body;
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

/// Does `value` depend on `argument` inside the block?
static bool dependsOn(Value value, BlockArgument argument) {
  if (value == argument)
    return true;
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != argument.getOwner())
    return false;
  return llvm::any_of(op->getOperands(),
                      [&](Value v) { return dependsOn(v, argument); });
}

/// Does the scalar computation of `value` read loop numbers?
static bool readsIndex(Value value, Block *block) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != block)
    return false;
  return isa<linalg::IndexOp>(op) || op->getNumRegions() != 0 ||
         llvm::any_of(op->getOperands(),
                      [&](Value v) { return readsIndex(v, block); });
}

std::optional<ContractionBody>
tegula::sched::matchContractionBody(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return std::nullopt;
  Block *block = op.getBlock();
  if (block->getNumArguments() != 3)
    return std::nullopt;
  BlockArgument lhs = block->getArgument(0), rhs = block->getArgument(1),
                acc = block->getArgument(2);
  Operation *add = block->getTerminator()->getOperand(0).getDefiningOp();
  if (isa_and_nonnull<lp::DotOp, lp::DotBytesOp>(add)) {
    if (!llvm::equal(add->getOperands(), ValueRange{lhs, rhs, acc}))
      return std::nullopt;
    return ContractionBody{lhs, rhs, /*isFloat=*/false, add};
  }
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return std::nullopt;
  Value product = add->getOperand(0) == acc   ? add->getOperand(1)
                  : add->getOperand(1) == acc ? add->getOperand(0)
                                              : Value();
  Operation *mul = product ? product.getDefiningOp() : nullptr;
  bool isFloat = isa<arith::AddFOp>(add);
  if (!mul || mul->getBlock() != block ||
      !(isFloat ? isa<arith::MulFOp>(mul) : isa<arith::MulIOp>(mul)))
    return std::nullopt;
  Value x = mul->getOperand(0), y = mul->getOperand(1);
  if (dependsOn(x, rhs))
    std::swap(x, y);
  if (!dependsOn(x, lhs) || dependsOn(x, rhs) || dependsOn(x, acc) ||
      !dependsOn(y, rhs) || dependsOn(y, lhs) || dependsOn(y, acc) ||
      readsIndex(x, block) || readsIndex(y, block))
    return std::nullopt;
  return ContractionBody{x, y, isFloat};
}

/// The loops of `map`'s results in order; nullopt unless every result is a
/// loop, each at most once.
static std::optional<SmallVector<unsigned>> loopsOf(AffineMap map) {
  if (!map.isProjectedPermutation())
    return std::nullopt;
  SmallVector<unsigned> loops;
  for (AffineExpr expr : map.getResults())
    loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  return loops;
}

/// Keeps in `loops` the longest suffix that stands contiguously and in the same
/// order in `order`; moves the rest to `rest`.
static void keepContiguous(SmallVectorImpl<unsigned> &loops,
                           ArrayRef<unsigned> order,
                           SmallVectorImpl<unsigned> &rest) {
  if (loops.size() < 2)
    return;
  unsigned first = loops.size() - 1;
  const unsigned *at = llvm::find(order, loops.back());
  while (first > 0 && at != order.begin() && *(at - 1) == loops[first - 1]) {
    --at;
    --first;
  }
  rest.append(loops.begin(), loops.begin() + first);
  loops.erase(loops.begin(), loops.begin() + first);
}

std::optional<ContractionLoops>
tegula::sched::matchContraction(linalg::LinalgOp op) {
  if (!matchContractionBody(op))
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto lhs = loopsOf(maps[0]), rhs = loopsOf(maps[1]),
       result = loopsOf(maps[2]);
  if (!lhs || !rhs || !result)
    return std::nullopt;

  ContractionLoops loops;
  for (unsigned loop : *result) {
    bool inLhs = llvm::is_contained(*lhs, loop);
    bool inRhs = llvm::is_contained(*rhs, loop);
    (inLhs == inRhs ? loops.batch : inLhs ? loops.m : loops.n).push_back(loop);
  }
  for (unsigned loop : *lhs)
    if (!llvm::is_contained(*result, loop)) {
      if (!llvm::is_contained(*rhs, loop))
        return std::nullopt;
      loops.k.push_back(loop);
    }
  for (unsigned loop : *rhs)
    if (!llvm::is_contained(*result, loop) && !llvm::is_contained(*lhs, loop))
      return std::nullopt;
  if (loops.k.empty() || (loops.m.empty() && loops.n.empty()))
    return std::nullopt;

  // Lanes run along the last result dimension that is longer than one.
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop : llvm::reverse(*result)) {
    bool isM = llvm::is_contained(loops.m, loop);
    if (extents[loop] == 1 || (!isM && !llvm::is_contained(loops.n, loop)))
      continue;
    loops.swapped = isM;
    break;
  }
  if (loops.n.empty())
    loops.swapped = true;
  if (loops.swapped) {
    std::swap(loops.m, loops.n);
    std::swap(lhs, rhs);
  }
  SmallVector<unsigned> rest;
  keepContiguous(loops.m, *result, rest);
  keepContiguous(loops.m, *lhs, rest);
  keepContiguous(loops.n, *result, rest);
  keepContiguous(loops.n, *rhs, rest);
  loops.batch.append(rest);
  SmallVector<unsigned> splitK;
  keepContiguous(loops.k, *lhs, splitK);
  keepContiguous(loops.k, *rhs, splitK);
  if (!splitK.empty())
    return std::nullopt;
  return loops;
}

std::optional<MatmulLoops> tegula::sched::matchMatmul(linalg::LinalgOp op) {
  if (!matchContractionBody(op))
    return std::nullopt;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto result = loopsOf(maps[2]);
  if (!result || result->empty() || !maps[0].getNumResults() ||
      !maps[1].getNumResults())
    return std::nullopt;
  MatmulLoops loops;
  // The columns are what the result's last long dimension runs along.
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop : llvm::reverse(*result)) {
    bool inFirst = maps[0].isFunctionOfDim(loop);
    if (extents[loop] == 1 || inFirst == maps[1].isFunctionOfDim(loop))
      continue;
    loops.rows = inFirst ? 1 : 0;
    break;
  }
  AffineMap rows = maps[loops.rows], columns = maps[1 - loops.rows];
  for (unsigned loop : *result) {
    bool inRows = rows.isFunctionOfDim(loop);
    bool inColumns = columns.isFunctionOfDim(loop);
    if (!inRows && !inColumns)
      return std::nullopt;
    (inRows && inColumns ? loops.batch
     : inRows            ? loops.m
                         : loops.n)
        .push_back(loop);
  }
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      loops.k.push_back(loop);
  return loops;
}

/// Loops of more than one iteration.
static SmallVector<unsigned> longLoops(ArrayRef<unsigned> loops,
                                       ArrayRef<int64_t> extents) {
  return llvm::to_vector(llvm::make_filter_range(
      loops, [&](unsigned loop) { return extents[loop] != 1; }));
}

/// The loop that counts each dimension of operand `number`, nothing for one of
/// size 1. Loops of one iteration do not count: `h + kh` of a 1x1 window is
/// `h`.
static std::optional<SmallVector<std::optional<unsigned>>>
countingLoops(linalg::LinalgOp op, unsigned number) {
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  MLIRContext *context = op->getContext();
  SmallVector<AffineExpr> exprs;
  for (auto [loop, extent] : llvm::enumerate(extents))
    exprs.push_back(extent == 1 ? getAffineConstantExpr(0, context)
                                : getAffineDimExpr(loop, context));
  AffineMap map = op.getIndexingMapsArray()[number].replaceDimsAndSymbols(
      exprs, {}, exprs.size(), 0);
  auto type = cast<RankedTensorType>(op.getDpsInputs()[number].getType());
  SmallVector<std::optional<unsigned>> loops;
  for (auto [expr, size] : llvm::zip_equal(map.getResults(), type.getShape())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    std::optional<unsigned> loop;
    if (dim)
      loop = dim.getPosition();
    bool coversAll = size == (dim ? extents[*loop] : 1);
    if ((!dim && !isa<AffineConstantExpr>(expr)) || !coversAll ||
        (loop && llvm::is_contained(loops, loop)))
      return std::nullopt;
    loops.push_back(loop);
  }
  return loops;
}

/// How many elements lie next to each other at the end of an operand in the
/// order of `list`; 1 if its last dimension is not counted by `list`.
static int64_t runLength(ArrayRef<std::optional<unsigned>> counting,
                         ArrayRef<unsigned> list, ArrayRef<int64_t> extents) {
  int64_t length = 1;
  for (std::optional<unsigned> loop : llvm::reverse(counting)) {
    if (!loop)
      continue;
    if (list.empty() || list.back() != *loop ||
        ShapedType::isDynamic(extents[*loop]))
      break;
    length *= extents[*loop];
    list = list.drop_back();
  }
  return length;
}

StringRef tegula::sched::tensorCoreNumerics(linalg::LinalgOp op) {
  Block *block = op.getBlock();
  if (!block->getArgument(2).getType().isF32())
    return StringRef();
  ContractionBody body = *matchContractionBody(op);
  auto isExtended = [&](Value value, unsigned number, Type type) {
    auto extension = value.getDefiningOp<arith::ExtFOp>();
    return extension && extension.getIn() == block->getArgument(number) &&
           extension.getIn().getType() == type;
  };
  Builder builder(op.getContext());
  for (auto [type, name] :
       {std::pair<Type, StringRef>(builder.getF16Type(), "f16"),
        std::pair<Type, StringRef>(builder.getBF16Type(), "bf16")})
    if (isExtended(body.lhs, 0, type) && isExtended(body.rhs, 1, type))
      return name;
  return "tf32x3";
}

std::optional<OperandDim::Role>
tegula::sched::copyDirection(linalg::LinalgOp op, const MatmulLoops &loops,
                             unsigned number, bool isExtended) {
  ContractionBody body = *matchContractionBody(op);
  Value used = number == 0 ? body.lhs : body.rhs;
  if (isExtended)
    if (auto extension = used.getDefiningOp<arith::ExtFOp>())
      used = extension.getIn();
  auto counting = countingLoops(op, number);
  if (used != op.getBlock()->getArgument(number) || !counting)
    return std::nullopt;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t bytes = used.getType().getIntOrFloatBitWidth() / 8;
  for (auto [role, list] :
       {std::pair(OperandDim::K, &loops.k),
        std::pair(OperandDim::Own,
                  number == loops.rows ? &loops.m : &loops.n)}) {
    int64_t run = runLength(*counting, longLoops(*list, extents), extents);
    if (run > 1 && run * bytes % kCopyBytes == 0)
      return role;
  }
  return std::nullopt;
}

/// The dimensions from `begin` on that are counted by the loops of `list`, by
/// all of them in order, with those of size 1 between and behind; empty if they
/// are counted by others.
static SmallVector<int64_t> takeDims(ArrayRef<std::optional<unsigned>> counting,
                                     size_t begin, ArrayRef<unsigned> list) {
  SmallVector<int64_t> dims;
  for (size_t i = begin; i != counting.size(); ++i) {
    if (counting[i]) {
      if (list.empty())
        break;
      if (*counting[i] != list.front())
        return {};
      list = list.drop_front();
    }
    dims.push_back(i);
  }
  return list.empty() ? dims : SmallVector<int64_t>();
}

std::optional<SmallVector<OperandDim>>
tegula::sched::mapOperand(linalg::LinalgOp op, const MatmulLoops &loops,
                          unsigned number, bool isExtended) {
  auto type = cast<RankedTensorType>(op.getDpsInputs()[number].getType());
  if (!type.hasStaticShape() || !copyDirection(op, loops, number, isExtended))
    return std::nullopt;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  SmallVector<std::pair<OperandDim::Role, SmallVector<unsigned>>> groups{
      {OperandDim::Own,
       longLoops(number == loops.rows ? loops.m : loops.n, extents)},
      {OperandDim::K, longLoops(loops.k, extents)}};
  if (groups[0].second.empty() || groups[1].second.empty())
    return std::nullopt;
  for (unsigned loop : longLoops(loops.batch, extents))
    groups.push_back({OperandDim::Batch, {loop}});

  auto counting = *countingLoops(op, number);
  SmallVector<OperandDim> dims;
  for (size_t begin = 0; begin != counting.size();) {
    OperandDim dim;
    for (const auto &[role, list] : groups) {
      dim = {role, list.front(), takeDims(counting, begin, list)};
      if (!dim.dims.empty())
        break;
    }
    if (dim.dims.empty())
      return std::nullopt;
    begin += dim.dims.size();
    dims.push_back(std::move(dim));
  }
  auto has = [&](OperandDim::Role role) {
    return llvm::any_of(
        dims, [&](const OperandDim &dim) { return dim.role == role; });
  };
  if (!has(OperandDim::Own) || !has(OperandDim::K) || dims.size() > kMaxMapDims)
    return std::nullopt;
  return dims;
}

//===----------------------------------------------------------------------===//
// Convolutions by transforms
//===----------------------------------------------------------------------===//

bool tegula::sched::isWinogradConvolution(linalg::LinalgOp op) {
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(op);
  std::optional<ContractionBody> body = matchContractionBody(op);
  if (failed(dims) || !body || dims->outputImage.size() != 2 ||
      dims->outputChannel.size() != 1 || dims->inputChannel.size() != 1 ||
      dims->batch.size() > 1 || !dims->depth.empty())
    return false;
  // The operands themselves are multiplied.
  Block *block = op.getBlock();
  if (!block->getArgument(2).getType().isF32() || body->dot ||
      body->lhs != block->getArgument(0) || body->rhs != block->getArgument(1))
    return false;
  auto isOne = [](int64_t value) { return value == 1; };
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop : dims->filterLoop)
    if (ranges[loop] != 3)
      return false;
  for (auto [loop, range] : llvm::enumerate(ranges))
    if (range <= 0 && !(ShapedType::isDynamic(range) &&
                        llvm::is_contained(dims->batch, loop)))
      return false;
  // [image] x channel x row x column, and filter x channel x row x column.
  MLIRContext *context = op->getContext();
  auto exprsOf = [&](ArrayRef<unsigned> first, unsigned channel) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : first)
      exprs.push_back(getAffineDimExpr(loop, context));
    exprs.push_back(getAffineDimExpr(channel, context));
    return exprs;
  };
  SmallVector<AffineExpr> input = exprsOf(dims->batch, dims->inputChannel[0]),
                          filter = exprsOf(dims->outputChannel,
                                           dims->inputChannel[0]),
                          result = exprsOf(dims->batch, dims->outputChannel[0]);
  for (auto [position, tap] :
       llvm::zip_equal(dims->outputImage, dims->filterLoop)) {
    AffineExpr at = getAffineDimExpr(position, context);
    AffineExpr of = getAffineDimExpr(tap, context);
    input.push_back(at + of);
    filter.push_back(of);
    result.push_back(at);
  }
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  return llvm::all_of(dims->strides, isOne) &&
         llvm::all_of(dims->dilations, isOne) &&
         llvm::equal(maps[0].getResults(), input) &&
         llvm::equal(maps[1].getResults(), filter) &&
         llvm::equal(maps[2].getResults(), result);
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

/// Parallel loops first, in the order of the result; then the reduction's, the
/// last of which runs along the last dimension of some operand.
static bool reducesTrailingLoops(linalg::LinalgOp op) {
  if (op->getNumResults() != 1)
    return false;
  unsigned rows = op.getNumParallelLoops(), loops = op.getNumLoops();
  for (auto [loop, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if ((kind == utils::IteratorType::parallel) != (loop < rows))
      return false;
  MLIRContext *context = op->getContext();
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (result !=
      AffineMap::getMultiDimIdentityMap(loops, context).getMajorSubMap(rows))
    return false;
  bool alongLast = false;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
      return false;
    alongLast |=
        map.getNumResults() != 0 &&
        map.getResults().back() == getAffineDimExpr(loops - 1, context);
  }
  return alongLast;
}

Family tegula::sched::classifyKernel(const KernelBody &body) {
  if (body.hasForeignOps || body.results.empty())
    return Family::Loops;
  if (body.reductions.empty())
    return Family::Elementwise;
  if (body.reductions.size() == 1) {
    linalg::LinalgOp root = body.reductions.front();
    if (matchContraction(root))
      return Family::Contraction;
    FailureOr<linalg::ConvolutionDimensions> dims =
        linalg::inferConvolutionDims(root);
    if (succeeded(dims))
      return dims->inputChannel.empty() ? Family::Depthwise
                                        : Family::Convolution;
  }
  if (matchAttention(body))
    return Family::Attention;
  if (llvm::all_of(body.reductions, reducesTrailingLoops))
    return Family::Rows;
  return body.reductions.size() == 1 ? Family::Depthwise : Family::Loops;
}
