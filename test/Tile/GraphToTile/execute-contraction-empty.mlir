// A sum over no element (K is 0 at run time) is its initial value, through the
// epilogue: the result must be written even so.
// RUN: tegula-opt %s -tegula-tile-lower-contraction | %execute | FileCheck %s
// CHECK: 0

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#o = affine_map<(m, n, k) -> (m, n)>

func.func @kernel(%a: memref<5x?xf32>, %b: memref<?x11xf32>, %o: memref<5x11xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 8, vl = 4, kc = 8, mc = 8, nc = 16, pack_columns = true, streams = 1, numerics = "mul-add">} {
  %ta = bufferization.to_tensor %a restrict : memref<5x?xf32> to tensor<5x?xf32>
  %tb = bufferization.to_tensor %b restrict : memref<?x11xf32> to tensor<?x11xf32>
  %to = bufferization.to_tensor %o restrict : memref<5x11xf32> to tensor<5x11xf32>
  %z = arith.constant 3.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%to : tensor<5x11xf32>) -> tensor<5x11xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%ta, %tb : tensor<5x?xf32>, tensor<?x11xf32>) outs(%f : tensor<5x11xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<5x11xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<5x11xf32>, memref<5x11xf32>) -> ()
  return
}

func.func @main() -> i32 {
  %K = arith.constant 0 : index
  %a = memref.alloc(%K) : memref<5x?xf32>
  %b = memref.alloc(%K) : memref<?x11xf32>
  %o = memref.alloc() : memref<5x11xf32>
  %garbage = arith.constant 7.0 : f32
  linalg.fill ins(%garbage : f32) outs(%o : memref<5x11xf32>)
  call @kernel(%a, %b, %o) : (memref<5x?xf32>, memref<?x11xf32>, memref<5x11xf32>) -> ()
  %wrong = memref.alloc() : memref<i32>
  %zero = arith.constant 0 : i32
  memref.store %zero, %wrong[] : memref<i32>
  linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> ()>], iterator_types = ["reduction", "reduction"]}
      ins(%o : memref<5x11xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%x: f32, %acc: i32):
    %three = arith.constant 3.0 : f32
    %differs = arith.cmpf une, %x, %three : f32
    %0 = arith.extui %differs : i1 to i32
    %1 = arith.addi %acc, %0 : i32
    linalg.yield %1 : i32
  }
  %r = memref.load %wrong[] : memref<i32>
  return %r : i32
}
