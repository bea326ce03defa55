//===- LowPrecisionDialect.cpp - The lp dialect ---------------------------===//

#include "tegula/LowPrecision/IR/LowPrecision.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tegula::lp;

#include "tegula/LowPrecision/IR/LowPrecisionDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "tegula/LowPrecision/IR/LowPrecisionAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "tegula/LowPrecision/IR/LowPrecisionOps.cpp.inc"

void LowPrecisionDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tegula/LowPrecision/IR/LowPrecisionAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "tegula/LowPrecision/IR/LowPrecisionOps.cpp.inc"
      >();
}

LogicalResult SchemeAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bits, int64_t group, int64_t zero) {
  if (bits < 1 || bits > 8)
    return emitError() << "`bits` must be between 1 and 8, found " << bits;
  if (group < 1)
    return emitError() << "`group` must be positive, found " << group;
  if (zero < 0 || zero >= int64_t(1) << bits)
    return emitError() << "`zero` must be a code of " << bits << " bits, found "
                       << zero;
  return success();
}

/// Dots take and give 32-bit integers.
static LogicalResult verifyDot(Operation *op) {
  Type type = op->getResult(0).getType();
  if (getElementTypeOrSelf(type).isInteger(32))
    return success();
  return op->emitOpError("expects 32-bit integers, found ") << type;
}

LogicalResult DotOp::verify() { return verifyDot(*this); }

LogicalResult DotBytesOp::verify() { return verifyDot(*this); }

LogicalResult SumStepsOp::verify() {
  auto result = cast<RankedTensorType>(getResult().getType());
  RankedTensorType steps = getSteps().getType();
  RankedTensorType positions = getPositions().getType(),
                   starts = getStarts().getType();
  if (!result.hasStaticShape() || !starts.hasStaticShape() ||
      steps.isDynamicDim(1))
    return emitOpError("expects static shapes but for the number of steps");
  if (getBlock() < 1 || getColumns() < 1)
    return emitOpError("expects positive blocks and panels");
  if (positions.getDimSize(0) != steps.getDimSize(0))
    return emitOpError("expects a position for each step of ")
           << steps << ", found " << positions;
  int64_t panels = llvm::divideCeil(result.getDimSize(0), getColumns());
  int64_t bounds = panels * getBlocks() + 1;
  if (starts.getDimSize(0) != bounds)
    return emitOpError("expects ")
           << bounds << " starts for " << result << ", found " << starts;
  return success();
}

LogicalResult DequantizeOp::verify() {
  RankedTensorType result = getResult().getType();
  if (!result.hasStaticShape() || !getCodes().getType().hasStaticShape())
    return emitOpError("expects static shapes");
  if (getLayout().getBits() != getScheme().getBits())
    return emitOpError("expects a layout of ")
           << getScheme().getBits() << "-bit codes, found "
           << getLayout().getBits();
  int64_t k = result.getDimSize(0), n = result.getDimSize(1);
  constexpr int64_t kMaxExtent = int64_t(1) << 31;
  if (k > kMaxExtent || n > kMaxExtent)
    return emitOpError("expects extents of at most ") << kMaxExtent;
  int64_t bytes = getLayout().getBytes(n, k);
  if (getCodes().getType().getNumElements() != bytes)
    return emitOpError("expects ")
           << bytes << " bytes of codes for " << result << ", found "
           << getCodes().getType().getNumElements();
  SmallVector<int64_t> groups = {
      n, int64_t(llvm::divideCeil(k, getScheme().getGroup()))};
  auto check = [&](StringRef name, RankedTensorType type) -> LogicalResult {
    if (type.getShape() == ArrayRef(groups))
      return success();
    return emitOpError("expects ") << name << " of shape " << groups[0] << "x"
                                   << groups[1] << ", found " << type;
  };
  if (failed(check("scales", getScales().getType())))
    return failure();
  return getZeros() ? check("zeros", getZeros().getType()) : success();
}
