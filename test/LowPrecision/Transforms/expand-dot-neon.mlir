// RUN: tegula-opt %s -tegula-lp-expand-dot=neon=base | FileCheck %s --check-prefixes=CHECK,BASE
// RUN: tegula-opt %s -tegula-lp-expand-dot=neon=dotprod | FileCheck %s --check-prefixes=CHECK,DOTPROD
// RUN: tegula-opt %s -tegula-lp-expand-dot=neon=i8mm | FileCheck %s --check-prefixes=CHECK,I8MM
// RUN: not tegula-opt %s -tegula-lp-expand-dot=neon=sve 2>&1 | FileCheck %s --check-prefix=INVALID
// INVALID: error: unknown products of AArch64 'sve': expected base, dotprod or i8mm

// CHECK-LABEL: func @pairs
// CHECK-SAME: (%[[X:.*]]: vector<4xi32>, %[[Y:.*]]: vector<4xi32>, %[[ACC:.*]]: vector<4xi32>)
// CHECK: %[[XL:.*]] = arith.trunci %[[X]] : vector<4xi32> to vector<4xi16>
// CHECK: %[[YL:.*]] = arith.trunci %[[Y]]
// CHECK: %[[LOW:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.smull.v4i32"(%[[XL]], %[[YL]])
// CHECK: %[[SUM:.*]] = arith.addi %[[ACC]], %[[LOW]]
// CHECK: arith.shrui %[[X]]
// CHECK: arith.shrui %[[Y]]
// CHECK: %[[HIGH:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.smull.v4i32"
// CHECK: arith.addi %[[SUM]], %[[HIGH]]
func.func @pairs(%x: vector<4xi32>, %y: vector<4xi32>, %acc: vector<4xi32>) -> vector<4xi32> {
  %0 = lp.dot %x, %y, %acc : vector<4xi32>
  return %0 : vector<4xi32>
}

// CHECK-LABEL: func @narrow
// CHECK-SAME: (%[[X:.*]]: vector<4xi32>, %[[Y:.*]]: vector<4xi32>, %[[ACC:.*]]: vector<4xi32>)
// BASE-COUNT-2: arith.muli {{.*}} : vector<8xi16>
// BASE: %[[S:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.saddlp.v4i32.v8i16"
// BASE: arith.addi %[[ACC]], %[[S]]
// DOTPROD: %[[U:.*]] = arith.xori %[[Y]]
// DOTPROD: %[[EXCESS:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.udot.v4i32.v16i8"
// DOTPROD: %[[SUM:.*]] = llvm.call_intrinsic "llvm.aarch64.neon.udot.v4i32.v16i8"(%[[ACC]],
// DOTPROD: arith.subi %[[SUM]], %[[EXCESS]]
// I8MM: %[[XB:.*]] = vector.bitcast %[[X]] : vector<4xi32> to vector<16xi8>
// I8MM: %[[YB:.*]] = vector.bitcast %[[Y]]
// I8MM: llvm.call_intrinsic "llvm.aarch64.neon.usdot.v4i32.v16i8"(%[[ACC]], %[[XB]], %[[YB]])
// CHECK: return
func.func @narrow(%x: vector<4xi32>, %y: vector<4xi32>, %acc: vector<4xi32>) -> vector<4xi32> {
  %0 = lp.dot_bytes %x, %y, %acc {narrow} : vector<4xi32>
  return %0 : vector<4xi32>
}

// Sums that do not fit into 16 bits need an instruction of bytes.
// CHECK-LABEL: func @bytes
// BASE-NOT: call_intrinsic
// DOTPROD: udot
// I8MM: usdot
// CHECK: return
func.func @bytes(%x: vector<4xi32>) -> vector<4xi32> {
  %0 = lp.dot_bytes %x, %x, %x : vector<4xi32>
  return %0 : vector<4xi32>
}

// What does not fill a register is arithmetic of any processor.
// CHECK-LABEL: func @others
// CHECK-NOT: call_intrinsic
// CHECK: return
func.func @others(%x: vector<8xi32>, %y: i32) -> (vector<8xi32>, i32) {
  %0 = lp.dot_bytes %x, %x, %x {narrow} : vector<8xi32>
  %1 = lp.dot %y, %y, %y : i32
  return %0, %1 : vector<8xi32>, i32
}
