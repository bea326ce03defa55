//===- ScheduleFile.h - Schedules chosen by hand ----------------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_SCHEDULEFILE_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_SCHEDULEFILE_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Location.h"
#include "tegula/Schedule/IR/KernelBody.h"

#include <string>
#include <utility>
#include <vector>

namespace tegula::sched {

/// A text file of lines `NODE: #sched.<family><...>`. NODE is the name of a
/// kernel's root operation in the model, or `*` for every kernel of the
/// family. Empty lines and lines that start with `//` are skipped.
class ScheduleFile {
public:
  /// Reads `path`. Fails after an error diagnostic at `loc` that says which
  /// line is wrong.
  mlir::LogicalResult read(llvm::StringRef path, mlir::Location loc);

  /// The schedule for a kernel, null if the file has none of its family: by
  /// name before `*`, the first line of several.
  mlir::Attribute find(const KernelBody &body) const;

private:
  std::vector<std::pair<std::string, mlir::Attribute>> entries;
};

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_SCHEDULEFILE_H
