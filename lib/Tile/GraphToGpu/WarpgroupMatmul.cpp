//===- WarpgroupMatmul.cpp - Products of four warps at once ---------------===//
//
// On sm_90a four warps multiply tiles straight from shared memory (wgmma), and
// one thread has whole tiles copied there (TMA). The last warp of a block does
// nothing else:
//
//   producer, one thread:                consumers, four warps for 64 rows:
//     for each tile_k of k                 for each tile_k of k
//       wait until `empty[stage]`            wait until `full[stage]`
//       copy both tiles; the bytes           start the products
//         arrive at `full[stage]`            wait for those of the step before,
//                                              arrive at its `empty[stage]`
//                                          what is fused behind; store
//
// A barrier's phase changes once a round through the stages; who waits names
// the phase by its parity. The first round's `empty` is over before it begins.
//
// A tile is made of boxes with rows of 128 bytes, whose pieces of 16 bytes are
// exchanged (bits 4 to 6 of the address, by bits 7 to 9), which the product
// undoes: neither copies nor products meet in one bank.
//
//===----------------------------------------------------------------------===//

#include "WarpgroupMatmul.h"
#include "GpuBlock.h"
#include "TensorMap.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// Rows of the instruction, and positions of k.
static constexpr int64_t kRows = 64, kDepth = 16;
/// The swizzle repeats after this many rows of a box.
static constexpr int64_t kSwizzleRows = 8;
static constexpr int64_t kSwizzleBytes = kSwizzleRows * kBoxRowBytes;
/// A box of kBoxRow rows.
static constexpr int64_t kBoxBytes = kBoxRow * kBoxRowBytes;
/// What a product's descriptors count in.
static constexpr int64_t kUnit = 16;
static constexpr int64_t kBarrierBytes = 8;
/// Nanoseconds that a thread may sleep before it looks again.
static constexpr int64_t kSleep = 10000000;

namespace {

class WarpgroupLowering {
public:
  WarpgroupLowering(KernelFunction &kernel, MatmulPlan &plan,
                    ElementwiseEmitter &emitter)
      : schedule(plan.schedule), warps(schedule.getWarpsM()),
        rowsMap(createTensorMap(kernel, plan.rows, schedule.getTileM())),
        columnsMap(createTensorMap(kernel, plan.columns, schedule.getTileN())),
        block(kernel, plan, emitter, (warps + 1) * kWarpThreads),
        builder(block.builder), loc(block.loc), index(block.index) {}

  void run();

private:
  Value constant32(int64_t value) {
    return arith::ConstantIntOp::create(builder, loc, value, 32);
  }
  int64_t tileBytes(const MatmulBlock::Side &side) const {
    return side.tile * kBoxRowBytes;
  }
  Value allocate(int64_t bytes);
  /// The stage of step `step`, and the parity of its round; one more if
  /// `isBefore`.
  Value stageOf(Value step) {
    return block.remainder(step, schedule.getStages());
  }
  Value parityOf(Value step, bool isBefore);
  Value barrierAt(Value barriers, Value stage) {
    return advance(block, barriers, index.mul(stage, kBarrierBytes));
  }
  void wait(Value barriers, Value step, bool isBefore);
  void initialiseBarriers();
  void emitProducer();
  Value descriptorOf(const MatmulBlock::Side &side, Value tiles);
  Value multiply(Value rows, Value columns, Value sums, bool adds);
  Value multiplyTiles(Value step, Value sums, bool isFirst);
  void release(Value step);
  Value accumulate();
  SmallVector<Value> waitForSums(Value sums);
  void emitConsumer();

  sched::GpuMatmulAttr schedule;
  int64_t warps; ///< Those that multiply.
  Value rowsMap, columnsMap;
  MatmulBlock block;
  OpBuilder &builder;
  Location loc;
  IndexBuilder &index;

  Value rowTiles, columnTiles, full, empty; ///< Pointers to shared memory.
  Value rowDescriptor, columnDescriptor;    ///< Of the first stage.
  Value steps, warp, lane;
};

} // namespace

/// Part of shared memory, where a box may begin.
Value WarpgroupLowering::allocate(int64_t bytes) {
  auto type = MemRefType::get({bytes}, builder.getI8Type(), AffineMap(),
                              builder.getI64IntegerAttr(kSharedSpace));
  Value memory = memref::AllocOp::create(
      builder, loc, type, builder.getI64IntegerAttr(kSwizzleBytes));
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memory);
  address =
      arith::IndexCastUIOp::create(builder, loc, builder.getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      builder, loc,
      LLVM::LLVMPointerType::get(builder.getContext(), kSharedSpace), address);
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

Value WarpgroupLowering::parityOf(Value step, bool isBefore) {
  Value round = index.div(step, schedule.getStages());
  Value parity = block.remainder(index.add(round, isBefore), 2);
  return arith::IndexCastUIOp::create(builder, loc, builder.getI32Type(),
                                      parity);
}

void WarpgroupLowering::wait(Value barriers, Value step, bool isBefore) {
  NVVM::MBarrierTryWaitParityOp::create(
      builder, loc, barrierAt(barriers, stageOf(step)),
      parityOf(step, isBefore), constant32(kSleep));
}

void WarpgroupLowering::initialiseBarriers() {
  index.branch(index.equal(block.thread, index.constant(0)), [&] {
    for (int64_t stage = 0; stage != schedule.getStages(); ++stage) {
      Value at = index.constant(stage);
      NVVM::MBarrierInitOp::create(builder, loc, barrierAt(full, at),
                                   constant32(1), /*predicate=*/Value());
      NVVM::MBarrierInitOp::create(builder, loc, barrierAt(empty, at),
                                   constant32(warps), /*predicate=*/Value());
    }
    NVVM::FenceMbarrierInitOp::create(builder, loc);
  });
  gpu::BarrierOp::create(builder, loc);
}

//===----------------------------------------------------------------------===//
// The producer
//===----------------------------------------------------------------------===//

void WarpgroupLowering::emitProducer() {
  Value elected =
      NVVM::ElectSyncOp::create(builder, loc, builder.getI1Type(), Value());
  int64_t bytes = tileBytes(block.rows) + tileBytes(block.columns);
  index.branch(elected, [&] {
    index.loop(index.constant(0), steps, 1, [&](Value step) {
      wait(empty, step, /*isBefore=*/true);
      Value stage = stageOf(step), barrier = barrierAt(full, stage);
      NVVM::MBarrierArriveExpectTxOp::create(
          builder, loc, /*resultTypes=*/TypeRange(), barrier, constant32(bytes),
          NVVM::MemScopeKind::CTA, /*relaxed=*/false,
          /*predicate=*/Value());
      Value k = index.mul(step, schedule.getTileK());
      auto copy = [&](const MatmulBlock::Side &side, Value map, Value tiles) {
        Value target = advance(block, tiles, index.mul(stage, tileBytes(side)));
        copyBoxes(block, side, map, k, target, barrier);
      };
      copy(block.rows, rowsMap, rowTiles);
      copy(block.columns, columnsMap, columnTiles);
    });
  });
}

//===----------------------------------------------------------------------===//
// The consumers
//===----------------------------------------------------------------------===//

/// Where a side's tile lies, for the product: the address, the distance of
/// boxes, the distance of eight rows (all in 16 bytes), the swizzle.
Value WarpgroupLowering::descriptorOf(const MatmulBlock::Side &side,
                                      Value tiles) {
  constexpr int64_t addressMask = 0x3fff;
  constexpr int64_t swizzle128 = int64_t(1) << 62;
  int64_t betweenBoxes = side.operand->runsAlongK ? 1 : kBoxBytes / kUnit;
  int64_t layout =
      swizzle128 | kSwizzleBytes / kUnit << 32 | betweenBoxes << 16;
  Type i64 = builder.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 64);
  };
  Value address = LLVM::PtrToIntOp::create(builder, loc, i64, tiles);
  address = arith::ShRUIOp::create(builder, loc, address,
                                   constant(llvm::Log2_64(kUnit)));
  address = arith::AndIOp::create(builder, loc, address, constant(addressMask));
  return arith::OrIOp::create(builder, loc, address, constant(layout));
}

/// rows * columns, 64 x tile_n for 16 positions of k, added to `sums` or not.
Value WarpgroupLowering::multiply(Value rows, Value columns, Value sums,
                                  bool adds) {
  MLIRContext *context = builder.getContext();
  auto type = NVVM::WGMMATypesAttr::get(context, schedule.getNumerics() == "f16"
                                                     ? NVVM::WGMMATypes::f16
                                                     : NVVM::WGMMATypes::bf16);
  auto one = NVVM::WGMMAScaleInAttr::get(context, NVVM::WGMMAScaleIn::one);
  // "row" and "col" are k next to each other for rows and for columns.
  auto layout = [&](const MatmulBlock::Side &side) {
    bool isRow = side.operand->isRows == side.operand->runsAlongK;
    return NVVM::MMALayoutAttr::get(context, isRow ? NVVM::MMALayout::row
                                                   : NVVM::MMALayout::col);
  };
  return NVVM::WgmmaMmaAsyncOp::create(
      builder, loc, sums.getType(), sums, rows, columns,
      NVVM::MMAShapeAttr::get(context, kRows, schedule.getTileN(), kDepth),
      type, type, NVVM::WGMMATypesAttr::get(context, NVVM::WGMMATypes::f32),
      NVVM::WGMMAScaleOutAttr::get(context, adds ? NVVM::WGMMAScaleOut::one
                                                 : NVVM::WGMMAScaleOut::zero),
      one, one, layout(block.rows), layout(block.columns),
      /*satfinite=*/NVVM::MMAIntOverflowAttr());
}

/// The products of one step as one group.
Value WarpgroupLowering::multiplyTiles(Value step, Value sums, bool isFirst) {
  Type i64 = builder.getI64Type();
  Value stage = arith::IndexCastUIOp::create(builder, loc, i64, stageOf(step));
  auto at = [&](const MatmulBlock::Side &side, Value descriptor, int64_t k) {
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantIntOp::create(builder, loc, value / kUnit, 64);
    };
    // Positions of k are bytes of a row, or rows.
    int64_t inTile = k * (side.operand->runsAlongK ? 2 : kBoxRowBytes);
    Value moved =
        arith::MulIOp::create(builder, loc, stage, constant(tileBytes(side)));
    moved = arith::AddIOp::create(builder, loc, descriptor, moved);
    return arith::AddIOp::create(builder, loc, moved, constant(inTile));
  };
  NVVM::WgmmaFenceAlignedOp::create(builder, loc);
  for (int64_t k = 0; k != schedule.getTileK(); k += kDepth)
    sums = multiply(at(block.rows, rowDescriptor, k),
                    at(block.columns, columnDescriptor, k), sums,
                    /*adds=*/!isFirst || k != 0);
  NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
  return sums;
}

/// The warp no longer reads the tiles of `step`.
void WarpgroupLowering::release(Value step) {
  index.branch(index.equal(lane, index.constant(0)), [&] {
    NVVM::MBarrierArriveOp::create(builder, loc, builder.getI64Type(),
                                   barrierAt(empty, stageOf(step)),
                                   /*count=*/Value(), NVVM::MemScopeKind::CTA,
                                   /*relaxed=*/false);
  });
}

/// The first step stands before the loop: it has no sums to add to, and no step
/// before it to release.
Value WarpgroupLowering::accumulate() {
  SmallVector<Type> registers(schedule.getTileN() / 2, builder.getF32Type());
  Value none = LLVM::UndefOp::create(
      builder, loc,
      LLVM::LLVMStructType::getLiteral(builder.getContext(), registers));
  Value zero = index.constant(0), one = index.constant(1);
  wait(full, zero, /*isBefore=*/false);
  Value first = multiplyTiles(zero, none, /*isFirst=*/true);
  auto loop = scf::ForOp::create(builder, loc, one, steps, one, first);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value step = loop.getInductionVar();
  wait(full, step, /*isBefore=*/false);
  Value sums = multiplyTiles(step, loop.getRegionIterArg(0), /*isFirst=*/false);
  NVVM::WgmmaWaitGroupSyncOp::create(builder, loc, 1);
  release(index.sub(step, one));
  scf::YieldOp::create(builder, loc, sums);
  return loop.getResult(0);
}

/// Waits for all products and returns their sums. The operation for it does not
/// say that the sums depend on it: code that uses them could move before it.
SmallVector<Value> WarpgroupLowering::waitForSums(Value sums) {
  int64_t count = schedule.getTileN() / 2;
  SmallVector<Value> values;
  std::string results, operands;
  for (int64_t i = 0; i != count; ++i) {
    values.push_back(
        LLVM::ExtractValueOp::create(builder, loc, sums, ArrayRef<int64_t>(i)));
    results += i ? ",=f" : "=f";
    operands += "," + std::to_string(i);
  }
  Value waited = LLVM::InlineAsmOp::create(
                     builder, loc, sums.getType(), values,
                     "wgmma.wait_group.sync.aligned 0;", results + operands,
                     /*has_side_effects=*/true, /*is_align_stack=*/false,
                     LLVM::tailcallkind::TailCallKind::None,
                     LLVM::AsmDialectAttr(), /*operand_attrs=*/ArrayAttr())
                     .getResult(0);
  for (int64_t i = 0; i != count; ++i)
    values[i] = LLVM::ExtractValueOp::create(builder, loc, waited,
                                             ArrayRef<int64_t>(i));
  return values;
}

void WarpgroupLowering::emitConsumer() {
  // Each four warps have the rows of one box, or as many rows of the only one.
  Value first = index.mul(index.div(warp, kRows / 16), kBoxBytes);
  rowDescriptor = descriptorOf(block.rows, advance(block, rowTiles, first));
  columnDescriptor = descriptorOf(block.columns, columnTiles);
  SmallVector<Value> sums = waitForSums(accumulate());
  Value row = index.add(index.mul(warp, 16), index.div(lane, 4));
  Value column = index.mul(block.remainder(lane, 4), 2);
  block.emitResults(row, column, /*fragmentsM=*/1, schedule.getTileN() / 8,
                    sums);
}

void WarpgroupLowering::run() {
  int64_t stages = schedule.getStages();
  rowTiles = allocate(stages * tileBytes(block.rows));
  columnTiles = allocate(stages * tileBytes(block.columns));
  full = allocate(2 * stages * kBarrierBytes);
  empty = advance(block, full, index.constant(stages * kBarrierBytes));
  steps = index.ceilDiv(block.extentK, schedule.getTileK());
  lane = block.remainder(block.thread, kWarpThreads);
  // The same in all lanes, and known to be.
  Value own =
      arith::IndexCastUIOp::create(builder, loc, builder.getI32Type(),
                                   index.div(block.thread, kWarpThreads));
  Value ofFirst = NVVM::ShflOp::create(
      builder, loc, builder.getI32Type(), constant32(-1), own, constant32(0),
      constant32(kWarpThreads - 1), NVVM::ShflKind::idx, UnitAttr());
  warp = arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                      ofFirst);
  initialiseBarriers();
  index.branch(
      index.equal(warp, index.constant(warps)), [&] { emitProducer(); },
      [&] { emitConsumer(); });
  block.kernel.eraseOldBody();
}

void tegula::tile::lowerWarpgroupMatmul(KernelFunction &kernel,
                                        MatmulPlan &plan,
                                        ElementwiseEmitter &emitter) {
  WarpgroupLowering(kernel, plan, emitter).run();
}
