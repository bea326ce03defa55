// RUN: tegula-opt %s -tegula-select-schedule='schedules=%S/Inputs/schedules.txt' | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule=point=0 | FileCheck %s --check-prefix=POINT
// RUN: tegula-opt %s -tegula-select-schedule=seed=1 -o %t.1
// RUN: tegula-opt %s -tegula-select-schedule=seed=1 -o %t.2
// RUN: tegula-opt %s -tegula-select-schedule=seed=2 -o %t.3
// RUN: cmp %t.1 %t.2
// RUN: not cmp %t.1 %t.3
// RUN: not tegula-opt %s -tegula-select-schedule='schedules=%S/Inputs/no-schedules.txt' 2>&1 | FileCheck %s --check-prefix=WRONG
// RUN: not tegula-opt %s -tegula-select-schedule='schedules=%S/Inputs/missing.txt' 2>&1 | FileCheck %s --check-prefix=MISSING

// WRONG: no-schedules.txt:2: expected 'NODE: #sched.<family><...>', found '*: fastest'
// MISSING: cannot read the schedules of '{{.*}}missing.txt'

// CHECK-LABEL: func @named
// CHECK-SAME: #sched.contraction<mr = 2, nr = 16
// POINT-LABEL: func @named
// POINT-SAME: #sched.contraction<mr = 1, nr = 8
func.func @named(%a: memref<32x64xf32>, %b: memref<64x48xf32>, %o: memref<32x48xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<32x64xf32> to tensor<32x64xf32>
  %y = bufferization.to_tensor %b restrict : memref<64x48xf32> to tensor<64x48xf32>
  %e = tensor.empty() : tensor<32x48xf32>
  %r = linalg.matmul ins(%x, %y : tensor<32x64xf32>, tensor<64x48xf32>) outs(%e : tensor<32x48xf32>) -> tensor<32x48xf32> loc("proj (MatMul)")
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<32x48xf32>, memref<32x48xf32>) -> ()
  return
}

// CHECK-LABEL: func @other
// CHECK-SAME: #sched.contraction<mr = 3, nr = 8
func.func @other(%a: memref<32x64xf32>, %b: memref<64x48xf32>, %o: memref<32x48xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<32x64xf32> to tensor<32x64xf32>
  %y = bufferization.to_tensor %b restrict : memref<64x48xf32> to tensor<64x48xf32>
  %e = tensor.empty() : tensor<32x48xf32>
  %r = linalg.matmul ins(%x, %y : tensor<32x64xf32>, tensor<64x48xf32>) outs(%e : tensor<32x48xf32>) -> tensor<32x48xf32> loc("head (MatMul)")
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<32x48xf32>, memref<32x48xf32>) -> ()
  return
}

// The file has no schedule of this family: it is chosen.
// CHECK-LABEL: func @exp
// CHECK-SAME: #sched.elementwise
func.func @exp(%a: memref<7xf32>, %o: memref<7xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<7xf32> to tensor<7xf32>
  %e = tensor.empty() : tensor<7xf32>
  %r = linalg.exp ins(%x : tensor<7xf32>) outs(%e : tensor<7xf32>) -> tensor<7xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<7xf32>, memref<7xf32>) -> ()
  return
}
