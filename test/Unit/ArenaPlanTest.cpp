//===- ArenaPlanTest.cpp - Buffers alive together lie apart ---------------===//

#include "Tile/Transforms/ArenaPlan.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace tegula::tile;

namespace {

std::vector<LiveBuffer> randomBuffers(std::mt19937 &random) {
  std::vector<LiveBuffer> buffers(1 + random() % 40);
  for (LiveBuffer &buffer : buffers) {
    buffer.bytes = random() % 5 == 0 ? 0 : random() % 4096;
    buffer.begin = random() % 30;
    buffer.end = buffer.begin + random() % 10;
  }
  return buffers;
}

bool liveTogether(const LiveBuffer &a, const LiveBuffer &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

TEST(PlanArena, BuffersAliveTogetherDoNotOverlap) {
  std::mt19937 random(1);
  for (int round = 0; round != 200; ++round) {
    std::vector<LiveBuffer> buffers = randomBuffers(random);
    llvm::SmallVector<int64_t> offsets;
    int64_t size = planArena(buffers, offsets);
    ASSERT_EQ(offsets.size(), buffers.size());
    for (size_t i = 0; i != buffers.size(); ++i) {
      EXPECT_EQ(offsets[i] % kArenaAlignment, 0);
      EXPECT_LE(offsets[i] + buffers[i].bytes, size);
      for (size_t j = 0; j != i; ++j)
        if (liveTogether(buffers[i], buffers[j]) && buffers[i].bytes &&
            buffers[j].bytes)
          EXPECT_TRUE(offsets[i] + buffers[i].bytes <= offsets[j] ||
                      offsets[j] + buffers[j].bytes <= offsets[i])
              << "buffers " << i << " and " << j << ", round " << round;
    }
  }
}

TEST(PlanArena, ADeadBuffersPlaceIsUsedAgain) {
  std::vector<LiveBuffer> chain = {{640, 0, 1}, {640, 1, 2}, {640, 2, 3}};
  llvm::SmallVector<int64_t> offsets;
  EXPECT_EQ(planArena(chain, offsets), 1280);
  EXPECT_EQ(offsets[0], offsets[2]);
}

TEST(PlanArena, EqualBuffersKeepTheirOrder) {
  std::vector<LiveBuffer> equal = {{64, 0, 9}, {64, 0, 9}, {64, 0, 9}};
  llvm::SmallVector<int64_t> offsets;
  planArena(equal, offsets);
  EXPECT_EQ(offsets, (llvm::SmallVector<int64_t>{0, 64, 128}));
}

TEST(PlanSlots, BuffersAliveTogetherHaveSlotsOfTheirOwn) {
  std::mt19937 random(2);
  for (int round = 0; round != 200; ++round) {
    std::vector<LiveBuffer> buffers = randomBuffers(random);
    llvm::SmallVector<int64_t> slots;
    int64_t count = planSlots(buffers, slots);
    for (size_t i = 0; i != buffers.size(); ++i) {
      EXPECT_LT(slots[i], count);
      for (size_t j = 0; j != i; ++j)
        if (liveTogether(buffers[i], buffers[j]))
          EXPECT_NE(slots[i], slots[j]) << "round " << round;
    }
  }
}

} // namespace
