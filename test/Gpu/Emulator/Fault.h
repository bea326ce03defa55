//===- Fault.h - What the emulator reports ---------------------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_FAULT_H
#define TEGULA_TEST_GPU_EMULATOR_FAULT_H

#include <stdexcept>
#include <string>

namespace tegula::ptx {

/// The classes of failure, which the driver maps to CUresult codes.
enum class FaultKind {
  Syntax,     ///< The PTX text cannot be read, or is not supported.
  Address,    ///< Outside of every allocation.
  Misaligned, ///< Not a multiple of the access size.
  Hazard,     ///< A race, or data used before it is there.
  Deadlock,   ///< Nothing can go on.
  Launch,     ///< Wrong use of an instruction or launch parameter.
};

class Fault : public std::runtime_error {
public:
  Fault(FaultKind kind, const std::string &what)
      : std::runtime_error(what), kind(kind) {}
  FaultKind kind;
};

} // namespace tegula::ptx

#endif
