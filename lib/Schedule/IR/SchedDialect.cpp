//===- SchedDialect.cpp - The sched dialect -------------------------------===//

#include "tegula/Schedule/IR/Sched.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tegula::sched;

#include "tegula/Schedule/IR/SchedDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "tegula/Schedule/IR/SchedAttrs.cpp.inc"

void SchedDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "tegula/Schedule/IR/SchedAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// A schedule may come from a file: each number is checked before any lowering
/// multiplies or divides by it.
static LogicalResult
verifyPositive(function_ref<InFlightDiagnostic()> emitError, StringRef name,
               int64_t value, int64_t limit) {
  if (value >= 1 && value <= limit)
    return success();
  return emitError() << "`" << name << "` must be between 1 and " << limit
                     << ", found " << value;
}

static LogicalResult
verifyMultiple(function_ref<InFlightDiagnostic()> emitError, StringRef name,
               int64_t value, StringRef unitName, int64_t unit) {
  if (value % unit == 0)
    return success();
  return emitError() << "`" << name << "` must be a multiple of `" << unitName
                     << "` (" << unit << "), found " << value;
}

static constexpr int64_t kMaxLanes = 64;
static constexpr int64_t kMaxTileRows = 64;
static constexpr int64_t kMaxTileColumns = 512;
static constexpr int64_t kMaxBlock = int64_t(1) << 40;

LogicalResult
ContractionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t mr, int64_t nr, int64_t vl, int64_t kc,
                        int64_t mc, int64_t nc, bool packColumns,
                        int64_t prefetch, StringRef numerics) {
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "kc", kc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "mc", mc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "nc", nc, kMaxBlock)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "mc", mc, "mr", mr)) ||
      failed(verifyMultiple(emitError, "nc", nc, "nr", nr)))
    return failure();
  if (prefetch < 0)
    return emitError() << "`prefetch` must not be negative, found " << prefetch;
  return success();
}

LogicalResult
ConvolutionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t mr, int64_t nr, int64_t vl, int64_t kc,
                        int64_t nb, int64_t fc, bool inPlace,
                        StringRef numerics) {
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "kc", kc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "nb", nb, kMaxBlock)) ||
      failed(verifyPositive(emitError, "fc", fc, kMaxBlock)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "fc", fc, "mr", mr)))
    return failure();
  return success();
}

LogicalResult
DepthwiseAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t vl,
                      int64_t rows, int64_t columns, StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "rows", rows, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "columns", columns, kMaxTileRows)))
    return failure();
  return success();
}

LogicalResult
ElementwiseAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t vl, int64_t unroll, int64_t grain,
                        StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "unroll", unroll, kMaxLanes)) ||
      failed(verifyPositive(emitError, "grain", grain, kMaxBlock)))
    return failure();
  return success();
}

LogicalResult RowsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t vl, int64_t accumulators, int64_t grain,
                               StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(
          verifyPositive(emitError, "accumulators", accumulators, kMaxLanes)) ||
      failed(verifyPositive(emitError, "grain", grain, kMaxBlock)))
    return failure();
  return success();
}
