// RUN: tegula-opt %s -tegula-tile-lower-gpu-rows -split-input-file | FileCheck %s

// Two warps: a butterfly in each, then through shared memory.
// CHECK-LABEL: @total
// CHECK-SAME: %[[A:.+]]: memref<8x100xf32>, %[[O:.+]]: memref<8xf32>
// CHECK: scf.forall (%[[ROW:.+]]) in (8)
// CHECK: %[[T:.+]] = gpu.thread_id x
// CHECK: scf.for %[[K:.+]] = %[[T]] to %c100{{.*}} step %c64{{.*}} iter_args
// CHECK: memref.load %[[A]][%[[ROW]], %[[K]]]
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.shuffle
// CHECK: memref.alloc() : memref<2xf32, 3>
// CHECK: gpu.barrier
// CHECK: scf.if
// CHECK: memref.store %{{.+}}, %[[O]][%[[ROW]]]
// CHECK: mapping = [#gpu.block<x>], tegula.threads = 64
func.func @total(%a: memref<8x100xf32>, %o: memref<8xf32>) attributes {schedule = #sched.gpu_rows<threads = 64, numerics = "butterfly64">} {
  %t = bufferization.to_tensor %a restrict : memref<8x100xf32> to tensor<8x100xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce ins(%t : tensor<8x100xf32>) outs(%f : tensor<8xf32>) dimensions = [1]
    (%x: f32, %acc: f32) {
      %sum = arith.addf %x, %acc : f32
      linalg.yield %sum : f32
    }
  bufferization.materialize_in_destination %s in restrict writable %o : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// -----

// One warp needs no shared memory; the row is read again for the output.
#row = affine_map<(i, j) -> (i, j)>
#one = affine_map<(i, j) -> (i)>
// CHECK-LABEL: @minus_max
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: gpu.barrier
// CHECK: scf.for
// CHECK: arith.subf
// CHECK: memref.store
func.func @minus_max(%a: memref<8x16xf32>, %o: memref<8x16xf32>) attributes {schedule = #sched.gpu_rows<threads = 32, numerics = "butterfly32">} {
  %t = bufferization.to_tensor %a restrict : memref<8x16xf32> to tensor<8x16xf32>
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %m = linalg.reduce ins(%t : tensor<8x16xf32>) outs(%f : tensor<8xf32>) dimensions = [1]
    (%x: f32, %acc: f32) {
      %max = arith.maximumf %x, %acc : f32
      linalg.yield %max : f32
    }
  %g = tensor.empty() : tensor<8x16xf32>
  %r = linalg.generic {indexing_maps = [#row, #one, #row], iterator_types = ["parallel", "parallel"]} ins(%t, %m : tensor<8x16xf32>, tensor<8xf32>) outs(%g : tensor<8x16xf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %d = arith.subf %x, %y : f32
    linalg.yield %d : f32
  } -> tensor<8x16xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<8x16xf32>, memref<8x16xf32>) -> ()
  return
}

// -----

// Warps do not exchange doubles.
// CHECK-LABEL: @double
// CHECK-SAME: schedule = #sched.gpu_points
// CHECK: linalg.reduce
func.func @double(%a: memref<8x16xf64>, %o: memref<8xf64>) attributes {schedule = #sched.gpu_rows<threads = 32, numerics = "butterfly32">} {
  %t = bufferization.to_tensor %a restrict : memref<8x16xf64> to tensor<8x16xf64>
  %zero = arith.constant 0.0 : f64
  %e = tensor.empty() : tensor<8xf64>
  %f = linalg.fill ins(%zero : f64) outs(%e : tensor<8xf64>) -> tensor<8xf64>
  %s = linalg.reduce ins(%t : tensor<8x16xf64>) outs(%f : tensor<8xf64>) dimensions = [1]
    (%x: f64, %acc: f64) {
      %sum = arith.addf %x, %acc : f64
      linalg.yield %sum : f64
    }
  bufferization.materialize_in_destination %s in restrict writable %o : (tensor<8xf64>, memref<8xf64>) -> ()
  return
}
