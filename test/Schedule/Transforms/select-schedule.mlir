// RUN: tegula-opt %s -split-input-file -tegula-select-schedule=cost-model=analytic | FileCheck %s
// RUN: tegula-opt %s -split-input-file -tegula-select-schedule='cost-model=analytic vector-bits=512 vector-registers=32' | FileCheck %s --check-prefix=WIDE
// RUN: tegula-opt %s -split-input-file -tegula-select-schedule='cost-model=analytic vector-bits=128 fma=false' | FileCheck %s --check-prefix=NARROW

// A constant second operand is packed at compile time, so not by the kernel.
// Twelve accumulators hide the latency and fit the registers.
// CHECK-LABEL: func @constant_columns
// CHECK: schedule = #sched.contraction<{{mr = 6, nr = 16|mr = 4, nr = 24}}, vl = 8, {{.*}} pack_columns = false, {{.*}} numerics = "fma">
// WIDE-LABEL: func @constant_columns
// WIDE: schedule = #sched.contraction<{{.*}} vl = 16, {{.*}} pack_columns = false
// NARROW-LABEL: func @constant_columns
// NARROW: schedule = #sched.contraction<{{.*}} vl = 4, {{.*}} numerics = "mul-add">
func.func @constant_columns(%a: tensor<126x768xf32>) -> tensor<126x768xf32> {
  %w = arith.constant dense<0.5> : tensor<768x768xf32>
  %e = tensor.empty() : tensor<126x768xf32>
  %r = graph.kernel ins(%a, %w : tensor<126x768xf32>, tensor<768x768xf32>) outs(%e : tensor<126x768xf32>) {
  ^bb0(%x: tensor<126x768xf32>, %y: tensor<768x768xf32>, %z: tensor<126x768xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<126x768xf32>) -> tensor<126x768xf32>
    %m = linalg.matmul ins(%x, %y : tensor<126x768xf32>, tensor<768x768xf32>) outs(%f : tensor<126x768xf32>) -> tensor<126x768xf32>
    graph.yield %m : tensor<126x768xf32>
  } -> tensor<126x768xf32>
  return %r : tensor<126x768xf32>
}

// -----

// One row: the lanes take whole cache lines of the packed panel.
// CHECK-LABEL: func @one_row
// CHECK: #sched.contraction<mr = 1, nr = {{32|48|64}}, vl = 8
func.func @one_row(%a: memref<1x4096xf32>, %b: memref<4096x4096xf32>, %o: memref<1x4096xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<1x4096xf32> to tensor<1x4096xf32>
  %y = bufferization.to_tensor %b restrict : memref<4096x4096xf32> to tensor<4096x4096xf32>
  %z = tensor.empty() : tensor<1x4096xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%z : tensor<1x4096xf32>) -> tensor<1x4096xf32>
  %m = linalg.matmul ins(%x, %y : tensor<1x4096xf32>, tensor<4096x4096xf32>) outs(%f : tensor<1x4096xf32>) -> tensor<1x4096xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<1x4096xf32>, memref<1x4096xf32>) -> ()
  return
}

// -----

// The widest element type decides the lanes. One thread is done with it before
// another would begin.
// CHECK-LABEL: func @elementwise
// CHECK-SAME: schedule = #sched.elementwise<vl = 4, unroll = 1, {{.*}}, sequential}
func.func @elementwise(%a: memref<7xf64>, %o: memref<7xf64>) {
  %x = bufferization.to_tensor %a restrict : memref<7xf64> to tensor<7xf64>
  %e = tensor.empty() : tensor<7xf64>
  %r = linalg.exp ins(%x : tensor<7xf64>) outs(%e : tensor<7xf64>) -> tensor<7xf64>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<7xf64>, memref<7xf64>) -> ()
  return
}

// -----

// A long function on many elements: vectors side by side, and all threads.
// CHECK-LABEL: func @function
// CHECK-SAME: schedule = #sched.elementwise<vl = 8, unroll = 4, {{[^>]*}}>} {
func.func @function(%a: memref<65536xf32>, %o: memref<65536xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<65536xf32> to tensor<65536xf32>
  %e = tensor.empty() : tensor<65536xf32>
  %r = linalg.exp ins(%x : tensor<65536xf32>) outs(%e : tensor<65536xf32>) -> tensor<65536xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<65536xf32>, memref<65536xf32>) -> ()
  return
}

// -----

// Rows of the input are columns of the result: blocks of two cache lines.
// CHECK-LABEL: func @transposed
// CHECK-SAME: schedule = #sched.elementwise<vl = 8, unroll = 1, tile = 32,
func.func @transposed(%a: memref<512x256xf32>, %o: memref<256x512xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<512x256xf32> to tensor<512x256xf32>
  %e = tensor.empty() : tensor<256x512xf32>
  %r = linalg.transpose ins(%x : tensor<512x256xf32>) outs(%e : tensor<256x512xf32>) permutation = [1, 0]
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<256x512xf32>, memref<256x512xf32>) -> ()
  return
}

// -----

// CHECK-LABEL: func @rows
// CHECK-SAME: schedule = #sched.rows<vl = 8, accumulators = 4, unroll = 4, {{.*}}numerics = "tree8x4">
func.func @rows(%a: memref<512x256xf32>, %o: memref<512xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<512x256xf32> to tensor<512x256xf32>
  %e = tensor.empty() : tensor<512xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512xf32>) -> tensor<512xf32>
  %r = linalg.reduce {arith.addf} ins(%x : tensor<512x256xf32>) outs(%f : tensor<512xf32>) dimensions = [1]
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<512xf32>, memref<512xf32>) -> ()
  return
}

// -----

// A schedule that is there stays; a function that is no kernel gets none.
// CHECK-LABEL: func @fixed
// CHECK-SAME: schedule = #sched.loops<numerics = "in-order">
func.func @fixed(%a: memref<7xf32>, %o: memref<7xf32>) attributes {schedule = #sched.loops<numerics = "in-order">} {
  %x = bufferization.to_tensor %a restrict : memref<7xf32> to tensor<7xf32>
  bufferization.materialize_in_destination %x in restrict writable %o : (tensor<7xf32>, memref<7xf32>) -> ()
  return
}
// CHECK-LABEL: func @no_kernel
// CHECK-NOT: schedule
func.func @no_kernel(%a: tensor<7xf32>) -> tensor<7xf32> {
  return %a : tensor<7xf32>
}
