//===- Weights.h - Constants as an object file ---------------------------===//

#ifndef TEGULA_TARGET_CPU_WEIGHTS_H
#define TEGULA_TARGET_CPU_WEIGHTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <memory>

namespace llvm {
class raw_fd_ostream;
} // namespace llvm

namespace tegula {
namespace target {

/// Writes an ELF relocatable object whose one read-only section is the weight
/// blob `tegula_weights`. Bytes go straight to the file, so that weights are
/// never in memory a second time. The section is a "large" one (.lrodata):
/// linkers keep it apart, and code reaches its start through the GOT, so that
/// its size is not limited by 32-bit relocations. x86-64 only.
///
///   auto writer = WeightsWriter::create(path);
///   uint64_t offset = (*writer)->append(bytes);  // 64-byte aligned
///   Error error = (*writer)->finish();
class WeightsWriter {
public:
  static llvm::Expected<std::unique_ptr<WeightsWriter>>
  create(llvm::StringRef path);
  ~WeightsWriter();

  /// Adds a constant and returns its offset from tegula_weights, a multiple of
  /// 64. Write failures are reported by finish().
  uint64_t append(llvm::ArrayRef<char> bytes);

  /// Bytes so far, padding included.
  uint64_t size() const { return contentBytes; }

  /// Completes the file.
  llvm::Error finish();

private:
  explicit WeightsWriter(std::unique_ptr<llvm::raw_fd_ostream> stream);

  std::unique_ptr<llvm::raw_fd_ostream> stream;
  uint64_t contentBytes = 0;
};

} // namespace target
} // namespace tegula

#endif // TEGULA_TARGET_CPU_WEIGHTS_H
