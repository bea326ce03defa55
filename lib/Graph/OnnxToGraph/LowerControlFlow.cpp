//===- LowerControlFlow.cpp - If, Loop and Scan ---------------------------===//
//
// Bodies become regions of scf; the operators in them are lowered afterwards,
// by the same conversion.
//
//===----------------------------------------------------------------------===//

#include "Indices.h"
#include "Loops.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// A pattern that moves regions, for which it needs the rewriter.
template <typename Op>
class RegionPattern : public OnnxPatternBase {
public:
  using Adaptor = typename Op::Adaptor;

  RegionPattern(const TypeConverter &converter, MLIRContext *context)
      : OnnxPatternBase(converter, Op::getOperationName(), /*benefit=*/1,
                        context) {}

  virtual Lowered lower(Op op, Adaptor in,
                        ConversionPatternRewriter &b) const = 0;

  LogicalResult
  matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                  ConversionPatternRewriter &rewriter) const final {
    if (auto reason = unusableTypes(op))
      return refuse(op, *reason);
    Lowered values =
        lower(cast<Op>(op), Adaptor(operands, cast<Op>(op)), rewriter);
    if (failed(values))
      return failure();
    return finish(op, rewriter, *values);
  }

protected:
  SmallVector<Type> convertedTypes(TypeRange types) const {
    SmallVector<Type> out;
    (void)getTypeConverter()->convertTypes(types, out);
    return out;
  }

  /// Inlines the block of `region` at the insertion point, its arguments
  /// replaced by `arguments`; gives the values that it yields, as lowered.
  SmallVector<Value> inlined(ConversionPatternRewriter &b, Region &region,
                             ValueRange arguments) const {
    Block &body = region.front();
    auto yield = cast<onnx::YieldOp>(body.getTerminator());
    SmallVector<Value> results;
    Location loc = yield.getLoc();
    SmallVector<Value> originals;
    for (auto [argument, value] :
         llvm::zip_equal(body.getArguments(), arguments))
      originals.push_back(argument.getType() == value.getType()
                              ? value
                              : UnrealizedConversionCastOp::create(
                                    b, loc, argument.getType(), value)
                                    .getResult(0));
    SmallVector<Value> yielded(yield.getValues());
    for (Value &value : yielded)
      if (auto argument = dyn_cast<BlockArgument>(value);
          argument && argument.getOwner() == &body)
        value = originals[argument.getArgNumber()];
    b.eraseOp(yield);
    b.inlineBlockBefore(&body, b.getInsertionBlock(), b.getInsertionPoint(),
                        originals);
    for (Value value : yielded) {
      Type wanted = getTypeConverter()->convertType(value.getType());
      results.push_back(
          wanted == value.getType()
              ? value
              : UnrealizedConversionCastOp::create(b, loc, wanted, value)
                    .getResult(0));
    }
    return results;
  }
};

/// An element that a tensor of one element holds.
Value scalarOf(OpBuilder &b, Location loc, Value tensor) {
  SmallVector<Value> at(cast<RankedTensorType>(tensor.getType()).getRank(),
                        indexConstant(b, loc, 0));
  return b.createOrFold<tensor::ExtractOp>(loc, tensor, at);
}

Value asCondition(OpBuilder &b, Location loc, Value tensor) {
  Value zero = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ne,
                                       scalarOf(b, loc, tensor), zero);
}

SmallVector<Value> castAll(OpBuilder &b, Location loc, ValueRange values,
                           TypeRange types) {
  SmallVector<Value> out;
  for (auto [value, type] : llvm::zip_equal(values, types))
    out.push_back(castTo(b, loc, value, type));
  return out;
}

struct LowerIf : RegionPattern<onnx::IfOp> {
  using RegionPattern::RegionPattern;

  Lowered lower(onnx::IfOp op, Adaptor in,
                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    SmallVector<Type> types = convertedTypes(op->getResultTypes());
    if (op.getThenBranch().empty() || op.getElseBranch().empty())
      return refuse(op, "a branch is missing");
    Value condition = asCondition(b, loc, in.getCond());
    auto branch = scf::IfOp::create(b, loc, types, condition, true);
    for (auto [source, target] :
         {std::pair(&op.getThenBranch(), &branch.getThenRegion()),
          std::pair(&op.getElseBranch(), &branch.getElseRegion())}) {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToEnd(&target->front());
      auto end = scf::YieldOp::create(b, loc);
      b.setInsertionPoint(end);
      SmallVector<Value> values = inlined(b, *source, {});
      b.replaceOpWithNewOp<scf::YieldOp>(end, castAll(b, loc, values, types));
    }
    return SmallVector<Value>(branch.getResults());
  }
};

struct LowerCheck : RegionPattern<onnx::CheckOp> {
  using RegionPattern::RegionPattern;

  Lowered lower(onnx::CheckOp op, Adaptor in,
                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value condition = asCondition(b, loc, in.getCondition());
    if (!op.getExpected())
      condition = arith::XOrIOp::create(
          b, loc, condition,
          arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
    checkThat(b, loc, condition, op.getMessage());
    return SmallVector<Value>();
  }
};

/// The types that carried values keep from one iteration to the next: those of
/// the body's arguments.
struct LowerLoop : RegionPattern<onnx::LoopOp> {
  using RegionPattern::RegionPattern;

  Lowered lower(onnx::LoopOp op, Adaptor in,
                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    if (op.getBody().empty())
      return refuse(op, "the body is missing");
    Block &body = op.getBody().front();
    size_t numCarried = in.getVInitial().size();
    size_t numScans = op->getNumResults() - numCarried;
    SmallVector<Type> types = convertedTypes(body.getArgumentTypes());
    SmallVector<Type> carriedTypes(types.begin() + 2, types.end());
    for (Type type : carriedTypes)
      if (!isa<RankedTensorType>(type))
        return refuse(op, "a carried value has no known rank");
    bool hasCount = !onnx::isAbsent(in.getM());
    Value bound =
        hasCount ? toIndex(b, loc, scalarOf(b, loc, in.getM())) : Value();
    if (numScans > 0 && !hasCount)
      return refuse(
          op, "scan outputs of a loop without a trip count are not supported");
    SmallVector<Value> initial =
        castAll(b, loc, in.getVInitial(), carriedTypes);
    Value go = onnx::isAbsent(in.getCond())
                   ? arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(1))
                         .getResult()
                   : scalarOf(b, loc, in.getCond());
    auto yield = cast<onnx::YieldOp>(body.getTerminator());
    for (Value value : yield.getValues().take_back(numScans)) {
      auto scanned = dyn_cast<RankedTensorType>(
          getTypeConverter()->convertType(value.getType()));
      if (!scanned || !scanned.hasStaticShape())
        return refuse(op, "scan outputs of unknown shape are not supported");
      Dims dims = {
          getAsOpFoldResult(maxIndex(b, loc, bound, indexConstant(b, loc, 0)))};
      for (int64_t extent : scanned.getShape())
        dims.push_back(b.getIndexAttr(extent));
      initial.push_back(
          castTo(b, loc, emptyTensor(b, loc, dims, scanned.getElementType()),
                 RankedTensorType::get(dynamicFirst(scanned),
                                       scanned.getElementType())));
    }
    return loop(op, in, b, go, bound, initial, types, numCarried);
  }

private:
  static SmallVector<int64_t> dynamicFirst(RankedTensorType type) {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, type.getShape());
    return shape;
  }

  /// while (i < bound && go) body
  Lowered loop(onnx::LoopOp op, Adaptor in, ConversionPatternRewriter &b,
               Value go, Value bound, ArrayRef<Value> initial,
               ArrayRef<Type> argumentTypes, size_t numCarried) const {
    Location loc = op.getLoc();
    SmallVector<Value> start = {indexConstant(b, loc, 0), go};
    start.append(initial.begin(), initial.end());
    SmallVector<Type> types;
    for (Value value : start)
      types.push_back(value.getType());
    auto loop = scf::WhileOp::create(b, loc, types, start);
    SmallVector<Location> locations(types.size(), loc);
    {
      OpBuilder::InsertionGuard guard(b);
      Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
      Value zero = arith::ConstantOp::create(b, loc, b.getI8IntegerAttr(0));
      Value goOn = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                         before->getArgument(1), zero);
      if (bound)
        goOn = arith::AndIOp::create(
            b, loc, goOn,
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                  before->getArgument(0), bound));
      scf::ConditionOp::create(b, loc, goOn, before->getArguments());
      Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
      auto end = scf::YieldOp::create(b, loc, after->getArguments());
      b.setInsertionPoint(end);
      SmallVector<Value> next =
          iteration(op, b, after->getArguments(), argumentTypes, numCarried);
      b.replaceOpWithNewOp<scf::YieldOp>(end, next);
    }
    return finalValues(op, b, loop.getResults(), numCarried);
  }

  SmallVector<Value> iteration(onnx::LoopOp op, ConversionPatternRewriter &b,
                               ValueRange state, ArrayRef<Type> argumentTypes,
                               size_t numCarried) const {
    Location loc = op.getLoc();
    Value count = state[0];
    auto scalarTensor = [&](Value scalar, Type type) -> Value {
      return tensor::FromElementsOp::create(b, loc, type, scalar);
    };
    SmallVector<Value> arguments = {
        scalarTensor(fromIndex(b, loc, count, b.getI64Type()),
                     argumentTypes[0]),
        scalarTensor(state[1], argumentTypes[1])};
    llvm::append_range(arguments, state.slice(2, numCarried));
    SmallVector<Value> values = inlined(b, op.getBody(), arguments);
    SmallVector<Value> next = {
        addIndex(b, loc, count, indexConstant(b, loc, 1)),
        scalarOf(b, loc, values[0])};
    for (size_t i = 0; i < numCarried; ++i)
      next.push_back(castTo(b, loc, values[1 + i], state[2 + i].getType()));
    for (size_t i = 1 + numCarried; i < values.size(); ++i) {
      Value all = state[1 + i], part = values[i];
      next.push_back(writePart(b, loc, part, all, /*axis=*/0, count));
    }
    return next;
  }

  /// Scan outputs have one part per iteration that ran.
  Lowered finalValues(onnx::LoopOp op, OpBuilder &b, ValueRange results,
                      size_t numCarried) const {
    Location loc = op.getLoc();
    SmallVector<Value> out(results.slice(2, numCarried));
    for (Value all : results.drop_front(2 + numCarried)) {
      Dims sizes = dimsOf(b, loc, all);
      Dims offsets(sizes.size(), b.getIndexAttr(0)),
          ones(sizes.size(), b.getIndexAttr(1));
      sizes[0] = results[0];
      out.push_back(
          tensor::ExtractSliceOp::create(b, loc, all, offsets, sizes, ones));
    }
    return out;
  }
};

struct LowerScan : RegionPattern<onnx::ScanOp> {
  using RegionPattern::RegionPattern;

  Lowered lower(onnx::ScanOp op, Adaptor in,
                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    ValueRange operands = in.getInitialStateAndScanInputs();
    int64_t numInputs = op.getNumScanInputs();
    int64_t numState = int64_t(operands.size()) - numInputs;
    if (op.getBody().empty() || numInputs < 1 || numState < 0)
      return refuse(op, "the body or its inputs are missing");
    int64_t numOutputs = op->getNumResults() - numState;
    auto inputAxes = directions(op.getScanInputAxes(), numInputs);
    auto outputAxes = directions(op.getScanOutputAxes(), numOutputs);
    Value first = operands[numState];
    auto axis = normalizedAxis(
        inputAxes[0], cast<RankedTensorType>(first.getType()).getRank());
    if (!axis)
      return refuse(op, "a scan axis is out of range");
    OpFoldResult length = dimOf(b, loc, first, *axis);
    Block &body = op.getBody().front();
    SmallVector<Type> types = convertedTypes(body.getArgumentTypes());
    SmallVector<Value> initial = castAll(b, loc, operands.take_front(numState),
                                         ArrayRef(types).take_front(numState));
    for (auto [i, result] :
         llvm::enumerate(op->getResults().drop_front(numState))) {
      auto type = cast<RankedTensorType>(
          getTypeConverter()->convertType(result.getType()));
      auto at = normalizedAxis(outputAxes[i], type.getRank());
      SmallVector<int64_t> shape(type.getShape());
      if (at)
        shape[*at] = 0;
      if (!at || llvm::is_contained(shape, ShapedType::kDynamic))
        return refuse(op, "scan outputs of unknown shape are not supported");
      Dims dims = getAsIndexOpFoldResult(b.getContext(), type.getShape());
      dims[*at] = length;
      initial.push_back(emptyTensor(b, loc, dims, type.getElementType()));
    }
    return loop(op, b, operands, initial, length, types, numState);
  }

private:
  static SmallVector<int64_t> directions(std::optional<ArrayRef<int64_t>> given,
                                         int64_t count) {
    SmallVector<int64_t> out(count, 0);
    if (given)
      for (auto [i, value] : llvm::enumerate(given->take_front(count)))
        out[i] = value;
    return out;
  }

  Lowered loop(onnx::ScanOp op, ConversionPatternRewriter &b,
               ValueRange operands, ArrayRef<Value> initial,
               OpFoldResult length, ArrayRef<Type> types,
               int64_t numState) const {
    Location loc = op.getLoc();
    Value count = asValue(b, loc, length);
    auto loop = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), count,
                                   indexConstant(b, loc, 1), initial);
    OpBuilder::InsertionGuard guard(b);
    Block *block = loop.getBody();
    if (!block->empty())
      b.eraseOp(block->getTerminator());
    b.setInsertionPointToEnd(block);
    auto end = scf::YieldOp::create(b, loc, loop.getRegionIterArgs());
    b.setInsertionPoint(end);
    Value step = loop.getInductionVar();
    Value last = subIndex(b, loc, count, indexConstant(b, loc, 1));
    Value mirrored = subIndex(b, loc, last, step);
    ValueRange inputs = operands.drop_front(numState);
    auto axes = directions(op.getScanInputAxes(), inputs.size());
    auto backwards = directions(op.getScanInputDirections(), inputs.size());
    ValueRange state = loop.getRegionIterArgs();
    SmallVector<Value> arguments(state.take_front(numState));
    for (auto [i, input] : llvm::enumerate(inputs))
      arguments.push_back(castTo(
          b, loc, part(b, loc, input, axes[i], backwards[i] ? mirrored : step),
          types[numState + i]));
    SmallVector<Value> values = inlined(b, op.getBody(), arguments), next;
    size_t numOutputs = values.size() - numState;
    auto outAxes = directions(op.getScanOutputAxes(), numOutputs);
    auto outBackwards = directions(op.getScanOutputDirections(), numOutputs);
    for (int64_t i = 0; i < numState; ++i)
      next.push_back(castTo(b, loc, values[i], state[i].getType()));
    for (size_t i = 0; i < numOutputs; ++i)
      next.push_back(inserted(b, loc, values[numState + i], state[numState + i],
                              outAxes[i], outBackwards[i] ? mirrored : step));
    b.replaceOpWithNewOp<scf::YieldOp>(end, next);
    return SmallVector<Value>(loop.getResults());
  }

  /// Number `index` of the slices of `input` along `axis`, without that axis.
  static Value part(OpBuilder &b, Location loc, Value input, int64_t axis,
                    Value index) {
    auto type = cast<RankedTensorType>(input.getType());
    int64_t at = axis < 0 ? axis + type.getRank() : axis;
    Dims sizes = dimsOf(b, loc, input);
    Dims offsets(sizes.size(), b.getIndexAttr(0)),
        ones(sizes.size(), b.getIndexAttr(1));
    offsets[at] = index;
    sizes[at] = b.getIndexAttr(1);
    SmallVector<int64_t> shape(type.getShape());
    shape.erase(shape.begin() + at);
    return tensor::ExtractSliceOp::create(b, loc, type.clone(shape), input,
                                          offsets, sizes, ones);
  }

  static Value inserted(OpBuilder &b, Location loc, Value part, Value all,
                        int64_t axis, Value index) {
    int64_t rank = cast<RankedTensorType>(all.getType()).getRank();
    return writePart(b, loc, part, all, axis < 0 ? axis + rank : axis, index);
  }
};

} // namespace

void populateControlFlowPatterns(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  patterns.add<LowerCheck, LowerIf, LowerLoop, LowerScan>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
