// RUN: tegula-opt %s -pass-pipeline='builtin.module(func.func(tegula-graph-fold-transposes))' | FileCheck %s

// CHECK-DAG: #[[Q:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[K:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK-DAG: #[[SWAPPED:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d0, d2)>

// The keys' last dimension is the summed one afterwards.
// CHECK-LABEL: func @operand
// CHECK-SAME: %[[X:.*]]: tensor<2x8x64xf32>, %[[Y:.*]]: tensor<2x8x64xf32>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#[[Q]], #[[K]],
// CHECK-SAME: ins(%[[X]], %[[Y]]
func.func @operand(%q: tensor<2x8x64xf32>, %k: tensor<2x8x64xf32>) -> tensor<2x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x64x8xf32>
  %t = linalg.transpose ins(%k : tensor<2x8x64xf32>) outs(%e : tensor<2x64x8xf32>) permutation = [0, 2, 1]
  %i = tensor.empty() : tensor<2x8x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%i : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %r = linalg.batch_matmul ins(%q, %t : tensor<2x8x64xf32>, tensor<2x64x8xf32>) outs(%z : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  return %r : tensor<2x8x8xf32>
}

// The scale is done in the order of what it reads.
// CHECK-LABEL: func @scaled
// CHECK-SAME: %{{.*}}: tensor<2x8x64xf32>, %[[Y:.*]]: tensor<2x8x64xf32>
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[Y]] : tensor<2x8x64xf32>)
// CHECK: arith.mulf
// CHECK: linalg.generic {indexing_maps = [#[[Q]], #[[K]],
func.func @scaled(%q: tensor<2x8x64xf32>, %k: tensor<2x8x64xf32>) -> tensor<2x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<2x64x8xf32>
  %t = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, c, b)>, affine_map<(a, b, c) -> (a, b, c)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%k : tensor<2x8x64xf32>) outs(%e : tensor<2x64x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %scale : f32
    linalg.yield %0 : f32
  } -> tensor<2x64x8xf32>
  %i = tensor.empty() : tensor<2x8x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%i : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  %r = linalg.batch_matmul ins(%q, %t : tensor<2x8x64xf32>, tensor<2x64x8xf32>) outs(%z : tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  return %r : tensor<2x8x8xf32>
}

// CHECK-LABEL: func @result
// CHECK-NOT: linalg.transpose
// CHECK: %[[F:.*]] = linalg.fill {{.*}} -> tensor<8x2x64xf32>
// CHECK: linalg.generic {indexing_maps = [{{.*}}, #[[SWAPPED]]]
// CHECK-SAME: outs(%[[F]]
func.func @result(%p: tensor<2x8x8xf32>, %v: tensor<2x8x64xf32>) -> tensor<8x2x64xf32> {
  %zero = arith.constant 0.0 : f32
  %i = tensor.empty() : tensor<2x8x64xf32>
  %z = linalg.fill ins(%zero : f32) outs(%i : tensor<2x8x64xf32>) -> tensor<2x8x64xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<2x8x8xf32>, tensor<2x8x64xf32>) outs(%z : tensor<2x8x64xf32>) -> tensor<2x8x64xf32>
  %e = tensor.empty() : tensor<8x2x64xf32>
  %t = linalg.transpose ins(%r : tensor<2x8x64xf32>) outs(%e : tensor<8x2x64xf32>) permutation = [1, 0, 2]
  return %t : tensor<8x2x64xf32>
}

// Rows would be read in strides.
// CHECK-LABEL: func @strided
// CHECK: linalg.transpose
// CHECK: linalg.matmul
func.func @strided(%a: tensor<64x8xf32>, %b: tensor<64x16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x64xf32>
  %t = linalg.transpose ins(%a : tensor<64x8xf32>) outs(%e : tensor<8x64xf32>) permutation = [1, 0]
  %i = tensor.empty() : tensor<8x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%i : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r = linalg.matmul ins(%t, %b : tensor<8x64xf32>, tensor<64x16xf32>) outs(%z : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}

// Columns of the result would be scattered.
// CHECK-LABEL: func @scattered
// CHECK: linalg.matmul
// CHECK: linalg.transpose
func.func @scattered(%a: tensor<8x64xf32>, %b: tensor<64x16xf32>) -> tensor<16x8xf32> {
  %zero = arith.constant 0.0 : f32
  %i = tensor.empty() : tensor<8x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%i : tensor<8x16xf32>) -> tensor<8x16xf32>
  %r = linalg.matmul ins(%a, %b : tensor<8x64xf32>, tensor<64x16xf32>) outs(%z : tensor<8x16xf32>) -> tensor<8x16xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %t = linalg.transpose ins(%r : tensor<8x16xf32>) outs(%e : tensor<16x8xf32>) permutation = [1, 0]
  return %t : tensor<16x8xf32>
}
