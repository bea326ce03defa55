// RUN: tegula-opt %s -tegula-tile-externalize-weights | FileCheck %s

// CHECK: memref.global{{.*}} @tegula_weights : memref<192xi8>
// CHECK-LABEL: @main
// CHECK-DAG: %[[W:.+]] = memref.get_global @tegula_weights : memref<192xi8>
// CHECK-DAG: %[[ZERO:.+]] = arith.constant 0 : index
// CHECK: memref.view %{{.+}}[%{{.+}}][] : memref<192xi8> to memref<3xf32>
// CHECK: bufferization.to_tensor %{{.+}} restrict : memref<3xf32> to tensor<3xf32>
// The splat is written out; equal bytes share their place.
// CHECK: arith.constant 64 : index
// CHECK: memref.view %{{.+}} to memref<20xf32>
// CHECK: arith.constant 0 : index
// CHECK: memref.view %{{.+}} to memref<1x3xf32>
func.func @main() -> (tensor<3xf32>, tensor<20xf32>, tensor<1x3xf32>, index) {
  %a = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %b = arith.constant dense<2.0> : tensor<20xf32>
  %c = arith.constant dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf32>
  %i = arith.constant 3 : index
  return %a, %b, %c, %i : tensor<3xf32>, tensor<20xf32>, tensor<1x3xf32>, index
}
