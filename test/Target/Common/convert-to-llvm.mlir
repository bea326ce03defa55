// RUN: tegula-opt %s -tegula-target-convert-to-llvm | FileCheck %s

// CHECK: llvm.mlir.global external constant @tegula_weights()
memref.global constant @tegula_weights : memref<64xi8>

// CHECK-LABEL: llvm.func @ops
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK: llvm.mlir.addressof @tegula_weights
// CHECK: llvm.call @erff
// CHECK: llvm.return
func.func @ops(%i: index) -> f32 {
  %c0 = arith.constant 0 : index
  %w = memref.get_global @tegula_weights : memref<64xi8>
  %v = memref.view %w[%c0][] : memref<64xi8> to memref<16xf32>
  %h = arith.floordivsi %i, %c0 : index
  %x = memref.load %v[%h] : memref<16xf32>
  %y = math.erf %x : f32
  return %y : f32
}

// Two unknown sizes in one group: the strides follow from the sizes.
// CHECK-LABEL: llvm.func @expand
// CHECK-SAME: %[[B:[a-z0-9]+]]: i64) ->
// CHECK: llvm.insertvalue %[[B]], %{{.*}}[4, 0]
func.func @expand(%m: memref<?xf32>, %a: index, %b: index) -> memref<?x?xf32> {
  %e = memref.expand_shape %m [[0, 1]] output_shape [%a, %b]
      : memref<?xf32> into memref<?x?xf32>
  return %e : memref<?x?xf32>
}

// Not calls of libm.
// CHECK-LABEL: llvm.func @instructions
// CHECK: llvm.intr.fma({{.*}}) : (vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK: llvm.intr.ceil({{.*}}) : (f32)
// CHECK: llvm.intr.roundeven({{.*}}) : (f32)
func.func @instructions(%v: vector<8xf32>, %x: f32) -> (vector<8xf32>, f32) {
  %0 = math.fma %v, %v, %v : vector<8xf32>
  %1 = math.ceil %x : f32
  %2 = math.roundeven %1 : f32
  return %0, %2 : vector<8xf32>, f32
}

// Nested modules are converted on their own.
module @nested {
  // CHECK: func.func @kept
  func.func @kept() { return }
}

// And the other way: a group of unknown and known sizes becomes their product.
// CHECK-LABEL: llvm.func @collapse
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK: llvm.mul
// CHECK: llvm.return
func.func @collapse(%m: memref<?x4x?xf32>) -> memref<?xf32> {
  %c = memref.collapse_shape %m [[0, 1, 2]] : memref<?x4x?xf32> into memref<?xf32>
  return %c : memref<?xf32>
}
