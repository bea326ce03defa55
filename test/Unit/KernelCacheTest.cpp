//===- KernelCacheTest.cpp - Generated code that is found again -----------===//

#include "tegula/Support/KernelCache.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace tegula;

namespace {

class KernelCacheTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("tegula-cache", folder));
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  /// The code of `text`, which is generated as "code of <text>".
  std::string get(StringRef text) {
    Expected<KernelCache::Code> code =
        KernelCache(folder).get(text, [&]() -> Expected<KernelCache::Code> {
          ++generated;
          std::string made = "code of " + text.str();
          return KernelCache::Code(made.begin(), made.end());
        });
    return code ? std::string(code->begin(), code->end())
                : toString(code.takeError());
  }

  /// The only file of the folder.
  std::string file() {
    std::error_code error;
    return sys::fs::directory_iterator(folder, error)->path();
  }

  void overwrite(StringRef contents) {
    std::error_code error;
    raw_fd_ostream(file(), error) << contents;
    ASSERT_FALSE(error);
  }

  SmallString<128> folder;
  int generated = 0;
};

TEST_F(KernelCacheTest, GeneratesOncePerText) {
  EXPECT_EQ(get("a"), "code of a");
  EXPECT_EQ(get("b"), "code of b");
  EXPECT_EQ(get("a"), "code of a");
  EXPECT_EQ(generated, 2);
}

TEST_F(KernelCacheTest, DamagedFilesAreMisses) {
  get("text");
  std::string good = (*MemoryBuffer::getFile(file()))->getBuffer().str();
  std::string changed = good;
  changed.back() ^= 1;
  for (StringRef bad : {StringRef(), StringRef(good).drop_back(1),
                        StringRef(good).take_front(20), StringRef(changed)}) {
    overwrite(bad);
    int before = generated;
    EXPECT_EQ(get("text"), "code of text");
    EXPECT_EQ(generated, before + 1);
  }
  EXPECT_EQ((*MemoryBuffer::getFile(file()))->getBuffer(), good);
}

TEST_F(KernelCacheTest, ComparesTheWholeText) {
  get("text");
  std::string stored = (*MemoryBuffer::getFile(file()))->getBuffer().str();
  // What a collision of hashes would find: another text of the same size.
  overwrite(StringRef(stored).str().replace(stored.find("text"), 4, "test"));
  EXPECT_EQ(get("text"), "code of text");
  EXPECT_EQ(generated, 2);
}

TEST_F(KernelCacheTest, ErrorsAreNotKept) {
  KernelCache cache(folder);
  auto fails = [] {
    return Expected<KernelCache::Code>(createStringError("no code"));
  };
  Expected<KernelCache::Code> code = cache.get("text", fails);
  EXPECT_EQ(toString(code.takeError()), "no code");
  EXPECT_EQ(get("text"), "code of text");
}

TEST_F(KernelCacheTest, WithoutAFolderNothingIsLost) {
  get("text");
  folder = file(); // A file where the folder should be.
  EXPECT_EQ(get("other"), "code of other");
  folder = "";
  EXPECT_EQ(get("text"), "code of text");
  EXPECT_EQ(generated, 3);
}

} // namespace
