// RUN: tegula-opt %s -tegula-tile-lower-gpu-points -split-input-file | FileCheck %s

// The reduction runs inside; what follows is applied before the one store.
// CHECK-LABEL: @rowsum
// CHECK-SAME: %[[A:.+]]: memref<8x32xf32>, %[[O:.+]]: memref<8xf32>
// CHECK-NOT: schedule
// CHECK: scf.forall (%[[I:.+]]) in (%c8{{[_0-9]*}})
// CHECK: %[[S:.+]] = scf.for %[[K:.+]] = %c0{{.*}} to %c32{{.*}} iter_args
// CHECK: memref.load %[[A]][%[[I]], %[[K]]]
// CHECK: math.exp %[[S]]
// CHECK: memref.store %{{.+}}, %[[O]][%[[I]]]
// CHECK-NOT: memref.store
func.func @rowsum(%a: memref<8x32xf32>, %o: memref<8xf32>) attributes {schedule = #sched.gpu_points<threads = 256, numerics = "in-order">} {
  %t = bufferization.to_tensor %a restrict : memref<8x32xf32> to tensor<8x32xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %s = linalg.reduce ins(%t : tensor<8x32xf32>) outs(%f : tensor<8xf32>) dimensions = [1]
    (%x: f32, %acc: f32) {
      %sum = arith.addf %acc, %x : f32
      linalg.yield %sum : f32
    }
  %r = linalg.exp ins(%s : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}

// -----

// Dimensions that lie together are counted through.
// CHECK-LABEL: @elementwise
// CHECK: scf.forall (%[[I:.+]]) in (%c32{{[_0-9]*}})
// CHECK-NOT: arith.remui
// CHECK: math.exp
func.func @elementwise(%a: memref<4x8xf32>, %o: memref<4x8xf32>) attributes {schedule = #sched.gpu_points<threads = 256, numerics = "in-order">} {
  %t = bufferization.to_tensor %a restrict : memref<4x8xf32> to tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %r = linalg.exp ins(%t : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// Two results of different shapes: left to the fallback.
// CHECK-LABEL: @shapes
// CHECK-SAME: schedule = #sched.loops
// CHECK-NOT: scf.forall
func.func @shapes(%a: memref<4xf32>, %b: memref<8xf32>, %o: memref<4xf32>, %p: memref<8xf32>) attributes {schedule = #sched.gpu_points<threads = 256, numerics = "in-order">} {
  %t = bufferization.to_tensor %a restrict : memref<4xf32> to tensor<4xf32>
  %u = bufferization.to_tensor %b restrict : memref<8xf32> to tensor<8xf32>
  %e = tensor.empty() : tensor<4xf32>
  %f = tensor.empty() : tensor<8xf32>
  %r = linalg.exp ins(%t : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.exp ins(%u : tensor<8xf32>) outs(%f : tensor<8xf32>) -> tensor<8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4xf32>, memref<4xf32>) -> ()
  bufferization.materialize_in_destination %s in restrict writable %p : (tensor<8xf32>, memref<8xf32>) -> ()
  return
}
