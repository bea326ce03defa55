//===- Passes.td - Passes that choose schedules -----------*- tablegen -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_PASSES
#define TEGULA_SCHEDULE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

/// What the cost model is asked with.
defvar machineOptions = [
  Option<"vectorBits", "vector-bits", "int64_t", "256",
         "Width of the vector registers">,
  Option<"vectorRegisters", "vector-registers", "int64_t", "16",
         "Number of vector registers">,
  Option<"fusedMultiplyAdd", "fma", "bool", "true",
         "The target has a fused multiply-add">,
  Option<"l1Bytes", "l1-bytes", "int64_t", "32768", "Level-1 data cache">,
  Option<"l2Bytes", "l2-bytes", "int64_t", "524288",
         "Level-2 cache of one core">,
  Option<"costModel", "cost-model", "std::string", "\"\"",
         "A file of a learned model, or 'analytic'; empty: the compiler's">
];

def DissolveAttentionPass
    : Pass<"tegula-sched-dissolve-attention", "::mlir::func::FuncOp"> {
  let summary = "Take apart kernels of attention that are faster as several";
  let description = [{
    A `graph.kernel` of two products with something between them becomes its
    operations again, unless it is attention as `#sched.attention` computes it
    and that is predicted to take less time than two products and a softmax of
    their own. What is left is for tegula-graph-form-kernels, without attention.

    ```mlir
    %r = graph.kernel ins(%q, %k, %v : ...) outs(%e : ...) {
      ... linalg.batch_matmul ... math.exp ... linalg.batch_matmul ...
    }
    // becomes
    ... linalg.batch_matmul ... math.exp ... linalg.batch_matmul ...
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = machineOptions;
}

def SelectSchedulePass : Pass<"tegula-select-schedule"> {
  let summary = "Choose a schedule for every kernel";
  let description = [{
    Classifies each `graph.kernel` (and each kernel function) by its root
    operation and attaches the schedule of the family's space that the cost
    model predicts to be fastest. Nothing else changes; a kernel that already
    has a schedule keeps it. `cost-model` names the model (CostModelFile.h).

    `schedules` names a file of schedules to take instead (ScheduleFile.h).
    `tuning-database` names a file of measured schedules (TuningDatabase.h): a
    kernel of which there are some for `machine` gets the fastest.
    `point` takes the n-th point of each kernel's space, `seed` one drawn by the
    seed and the sizes; both count modulo the size of the space. All points of
    a space belong to one numerics class, so that none changes a result.

    ```mlir
    // before
    graph.kernel ins(%x, %w : ...) outs(%o : ...) { ... linalg.matmul ... }
    // after
    graph.kernel ins(%x, %w : ...) outs(%o : ...)
      attributes {schedule = #sched.contraction<mr = 6, nr = 16, ...>} { ... }
    ```
  }];
  let dependentDialects = ["::tegula::sched::SchedDialect"];
  let options = machineOptions # [
    Option<"dotRegisters", "dot-registers", "int64_t", "1",
           "Vectors that lp.dot needs besides its operands and the sum">,
    Option<"schedules", "schedules", "std::string", "\"\"",
           "A file of schedules that are taken before any choice">,
    Option<"point", "point", "int64_t", "-1",
           "Take this point of each space; -1: choose">,
    Option<"seed", "seed", "int64_t", "-1",
           "Draw a point of each space; -1: choose">,
    Option<"tuningDatabase", "tuning-database", "std::string", "\"\"",
           "A file of measured schedules; the fastest is taken">,
    Option<"machine", "machine", "std::string", "\"\"",
           "The description of the target that they were measured on">
  ];
}

def SelectGpuSchedulePass : Pass<"tegula-select-gpu-schedule"> {
  let summary = "Choose a schedule for every kernel that runs on a GPU";
  let description = [{
    As tegula-select-schedule, for GPUs: contractions and convolutions of
    floats on tensor cores, in the tile that wastes the least of the GPU's
    multiprocessors, copied in the fastest way that the operands and the GPU
    allow; reductions along rows one block a row; everything else one thread an
    element. A kernel that already has a schedule keeps it.

    ```mlir
    graph.kernel ins(%x, %w : ...) outs(%o : ...)
      attributes {schedule = #sched.gpu_matmul<tile_m = 128, ...>} { ... }
    ```
  }];
  let dependentDialects = ["::tegula::sched::SchedDialect"];
  let options = [
    Option<"multiprocessors", "multiprocessors", "int64_t", "108",
           "Multiprocessors of the GPU">,
    Option<"warpgroups", "warpgroups", "bool", "false",
           "The GPU has products of warpgroups and tensor maps (sm_90a)">
  ];
}

def DescribeKernelsPass : Pass<"tegula-describe-kernels"> {
  let summary = "Write on every kernel what profiles say about it";
  let description = [{
    The ONNX nodes that a kernel was made of, from the locations of its body,
    and the arithmetic operations of its structured operations (0 where a size
    is not known). tegula-tile-outline-kernels hands both to the calls.

    ```mlir
    graph.kernel ins(%x, %w : ...) outs(%o : ...)
      attributes {tegula.flops = 4096 : i64, tegula.nodes = "n (Conv); r (Relu)"}
    ```
  }];
}

#endif // TEGULA_SCHEDULE_TRANSFORMS_PASSES
