// RUN: tegula-opt %s -tegula-lp-decompose-sum-steps | FileCheck %s

// An element is the sum of its column's quads over those steps of the panel that
// are at its position. Two blocks: a panel has every other start.
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0) -> (d0 mod 16)>
// CHECK-DAG: #[[LOW:.*]] = affine_map<(d0) -> ((d0 floordiv 16) * 2)>
// CHECK-DAG: #[[HIGH:.*]] = affine_map<(d0) -> ((d0 floordiv 16 + 1) * 2)>
// CHECK-LABEL: func @steps
// CHECK-SAME: (%[[S:.*]]: tensor<?x16xi32>, %[[P:.*]]: tensor<?xi32>, %[[T:.*]]: tensor<5xi32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<12x24xi32>)
// CHECK: %[[K:.*]] = linalg.index 0
// CHECK: %[[N:.*]] = linalg.index 1
// CHECK: %[[C:.*]] = affine.apply #[[COLUMN]](%[[N]])
// CHECK: affine.apply #[[LOW]](%[[N]])
// CHECK: affine.apply #[[HIGH]](%[[N]])
// CHECK: scf.for %[[STEP:[a-z0-9]+]] = {{.*}} -> (i32)
// CHECK: tensor.extract %[[P]][%[[STEP]]]
// CHECK: arith.cmpi eq, %{{.*}}, %[[K]]
// CHECK: tensor.extract %[[S]][%[[STEP]], %[[C]]]
// CHECK: arith.select
// CHECK-NOT: lp.sum_steps
func.func @steps(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<5xi32>) -> tensor<12x24xi32> {
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<5xi32> -> tensor<12x24xi32>
  return %0 : tensor<12x24xi32>
}
