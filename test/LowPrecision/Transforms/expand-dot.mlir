// RUN: tegula-opt %s -split-input-file -verify-diagnostics -tegula-lp-expand-dot | FileCheck %s

// CHECK-LABEL: func @vectors
// CHECK-SAME: (%[[X:.*]]: vector<8xi32>, %[[Y:.*]]: vector<8xi32>, %[[ACC:.*]]: vector<8xi32>)
// CHECK: %[[XN:.*]] = vector.bitcast %[[X]] : vector<8xi32> to vector<16xi16>
// CHECK: %[[XW:.*]] = arith.extsi %[[XN]] : vector<16xi16> to vector<16xi32>
// CHECK: %[[YN:.*]] = vector.bitcast %[[Y]]
// CHECK: %[[YW:.*]] = arith.extsi %[[YN]]
// CHECK: %[[P:.*]] = arith.muli %[[XW]], %[[YW]] : vector<16xi32>
// CHECK: %[[EVEN:.*]], %[[ODD:.*]] = vector.deinterleave %[[P]] : vector<16xi32> -> vector<8xi32>
// CHECK: %[[PAIRS:.*]] = arith.addi %[[EVEN]], %[[ODD]]
// CHECK: arith.addi %[[ACC]], %[[PAIRS]]
func.func @vectors(%x: vector<8xi32>, %y: vector<8xi32>, %acc: vector<8xi32>) -> vector<8xi32> {
  %0 = lp.dot %x, %y, %acc : vector<8xi32>
  return %0 : vector<8xi32>
}

// CHECK-LABEL: func @scalars
// CHECK: arith.trunci %{{.*}} : i32 to i16
// CHECK: arith.extsi %{{.*}} : i16 to i32
// CHECK: arith.shrsi
// CHECK-NOT: lp.dot
func.func @scalars(%x: i32, %y: i32, %acc: i32) -> i32 {
  %0 = lp.dot %x, %y, %acc : i32
  return %0 : i32
}

// Other arithmetic stays.
// CHECK-LABEL: func @other
// CHECK-NEXT: arith.muli
// CHECK-NEXT: return
func.func @other(%x: i32) -> i32 {
  %0 = arith.muli %x, %x : i32
  return %0 : i32
}

// -----

func.func @tensors(%x: tensor<8xi32>) -> tensor<8xi32> {
  // expected-error@+1 {{is on tensors: it is expanded where loops are}}
  %0 = lp.dot %x, %x, %x : tensor<8xi32>
  return %0 : tensor<8xi32>
}
