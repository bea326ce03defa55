// RUN: tegula-opt %s -tegula-lp-decompose-dequantize | FileCheck %s

// Row n has 4 bytes; the odd k are the high halves.
// CHECK-DAG: #[[BYTE:.*]] = affine_map<(d0, d1) -> (d1 * 4 + d0 floordiv 2 + ((d0 mod 2) * 4) floordiv 8)>
// CHECK-DAG: #[[BIT:.*]] = affine_map<(d0, d1) -> (((d0 mod 2) * 4) mod 8)>
// CHECK-DAG: #[[GROUP:.*]] = affine_map<(d0) -> (d0 floordiv 4)>
// CHECK-LABEL: func @rows
// CHECK-SAME: (%[[CODES:.*]]: tensor<12xi8>, %[[SCALES:.*]]: tensor<3x2xf32>, %[[ZEROS:.*]]: tensor<3x2xi8>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<8x3xf32>)
// CHECK: %[[K:.*]] = linalg.index 0
// CHECK: %[[N:.*]] = linalg.index 1
// CHECK: %[[G:.*]] = affine.apply #[[GROUP]](%[[K]])
// CHECK: tensor.extract %[[ZEROS]][%[[N]], %[[G]]]
// CHECK: %[[AT:.*]] = affine.apply #[[BYTE]](%[[K]], %[[N]])
// CHECK: tensor.extract %[[CODES]][%[[AT]]]
// CHECK: affine.apply #[[BIT]](%[[K]], %[[N]])
// CHECK: arith.shrui
// CHECK: arith.andi
// CHECK: arith.subi
// CHECK: arith.sitofp
// CHECK: tensor.extract %[[SCALES]][%[[N]], %[[G]]]
// CHECK: arith.mulf
func.func @rows(%c: tensor<12xi8>, %s: tensor<3x2xf32>, %z: tensor<3x2xi8>) -> tensor<8x3xf32> {
  %0 = lp.dequantize %c, %s zeros(%z : tensor<3x2xi8>)
      layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
      scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return %0 : tensor<8x3xf32>
}

// The parts of a code come from both planes.
// CHECK-LABEL: func @planes
// CHECK-COUNT-2: tensor.extract %arg0
// CHECK: arith.ori
func.func @planes(%c: tensor<48xi8>, %s: tensor<8x1xf32>) -> tensor<16x8xf32> {
  %0 = lp.dequantize %c, %s
      layout(<n = 8, k = 16, container = 16, planes = <bits = 2, shift = 0, slot = [k8], lane = [n8], reg = [k2*8]>,
              <bits = 1, shift = 2, slot = [k16], lane = [n8], reg = []>>)
      scheme(<bits = 3, group = 16, zero = 4>) : tensor<48xi8>, tensor<8x1xf32> -> tensor<16x8xf32>
  return %0 : tensor<16x8xf32>
}

// Nothing else changes.
// CHECK-LABEL: func @other
// CHECK-NEXT: arith.addf
func.func @other(%a: f32) -> f32 {
  %0 = arith.addf %a, %a : f32
  return %0 : f32
}
