//===- Npy.h - Arrays in NumPy's file format -----------------------------===//

#ifndef TEGULA_LIB_RUNTIME_NPY_H
#define TEGULA_LIB_RUNTIME_NPY_H

#include "tegula/Runtime/Abi.h"

namespace tegula {
namespace runtime {

/// An array in memory that freeArray gives back.
struct Array {
  void *data; // 64-byte aligned.
  int64_t bytes;
  int32_t rank;
  int64_t shape[TEGULA_MAX_RANK];
};

/// Reads a little-endian row-major array of elements of `dtype` (its NumPy type
/// or, for the small floats that NumPy lacks, raw bytes of that size). Returns
/// null, or what is wrong with the file.
const char *readNpy(const char *path, int32_t dtype, Array *array);

/// Writes a tensor; null or what went wrong.
const char *writeNpy(const char *path, const TegulaTensor &tensor);

void freeArray(Array &array);

/// The decimal number at `text`: returns what follows it; null if there is none
/// or it overflows. (Newer C libraries rename strtol: artifacts must not need
/// them.)
const char *parseNumber(const char *text, int64_t *value);

/// ONNX's name of a dtype.
const char *dtypeText(int32_t dtype);

} // namespace runtime
} // namespace tegula

#endif // TEGULA_LIB_RUNTIME_NPY_H
