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

// Nested modules are converted on their own.
module @nested {
  // CHECK: func.func @kept
  func.func @kept() { return }
}
