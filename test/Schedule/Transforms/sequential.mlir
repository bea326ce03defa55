// RUN: tegula-opt %s -tegula-select-schedule=cost-model=analytic | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule='cost-model=analytic schedules=%S/Inputs/two-tasks.txt' | FileCheck %s --check-prefix=TWO

// The chosen block is all of the product: there is nothing to share. Half of it
// in each of two tasks is worth handing out.
// CHECK-LABEL: func @product
// CHECK-SAME: mc = 96, {{[^>]*}}>, sequential}
// TWO-LABEL: func @product
// TWO-SAME: mc = 48, {{[^>]*}}>} {
func.func @product(%a: memref<96x64xf32>, %b: memref<64x64xf32>, %o: memref<96x64xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<96x64xf32> to tensor<96x64xf32>
  %y = bufferization.to_tensor %b restrict : memref<64x64xf32> to tensor<64x64xf32>
  %z = tensor.empty() : tensor<96x64xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%z : tensor<96x64xf32>) -> tensor<96x64xf32>
  %m = linalg.matmul ins(%x, %y : tensor<96x64xf32>, tensor<64x64xf32>) outs(%f : tensor<96x64xf32>) -> tensor<96x64xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<96x64xf32>, memref<96x64xf32>) -> ()
  return
}

// Rows are shared, however long; one row is not.
// CHECK-LABEL: func @rows
// CHECK-SAME: schedule = #sched.rows<{{[^>]*}}>} {
func.func @rows(%a: memref<512x4096xf32>, %o: memref<512xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<512x4096xf32> to tensor<512x4096xf32>
  %e = tensor.empty() : tensor<512xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<512xf32>) -> tensor<512xf32>
  %r = linalg.reduce {arith.addf} ins(%x : tensor<512x4096xf32>) outs(%f : tensor<512xf32>) dimensions = [1]
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<512xf32>, memref<512xf32>) -> ()
  return
}

// CHECK-LABEL: func @one_row
// CHECK-SAME: schedule = #sched.rows<{{[^>]*}}>, sequential}
func.func @one_row(%a: memref<1x2097152xf32>, %o: memref<1xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<1x2097152xf32> to tensor<1x2097152xf32>
  %e = tensor.empty() : tensor<1xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1xf32>) -> tensor<1xf32>
  %r = linalg.reduce {arith.addf} ins(%x : tensor<1x2097152xf32>) outs(%f : tensor<1xf32>) dimensions = [1]
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1xf32>, memref<1xf32>) -> ()
  return
}

// Two tasks of a few elements: one thread is done before another begins.
// CHECK-LABEL: func @short
// CHECK-SAME: schedule = #sched.elementwise<{{[^>]*}}>, sequential}
func.func @short(%a: memref<20000xf32>, %o: memref<20000xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<20000xf32> to tensor<20000xf32>
  %e = tensor.empty() : tensor<20000xf32>
  %r = linalg.abs ins(%x : tensor<20000xf32>) outs(%e : tensor<20000xf32>) -> tensor<20000xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<20000xf32>, memref<20000xf32>) -> ()
  return
}

// Nobody knows how many elements there will be.
// CHECK-LABEL: func @dynamic
// CHECK-SAME: schedule = #sched.elementwise<{{[^>]*}}>} {
func.func @dynamic(%a: memref<?xf32>, %o: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %x = bufferization.to_tensor %a restrict : memref<?xf32> to tensor<?xf32>
  %d = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%d) : tensor<?xf32>
  %r = linalg.abs ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<?xf32>, memref<?xf32>) -> ()
  return
}
