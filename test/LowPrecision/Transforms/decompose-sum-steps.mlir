// RUN: tegula-opt %s -tegula-lp-decompose-sum-steps | FileCheck %s

// An element is the sum of its column's quads over those steps of the panel that
// are at its position. Two blocks: a panel has every other start.
// CHECK-DAG: #[[POSITION:.*]] = affine_map<(d0, d1) -> (d0 * 3 + d1)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0) -> (d0 mod 16)>
// CHECK-DAG: #[[LOW:.*]] = affine_map<(d0) -> ((d0 floordiv 16) * 2)>
// CHECK-DAG: #[[HIGH:.*]] = affine_map<(d0) -> ((d0 floordiv 16 + 1) * 2)>
// CHECK-LABEL: func @steps
// CHECK-SAME: (%[[S:.*]]: tensor<?x16xi32>, %[[P:.*]]: tensor<?xi32>, %[[T:.*]]: tensor<5xi32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<24x4x3xi32>)
// CHECK: %[[N:.*]] = linalg.index 0
// CHECK: %[[CHANNEL:.*]] = linalg.index 1
// CHECK: %[[TAP:.*]] = linalg.index 2
// CHECK: %[[K:.*]] = affine.apply #[[POSITION]](%[[CHANNEL]], %[[TAP]])
// CHECK: %[[C:.*]] = affine.apply #[[COLUMN]](%[[N]])
// CHECK: affine.apply #[[LOW]](%[[N]])
// CHECK: affine.apply #[[HIGH]](%[[N]])
// CHECK: scf.for %[[STEP:[a-z0-9]+]] = {{.*}} -> (i32)
// CHECK: tensor.extract %[[P]][%[[STEP]]]
// CHECK: arith.cmpi eq, %{{.*}}, %[[K]]
// CHECK: tensor.extract %[[S]][%[[STEP]], %[[C]]]
// CHECK: arith.select
// CHECK-NOT: lp.sum_steps
func.func @steps(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<5xi32>) -> tensor<24x4x3xi32> {
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<5xi32> -> tensor<24x4x3xi32>
  return %0 : tensor<24x4x3xi32>
}
