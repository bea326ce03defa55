//===- MachineTurnTest.cpp - Processes that measure on one machine --------===//

#include "tegula/Tuning/MachineTurn.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <atomic>
#include <optional>
#include <thread>

using namespace tegula::tuning;

namespace {

class MachineTurnTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("tegula-turn", "", file));
  }
  void TearDown() override {
    llvm::sys::fs::remove(file);
    llvm::sys::fs::remove(file + ".gate");
  }
  llvm::SmallString<128> file;
};

} // namespace

TEST_F(MachineTurnTest, SharedTurnsDoNotWaitForEachOther) {
  MachineTurn first(file, MachineTurn::Kind::Shared);
  MachineTurn second(file, MachineTurn::Kind::Shared);
}

TEST_F(MachineTurnTest, AloneMeansThatNobodySharesMeanwhile) {
  std::atomic<int> sharing = 0;
  std::atomic<bool> wasAlone = true;
  auto work = [&] {
    for (int i = 0; i != 200; ++i) {
      {
        MachineTurn turn(file, MachineTurn::Kind::Shared);
        ++sharing;
        std::this_thread::yield();
        --sharing;
      }
      MachineTurn turn(file, MachineTurn::Kind::Alone);
      if (sharing != 0)
        wasAlone = false;
    }
  };
  std::thread first(work), second(work);
  first.join();
  second.join();
  EXPECT_TRUE(wasAlone);
}

TEST_F(MachineTurnTest, WithoutAFileNobodyWaits) {
  MachineTurn first("", MachineTurn::Kind::Alone);
  MachineTurn second("", MachineTurn::Kind::Alone);
  MachineTurn third("/no/such/folder/lock", MachineTurn::Kind::Alone);
}
