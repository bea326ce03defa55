//===- Access.cpp - Checked accesses to memory ----------------------------===//

#include "Access.h"

using namespace tegula::ptx;

Space tegula::ptx::spaceOf(const Statement &s) {
  if (s.has("global") || s.has("const"))
    return Space::Global;
  if (s.has("shared") || s.has("shared::cta"))
    return Space::Shared;
  if (s.has("shared::cluster"))
    return Space::Cluster;
  return s.has("local") ? Space::Local : Space::Generic;
}

unsigned tegula::ptx::typeBytes(const std::string &type) {
  const size_t digit = type.find_first_of("0123456789");
  if (digit == std::string::npos)
    return 0;
  if (type.size() > 2 && type.compare(type.size() - 2, 2, "x2") == 0)
    return 2 * typeBytes(type.substr(0, type.size() - 2));
  return atoi(type.c_str() + digit) / 8;
}

static std::string range(uint64_t address, uint64_t bytes) {
  char text[64];
  snprintf(text, sizeof(text), "%llu bytes at 0x%llx",
           static_cast<unsigned long long>(bytes),
           static_cast<unsigned long long>(address));
  return text;
}

static uint8_t *accessGlobal(Warp &warp, int lane, uint64_t address,
                             uint64_t bytes, AccessKind kind) {
  Allocation *found = recentAllocation(warp, address, bytes);
  if (!found) {
    GlobalMemory &memory = warp.block.cluster.memory;
    found = memory.find(address);
    if (!found)
      warp.fail(
          FaultKind::Address, lane,
          "accesses " + range(address, bytes) +
              " outside of every allocation: " + memory.describe(address));
    if (!found->contains(address, bytes))
      warp.fail(FaultKind::Address, lane,
                "accesses " + range(address, bytes) +
                    ", which reach over the end of " + found->name + " (" +
                    std::to_string(found->bytes) + " bytes)");
    warp.recent[1] = warp.recent[0];
    warp.recent[0] = found;
  }
  if (kind.isRead && !found->isWritten(address, bytes))
    warp.fail(FaultKind::Hazard, lane,
              "reads " + range(address, bytes) + ", byte " +
                  std::to_string(address - found->address) + " of " +
                  found->name + ", that nothing has written");
  if (kind.isWrite) {
    if (found->readOnly)
      warp.fail(FaultKind::Address, lane,
                "writes to " + found->name + ", which is read-only");
    found->markWritten(address, bytes);
  }
  return reinterpret_cast<uint8_t *>(address);
}

Block &tegula::ptx::sharedTarget(Warp &warp, int lane, uint32_t address,
                                 uint32_t &offset) {
  offset = address & kOffsetMask;
  const uint32_t rank = address >> kRankShift;
  if (!rank)
    return warp.block;
  Cluster &cluster = warp.block.cluster;
  if (rank > cluster.blocks.size())
    warp.fail(FaultKind::Address, lane,
              "shared address of block " + std::to_string(rank - 1) +
                  " in a cluster of " + std::to_string(cluster.blocks.size()));
  return *cluster.blocks[rank - 1];
}

static uint8_t *accessShared(Warp &warp, int lane, uint32_t address,
                             uint64_t bytes, AccessKind kind) {
  uint32_t offset = 0;
  Block &block = sharedTarget(warp, lane, address, offset);
  if (offset + bytes > block.shared.size())
    warp.fail(FaultKind::Address, lane,
              "accesses " + range(offset, bytes) + " of a shared memory of " +
                  std::to_string(block.shared.size()) + " bytes");
  Accessor who = warp.accessor(lane, kind.isAsync);
  who.as.isStrong = kind.isStrong;
  warp.raise(lane, kind.isWrite ? block.shared.write(offset, bytes, who)
                                : block.shared.read(offset, bytes, who));
  return block.shared.at(offset);
}

static uint8_t *accessLocal(Warp &warp, int lane, uint64_t address,
                            uint64_t bytes) {
  const uint64_t size = warp.block.cluster.program.localBytes;
  if (address > size || bytes > size - address)
    warp.fail(FaultKind::Address, lane,
              "accesses " + range(address, bytes) + " of a local memory of " +
                  std::to_string(size) + " bytes");
  return &warp.local[lane * size + address];
}

uint8_t *tegula::ptx::access(Warp &warp, int lane, Space space,
                             uint64_t address, uint64_t bytes,
                             AccessKind kind) {
  if (address & (bytes - 1))
    warp.fail(FaultKind::Misaligned, lane,
              "accesses " + range(address, bytes) +
                  ", which is not a multiple of " + std::to_string(bytes));
  if (space == Space::Generic) {
    const uint64_t window = address & kWindowMask;
    space = window == kSharedWindow  ? Space::Cluster
            : window == kLocalWindow ? Space::Local
                                     : Space::Global;
    address &= space == Space::Global ? ~0ull : ~kWindowMask;
  }
  switch (space) {
  case Space::Local:
    return accessLocal(warp, lane, address, bytes);
  case Space::Shared:
  case Space::Cluster:
    return accessShared(warp, lane, static_cast<uint32_t>(address), bytes,
                        kind);
  default:
    return accessGlobal(warp, lane, address, bytes, kind);
  }
}
