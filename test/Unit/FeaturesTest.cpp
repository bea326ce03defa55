//===- FeaturesTest.cpp - Features of kernels, computed by hand -----------===//

#include "tegula/CostModel/Features.h"
#include "tegula/CostModel/KernelText.h"
#include "tegula/CostModel/LearnedModel.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

using namespace tegula;

namespace {

double lg(double value) { return std::log2(value); }

constexpr double kL1 = 32768, kL2 = 524288, kLast = 16777216;

/// Times that the tests take for granted, in microseconds: 8 in all.
constexpr cost::AnalyticTime kTime = {4e-6,    1e-6, 2e-6,  0.5e-6,
                                      0.25e-6, 8e-6, 0.1e-6};

/// A kernel and numbers that the formulas of Features.def give.
struct Example {
  const char *problem, *schedule;
  int64_t threads;
  std::map<std::string, double> expected;
};

const Example kExamples[] = {
    {"contraction batch=2 m=20 n=40 k=256",
     "contraction mr=6 nr=16 vl=8 kc=128 mc=24 nc=32 pack_columns=1",
     1,
     {{"elementBytes", 4},
      {"isFloat", 1},
      {"isDot", 0},
      {"hasConstant", 0},
      {"isTransposed", 0},
      {"oneBlock", 0},
      {"logRows", lg(20)},
      {"logColumns", lg(40)},
      {"logK", 8},
      {"logBatch", 1},
      {"logWork", lg(2 * 20 * 40 * 256)},
      {"logWidth", lg(40)},
      {"stride", 1},
      {"dilation", 1},
      {"storedRows", 1},
      {"storedColumns", 1},
      {"mr", 6},
      {"vectors", 2},
      {"laneShare", 1},
      {"logKc", 7},
      {"logBlockRows", lg(20)},
      {"logBlockColumns", 5},
      {"packs", 1},
      {"streams", 1},
      {"registers", 15 / 16.0},
      {"spilled", 0},
      {"chains", 12 / 8.0},
      {"loadsPerFma", 8 / 12.0},
      {"cyclesPerFma", 6.35 / 12},
      {"loadBound", 8 / 12.0},
      {"logCode", lg(12)},
      {"rowFill", 20 / 24.0},
      {"tailRows", 2 / 6.0},
      {"tailRowSteps", 4.35 / (4.35 + 3 * 6.35)},
      {"columnFill", 40 / 48.0},
      {"tailVectors", 1 / 2.0},
      {"tailPanels", 1 / 3.0},
      {"maskedLanes", 0},
      {"laneFill", 1},
      {"kFill", 1},
      {"logRowTiles", 2},
      {"logPanels", lg(3)},
      {"logKBlocks", 1},
      {"logRowBlocks", 0},
      {"logColumnBlocks", 1},
      {"logTilesOfBlock", 2},
      {"logPanelsOfBlock", 1},
      {"panelInL1", -2},
      {"tileInL1", lg(128 * 6 * 4 / kL1)},
      {"panelAndTileInL1", lg(128 * 22 * 4 / kL1)},
      {"blockColumnsInL1", -1},
      {"blockColumnsInL2", -5},
      {"blockRowsInL1", lg(20 * 128 * 4 / kL1)},
      {"blockRowsInL2", lg(20 * 128 * 4 / kL2)},
      {"rowsInL2", lg(20 * 256 * 4 / kL2)},
      {"inputInL2", lg(40 * 256 * 4 / kL2)},
      {"resultInL2", lg(20 * 40 * 4 / kL2)},
      {"scratchInL1", -1},
      {"scratchInL2", -5},
      {"logCompulsory", lg(129280)},
      {"loadExcess", lg(559872 / 129280.0)},
      {"l2Excess", 0},
      {"l2Intensity", lg(25600 * 24 / 129280.0)},
      {"memoryIntensity", lg(25600 * 6 / 129280.0)},
      {"logReuse", lg(409600 * 4 / 129280.0)},
      {"rowAlias", 10},
      {"rowSets", lg(1 + 6 / 4.0)},
      {"columnAlias", 5},
      {"columnSets", 1},
      {"columnPages", lg(5)},
      {"resultAlias", 5},
      {"resultOffset", 0.5},
      {"threads", 1},
      {"logTasks", 2},
      {"balance", 1},
      {"grain", 0},
      {"taskInL2", lg(55808 / kL2)},
      {"sharedReads", lg(4 * 55808 / 129280.0)},
      {"copies", 1},
      {"peakOverL2", lg(64 / 24.0)},
      {"peakOverMemory", lg(64 / 6.0)},
      {"l1Vectors", 10},
      {"l2OverL1", 4},
      {"vectorRegisters", 16},
      {"logAnalytic", lg(8e-6)},
      {"stepShare", 1 / 2.0},
      {"tileShare", 1 / 8.0},
      {"packingShare", 1 / 4.0},
      {"cacheShare", 1 / 16.0},
      {"memoryShare", 1 / 32.0},
      {"dispatchShare", 1 / 80.0}}},
    // Operands that no cache keeps.
    {"contraction m=2000 n=3000 k=2000 constant_columns=1 one_block=1",
     "contraction mr=8 nr=16 vl=8 kc=500 mc=100 nc=1500 streams=2",
     1,
     {{"hasConstant", 1},
      {"oneBlock", 1},
      {"streams", 2},
      {"packs", 0},
      {"copies", 0},
      {"columnAlias", 0},
      {"spilled", 19 / 16.0 - 1},
      {"l2Excess", lg((16 * 188 + 24 * 20 + 24 * 7) / 64.0)},
      {"lastExcess", lg((16 * 2 + 24 * 20 + 24 * 7) / 64.0)},
      {"memoryExcess", lg((16 + 24 * 20 + 24 * 7) / 64.0)},
      {"allInL1", lg(64e6 / kL1)},
      {"allInL2", lg(64e6 / kL2)},
      {"allInLast", lg(64e6 / kLast)}}},
    // Bytes, and columns as n x k.
    {"contraction m=16 n=64 k=32 is_float=0 is_dot=1 transposed_columns=1"
     " row_bits=8 column_bits=16",
     "contraction mr=4 nr=16 vl=8 kc=32 mc=16 nc=64",
     1,
     {{"isFloat", 0},
      {"isDot", 1},
      {"isTransposed", 1},
      {"storedRows", 1 / 4.0},
      {"storedColumns", 1 / 2.0},
      {"logCompulsory", lg(16 * 32 + 32 * 64 * 2 + 16 * 64 * 4)}}},
    {"convolution groups=4 filters=10 channels=16 window=9 pixels=196 width=14"
     " stride=2",
     "convolution mr=4 nr=24 vl=8 kc=144 nb=3 fc=8",
     1,
     {{"isFloat", 1},
      {"isPointwise", 0},
      {"logBatch", 2},
      {"logK", lg(144)},
      {"logWindow", lg(9)},
      {"logWidth", lg(14)},
      {"stride", 2},
      {"columnFill", 196 / 216.0},
      {"maskedLanes", 4 / 8.0},
      {"laneFill", 196 / 200.0},
      {"tailVectors", 1 / 3.0},
      {"logRowBlocks", 1},
      {"logColumnBlocks", lg(3)},
      {"inputInL2", lg(50176 / kL2)},
      {"storedColumns", 1},
      {"columnAlias", 6},
      {"columnSets", lg(1 + 16 / 64.0)},
      {"columnPages", lg(12.25)},
      {"packs", 1},
      {"runVectors", 14 / 8.0},
      {"widthLanes", 6 / 8.0},
      {"copies", lg(1 + 2 * 9 / 4.0)},
      {"scratchInL1", lg(144 * 24 * 4 / kL1)},
      {"logCompulsory", lg(4 * (5760 + 50176 + 7840))},
      {"logTasks", lg(4 * 2 * 3)}}},
    {"convolution filters=8 channels=16 window=1 pixels=64 width=8 pointwise=1",
     "convolution mr=4 nr=24 vl=8 kc=16 nb=1 fc=8 in_place=1",
     1,
     {{"isPointwise", 1}, {"packs", 0}, {"runVectors", 0}, {"copies", 0}}},
    {"convolution filters=64 channels=32 window=9 pixels=49 width=7"
     " constant_filters=1",
     "filter_lanes mr=6 nr=16 vl=8 kc=144 np=48 fc=32",
     1,
     {{"hasConstant", 1},
      {"logRows", lg(49)},
      {"logColumns", 6},
      {"rowFill", 49 / 54.0},
      {"logRowBlocks", 1},
      {"logColumnBlocks", 1},
      {"logTasks", 2},
      {"storedRows", 1},
      {"copies", lg(1 + 2 * 9)},
      {"runVectors", 7 / 8.0},
      {"widthLanes", 7 / 8.0},
      {"scratchInL1", lg(288 * 48 * 4 / kL1)}}},
    {"convolution filters=64 channels=32 window=9 pixels=196 width=14"
     " winograd=1 constant_filters=1",
     "winograd results=4 mr=6 nr=16 vl=8 rows=2 fc=32 tasks=4",
     1,
     {{"results", 4},
      {"workRatio", 1 / 4.0},
      {"tilePadding", 256 / 196.0},
      {"copies", lg(1 + 9 / 4.0 * 256 / 196.0 * 2)},
      {"scratchInL2", lg(36 * 8 * 64 * 4 / kL2)},
      {"logColumns", lg(196)},
      {"logBatch", 0},
      {"logWork", lg(64 * 32 * 9 * 196)},
      {"logPanels", 0},
      {"columnFill", 1 / 2.0},
      {"logCompulsory", lg(148992)},
      {"l2Excess", lg((75264 + 2 * 294912 + 4 * 73728) / 148992.0)},
      {"lastExcess", lg((75264 + 294912) / 148992.0)},
      {"resultInL2", lg(196 * 64 * 4 / kL2)},
      {"resultAlias", 4},
      {"logTasks", 2}}},
    {"attention batch=12 queries=100 keys=128 depth=64 columns=32",
     "attention mr=6 nr=16 vl=8 mq=48 kc=64 tasks=7",
     2,
     {{"logDepth", 6},
      {"logRows", lg(100)},
      {"logK", 7},
      {"scoreShare", 64 / 96.0},
      {"queryFill", 100 / 144.0},
      {"keyFill", 128 / 132.0},
      {"scratchInL1", lg(48 * 128 * 4 / kL1)},
      {"columnAlias", 7},
      {"columnSets", lg(3)},
      {"logCompulsory", lg(12 * 228 * 96 * 4)},
      {"taskInL2", lg(176 * 96 * 4 / kL2)},
      {"threads", 2},
      {"logTasks", lg(7)},
      {"balance", 7 / 8.0},
      {"grain", 0}}},
    {"depthwise planes=96 height=56 width=56 input_height=56 input_width=56"
     " window_height=3 window_width=3 padded=1 weighted=1",
     "depthwise vl=8 rows=2 columns=2 block=28",
     1,
     {{"isWeighted", 1},
      {"isPadded", 1},
      {"logWindow", lg(9)},
      {"logWindowRows", lg(3)},
      {"dilation", 1},
      {"mr", 2},
      {"vectors", 2},
      {"unrolls", 1},
      {"logCode", lg(36)},
      {"sharedTaps", 4 / 6.0},
      {"copies", lg(1 + 3360 / 3136.0)},
      {"scratchInL1", lg(1680 * 4 / kL1)},
      {"columnAlias", 5},
      {"loadExcess", lg(3.5)},
      {"logTasks", lg(192)},
      {"taskInL2", lg((1680 + 1568) * 4 / kL2)}}},
    {"elementwise rows=64 columns=100 instructions=3 bytes=51200"
     " is_transposed=1",
     "elementwise vl=8 tile=16 grain=16384",
     1,
     {{"isTransposed", 1},
      {"logInstructions", 2},
      {"logPointBytes", 3},
      {"logTileLines", 4},
      {"columnAlias", 8},
      {"columnSets", 1},
      {"laneFill", 100 / 104.0},
      {"l2Intensity", lg(6400 * 5 / 16.0 * 24 / 51200)}}},
    {"rows rows=32 columns=768 reductions=2 passes=3 instructions=8"
     " bytes=196608",
     "rows vl=8 accumulators=4 unroll=2 grain=16384",
     1,
     {{"reductions", 2},
      {"passes", 3},
      {"logInstructions", lg(9)},
      {"vectors", 2},
      {"logBlockRows", lg(21)},
      {"loadExcess", lg(3)},
      {"scratchInL1", lg(6144 / kL1)},
      {"logTasks", 1}}},
};

TEST(Features, AreWhatTheFormulasSay) {
  std::set<std::string> tested;
  for (const Example &example : kExamples) {
    SCOPED_TRACE(example.problem);
    cost::Problem problem;
    cost::Schedule schedule;
    std::string message;
    ASSERT_TRUE(readText(example.problem, problem, message)) << message;
    ASSERT_TRUE(readText(example.schedule, schedule, message)) << message;
    ASSERT_TRUE(isFor(schedule, problem));
    cost::CpuTarget target;
    target.threads = example.threads;
    auto row = values(featuresOf(problem, schedule, target, kTime));
    std::map<std::string, double> found;
    for (size_t i = 0; i != cost::kNumFeatures; ++i)
      found[cost::featureInfos()[i].name] = double(row[i]);
    for (const auto &[name, value] : example.expected) {
      ASSERT_TRUE(found.count(name)) << name;
      EXPECT_NEAR(found[name], value, 1e-5) << name;
      tested.insert(name);
    }
  }
  for (size_t i = 0; i != cost::kNumFeatures; ++i)
    EXPECT_TRUE(tested.count(cost::featureInfos()[i].name))
        << cost::featureInfos()[i].name << " is in no example";
}

/// Draws numbers that break formulas.
class Numbers {
public:
  int64_t draw() {
    static constexpr int64_t kExtreme[] = {
        0,         1,          -1,         2,         3,
        7,         49,         127,        4096,      1000003,
        1ll << 31, 2147483647, 4294967291, INT64_MAX, INT64_MIN};
    if (std::uniform_int_distribution<int>(0, 3)(generator) == 0)
      return kExtreme[std::uniform_int_distribution<size_t>(
          0, std::size(kExtreme) - 1)(generator)];
    double power = std::uniform_real_distribution<double>(0, 12)(generator);
    return int64_t(std::exp2(power));
  }

  template <typename Struct>
  Struct of() {
    Struct value;
    forEachField(value, [&](const char *, auto &member) {
      member = std::decay_t<decltype(member)>(draw());
    });
    return value;
  }

private:
  std::mt19937 generator{11};
};

template <typename Schedule>
void drawKernels(Numbers &numbers, int count) {
  for (int i = 0; i != count; ++i) {
    const cost::Problem problem =
        numbers.template of<typename Schedule::Problem>();
    const cost::Schedule schedule = numbers.template of<Schedule>();
    cost::CpuTarget target;
    target.threads = i % 3 == 0 ? 1 + std::abs(numbers.draw() % 64) : 1;
    cost::AnalyticTime time = analyticTime(problem, schedule, target);
    SCOPED_TRACE(textOf(problem) + " under " + textOf(schedule));
    ASSERT_TRUE(std::isfinite(time.total) && time.total > 0);
    auto row = values(featuresOf(problem, schedule, target, time));
    for (size_t k = 0; k != cost::kNumFeatures; ++k)
      ASSERT_TRUE(std::isfinite(row[k])) << cost::featureInfos()[k].name;
    cost::Estimate estimate =
        cost::defaultModel().estimate(problem, schedule, target);
    ASSERT_TRUE(std::isfinite(estimate.seconds) && estimate.seconds > 0);
  }
}

template <size_t... Index>
void drawFamilies(std::index_sequence<Index...>) {
  Numbers numbers;
  (drawKernels<std::variant_alternative_t<Index, cost::Schedule>>(numbers,
                                                                  2000),
   ...);
}

TEST(Features, OfAnyNumbersAreFinite) {
  drawFamilies(std::make_index_sequence<std::variant_size_v<cost::Schedule>>());
}

TEST(Features, NamesAreUnique) {
  std::set<std::string> names, formulas;
  for (size_t i = 0; i != cost::kNumFeatures; ++i) {
    const cost::FeatureInfo &info = cost::featureInfos()[i];
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(formulas.insert(info.formula).second) << info.formula;
  }
}

} // namespace
