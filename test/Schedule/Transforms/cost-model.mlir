// RUN: tegula-opt %s -tegula-select-schedule | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule=cost-model=analytic | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule=cost-model=%tegula_src/cost-model/data/default.tgcm -o %t.file
// RUN: tegula-opt %s -tegula-select-schedule -o %t.default
// RUN: cmp %t.file %t.default
// RUN: not tegula-opt %s -tegula-select-schedule=cost-model=%s 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: not tegula-opt %s -tegula-select-schedule=cost-model=%S/missing.tgcm 2>&1 | FileCheck %s --check-prefix=MISSING

// REFUSED: the cost model '{{.*}}cost-model.mlir' is refused: it is not a cost model of Tegula
// MISSING: cannot read the cost model '{{.*}}missing.tgcm'

// CHECK-LABEL: func @matmul
// CHECK-SAME: #sched.contraction
func.func @matmul(%a: memref<32x64xf32>, %b: memref<64x48xf32>, %o: memref<32x48xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<32x64xf32> to tensor<32x64xf32>
  %y = bufferization.to_tensor %b restrict : memref<64x48xf32> to tensor<64x48xf32>
  %e = tensor.empty() : tensor<32x48xf32>
  %r = linalg.matmul ins(%x, %y : tensor<32x64xf32>, tensor<64x48xf32>) outs(%e : tensor<32x48xf32>) -> tensor<32x48xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<32x48xf32>, memref<32x48xf32>) -> ()
  return
}
