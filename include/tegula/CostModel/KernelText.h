//===- KernelText.h - Problems and schedules as text ------------*- C++ -*-===//
//
// As tables of measurements hold them: the name of the struct, then its fields.
//
//   contraction batch=1 m=96 n=200 k=48 element_bytes=4 ... constant_columns=1
//   winograd results=4 mr=6 nr=16 vl=8 rows=4 fc=64 tasks=8
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_KERNELTEXT_H
#define TEGULA_COSTMODEL_KERNELTEXT_H

#include "tegula/CostModel/Kernels.h"

#include <string>
#include <string_view>

namespace tegula::cost {

std::string textOf(const Problem &problem);
std::string textOf(const Schedule &schedule);

/// The inverse. Fields that are not given keep their defaults. The text is not
/// trusted: false, with the reason in `message`, if it names no struct or
/// field, or a value is no number.
bool readText(std::string_view text, Problem &problem, std::string &message);
bool readText(std::string_view text, Schedule &schedule, std::string &message);

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_KERNELTEXT_H
