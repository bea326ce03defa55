/*===- Abi.h - The C ABI of a compiled model --------------------------------===
 *
 * Two contracts, both plain C:
 *  - between an artifact and the program that uses it: TegulaModel, reached
 *    through `tegula_model()` of a shared object or `<name>_model()` of any
 *    artifact;
 *  - between the code the compiler emits and the runtime linked beside it:
 *    `tegula_entry`, `tegula_manifest`, `tegula_weights` and `tegula_rt_*`.
 *
 * Element types are the numbers of ONNX's TensorProto.DataType. One element
 * takes a whole number of bytes: int4, uint4, int2, uint2 and float4 take one
 * byte each. Tensors are dense and row-major.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TEGULA_RUNTIME_ABI_H
#define TEGULA_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a struct or function below changes incompatibly. */
#define TEGULA_ABI_VERSION 1

/* More dimensions than this are refused by the compiler. */
#define TEGULA_MAX_RANK 32

/* The result of every call. 0 is success; the others come with a message. */
enum {
  TEGULA_OK = 0,
  TEGULA_INVALID_ARGUMENT = 1, /* null pointer, wrong count, bad option */
  TEGULA_INVALID_DTYPE = 2,    /* element type differs from the signature */
  TEGULA_INVALID_SHAPE = 3,    /* rank, size or equality of dimensions */
  TEGULA_INVALID_LAYOUT = 4,   /* strides that are not dense row-major */
  TEGULA_MISALIGNED = 5,       /* data not aligned to its element */
  TEGULA_BUFFER_TOO_SMALL = 6, /* caller's memory is smaller than needed */
  TEGULA_OUT_OF_MEMORY = 7,    /* allocation failed or went over max_bytes */
  TEGULA_UNSUPPORTED_CPU = 8,  /* the processor lacks required features */
  TEGULA_BUSY = 9,             /* another run of this context is going on */
  TEGULA_OUT_OF_RANGE = 10,    /* an index or value met at run time */
  TEGULA_CHECK_FAILED = 11,    /* another condition on values does not hold */
  TEGULA_INTERNAL = 12,        /* a defect of the compiler or the runtime */
  TEGULA_NO_DRIVER = 13,       /* the GPU's driver cannot be loaded */
  TEGULA_NO_GPU = 14,          /* the driver knows no GPU of that number */
  TEGULA_UNSUPPORTED_GPU = 15, /* the model was compiled for another GPU */
  TEGULA_GPU_CODE = 16,        /* the driver refuses the device code */
  TEGULA_GPU_FAILED = 17,      /* another call of the driver failed */
  TEGULA_NO_HUGE_PAGES = 18    /* the kernel has none for the weights */
};

/* A tensor handed to or received from `run`. */
typedef struct TegulaTensor {
  /* First element. An output may say NULL: the runtime then owns the memory,
     which stays valid until the next run or the destruction of the context. */
  void *data;
  /* Inputs: size of the memory, or 0 for "as the shape says".
     Outputs: capacity before the run, bytes written after it. */
  int64_t bytes;
  /* Inputs: must equal the signature. Outputs: written by the run. */
  int32_t dtype;
  int32_t rank;
  /* `rank` sizes, outermost first. Outputs: written by the run, owned by the
     context, valid as long as the data. */
  const int64_t *shape;
  /* In elements; NULL means dense row-major, the only layout accepted. */
  const int64_t *strides;
} TegulaTensor;

/* One input or output of the signature. */
typedef struct TegulaTensorInfo {
  const char *name; /* UTF-8 of the model: print it with care */
  int32_t dtype;
  int32_t rank; /* -1: any rank */
  /* `rank` sizes, -1 where the size is only known at run time. */
  const int64_t *dims;
  /* `rank` names, "" where a dimension has none. Dimensions of inputs with
     equal names must have equal sizes; the runtime checks it. */
  const char *const *dim_names;
} TegulaTensorInfo;

/* What the compiler says about a model, as data. */
typedef struct TegulaManifest {
  uint32_t abi_version; /* TEGULA_ABI_VERSION */
  uint32_t size;        /* sizeof(TegulaManifest) */
  const char *name;     /* the C identifier of the typed functions */
  int64_t num_inputs;
  const TegulaTensorInfo *inputs;
  int64_t num_outputs;
  const TegulaTensorInfo *outputs;
  int64_t arena_bytes;      /* statically planned scratch memory */
  int64_t num_slots;        /* growable buffers of the dynamic part */
  int64_t weight_bytes;     /* size of tegula_weights */
  const char *cpu_features; /* "avx2,fma,...": LLVM's names */
  const char *provenance;   /* compiler version, target and options */
} TegulaManifest;

/* Calls `task(argument, i)` for each i in [0, count), in any order and on any
   threads, and returns when all calls have returned. */
typedef void (*TegulaExecutor)(void *executor_data,
                               void (*task)(void *argument, int64_t i),
                               void *argument, int64_t count);

/* Where the weights of a model for a CPU lie. */
enum {
  /* In the artifact's mapping: loaded at once, shared between processes. */
  TEGULA_WEIGHTS_MAPPED = 0,
  /* Copied to huge pages of this process by `create`, for all contexts and
     until the artifact is unloaded; max_bytes does not count them. Weights
     of less than 4 MiB stay where they are. */
  TEGULA_WEIGHTS_HUGE_PAGES = 1
};

/* All zero means: defaults. */
typedef struct TegulaOptions {
  uint32_t size; /* sizeof(TegulaOptions); lets the struct grow */
  /* Threads that compute, the caller included; 0: as many as the process may
     use. With an executor: into how many parts work is split. */
  int32_t num_threads;
  /* Replaces the runtime's own threads. */
  TegulaExecutor executor;
  void *executor_data;
  /* Scratch memory given by the caller: 64-byte aligned, at least
     manifest->arena_bytes. NULL: the runtime allocates it. */
  void *arena;
  int64_t arena_bytes;
  /* Upper limit for all memory of one context, 0: none. */
  int64_t max_bytes;
  /* If not 0, all scratch memory is filled with `poison_byte` before each use:
     results must not change. For tests. */
  int32_t poison;
  int32_t poison_byte;
  /* Models for a GPU: the driver to load, NULL for "libcuda.so.1", and the
     number of the device. */
  const char *gpu_library;
  int64_t gpu_device;
  int32_t weights;  /* TEGULA_WEIGHTS_* */
  int32_t reserved; /* 0 */
} TegulaOptions;

typedef struct TegulaContext TegulaContext;

/* One call of a kernel in the last run of a model compiled with --profile. */
typedef struct TegulaKernelEvent {
  const char *kernel; /* the compiler's name; equal kernels have one */
  const char *nodes;  /* ONNX nodes in it, "name (type)", by "; " */
  int64_t flops;      /* arithmetic operations, 0 if sizes are not known */
  int64_t bytes;      /* of its operands, each once */
  int64_t begin_ns, end_ns; /* of a monotonic clock */
  int64_t cpu_ns;           /* processor time of the calling thread */
} TegulaKernelEvent;

/* A compiled model. Contexts are independent: two threads may run two contexts
   of a model at the same time; one context does one run at a time. */
typedef struct TegulaModel {
  uint32_t abi_version;
  uint32_t size; /* sizeof(TegulaModel) */
  const TegulaManifest *manifest;
  /* `options` may be NULL. On failure *context is NULL. */
  int32_t (*create)(const TegulaOptions *options, TegulaContext **context);
  int32_t (*run)(TegulaContext *context, const TegulaTensor *inputs,
                 int64_t num_inputs, TegulaTensor *outputs,
                 int64_t num_outputs);
  void (*destroy)(TegulaContext *context); /* NULL is allowed */
  /* The message of the last failure of this context, "" if there was none. */
  const char *(*last_error)(const TegulaContext *context);
  /* A status in words. */
  const char *(*status_text)(int32_t status);
  /* The kernels of the last run, in order; valid until the next one. Returns
     their number, 0 unless the model was compiled with --profile. */
  int64_t (*profile)(const TegulaContext *context,
                     const TegulaKernelEvent **events);
} TegulaModel;

/* The one symbol that every shared object exports. */
typedef const TegulaModel *(*TegulaModelFunction)(void);
const TegulaModel *tegula_model(void);

/*===- Emitted by the compiler --------------------------------------------===*/

/* Runs the model. Static dimensions, element types, alignment and equality of
   named dimensions were checked before. Returns a status. */
int32_t tegula_entry(void *ctx, void *const *inputs,
                     const int64_t *const *input_shapes);
/* All constants, each aligned to 64 bytes. Emitted code declares it with
   default visibility, so that it is reached through the GOT at any distance. */
extern const unsigned char tegula_weights[];
extern const TegulaManifest tegula_manifest;

/*===- Called by emitted code ---------------------------------------------===*/

/* Memory for output `index`, dense row-major; 64-byte aligned if it is the
   runtime's, aligned to its element if it is the caller's. NULL: failure, the
   status is recorded; return TEGULA_INTERNAL or any other status but 0. */
void *tegula_rt_output(void *ctx, int64_t index, int64_t rank,
                       const int64_t *shape);
/* The statically planned arena, 64-byte aligned. NULL: failure. */
void *tegula_rt_arena(void *ctx, int64_t bytes);
/* Growable buffer `slot`, 64-byte aligned, kept across runs; its contents die
   when it is requested again. NULL: failure. */
void *tegula_rt_slot(void *ctx, int64_t slot, int64_t bytes);
/* 64-byte aligned memory that lives until the end of the run or, if a task
   asks for it, of the outermost tegula_rt_parallel. NULL: failure. */
void *tegula_rt_allocate(void *ctx, int64_t bytes);
/* Calls `task` on disjoint ranges that cover [0, count), and returns when all
   have returned. Inside a task it runs on the calling thread. */
void tegula_rt_parallel(void *ctx,
                        void (*task)(void *args, int64_t begin, int64_t end),
                        void *args, int64_t count);
/* Records a failure and returns `code`. The first failure of a run stays. */
int32_t tegula_rt_fail(void *ctx, int32_t code, const char *message);

/* Around every call of a kernel, in models compiled with --profile only. The
   strings are the artifact's. */
void tegula_rt_kernel_begin(void *ctx, const char *kernel, const char *nodes,
                            int64_t flops, int64_t bytes);
void tegula_rt_kernel_end(void *ctx);

/*===- Models for a GPU ----------------------------------------------------===
 *
 * The same functions for memory of the device, and what moves data and starts
 * kernels. All work goes to one stream, in order; a NULL pointer or a status
 * that is not 0 is a failure that is recorded.
 *===----------------------------------------------------------------------===*/

/* One kernel. Parameters are passed as 8-byte slots; tensor maps, which come
   first, as TEGULA_TENSOR_MAP_SLOTS of them each. */
#define TEGULA_TENSOR_MAP_SLOTS 16
typedef struct TegulaGpuKernel {
  const char *name;
  int32_t index; /* in TegulaGpuProgram.kernels */
  int32_t num_parameters;
  int32_t threads; /* of a block */
  int32_t shared_bytes;
  int32_t num_tensor_maps; /* the first parameters */
} TegulaGpuKernel;

/* All device code of a model. */
typedef struct TegulaGpuProgram {
  const char *chip; /* "sm_80" */
  int32_t compute_major, compute_minor;
  int32_t is_exact; /* runs on this compute capability only */
  int32_t is_ptx;   /* runs on later generations, too, unless is_exact */
  int32_t num_kernels;
  const TegulaGpuKernel *const *kernels;
  const void *image; /* a cubin, or PTX text with a NUL at its end */
} TegulaGpuProgram;

extern const TegulaGpuProgram tegula_gpu_program;

void *tegula_rt_gpu_input(void *ctx, int64_t index);
void *tegula_rt_gpu_output(void *ctx, int64_t index, int64_t rank,
                           const int64_t *shape);
void *tegula_rt_gpu_arena(void *ctx, int64_t bytes);
void *tegula_rt_gpu_slot(void *ctx, int64_t slot, int64_t bytes);
void *tegula_rt_gpu_allocate(void *ctx, int64_t bytes);
void *tegula_rt_gpu_weights(void *ctx);
int32_t tegula_rt_gpu_copy(void *ctx, void *target, const void *source,
                           int64_t bytes);
/* Waits until `bytes` of device memory are at `host`. */
int32_t tegula_rt_gpu_read(void *ctx, void *host, const void *device,
                           int64_t bytes);
/* `host` may change as soon as this returns. */
int32_t tegula_rt_gpu_write(void *ctx, void *device, const void *host,
                            int64_t bytes);
/* Writes to `map`, which is aligned to 64 bytes, how the GPU copies boxes of a
   dense tensor at `data` to shared memory, with a swizzle of 128 bytes and
   zeros for what lies outside. Its elements are float16 or, if `is_bfloat16`,
   bfloat16; `dims` has `rank` (at most 5) sizes of the tensor and as many of
   the box, outermost first. */
int32_t tegula_rt_gpu_tensor_map(void *ctx, void *map, const void *data,
                                 int64_t is_bfloat16, int64_t rank,
                                 const int64_t *dims);
int32_t tegula_rt_gpu_launch(void *ctx, const TegulaGpuKernel *kernel,
                             const void *slots, int64_t blocks);

#ifdef __cplusplus
}
#endif

#endif /* TEGULA_RUNTIME_ABI_H */
