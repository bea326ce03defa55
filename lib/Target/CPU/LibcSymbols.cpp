//===- LibcSymbols.cpp - What artifacts may use of the C library ---------===//
//
// A call of anything else is found when an artifact is linked, not when it is
// loaded. All are old enough for any glibc from 2.17 on, or have a version for
// it (pthread_* are in libc.so.6 since 2.34).
//
//===----------------------------------------------------------------------===//

#include "LibcSymbols.h"

static const char *const kLibc[] = {
    // Memory and strings.
    "malloc", "calloc", "realloc", "free", "posix_memalign", "mmap", "munmap",
    "madvise", "mprotect", "mremap", "memcpy", "memmove", "memset", "memcmp",
    "bcmp", "strlen", "strcmp", "strncmp", "strchr", "strstr",
    // Text and files.
    "snprintf", "vsnprintf", "open", "close", "read", "write", "lseek",
    "rename", "unlink", "__errno_location", "strerror",
    // Threads and processes.
    "pthread_create", "pthread_join", "pthread_mutex_init",
    "pthread_mutex_destroy", "pthread_mutex_lock", "pthread_mutex_unlock",
    "pthread_sigmask", "sigfillset", "syscall", "exit", "__libc_start_main",
    // Profiles.
    "clock_gettime",
    // Instructions of AArch64.
    "getauxval",
    // Loading of drivers.
    "dlopen", "dlsym", "dlclose", "dlerror"};

static const char *const kLibm[] = {
    "acos",      "acosf",      "acosh",   "acoshf", "asin",      "asinf",
    "asinh",     "asinhf",     "atan",    "atan2",  "atan2f",    "atanf",
    "atanh",     "atanhf",     "cbrt",    "cbrtf",  "ceil",      "ceilf",
    "cos",       "cosf",       "cosh",    "coshf",  "erf",       "erfc",
    "erfcf",     "erff",       "exp",     "exp2",   "exp2f",     "expf",
    "expm1",     "expm1f",     "floor",   "floorf", "fma",       "fmaf",
    "fmax",      "fmaxf",      "fmin",    "fminf",  "fmod",      "fmodf",
    "hypot",     "hypotf",     "ldexp",   "ldexpf", "lgamma",    "lgammaf",
    "log",       "log10",      "log10f",  "log1p",  "log1pf",    "log2",
    "log2f",     "logf",       "lrint",   "lrintf", "modf",      "modff",
    "nearbyint", "nearbyintf", "pow",     "powf",   "remainder", "remainderf",
    "rint",      "rintf",      "round",   "roundf", "scalbn",    "scalbnf",
    "sin",       "sincos",     "sincosf", "sinf",   "sinh",      "sinhf",
    "sqrt",      "sqrtf",      "tan",     "tanf",   "tanh",      "tanhf",
    "tgamma",    "tgammaf",    "trunc",   "truncf"};

llvm::ArrayRef<const char *> tegula::target::libcSymbols() { return kLibc; }
llvm::ArrayRef<const char *> tegula::target::libmSymbols() { return kLibm; }
