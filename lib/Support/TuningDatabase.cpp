//===- TuningDatabase.cpp - Measured schedules ----------------------------===//

#include "tegula/Support/TuningDatabase.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Config/llvm-config.h"
#include <sqlite3.h>

using namespace llvm;
using namespace tegula;

/// Whoever changes what a schedule's text means counts up the number: times of
/// other code are not taken.
static constexpr StringLiteral kCompiler =
    "tegula 0.1.0, schedules 1, LLVM " LLVM_VERSION_STRING;

/// "TgTu": whose file this is.
static constexpr int kApplication = 0x54675475;
static constexpr int kFormat = 1;

namespace {

/// A prepared statement.
class Statement {
public:
  Statement(sqlite3 *database, const char *text) {
    sqlite3_prepare_v2(database, text, -1, &statement, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;

  Statement &bind(StringRef text) {
    sqlite3_bind_text64(statement, ++bound, text.data(), text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
  }
  Statement &bind(double number) {
    sqlite3_bind_double(statement, ++bound, number);
    return *this;
  }
  /// SQLITE_ROW, SQLITE_DONE, or a failure (also of what came before).
  int step() { return sqlite3_step(statement); }
  std::string text(int column) {
    auto *bytes =
        reinterpret_cast<const char *>(sqlite3_column_text(statement, column));
    return bytes ? std::string(bytes, sqlite3_column_bytes(statement, column))
                 : std::string();
  }
  double number(int column) { return sqlite3_column_double(statement, column); }

private:
  sqlite3_stmt *statement = nullptr;
  int bound = 0;
};

} // namespace

void TuningDatabase::Close::operator()(sqlite3 *database) const {
  sqlite3_close(database);
}

Error TuningDatabase::fail(const Twine &what) const {
  return createStringError(
      "the tuning database '%s' %s: %s", path.c_str(), what.str().c_str(),
      database ? sqlite3_errmsg(database.get()) : "no memory");
}

static int64_t readNumber(sqlite3 *database, const char *text) {
  Statement statement(database, text);
  return statement.step() == SQLITE_ROW ? int64_t(statement.number(0)) : -1;
}

static bool execute(sqlite3 *database, const Twine &text) {
  return sqlite3_exec(database, text.str().c_str(), nullptr, nullptr,
                      nullptr) == SQLITE_OK;
}

Expected<TuningDatabase> TuningDatabase::open(StringRef path, bool create) {
  TuningDatabase result;
  result.path = path.str();
  sqlite3 *database = nullptr;
  int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  if (!create)
    flags = SQLITE_OPEN_READONLY;
  const int code =
      sqlite3_open_v2(result.path.c_str(), &database, flags, nullptr);
  result.database.reset(database);
  if (code != SQLITE_OK)
    return result.fail("cannot be opened");
  sqlite3_busy_timeout(database, /*ms=*/10000);
  const int64_t application = readNumber(database, "PRAGMA application_id");
  const int64_t tables =
      readNumber(database, "SELECT count(*) FROM sqlite_master");
  if (tables < 0)
    return result.fail("cannot be read");
  if (create && tables == 0 && application == 0 &&
      !execute(database,
               "PRAGMA application_id = " + Twine(kApplication) +
                   "; PRAGMA user_version = " + Twine(kFormat) +
                   "; CREATE TABLE IF NOT EXISTS measurements (kernel TEXT, "
                   "machine TEXT, compiler TEXT, schedule TEXT, status TEXT, "
                   "seconds REAL, mad REAL, PRIMARY KEY (kernel, machine, "
                   "compiler, schedule)) WITHOUT ROWID"))
    return result.fail("cannot be made");
  if (readNumber(database, "PRAGMA application_id") != kApplication ||
      readNumber(database, "PRAGMA user_version") != kFormat)
    return createStringError("'%s' is no tuning database of format %d: name "
                             "another file, or remove it and tune again",
                             result.path.c_str(), kFormat);
  return result;
}

Expected<std::vector<Measurement>>
TuningDatabase::find(StringRef kernel, StringRef machine) const {
  Statement statement(database.get(),
                      "SELECT schedule, status, seconds, mad FROM measurements "
                      "WHERE kernel = ? AND machine = ? AND compiler = ? "
                      "ORDER BY status <> 'ok', seconds, schedule");
  statement.bind(kernel).bind(machine).bind(kCompiler);
  std::vector<Measurement> found;
  int code;
  while ((code = statement.step()) == SQLITE_ROW)
    found.push_back({statement.text(0), statement.text(1), statement.number(2),
                     statement.number(3)});
  if (code != SQLITE_DONE)
    return fail("cannot be read");
  return found;
}

Error TuningDatabase::add(StringRef kernel, StringRef machine,
                          const Measurement &measurement) {
  Statement statement(
      database.get(),
      "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?)");
  statement.bind(kernel).bind(machine).bind(kCompiler);
  statement.bind(measurement.schedule).bind(measurement.status);
  statement.bind(measurement.seconds).bind(measurement.mad);
  return statement.step() == SQLITE_DONE ? Error::success()
                                         : fail("cannot be written");
}
