//===- TuningDatabase.h - Measured schedules --------------------*- C++ -*-===//

#ifndef TEGULA_SUPPORT_TUNINGDATABASE_H
#define TEGULA_SUPPORT_TUNINGDATABASE_H

#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct sqlite3;

namespace tegula {

/// What was measured: one kernel under one schedule on one machine.
struct Measurement {
  std::string schedule; ///< Text of the #sched attribute.
  /// "ok", or why there is no time: "wrong", "failed: <reason>".
  std::string status = "ok";
  double seconds = 0; ///< Median of one call on one thread.
  double mad = 0;     ///< Median absolute deviation of the blocks.
};

/// A SQLite file of measured schedules, which `tegula tune` fills and
/// `tegula compile --tuning-database=` reads:
///
///   CREATE TABLE measurements (kernel TEXT, machine TEXT, compiler TEXT,
///     schedule TEXT, status TEXT, seconds REAL, mad REAL,
///     PRIMARY KEY (kernel, machine, compiler, schedule))
///
/// A kernel is found by its whole canonical text (ExtractKernel.h), the
/// machine's description and the compiler's schema: SQLite compares all bytes,
/// there is no hash that two could share. Several processes may use one file.
/// The file is untrusted: the caller checks each schedule that it takes.
class TuningDatabase {
public:
  /// Opens `path`; makes it if `create`. Fails with the file and the reason,
  /// also when it is no database or has another format.
  static llvm::Expected<TuningDatabase> open(llvm::StringRef path, bool create);

  TuningDatabase(TuningDatabase &&) = default;
  TuningDatabase &operator=(TuningDatabase &&) = default;

  /// All measurements of `kernel`, the fastest first, those without a time
  /// last, ties by the text of the schedule.
  llvm::Expected<std::vector<Measurement>> find(llvm::StringRef kernel,
                                                llvm::StringRef machine) const;

  /// Adds a measurement, or replaces that of the same schedule.
  llvm::Error add(llvm::StringRef kernel, llvm::StringRef machine,
                  const Measurement &measurement);

private:
  TuningDatabase() = default;

  struct Close {
    void operator()(sqlite3 *database) const;
  };

  llvm::Error fail(const llvm::Twine &what) const;

  std::string path;
  std::unique_ptr<sqlite3, Close> database;
};

} // namespace tegula

#endif // TEGULA_SUPPORT_TUNINGDATABASE_H
