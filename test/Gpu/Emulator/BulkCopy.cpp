//===- BulkCopy.cpp - cp.async.bulk: bulk and tensor copies (TMA) ---------===//

#include "Access.h"
#include "Decoder.h"
#include "Lanes.h"
#include "Mbarrier.h"
#include "TensorMap.h"

using namespace tegula::ptx;

namespace {

/// Bytes of shared memory and of global memory that belong together.
struct Piece {
  uint32_t shared;
  uint64_t global; ///< 0: outside of the tensor.
};

/// A copy as its pieces of 16 bytes at most.
struct Transfer {
  std::vector<Piece> pieces;
  uint32_t pieceBytes = 16;
  uint8_t fill = 0;
  uint64_t bytes = 0;
};

/// Where the operands of a copy are. coordinates: of a tensor copy.
struct CopyDetail {
  int32_t shared, global, size, barrier, multicast;
  int64_t sharedOffset, globalOffset, barrierOffset;
  std::vector<int32_t> coordinates;
  bool isTensor, isLoad;
};

uint32_t sharedAddress(Warp &warp, int32_t row, int64_t offset, int lane) {
  return static_cast<uint32_t>(warp.row(row)[lane] + offset);
}

TensorMap readMap(Warp &warp, int lane, uint64_t address) {
  if (address & 63)
    warp.fail(FaultKind::Misaligned, lane,
              "a tensor map must be aligned to 64 bytes");
  TensorMap map;
  for (unsigned i = 0; i < sizeof(map); i += 8)
    memcpy(reinterpret_cast<char *>(&map) + i,
           access(warp, lane, Space::Generic, address + i, 8, {}), 8);
  if (map.magic != TensorMap::kMagic)
    warp.fail(FaultKind::Address, lane, "there is no tensor map");
  return map;
}

/// Elements of the innermost dimension that make a piece: 16 bytes, where they
/// are all inside of the tensor or all outside.
unsigned elementsTogether(const TensorMap &map, int64_t at) {
  const unsigned count = 16 / map.elementBytes;
  const bool fits = map.steps[0] == 1 && map.box[0] % count == 0 &&
                    at % count == 0 && map.size[0] % count == 0;
  return fits ? count : 1;
}

/// The pieces of a box of a tensor, at a shared offset.
Transfer boxOf(Warp &warp, int lane, const TensorMap &map,
               const CopyDetail &detail, uint32_t shared) {
  const unsigned rank = map.rank;
  if (rank != detail.coordinates.size())
    warp.fail(FaultKind::Launch, lane,
              "a copy of " + std::to_string(detail.coordinates.size()) +
                  " dimensions with a tensor map of " + std::to_string(rank));
  if (shared % 128)
    warp.fail(FaultKind::Misaligned, lane,
              "a tensor copy needs shared memory aligned to 128 bytes, not " +
                  std::to_string(shared));
  int64_t at[5] = {};
  for (unsigned d = 0; d < rank; ++d)
    at[d] = get<int32_t>(warp.row(detail.coordinates[d])[lane]);
  Transfer transfer;
  const unsigned together = elementsTogether(map, at[0]);
  transfer.pieceBytes = together * map.elementBytes;
  transfer.fill = map.fillsWithNaN ? 0xff : 0;
  uint64_t elements = 1;
  for (unsigned d = 0; d < rank; ++d)
    elements *= map.box[d];
  transfer.bytes = elements * map.elementBytes;
  for (uint64_t e = 0; e < elements; e += together) {
    uint64_t rest = e, global = map.address;
    bool isInside = true;
    for (unsigned d = 0; d < rank; ++d) {
      const int64_t index = at[d] + int64_t(rest % map.box[d]) * map.steps[d];
      rest /= map.box[d];
      isInside &= index >= 0 && index < int64_t(map.size[d]);
      global += index * (d ? map.strides[d - 1] : map.elementBytes);
    }
    transfer.pieces.push_back(
        {swizzled(shared + uint32_t(e) * map.elementBytes, map.swizzle),
         isInside ? global : 0});
  }
  return transfer;
}

Transfer linear(Warp &warp, int lane, const CopyDetail &detail, uint32_t shared,
                uint64_t global) {
  const uint32_t size = get<uint32_t>(warp.row(detail.size)[lane]);
  if (size % 16 || shared % 16 || global % 16)
    warp.fail(FaultKind::Misaligned, lane,
              "a bulk copy needs addresses and a size that are multiples of "
              "16");
  Transfer transfer;
  transfer.bytes = size;
  for (uint32_t i = 0; i < size; i += 16)
    transfer.pieces.push_back({shared + i, global + i});
  return transfer;
}

/// An accessor for the copy engine of a block, on behalf of a warp.
Accessor engineOf(Warp &warp, const Block &block, int lane) {
  Accessor who = warp.accessor(lane, true);
  who.as.actor = warp.block.cluster.copyEngine(block);
  who.as.clock = Access::kPending;
  return who;
}

void checkShared(Warp &warp, int lane, Block &block, const Transfer &transfer) {
  for (const Piece &piece : transfer.pieces)
    if (piece.shared + transfer.pieceBytes > block.shared.size())
      warp.fail(FaultKind::Address, lane,
                "a bulk copy reaches over the end of the shared memory of " +
                    std::to_string(block.shared.size()) + " bytes");
}

/// Ends a copy's accesses to shared memory at a new time of the engine.
void settle(Block &block, const Transfer &transfer, Access access) {
  access.clock = ++block.cluster.engineClock;
  for (const Piece &piece : transfer.pieces)
    block.shared.settle(piece.shared, transfer.pieceBytes, access);
}

/// Into the shared memory of one block; completes at its barrier.
void loadInto(Warp &warp, int lane, Block &block, uint32_t barrier,
              std::shared_ptr<const Transfer> transfer) {
  checkShared(warp, lane, block, *transfer);
  const Accessor who = engineOf(warp, block, lane);
  for (const Piece &piece : transfer->pieces)
    warp.raise(lane,
               block.shared.write(piece.shared, transfer->pieceBytes, who));
  const Access access = who.as;
  Block *target = &block;
  block.cluster.defer([target, barrier, transfer, access] {
    for (const Piece &piece : transfer->pieces)
      if (piece.global)
        memcpy(target->shared.at(piece.shared),
               reinterpret_cast<const void *>(piece.global),
               transfer->pieceBytes);
      else
        memset(target->shared.at(piece.shared), transfer->fill,
               transfer->pieceBytes);
    settle(*target, *transfer, access);
    completeTransaction(*target, barrier, static_cast<int64_t>(transfer->bytes),
                        target->cluster.program);
  });
}

void load(Warp &warp, const CopyDetail &detail, int lane) {
  uint32_t offset = 0, barrier = 0;
  const uint32_t address =
      sharedAddress(warp, detail.shared, detail.sharedOffset, lane);
  Block &own = sharedTarget(warp, lane, address, offset);
  sharedTarget(warp, lane,
               sharedAddress(warp, detail.barrier, detail.barrierOffset, lane),
               barrier);
  const uint64_t global = warp.row(detail.global)[lane] + detail.globalOffset;
  auto transfer = std::make_shared<Transfer>(
      detail.isTensor
          ? boxOf(warp, lane, readMap(warp, lane, global), detail, offset)
          : linear(warp, lane, detail, offset, global));
  for (const Piece &piece : transfer->pieces)
    if (piece.global)
      access(warp, lane, Space::Global, piece.global, transfer->pieceBytes, {});
  if (detail.multicast < 0) {
    loadInto(warp, lane, own, barrier, transfer);
    return;
  }
  const uint32_t targets = get<uint16_t>(warp.row(detail.multicast)[lane]);
  Cluster &cluster = warp.block.cluster;
  if (targets >> cluster.blocks.size())
    warp.fail(FaultKind::Launch, lane,
              "multicast to blocks that the cluster does not have");
  for (auto &block : cluster.blocks)
    if (targets >> block->rank & 1)
      loadInto(warp, lane, *block, barrier, transfer);
}

void store(Warp &warp, const CopyDetail &detail, int lane) {
  const uint32_t offset =
      sharedAddress(warp, detail.shared, detail.sharedOffset, lane) &
      kOffsetMask;
  const uint64_t global = warp.row(detail.global)[lane] + detail.globalOffset;
  auto transfer = std::make_shared<Transfer>(
      detail.isTensor
          ? boxOf(warp, lane, readMap(warp, lane, global), detail, offset)
          : linear(warp, lane, detail, offset, global));
  Block &block = warp.block;
  checkShared(warp, lane, block, *transfer);
  const Accessor who = engineOf(warp, block, lane);
  for (const Piece &piece : transfer->pieces) {
    warp.raise(lane,
               block.shared.read(piece.shared, transfer->pieceBytes, who));
    if (piece.global)
      access(warp, lane, Space::Global, piece.global, transfer->pieceBytes,
             {true, false, false, true});
  }
  const Access access = who.as;
  warp.bulkStores[lane].open.push_back([&warp, &block, transfer, access] {
    for (const Piece &piece : transfer->pieces)
      if (piece.global)
        memcpy(reinterpret_cast<void *>(piece.global),
               block.shared.at(piece.shared), transfer->pieceBytes);
    settle(block, *transfer, access);
    warp.clock[access.actor] = block.cluster.engineClock;
  });
}

Step copyBulk(Warp &warp, const Instr &instr, uint32_t mask) {
  const auto &detail = *static_cast<const CopyDetail *>(instr.detail.get());
  forLanes(mask, [&](int lane) {
    if (detail.isLoad)
      load(warp, detail, lane);
    else
      store(warp, detail, lane);
  });
  return Step::Next;
}

Step commitGroup(Warp &warp, const Instr &, uint32_t mask) {
  forLanes(mask, [&](int lane) { warp.bulkStores[lane].commit(); });
  return Step::Next;
}

Step waitGroup(Warp &warp, const Instr &instr, uint32_t mask) {
  forLanes(mask, [&](int lane) { warp.bulkStores[lane].wait(instr.imm); });
  return Step::Next;
}

Step prefetch(Warp &, const Instr &, uint32_t) { return Step::Next; }

/// The rows of a copy's operands; loads are [shared], [global], ..., [barrier].
std::shared_ptr<CopyDetail> readOperands(Decoder &d, const Statement &s) {
  auto detail = std::make_shared<CopyDetail>();
  detail->isTensor = s.has("tensor");
  detail->isLoad = s.has("mbarrier::complete_tx::bytes");
  const size_t target = detail->isTensor ? 5 : 3;
  if (s.parts.size() <= target + 1 || s.has("im2col"))
    d.fail(s, "this kind of copy is not supported");
  const Operand &shared = d.at(s, detail->isLoad ? 0 : 1),
                &global = d.at(s, detail->isLoad ? 1 : 0);
  Instr where;
  d.address(s, shared, where, 0);
  d.address(s, global, where, 1);
  detail->sharedOffset = shared.offset;
  detail->globalOffset = global.offset;
  detail->shared = where.src[0];
  detail->global = where.src[1];
  detail->size = detail->barrier = detail->multicast = -1;
  if (detail->isTensor) {
    if (global.parts.size() != 2)
      d.fail(s, "expected [map, {coordinates}]");
    for (const Operand &coordinate : global.parts[1].parts)
      detail->coordinates.push_back(d.source(s, coordinate));
  } else {
    detail->size = d.source(s, 2);
  }
  if (detail->isLoad) {
    const size_t barrier = detail->isTensor ? 2 : 3;
    d.address(s, d.at(s, barrier), where, 2);
    detail->barrier = where.src[2];
    detail->barrierOffset = d.at(s, barrier).offset;
    if (s.has("multicast::cluster"))
      detail->multicast = d.source(s, barrier + 1);
  }
  return detail;
}

} // namespace

bool tegula::ptx::decodeBulkCopy(Decoder &d, const Statement &s) {
  if (s.parts[0] != "cp" || s.parts.size() < 4 || s.parts[2] != "bulk")
    return false;
  if (s.has("commit_group")) {
    d.emit(s, commitGroup);
  } else if (s.has("wait_group")) {
    d.emit(s, waitGroup).imm = d.at(s, 0).bits;
  } else if (s.has("prefetch")) {
    d.emit(s, prefetch);
  } else {
    auto detail = readOperands(d, s);
    d.emit(s, copyBulk).detail = detail;
  }
  return true;
}
