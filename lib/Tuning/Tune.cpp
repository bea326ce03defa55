//===- Tune.cpp - Measure the schedules of a model's kernels --------------===//

#include "tegula/Tuning/Tune.h"

#include "tegula/Schedule/IR/NodeName.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/Candidates.h"
#include "tegula/Schedule/Transforms/CostModelFile.h"
#include "tegula/Schedule/Transforms/ExtractKernel.h"
#include "tegula/Tuning/CompileKernel.h"
#include "tegula/Tuning/ResultCheck.h"
#include "tegula/Tuning/Search.h"

#include "mlir/IR/Diagnostics.h"
#include <chrono>
#include <limits>
#include <map>

using namespace mlir;
using namespace tegula;
using namespace tegula::tuning;

/// Schedules that are timed together.
static constexpr size_t kBatch = 8;

namespace {

/// Kernels of one text.
struct Task {
  graph::KernelOp kernel;
  std::string text;
  size_t uses = 1;
  std::vector<sched::Candidate> candidates;
  cost::Estimate time; ///< Predicted, of one use as it is scheduled.
  /// The least that another candidate may take.
  double leastSeconds = std::numeric_limits<double>::infinity();

  /// Might another candidate be faster than this one is?
  bool isUnsure() const { return leastSeconds < upperBound(time); }

  /// Seconds that measuring may save, of all uses. Predictions leave their
  /// interval one time in ten: no kernel has nothing to gain.
  double gain() const {
    constexpr double kLeastGain = 0.05;
    return double(uses) *
           std::max(upperBound(time) - leastSeconds, kLeastGain * time.seconds);
  }
};

using Clock = std::chrono::steady_clock;

/// Tunes the kernels of one task.
class KernelTuner {
public:
  KernelTuner(const Task &task, const TuneOptions &options,
              const std::string &machine, TuningDatabase &database,
              LibraryFolder &folder)
      : task(task), options(options), machine(machine), database(database),
        folder(folder) {}

  /// Fails if the database does.
  llvm::Expected<TunedKernel> run(Clock::time_point end);

private:
  llvm::Error measure(ArrayRef<size_t> points, Search &search);
  llvm::Error record(size_t point, Measurement measurement, Search &search);
  llvm::Error readKnown();

  const Task &task;
  const TuneOptions &options;
  const std::string &machine;
  TuningDatabase &database;
  LibraryFolder &folder;
  std::shared_ptr<LoadedKernel> chosen; ///< By the compiler.
  std::optional<ResultCheck> check;
  llvm::StringMap<Measurement> known; ///< By schedule.
  TunedKernel result;
};

} // namespace

/// What searches vary: the family, and its parameters. All points get as many
/// numbers as the longest.
static std::vector<SearchPoint>
searchPoints(ArrayRef<sched::Candidate> candidates) {
  std::vector<SearchPoint> points;
  size_t longest = 0;
  for (const sched::Candidate &candidate : candidates) {
    SearchPoint point;
    point.predicted = candidate.time.seconds;
    point.spread = candidate.time.spread;
    point.parameters = std::visit(
        [](const auto &schedule) { return cost::numbersOf(schedule); },
        candidate.point);
    point.parameters.push_back(int64_t(candidate.point.index()));
    longest = std::max(longest, point.parameters.size());
    points.push_back(std::move(point));
  }
  for (SearchPoint &point : points)
    point.parameters.insert(point.parameters.end() - 1,
                            longest - point.parameters.size(), 0);
  return points;
}

llvm::Error KernelTuner::readKnown() {
  auto measurements = database.find(task.text, machine);
  if (!measurements)
    return measurements.takeError();
  for (Measurement &measurement : *measurements)
    known.try_emplace(measurement.schedule, measurement);
  return llvm::Error::success();
}

/// Tells the search, counts, and adds to the database what is new in it.
llvm::Error KernelTuner::record(size_t point, Measurement measurement,
                                Search &search) {
  const bool isTimed = measurement.status == "ok";
  search.tell(point, isTimed ? measurement.seconds
                             : std::numeric_limits<double>::infinity());
  (isTimed ? result.measured : result.failed) += 1;
  if (isTimed &&
      (result.best.empty() || measurement.seconds < result.bestSeconds)) {
    result.best = measurement.schedule;
    result.bestSeconds = measurement.seconds;
  }
  if (known.contains(measurement.schedule))
    return llvm::Error::success();
  return database.add(task.text, machine, measurement);
}

/// Compiles, checks and times `points` beside the compiler's choice.
llvm::Error KernelTuner::measure(ArrayRef<size_t> points, Search &search) {
  std::vector<std::shared_ptr<LoadedKernel>> loaded;
  std::vector<LoadedKernel *> timed = {chosen.get()};
  std::vector<size_t> timedPoints;
  for (size_t point : points) {
    Attribute schedule = task.candidates[point].schedule;
    Measurement measurement;
    measurement.schedule = sched::scheduleText(schedule);
    auto found = known.find(measurement.schedule);
    if (found != known.end()) {
      if (llvm::Error error = record(point, found->second, search))
        return error;
      continue;
    }
    auto compiled =
        compileKernel(task.kernel, schedule, options.compile, folder);
    std::shared_ptr<LoadedKernel> kernel;
    if (compiled)
      kernel = std::move(*compiled);
    else
      measurement.status = "failed: " + llvm::toString(compiled.takeError());
    if (kernel && !check->isRight(kernel, task.candidates[point].numerics))
      measurement.status = "wrong";
    if (measurement.status != "ok") {
      if (llvm::Error error = record(point, measurement, search))
        return error;
      continue;
    }
    timed.push_back(kernel.get());
    timedPoints.push_back(point);
    loaded.push_back(std::move(kernel));
  }
  if (timedPoints.empty())
    return llvm::Error::success();
  std::vector<Timing> timings = timeInRounds(timed);
  // Batches compare by what the compiler's choice took in each.
  const double drift = result.chosenSeconds / timings.front().median;
  for (auto [point, timing] :
       llvm::zip_equal(timedPoints, ArrayRef(timings).drop_front())) {
    Measurement measurement;
    measurement.schedule = sched::scheduleText(task.candidates[point].schedule);
    measurement.seconds = timing.median * drift;
    measurement.mad = timing.mad * drift;
    if (llvm::Error error = record(point, measurement, search))
      return error;
  }
  return llvm::Error::success();
}

llvm::Expected<TunedKernel> KernelTuner::run(Clock::time_point end) {
  graph::KernelOp kernel = task.kernel;
  Attribute schedule = kernel->getAttr(sched::kScheduleAttrName);
  result.node =
      sched::nodeName(sched::readKernelBody(kernel.getBody().front())).str();
  result.uses = task.uses;
  result.points = task.candidates.size();
  result.chosen = sched::scheduleText(schedule);
  if (llvm::Error error = readKnown())
    return error;
  auto first = compileKernel(task.kernel, schedule, options.compile, folder);
  if (!first) { // Such as inputs that nobody can make up: nothing to measure.
    llvm::consumeError(first.takeError());
    result.failed = 1;
    return result;
  }
  chosen = std::move(*first);
  // A task's kernel has a schedule of its space.
  check.emplace(chosen, llvm::find_if(task.candidates, [&](const auto &one) {
                          return one.schedule == schedule;
                        })->numerics);
  std::unique_ptr<Search> search =
      makeSearch(options.search, searchPoints(task.candidates), options.seed);
  const Timing timing = timeInRounds(chosen.get()).front();
  result.chosenSeconds = timing.median;
  known[result.chosen] = {result.chosen, "ok", timing.median, timing.mad};
  if (llvm::Error error =
          database.add(task.text, machine, known[result.chosen]))
    return error;
  do {
    const size_t asked = result.measured + result.failed;
    std::vector<size_t> batch = search->next(std::min(
        kBatch, options.schedules - std::min(asked, options.schedules)));
    if (batch.empty())
      break;
    if (llvm::Error error = measure(batch, *search))
      return error;
  } while (Clock::now() < end);
  return result;
}

/// A task for `kernel` alone; none if there is nothing to choose or to compile.
static std::optional<Task> taskOf(graph::KernelOp kernel, StringRef text,
                                  const TuneOptions &options,
                                  const cost::CpuTarget &target,
                                  const cost::CostModel &model) {
  if (text.empty())
    return std::nullopt;
  Task task;
  task.kernel = kernel;
  task.text = text.str();
  task.candidates = sched::candidatesOf(kernel, target, model);
  Attribute schedule = kernel->getAttr(sched::kScheduleAttrName);
  auto own = llvm::find_if(task.candidates, [&](const sched::Candidate &one) {
    return one.schedule == schedule;
  });
  if (own == task.candidates.end())
    return std::nullopt;
  task.time = own->time;
  if (options.keepsBits)
    llvm::erase_if(task.candidates,
                   [numerics = own->numerics](const sched::Candidate &one) {
                     return one.numerics != numerics;
                   });
  for (const sched::Candidate &one : task.candidates)
    if (one.schedule != schedule)
      task.leastSeconds = std::min(task.leastSeconds, lowerBound(one.time));
  if (task.candidates.size() < 2 || (options.onlyUnsure && !task.isUnsure()))
    return std::nullopt;
  return task;
}

/// The kernels that have something to measure, those of equal text as one, the
/// one that may gain most first.
static std::vector<Task> tasksOf(ModuleOp module, const TuneOptions &options,
                                 const cost::CpuTarget &target,
                                 const cost::CostModel &model) {
  std::map<std::string, std::optional<Task>> byText;
  module.walk([&](graph::KernelOp kernel) {
    const std::string text = sched::kernelText(kernel);
    auto [place, isNew] = byText.try_emplace(text);
    if (isNew)
      place->second = taskOf(kernel, text, options, target, model);
    else if (place->second)
      place->second->uses += 1;
  });
  std::vector<Task> tasks;
  for (auto &[text, task] : byText)
    if (task)
      tasks.push_back(std::move(*task));
  llvm::sort(tasks, [](const Task &a, const Task &b) {
    return std::pair(-a.gain(), StringRef(a.text)) <
           std::pair(-b.gain(), StringRef(b.text));
  });
  return tasks;
}

/// Tunes all tasks in a folder for their libraries.
static llvm::Error
tuneTasks(ArrayRef<Task> tasks, const TuneOptions &options,
          const std::string &machine, TuningDatabase &database,
          llvm::function_ref<void(const TunedKernel &)> report) {
  auto folder = LibraryFolder::create();
  if (!folder)
    return folder.takeError();
  double gain = 0, left = options.seconds;
  for (const Task &task : tasks)
    gain += task.gain();
  for (const Task &task : tasks) {
    // What a kernel does not use is there for those after it.
    const double share = gain > 0 ? task.gain() / gain : 1;
    const Clock::time_point start = Clock::now();
    const auto budget = std::chrono::duration<double>(left * share);
    auto tuned =
        KernelTuner(task, options, machine, database, *folder)
            .run(start + std::chrono::duration_cast<Clock::duration>(budget));
    if (!tuned)
      return tuned.takeError();
    report(*tuned);
    gain -= task.gain();
    left -= std::chrono::duration<double>(Clock::now() - start).count();
    if (left <= 0)
      break;
  }
  return llvm::Error::success();
}

bool tegula::tuning::tuneModule(
    ModuleOp module, const TuneOptions &options,
    llvm::function_ref<void(const TunedKernel &)> report) {
  auto failWith = [&](const Twine &message) {
    emitError(module.getLoc()) << message;
    return false;
  };
  machine::Machine machine;
  std::string message;
  sched::NamedCostModel model;
  if (!machine::machineFor(options.compile.target, machine, message) ||
      !machine::runsHere(machine, message))
    return failWith(message);
  if (failed(model.find(options.compile.costModel, module.getLoc())))
    return false;
  auto database = TuningDatabase::open(options.database, /*create=*/true);
  if (!database)
    return failWith(llvm::toString(database.takeError()));
  std::vector<Task> tasks =
      tasksOf(module, options, pipeline::cpuTarget(machine), *model);
  if (llvm::Error error = tuneTasks(
          tasks, options, pipeline::tuningMachine(machine), *database, report))
    return failWith(llvm::toString(std::move(error)));
  return true;
}

bool tegula::tuning::tuneFile(
    StringRef path, const TuneOptions &options, MLIRContext &context,
    llvm::function_ref<void(const TunedKernel &)> report) {
  OwningOpRef<ModuleOp> module =
      pipeline::scheduleFile(path, options.compile, context);
  return module && tuneModule(*module, options, report);
}
