//===- Matrix.h - Element types of the tensor cores ------------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_MATRIX_H
#define TEGULA_TEST_GPU_EMULATOR_MATRIX_H

#include <cstdint>
#include <string>

namespace tegula::ptx {

enum class Element : uint8_t { F16, BF16, TF32, S8, U8, E4M3, E5M2, F32, S32 };

/// False if a matrix instruction has no elements of that type.
bool elementOf(const std::string &name, Element &element);

unsigned elementBytes(Element element);

/// The value of an element from its bits; a tf32 has the upper 19.
float elementValue(Element element, uint32_t bits);

} // namespace tegula::ptx

#endif
