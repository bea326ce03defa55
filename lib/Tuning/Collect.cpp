//===- Collect.cpp - Measured kernels for training the cost model ---------===//

#include "tegula/Tuning/Collect.h"

#include "tegula/CostModel/KernelText.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/Candidates.h"
#include "tegula/Schedule/Transforms/CostModelFile.h"
#include "tegula/Tuning/CompileKernel.h"
#include "tegula/Tuning/MachineTurn.h"
#include "tegula/Tuning/ResultCheck.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>
#include <random>
#include <set>

using namespace mlir;
using namespace tegula;
using namespace tegula::tuning;

/// Schedules that are loaded and timed together.
static constexpr size_t kGroup = 12;
/// Of the schedules that are drawn, one in so many is among those predicted to
/// be fastest: what a model must tell apart lies there.
static constexpr size_t kFast = 3;

/// Which of `candidates` to measure: numbers, the compiler's choice first.
static std::vector<size_t> drawPoints(ArrayRef<sched::Candidate> candidates,
                                      Attribute chosen, size_t count,
                                      uint64_t seed) {
  std::vector<size_t> byTime(candidates.size());
  std::iota(byTime.begin(), byTime.end(), size_t(0));
  count = std::min(count, candidates.size());
  std::vector<size_t> drawn = byTime;
  llvm::sort(byTime, [&](size_t a, size_t b) {
    return std::pair(candidates[a].time.seconds, a) <
           std::pair(candidates[b].time.seconds, b);
  });
  std::mt19937_64 random(seed);
  for (size_t i = drawn.size(); i > 1; --i)
    std::swap(drawn[i - 1], drawn[random() % i]);
  llvm::SetVector<size_t> points;
  for (size_t point : byTime)
    if (candidates[point].schedule == chosen)
      points.insert(point);
  std::set<std::pair<size_t, std::string>> kinds;
  for (size_t point : byTime)
    if (kinds
            .emplace(candidates[point].point.index(),
                     candidates[point].numerics)
            .second)
      points.insert(point);
  for (size_t i = 0; i != drawn.size(); ++i) {
    points.insert(drawn[i]);
    if (i % kFast == 0)
      points.insert(byTime[i / kFast]);
  }
  return points.getArrayRef().take_front(count).vec();
}

namespace {

/// Measures the schedules of one kernel.
class KernelCollector {
public:
  KernelCollector(graph::KernelOp kernel, const CollectOptions &options,
                  LoadedKernel &reference, LibraryFolder &folder,
                  llvm::function_ref<void(const CollectedKernel &)> report)
      : kernel(kernel), options(options), reference(reference), folder(folder),
        report(report), problem(textOf(*sched::problemOf(kernel))) {}

  /// Fails if the compiler's choice, the first of `points`, cannot be measured.
  llvm::Error run(ArrayRef<sched::Candidate> candidates,
                  ArrayRef<size_t> points);

private:
  using Kernel = std::shared_ptr<LoadedKernel>;

  std::pair<CollectedKernel, Kernel> prepare(const sched::Candidate &candidate);
  void time(MutableArrayRef<std::pair<CollectedKernel, Kernel>> group,
            unsigned threads);
  void measureEnergy(CollectedKernel &row, LoadedKernel &timed);

  graph::KernelOp kernel;
  const CollectOptions &options;
  LoadedKernel &reference;
  LibraryFolder &folder;
  llvm::function_ref<void(const CollectedKernel &)> report;
  std::string problem;
  size_t spacePoints = 0;
  std::optional<ResultCheck> check;
  Kernel chosen;
  /// What the compiler's choice took in the first group, by threads.
  std::map<unsigned, double> chosenSeconds;
};

} // namespace

/// Compiles, loads and checks one schedule. No kernel if that fails.
std::pair<CollectedKernel, std::shared_ptr<LoadedKernel>>
KernelCollector::prepare(const sched::Candidate &candidate) {
  CollectedKernel row;
  row.problem = problem;
  row.schedule = cost::textOf(candidate.point);
  row.family = StringRef(row.schedule).split(' ').first.str();
  row.numerics = candidate.numerics;
  row.spacePoints = spacePoints;
  row.predictedSeconds = candidate.time.seconds;
  MachineTurn turn(options.lockFile, MachineTurn::Kind::Shared);
  const double start = processSeconds();
  auto compiled =
      compileKernel(kernel, candidate.schedule, options.compile, folder);
  if (!compiled) {
    row.status = "failed: " + llvm::toString(compiled.takeError());
    return {row, nullptr};
  }
  Kernel loaded = std::move(*compiled);
  row.code = loaded->code();
  if (!check)
    check.emplace(loaded, candidate.numerics);
  else if (!check->isRight(loaded, candidate.numerics))
    row.status = "wrong";
  row.compileSeconds = processSeconds() - start;
  return {row, row.status == "ok" ? loaded : nullptr};
}

/// Asks the counters around blocks that are much longer than the millisecond in
/// which they count.
void KernelCollector::measureEnergy(CollectedKernel &row, LoadedKernel &timed) {
  constexpr double kBlockSeconds = 30e-3;
  if (!options.energy)
    return;
  MachineTurn turn(options.lockFile, MachineTurn::Kind::Alone);
  const auto times = std::max<int64_t>(
      1, int64_t(kBlockSeconds / std::max(row.timing.median, 1e-7)));
  options.energy->consumed();
  if (timed.run(times) >= 0)
    row.joules = options.energy->consumed() / double(times);
}

/// Times a group on so many threads, and reports its rows.
void KernelCollector::time(
    MutableArrayRef<std::pair<CollectedKernel, Kernel>> group,
    unsigned threads) {
  std::optional<MachineTurn> turn(std::in_place, options.lockFile,
                                  threads == 1 ? MachineTurn::Kind::Shared
                                               : MachineTurn::Kind::Alone);
  RealTimePriority priority(options.realTime);
  std::vector<Kernel> onThreads;
  std::vector<LoadedKernel *> timed = {&reference};
  std::vector<std::pair<CollectedKernel *, size_t>> rows; ///< Which is timed.
  auto add = [&](const Kernel &one) -> llvm::Error {
    if (threads == 1) {
      timed.push_back(one.get());
      return llvm::Error::success();
    }
    auto other = one->onThreads(threads);
    if (!other)
      return other.takeError();
    timed.push_back(other->get());
    onThreads.push_back(std::move(*other));
    return llvm::Error::success();
  };
  // The choice of the compiler is in every group, and in none twice: behind
  // itself it would find its operands in the caches.
  if (llvm::Error error = add(chosen))
    return llvm::consumeError(std::move(error));
  const size_t numChosen = timed.size() - 1;
  for (auto &[row, one] : group) {
    row.threads = threads;
    if (!one)
      continue;
    const bool isChosen = one == chosen;
    if (llvm::Error error = isChosen ? llvm::Error::success() : add(one)) {
      row.status = "failed: " + llvm::toString(std::move(error));
      continue;
    }
    const size_t number = isChosen ? numChosen : timed.size() - 1;
    if (timed[number]->agreesWith(*one, /*exactly=*/true)) {
      rows.emplace_back(&row, number);
    } else {
      row.status = "wrong";
      if (!isChosen)
        timed.pop_back();
    }
  }
  std::vector<Timing> timings =
      timeInRounds(timed, options.rounds, options.blockSeconds);
  double &first = chosenSeconds.try_emplace(threads, timings[numChosen].median)
                      .first->second;
  const double drift = first / timings[numChosen].median;
  for (auto [row, number] : rows) {
    const Timing &timing = timings[number];
    row->timing = {timing.median * drift, timing.mad * drift,
                   timing.even * drift, timing.odd * drift};
    row->referenceSeconds = timings.front().median * drift;
  }
  turn.reset();
  for (auto [row, number] : rows)
    measureEnergy(*row, *timed[number]);
  for (auto &[row, one] : group)
    report(row);
}

llvm::Error KernelCollector::run(ArrayRef<sched::Candidate> candidates,
                                 ArrayRef<size_t> points) {
  spacePoints = candidates.size();
  for (size_t begin = 0; begin < points.size(); begin += kGroup) {
    std::vector<std::pair<CollectedKernel, Kernel>> group;
    for (size_t point : points.slice(begin).take_front(kGroup)) {
      group.push_back(prepare(candidates[point]));
      if (!chosen)
        chosen = group.back().second;
      if (!chosen)
        return llvm::createStringError(group.back().first.status);
    }
    for (unsigned threads : options.threads)
      time(group, threads);
  }
  return llvm::Error::success();
}

/// The target of `options`, if this machine runs it.
static llvm::Expected<machine::Machine>
machineOf(const CollectOptions &options) {
  machine::Machine machine;
  std::string message;
  if (!machine::machineFor(options.compile.target, machine, message) ||
      !machine::runsHere(machine, message))
    return llvm::createStringError(message);
  return machine;
}

/// The scheduled model at `path`, or what the compiler said.
static llvm::Expected<OwningOpRef<ModuleOp>>
scheduleModel(StringRef path, const CollectOptions &options,
              MLIRContext &context) {
  std::string message = "the compiler said nothing";
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &said) {
    message = said.str();
    return success();
  });
  OwningOpRef<ModuleOp> module =
      pipeline::scheduleFile(path, options.compile, context);
  if (!module)
    return llvm::createStringError(message);
  return module;
}

llvm::Expected<std::unique_ptr<LoadedKernel>>
tegula::tuning::loadReference(StringRef path, const CollectOptions &options,
                              MLIRContext &context) {
  auto folder = LibraryFolder::create();
  if (!folder)
    return folder.takeError();
  auto module = scheduleModel(path, options, context);
  if (!module)
    return module.takeError();
  graph::KernelOp first;
  (*module)->walk([&](graph::KernelOp kernel) {
    first = kernel;
    return WalkResult::interrupt();
  });
  if (!first)
    return llvm::createStringError("the reference model has no kernel");
  return compileKernel(first, first->getAttr(sched::kScheduleAttrName),
                       options.compile, *folder);
}

llvm::Error tegula::tuning::collectFile(
    StringRef path, const CollectOptions &options, LoadedKernel &reference,
    MLIRContext &context,
    llvm::function_ref<void(const CollectedKernel &)> report) {
  auto machine = machineOf(options);
  if (!machine)
    return machine.takeError();
  auto folder = LibraryFolder::create();
  if (!folder)
    return folder.takeError();
  auto module = [&] {
    MachineTurn turn(options.lockFile, MachineTurn::Kind::Shared);
    return scheduleModel(path, options, context);
  }();
  if (!module)
    return module.takeError();
  sched::NamedCostModel model;
  if (failed(model.find(options.compile.costModel, (*module)->getLoc())))
    return llvm::createStringError("the cost model is refused");
  SmallVector<graph::KernelOp> kernels;
  (*module)->walk([&](graph::KernelOp kernel) {
    if (sched::problemOf(kernel))
      kernels.push_back(kernel);
  });
  if (kernels.empty())
    return llvm::createStringError("no kernel of the model has a space");
  for (graph::KernelOp kernel : kernels) {
    std::vector<sched::Candidate> candidates =
        sched::candidatesOf(kernel, pipeline::cpuTarget(*machine), *model);
    std::vector<size_t> points =
        drawPoints(candidates, kernel->getAttr(sched::kScheduleAttrName),
                   options.points, options.seed);
    if (llvm::Error error =
            KernelCollector(kernel, options, reference, *folder, report)
                .run(candidates, points))
      return error;
  }
  return llvm::Error::success();
}
