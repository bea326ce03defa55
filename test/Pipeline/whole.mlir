// From linalg to the runtime's calling convention, stage by stage.
// RUN: tegula-opt %s -tegula-graph-pipeline=optimize=0 | FileCheck %s --check-prefix=GRAPH
// RUN: tegula-opt %s -tegula-graph-pipeline -tegula-outline-pipeline=optimize=0 \
// RUN:   -tegula-tile-externalize-weights -tegula-tile-pipeline=optimize=0 | FileCheck %s --check-prefix=TILE
// RUN: tegula-opt %s -tegula-graph-pipeline -tegula-outline-pipeline=optimize=0 \
// RUN:   -tegula-tile-externalize-weights -tegula-tile-pipeline=optimize=0 \
// RUN:   -tegula-abi-pipeline -tegula-llvm-pipeline=verify-contract=0 | FileCheck %s --check-prefix=ABI

// GRAPH-COUNT-2: graph.kernel
// TILE-LABEL: func.func @main(%{{.+}}: memref<?x3xf32>, %{{.+}}: memref<i8>)
// TILE: scf.if
// TILE: graph.call @{{.+}}
// TILE: tegula.output = 0
// TILE: module @
// TILE: scf.for
// ABI-NOT: scf.
// ABI: func.func @tegula_entry
// ABI: call @tegula_kernel_
// ABI: llvm.func @tegula_kernel_
func.func @main(%x: tensor<?x3xf32>, %flag: tensor<i8>) -> tensor<?x3xf32> {
  %f = tensor.extract %flag[] : tensor<i8>
  %p = arith.trunci %f : i8 to i1
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %r = scf.if %p -> tensor<?x3xf32> {
    %e = tensor.empty(%n) : tensor<?x3xf32>
    %0 = linalg.exp ins(%x : tensor<?x3xf32>) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
    %e1 = tensor.empty(%n) : tensor<?x3xf32>
    %1 = linalg.abs ins(%0 : tensor<?x3xf32>) outs(%e1 : tensor<?x3xf32>) -> tensor<?x3xf32>
    scf.yield %1 : tensor<?x3xf32>
  } else {
    scf.yield %x : tensor<?x3xf32>
  }
  return %r : tensor<?x3xf32>
}
