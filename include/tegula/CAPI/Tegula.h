/*===- Tegula.h - The compiler as a C library -------------------------------===
 *
 * libtegula.so compiles ONNX models in the calling process. It has no global
 * state: any number of threads may compile at the same time.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TEGULA_CAPI_TEGULA_H
#define TEGULA_CAPI_TEGULA_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Compiles the model in the file `path`, or, if `path` is NULL, the `size`
 * bytes at `bytes`, to the file `output`. The `num_options` strings at
 * `options` are those of `tegula compile` ("-O3", "--target=host",
 * "--dim=batch=1"); --emit= decides what is written (default: a shared
 * object). Returns 0, or 1 for a model or an option that is refused. In both
 * cases *diagnostics, if `diagnostics` is not NULL, becomes a text to be freed
 * with tegula_free, empty if there is nothing to say. */
int tegula_compile(const char *path, const void *bytes, size_t size,
                   const char *const *options, size_t num_options,
                   const char *output, char **diagnostics);

/* Frees what this library has handed out. */
void tegula_free(void *memory);

/* The version of the compiler, "0.1.0". */
const char *tegula_version(void);

#ifdef __cplusplus
}
#endif

#endif /* TEGULA_CAPI_TEGULA_H */
