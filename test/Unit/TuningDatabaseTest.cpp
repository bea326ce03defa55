//===- TuningDatabaseTest.cpp - Measured schedules ------------------------===//

#include "tegula/Support/TuningDatabase.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace tegula;

namespace {

class TuningDatabaseTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("tegula-database", folder));
    path = (folder + "/times.db").str();
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  /// Opens the file; the message if that fails.
  std::string open(bool create) {
    auto opened = TuningDatabase::open(path, create);
    if (!opened)
      return toString(opened.takeError());
    database = std::move(*opened);
    return "";
  }

  void add(StringRef kernel, StringRef machine, Measurement measurement) {
    cantFail(database->add(kernel, machine, measurement));
  }

  /// "schedule status;" of what is known, in order.
  std::string find(StringRef kernel, StringRef machine) {
    std::string text;
    for (const Measurement &one : cantFail(database->find(kernel, machine)))
      text += one.schedule + " " + one.status + ";";
    return text;
  }

  SmallString<128> folder;
  std::string path;
  std::optional<TuningDatabase> database;
};

TEST_F(TuningDatabaseTest, FindsTheFastestFirst) {
  ASSERT_EQ(open(true), "");
  add("k", "m", {"slow", "ok", 3e-3, 1e-5});
  add("k", "m", {"bad", "wrong", 0, 0});
  add("k", "m", {"fast", "ok", 1e-3, 1e-5});
  EXPECT_EQ(find("k", "m"), "fast ok;slow ok;bad wrong;");
  add("k", "m", {"fast", "ok", 4e-3, 1e-5}); // Measured again.
  EXPECT_EQ(find("k", "m"), "slow ok;fast ok;bad wrong;");
}

TEST_F(TuningDatabaseTest, TheWholeKeyCounts) {
  ASSERT_EQ(open(true), "");
  std::string kernel(100000, 'a'), other = kernel;
  other.back() = 'b';
  add(kernel, "m", {"s", "ok", 1, 0});
  EXPECT_EQ(find(kernel, "m"), "s ok;");
  EXPECT_EQ(find(other, "m"), "");
  EXPECT_EQ(find(kernel, "another machine"), "");
  EXPECT_EQ(find(StringRef("k\0x", 3), "m"), "");
  add(StringRef("k\0x", 3), "m", {"t", "ok", 1, 0});
  EXPECT_EQ(find("k", "m"), "");
}

TEST_F(TuningDatabaseTest, StaysInTheFile) {
  ASSERT_EQ(open(true), "");
  add("k", "m", {"s", "ok", 0.25, 0.5});
  database.reset();
  ASSERT_EQ(open(false), "");
  Measurement found = cantFail(database->find("k", "m")).front();
  EXPECT_EQ(found.seconds, 0.25);
  EXPECT_EQ(found.mad, 0.5);
  // Whoever reads cannot write.
  EXPECT_NE(toString(database->add("k", "m", {"t", "ok", 1, 0})), "");
}

TEST_F(TuningDatabaseTest, RefusesOtherFiles) {
  EXPECT_NE(open(false).find("cannot be opened"), std::string::npos);
  {
    std::error_code error;
    raw_fd_ostream(path, error) << "no database, but a text of some length";
  }
  EXPECT_NE(open(false).find("cannot be read"), std::string::npos);
  EXPECT_NE(open(true).find("cannot be read"), std::string::npos);
  sys::fs::remove(path);
  {
    std::error_code error; // An empty file is an empty database of nobody.
    raw_fd_ostream file(path, error);
  }
  EXPECT_NE(open(false).find("no tuning database"), std::string::npos);
}

} // namespace
