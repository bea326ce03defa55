//===- CompileMeasured.cpp - Compile, measure where unsure ----------------===//

#include "tegula/Tuning/CompileMeasured.h"

#include "tegula/Tuning/CompileKernel.h"
#include "tegula/Tuning/Tune.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tuning;
using pipeline::CompileOptions;

/// Schedules of a kernel that are measured: among so many of the fastest
/// predicted there is almost always one as fast as any (cost-model/README.md).
static constexpr size_t kMeasuredSchedules = 8;

/// Measures kernels of the scheduled `module` into `database`.
static bool measureUnsure(ModuleOp module, const CompileOptions &options,
                          StringRef database) {
  TuneOptions tuning;
  tuning.compile = options;
  tuning.database = database.str();
  tuning.search = "exhaustive"; // The fastest predicted first.
  tuning.seconds = options.measureSeconds;
  tuning.schedules = kMeasuredSchedules;
  tuning.onlyUnsure = true;
  tuning.keepsBits = true;
  return tuneModule(module, tuning, [](const TunedKernel &) {});
}

/// `schedule` and `compile` are those of the pipeline for one model.
static bool compileMeasured(
    const CompileOptions &options, MLIRContext &context,
    llvm::function_ref<OwningOpRef<ModuleOp>(const CompileOptions &)> schedule,
    llvm::function_ref<bool(const CompileOptions &)> compile) {
  if (options.measureSeconds <= 0)
    return compile(options);
  auto fail = [&](const Twine &message) {
    emitError(UnknownLoc::get(&context)) << message;
    return false;
  };
  if (!options.schedules.empty() || options.schedulePoint >= 0 ||
      options.scheduleSeed >= 0)
    return fail("--measure-seconds chooses schedules; leave it out with "
                "--schedule, --schedule-point and --schedule-seed");
  if (options.progress)
    options.progress("measure", 0, 0);
  auto folder = LibraryFolder::create();
  if (!folder)
    return fail(llvm::toString(folder.takeError()));
  CompileOptions choosing = options, measured = options;
  choosing.tuningDatabase.clear();
  choosing.dumpStages.clear();
  choosing.timing = false;
  choosing.progress = {};
  if (measured.tuningDatabase.empty())
    measured.tuningDatabase = folder->file("times.db").str().str();
  OwningOpRef<ModuleOp> module = schedule(choosing);
  return module && measureUnsure(*module, options, measured.tuningDatabase) &&
         compile(measured);
}

bool tegula::tuning::compileFile(StringRef path, const CompileOptions &options,
                                 StringRef output, MLIRContext &context) {
  return compileMeasured(
      options, context,
      [&](const CompileOptions &choosing) {
        return pipeline::scheduleFile(path, choosing, context);
      },
      [&](const CompileOptions &measured) {
        return pipeline::compileFile(path, measured, output, context);
      });
}

bool tegula::tuning::compileBytes(StringRef bytes,
                                  const CompileOptions &options,
                                  StringRef output, MLIRContext &context) {
  return compileMeasured(
      options, context,
      [&](const CompileOptions &choosing) {
        return pipeline::scheduleBytes(bytes, choosing, context);
      },
      [&](const CompileOptions &measured) {
        return pipeline::compileBytes(bytes, measured, output, context);
      });
}
