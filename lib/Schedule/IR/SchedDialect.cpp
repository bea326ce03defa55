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
/// Of schedules whose tasks have scratch memory of their own.
static constexpr int64_t kMaxTasks = 256;

LogicalResult
ContractionAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t mr, int64_t nr, int64_t vl, int64_t kc,
                        int64_t mc, int64_t nc, bool packColumns,
                        int64_t streams, StringRef numerics) {
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "kc", kc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "mc", mc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "nc", nc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "streams", streams, kMaxTileColumns)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "mc", mc, "mr", mr)) ||
      failed(verifyMultiple(emitError, "nc", nc, "nr", nr)) ||
      failed(verifyMultiple(emitError, "nr / vl", nr / vl, "streams", streams)))
    return failure();
  return success();
}

int64_t ConvolutionAttr::positionsOfBlock(ArrayRef<int64_t> filter) const {
  int64_t taps =
      std::max<int64_t>(1, ShapedType::getNumElements(filter.drop_front()));
  int64_t channels = std::max<int64_t>(1, getKc() / taps);
  return std::min(channels, std::max<int64_t>(1, filter.front())) * taps;
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
FilterLanesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t mr, int64_t nr, int64_t vl, int64_t kc,
                        int64_t np, int64_t fc, bool inPlace,
                        StringRef numerics) {
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "kc", kc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "np", np, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "fc", fc, kMaxBlock)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "fc", fc, "nr", nr)))
    return failure();
  return success();
}

LogicalResult WinogradAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t results, int64_t mr, int64_t nr,
                                   int64_t vl, int64_t rows, int64_t fc,
                                   int64_t tasks, StringRef numerics) {
  if (results != 2 && results != 4)
    return emitError() << "`results` must be 2 or 4, found " << results;
  StringRef kind = numerics;
  if (!kind.consume_front(results == 2 ? "winograd2-" : "winograd4-") ||
      (kind != "fma" && kind != "mul-add"))
    return emitError() << "`numerics` must be winograd" << results
                       << "-fma or winograd" << results << "-mul-add, found "
                       << numerics;
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "rows", rows, kMaxBlock)) ||
      failed(verifyPositive(emitError, "fc", fc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "tasks", tasks, kMaxTasks)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "vl", vl, "results", results)) ||
      failed(verifyMultiple(emitError, "fc", fc, "mr", mr)))
    return failure();
  return success();
}

LogicalResult
AttentionAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t mr,
                      int64_t nr, int64_t vl, int64_t mq, int64_t kc,
                      int64_t tasks, StringRef numerics) {
  if (numerics != "keys4-fma" && numerics != "keys4-mul-add")
    return emitError()
           << "`numerics` must be keys4-fma or keys4-mul-add, found "
           << numerics;
  if (failed(verifyPositive(emitError, "mr", mr, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "nr", nr, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "mq", mq, kMaxTileColumns)) ||
      failed(verifyPositive(emitError, "kc", kc, kMaxBlock)) ||
      failed(verifyPositive(emitError, "tasks", tasks, kMaxTasks)) ||
      failed(verifyMultiple(emitError, "nr", nr, "vl", vl)) ||
      failed(verifyMultiple(emitError, "mq", mq, "nr", nr)))
    return failure();
  return success();
}

LogicalResult
DepthwiseAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t vl,
                      int64_t rows, int64_t columns, int64_t block, bool unroll,
                      bool inPlace, StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "rows", rows, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "columns", columns, kMaxTileRows)) ||
      failed(verifyPositive(emitError, "block", block, kMaxBlock)))
    return failure();
  if (rows * columns > kMaxTileRows)
    return emitError() << "a tile of " << rows << " x " << columns
                       << " vectors is too large: at most " << kMaxTileRows;
  return success();
}

LogicalResult
ElementwiseAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                        int64_t vl, int64_t unroll, int64_t tile, int64_t grain,
                        StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(verifyPositive(emitError, "unroll", unroll, kMaxLanes)) ||
      failed(verifyPositive(emitError, "tile", tile, kMaxBlock)) ||
      failed(verifyPositive(emitError, "grain", grain, kMaxBlock)))
    return failure();
  return success();
}

LogicalResult RowsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t vl, int64_t accumulators, int64_t unroll,
                               int64_t grain, StringRef numerics) {
  if (failed(verifyPositive(emitError, "vl", vl, kMaxLanes)) ||
      failed(
          verifyPositive(emitError, "accumulators", accumulators, kMaxLanes)) ||
      failed(verifyPositive(emitError, "grain", grain, kMaxBlock)))
    return failure();
  if (unroll < 1 || accumulators % unroll != 0)
    return emitError() << "`unroll` must divide " << accumulators
                       << " accumulators, found " << unroll;
  return success();
}

/// Threads come in warps.
static constexpr int64_t kWarp = 32;
static constexpr int64_t kMaxThreads = 1024;

static LogicalResult verifyThreads(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t threads) {
  return success(
      succeeded(verifyPositive(emitError, "threads", threads, kMaxThreads)) &&
      succeeded(verifyMultiple(emitError, "threads", threads, "warp", kWarp)));
}

LogicalResult
GpuPointsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t threads, StringRef numerics) {
  return verifyThreads(emitError, threads);
}

LogicalResult GpuRowsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t threads, StringRef numerics) {
  return verifyThreads(emitError, threads);
}

LogicalResult
GpuMatmulAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t tileM, int64_t tileN, int64_t tileK,
                      int64_t warpsM, int64_t warpsN, StringRef copy,
                      int64_t stages, StringRef numerics) {
  // The instruction computes 16 x 8 results from 8 (TF32) or 16 products each.
  constexpr int64_t maxTile = 256, maxWarps = 8, maxStages = 8;
  if (numerics != "tf32x3" && numerics != "f16" && numerics != "bf16")
    return emitError() << "`numerics` must be tf32x3, f16 or bf16, found "
                       << numerics;
  if (copy != "registers" && copy != "async" && copy != "tma")
    return emitError() << "`copy` must be registers, async or tma, found "
                       << copy;
  if (stages < 2 || stages > maxStages || (copy == "registers" && stages != 2))
    return emitError() << "`stages` must be 2 to " << maxStages
                       << ", and 2 for copies through registers, found "
                       << stages;
  if (failed(verifyPositive(emitError, "tile_m", tileM, maxTile)) ||
      failed(verifyPositive(emitError, "tile_n", tileN, maxTile)) ||
      failed(verifyPositive(emitError, "tile_k", tileK, maxTile)) ||
      failed(verifyPositive(emitError, "warps_m", warpsM, maxWarps)) ||
      failed(verifyPositive(emitError, "warps_n", warpsN, maxWarps)) ||
      failed(verifyMultiple(emitError, "tile_m", tileM, "warps_m * 16",
                            warpsM * 16)) ||
      failed(verifyMultiple(emitError, "tile_n", tileN, "warps_n * 8",
                            warpsN * 8)))
    return failure();
  if (copy == "tma" &&
      (numerics == "tf32x3" || tileM != warpsM * 16 || warpsM % 4 != 0 ||
       warpsN != 1 || tileN % 64 != 0 || tileK != 64))
    return emitError() << "`tma` needs 16-bit operands, a multiple of 4 warps "
                          "of 16 rows each, a multiple of 64 columns and a "
                          "`tile_k` of 64";
  int64_t threads = warpsM * warpsN * kWarp;
  if (threads > kMaxThreads)
    return emitError() << "at most " << kMaxThreads / kWarp
                       << " warps fit a block, found " << warpsM * warpsN;
  // Each thread loads the same number of elements of both operands.
  if (failed(verifyMultiple(emitError, "tile_k", tileK, "instruction",
                            numerics == "tf32x3" ? 8 : 16)) ||
      failed(verifyMultiple(emitError, "tile_m * tile_k", tileM * tileK,
                            "threads", threads)) ||
      failed(verifyMultiple(emitError, "tile_n * tile_k", tileN * tileK,
                            "threads", threads)))
    return failure();
  return success();
}
