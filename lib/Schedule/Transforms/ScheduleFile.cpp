//===- ScheduleFile.cpp - Schedules chosen by hand ------------------------===//

#include "ScheduleFile.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"
#include "tegula/Schedule/IR/NodeName.h"
#include "tegula/Schedule/IR/Sched.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace tegula::sched;

/// More than any list that people or tools write for one model.
static constexpr size_t kMaxBytes = 16 << 20;

/// The families whose schedules a file may hold.
static bool fits(Attribute schedule, Family family) {
  switch (family) {
  case Family::Contraction:
    return isa<ContractionAttr>(schedule);
  case Family::Convolution:
    return isa<ConvolutionAttr, FilterLanesAttr, WinogradAttr>(schedule);
  case Family::Attention:
    return isa<AttentionAttr>(schedule);
  case Family::Elementwise:
    return isa<ElementwiseAttr>(schedule);
  case Family::Rows:
    return isa<RowsAttr>(schedule);
  case Family::Depthwise:
    return isa<DepthwiseAttr>(schedule);
  case Family::Loops:
    return isa<LoopsAttr>(schedule);
  }
  return false;
}

LogicalResult ScheduleFile::read(StringRef path, Location loc) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return emitError(loc) << "cannot read the schedules of '" << path
                          << "': " << buffer.getError().message();
  if ((*buffer)->getBufferSize() > kMaxBytes)
    return emitError(loc) << "'" << path << "' is too long for schedules";
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n');
  for (auto [number, line] : llvm::enumerate(lines)) {
    StringRef text = line.trim();
    if (text.empty() || text.starts_with("//"))
      continue;
    auto [name, value] = text.split(": ");
    Attribute schedule = value.trim().starts_with("#sched.")
                             ? parseAttribute(value.trim(), loc.getContext())
                             : Attribute();
    if (!schedule)
      return emitError(loc)
             << path << ":" << number + 1
             << ": expected 'NODE: #sched.<family><...>', found '" << text
             << "'";
    entries.emplace_back(name.str(), schedule);
  }
  return success();
}

Attribute ScheduleFile::find(const KernelBody &body) const {
  Family family = classifyKernel(body);
  StringRef name =
      body.reductions.empty() ? "" : nodeName(body.reductions[0]->getLoc());
  Attribute general;
  for (const auto &[key, schedule] : entries) {
    if (!fits(schedule, family))
      continue;
    if (!name.empty() && key == name)
      return schedule;
    if (key == "*" && !general)
      general = schedule;
  }
  return general;
}
