//===- LibcSymbols.h - What artifacts may use of the C library -----------===//

#ifndef TEGULA_LIB_TARGET_CPU_LIBCSYMBOLS_H
#define TEGULA_LIB_TARGET_CPU_LIBCSYMBOLS_H

#include "llvm/ADT/ArrayRef.h"

namespace tegula {
namespace target {

/// Functions of libc.so.6 that the runtime and generated code may call.
llvm::ArrayRef<const char *> libcSymbols();
/// Functions of libm.so.6 that generated code may call.
llvm::ArrayRef<const char *> libmSymbols();

} // namespace target
} // namespace tegula

#endif // TEGULA_LIB_TARGET_CPU_LIBCSYMBOLS_H
