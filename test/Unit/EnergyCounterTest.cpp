//===- EnergyCounterTest.cpp - What the processor has consumed ------------===//

#include "tegula/Tuning/EnergyCounter.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace tegula::tuning;

namespace {

/// A folder such as /sys/class/powercap.
class EnergyCounterTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(sys::fs::createUniqueDirectory("tegula-energy", folder));
  }
  void TearDown() override { sys::fs::remove_directories(folder); }

  void write(const Twine &zone, StringRef file, StringRef text) {
    const std::string path = (folder + "/" + zone).str();
    ASSERT_FALSE(sys::fs::create_directories(path));
    std::error_code error;
    raw_fd_ostream(path + "/" + file.str(), error) << text << "\n";
  }
  void setZone(const Twine &zone, StringRef microjoules) {
    write(zone, "energy_uj", microjoules);
    write(zone, "max_energy_range_uj", "1000000");
  }

  SmallString<128> folder;
};

} // namespace

TEST_F(EnergyCounterTest, PackagesAddUpAndTheirPartsDoNotCount) {
  setZone("intel-rapl:0", "100");
  setZone("intel-rapl:1", "200");
  setZone("intel-rapl:0:0", "300");
  auto counter = EnergyCounter::open(folder);
  ASSERT_TRUE(bool(counter));
  setZone("intel-rapl:0", "500100");
  setZone("intel-rapl:1", "250200");
  setZone("intel-rapl:0:0", "999999");
  EXPECT_DOUBLE_EQ(counter->consumed(), 0.75);
  EXPECT_DOUBLE_EQ(counter->consumed(), 0);
}

TEST_F(EnergyCounterTest, ACounterStartsAgain) {
  setZone("intel-rapl:0", "900000");
  auto counter = EnergyCounter::open(folder);
  ASSERT_TRUE(bool(counter));
  setZone("intel-rapl:0", "150000");
  EXPECT_DOUBLE_EQ(counter->consumed(), 0.25);
}

TEST_F(EnergyCounterTest, NoCounterIsSaid) {
  auto said = [&] { return toString(EnergyCounter::open(folder).takeError()); };
  EXPECT_NE(said().find("no RAPL counter"), std::string::npos);
  setZone("intel-rapl:0", "not a number");
  EXPECT_NE(said().find("no RAPL counter"), std::string::npos);
  folder += "-that-is-not-there";
  EXPECT_NE(said().find("no RAPL counter"), std::string::npos);
}
