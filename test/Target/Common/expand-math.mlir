// RUN: tegula-opt %s --tegula-target-expand-math --split-input-file | FileCheck %s
// RUN: tegula-opt %s --tegula-target-expand-math=use-fma=false --split-input-file \
// RUN:   | FileCheck %s --check-prefix=NOFMA

// CHECK-LABEL: func @vector
// CHECK-SAME: %[[X:.*]]: vector<4x8xf32>
// CHECK-NOT: math.exp
// CHECK: math.fma {{.*}} : vector<4x8xf32>
// CHECK: %[[BITS:.*]] = arith.bitcast {{.*}} : vector<4x8xf32> to vector<4x8xi32>
// CHECK: arith.shli %[[BITS]]
// CHECK: %[[HALF:.*]] = arith.mulf {{.*}} : vector<4x8xf32>
// CHECK: %[[Y:.*]] = arith.mulf %[[HALF]], {{.*}} : vector<4x8xf32>
// CHECK-NEXT: return %[[Y]]
// NOFMA-LABEL: func @vector
// NOFMA-NOT: math.
// NOFMA: return
func.func @vector(%x: vector<4x8xf32>) -> vector<4x8xf32> {
  %y = math.exp %x : vector<4x8xf32>
  return %y : vector<4x8xf32>
}

// -----

// CHECK-LABEL: func @scalable
// CHECK-NOT: math.tanh
// CHECK: arith.divf {{.*}} : vector<[4]xf32>
func.func @scalable(%x: vector<[4]xf32>) -> vector<[4]xf32> {
  %y = math.tanh %x : vector<[4]xf32>
  return %y : vector<[4]xf32>
}

// -----

// Nothing but what machines have remains of any function.
// CHECK-LABEL: func @scalars
// CHECK-NOT: math.{{(exp|log|tanh|sin|cos|tan|asin|acos|atan|erf|cbrt|rsqrt|powf)}}
// CHECK: return
func.func @scalars(%a: f32, %b: f32) -> f32 {
  %0 = math.exp %a : f32
  %1 = math.exp2 %0 : f32
  %2 = math.expm1 %1 : f32
  %3 = math.log %2 : f32
  %4 = math.log2 %3 : f32
  %5 = math.log10 %4 : f32
  %6 = math.log1p %5 : f32
  %7 = math.tanh %6 : f32
  %8 = math.sinh %7 : f32
  %9 = math.cosh %8 : f32
  %10 = math.asinh %9 : f32
  %11 = math.acosh %10 : f32
  %12 = math.atanh %11 : f32
  %13 = math.sin %12 : f32
  %14 = math.cos %13 : f32
  %15 = math.tan %14 : f32
  %16 = math.asin %15 : f32
  %17 = math.acos %16 : f32
  %18 = math.atan %17 : f32
  %19 = math.atan2 %18, %b : f32
  %20 = math.powf %19, %b : f32
  %21 = math.cbrt %20 : f32
  %22 = math.rsqrt %21 : f32
  %23 = math.erf %22 : f32
  %24 = math.erfc %23 : f32
  %sin, %cos = math.sincos %24 : f32
  %25 = arith.addf %sin, %cos : f32
  return %25 : f32
}

// -----

// Narrow types are computed in f32 and rounded once.
// CHECK-LABEL: func @half
// CHECK-SAME: %[[X:.*]]: vector<8xf16>
// CHECK: arith.extf %[[X]] : vector<8xf16> to vector<8xf32>
// CHECK-NOT: f16
// CHECK: %[[Y:.*]] = arith.truncf {{.*}} : vector<8xf32> to vector<8xf16>
// CHECK-NEXT: return %[[Y]]
func.func @half(%x: vector<8xf16>) -> vector<8xf16> {
  %y = math.erf %x : vector<8xf16>
  return %y : vector<8xf16>
}

// CHECK-LABEL: func @bfloat
// CHECK: arith.extf {{.*}} : bf16 to f32
// CHECK: arith.truncf {{.*}} : f32 to bf16
func.func @bfloat(%x: bf16) -> bf16 {
  %y = math.log %x : bf16
  return %y : bf16
}

// -----

// CHECK-LABEL: func @double
// CHECK-NOT: math.exp
// CHECK: arith.mulf {{.*}} : vector<4xf64>
func.func @double(%x: vector<4xf64>) -> vector<4xf64> {
  %y = math.exp %x : vector<4xf64>
  return %y : vector<4xf64>
}

// What stays a library call becomes scalar.
// CHECK-LABEL: func @double_library
// CHECK-SAME: %[[X:.*]]: vector<1x2xf64>
// CHECK: %[[E:.*]]:2 = vector.to_elements %[[X]]
// CHECK: %[[Y0:.*]] = math.erf %[[E]]#0 : f64
// CHECK: %[[Y1:.*]] = math.erf %[[E]]#1 : f64
// CHECK: vector.from_elements %[[Y0]], %[[Y1]] : vector<1x2xf64>
func.func @double_library(%x: vector<1x2xf64>) -> vector<1x2xf64> {
  %y = math.erf %x : vector<1x2xf64>
  return %y : vector<1x2xf64>
}

// -----

// CHECK-LABEL: func @constant_powers
// CHECK-SAME: %[[X:.*]]: vector<8xf32>
// CHECK-NEXT: %[[CUBE_EXPONENT:.*]] = arith.constant
// CHECK-NOT: math.
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[X]], %[[X]]
// CHECK: arith.mulf %[[SQUARE]], %[[X]]
// CHECK-NEXT: return
func.func @constant_powers(%x: vector<8xf32>) -> vector<8xf32> {
  %three = arith.constant dense<3.0> : vector<8xf32>
  %y = math.powf %x, %three : vector<8xf32>
  return %y : vector<8xf32>
}

// CHECK-LABEL: func @square_root
// CHECK: math.sqrt
// CHECK: arith.select
func.func @square_root(%x: f32) -> f32 {
  %half = arith.constant 0.5 : f32
  %y = math.powf %x, %half : f32
  return %y : f32
}

// -----

// Left alone: tensors, other formats, and what upstream lowers well.
// CHECK-LABEL: func @unchanged
// CHECK: math.exp {{.*}} : tensor<4xf32>
// CHECK: math.exp {{.*}} : f128
// CHECK: math.roundeven
// CHECK: math.round
// CHECK: math.ceil
// CHECK: math.floor
// CHECK: math.trunc
// CHECK: math.fpowi
// CHECK: math.ipowi
func.func @unchanged(%t: tensor<4xf32>, %q: f128, %x: vector<4xf32>, %i: i32)
    -> (tensor<4xf32>, f128, vector<4xf32>, f32, i32) {
  %0 = math.exp %t : tensor<4xf32>
  %1 = math.exp %q : f128
  %2 = math.roundeven %x : vector<4xf32>
  %3 = math.round %2 : vector<4xf32>
  %4 = math.ceil %3 : vector<4xf32>
  %5 = math.floor %4 : vector<4xf32>
  %6 = math.trunc %5 : vector<4xf32>
  %7 = vector.extract %6[0] : f32 from vector<4xf32>
  %8 = math.fpowi %7, %i : f32, i32
  %9 = math.ipowi %i, %i : i32
  return %0, %1, %6, %8, %9 : tensor<4xf32>, f128, vector<4xf32>, f32, i32
}

// -----

// Where approximate functions are allowed, 2^n is one factor.
// CHECK-LABEL: func @normals
// CHECK: %[[SHIFTED:.*]] = arith.shli
// CHECK-NEXT: %[[POWER:.*]] = arith.bitcast %[[SHIFTED]] : vector<8xi32> to vector<8xf32>
// CHECK-NEXT: %[[Y:.*]] = arith.mulf {{.*}}, %[[POWER]]
// CHECK-NEXT: return %[[Y]]
func.func @normals(%x: vector<8xf32>) -> vector<8xf32> {
  %y = math.exp %x fastmath<afn> : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

// CHECK-LABEL: func @one_plus_tanh
// CHECK: %[[SUM:.*]] = arith.addf
// CHECK: %[[Y:.*]] = arith.divf %{{.*}}, %[[SUM]]
// CHECK-NEXT: return %[[Y]]
func.func @one_plus_tanh(%x: vector<8xf32>) -> vector<8xf32> {
  %c = arith.constant 1.0 : f32
  %one = vector.broadcast %c : f32 to vector<8xf32>
  %t = math.tanh %x : vector<8xf32>
  %y = arith.addf %t, %one : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

// The tanh itself is needed, too.
// CHECK-LABEL: func @tanh_and_sum
// CHECK: arith.divf
// CHECK: %[[T:.*]] = arith.bitcast {{.*}} to vector<8xf32>
// CHECK: %[[Y:.*]] = arith.addf %[[T]], %{{.*}}
// CHECK: return %[[T]], %[[Y]]
func.func @tanh_and_sum(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  %one = arith.constant dense<1.0> : vector<8xf32>
  %t = math.tanh %x : vector<8xf32>
  %y = arith.addf %t, %one : vector<8xf32>
  return %t, %y : vector<8xf32>, vector<8xf32>
}

// -----

// CHECK-LABEL: func @reciprocal
// CHECK-SAME: %[[X:.*]]: vector<8xf32>, %[[S:.*]]: f32
// CHECK: %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[S]] : f32
// CHECK: %[[ALL:.*]] = vector.broadcast %[[INVERSE]]
// CHECK: arith.mulf %[[X]], %[[ALL]]
func.func @reciprocal(%x: vector<8xf32>, %s: f32) -> vector<8xf32> {
  %all = vector.broadcast %s : f32 to vector<8xf32>
  %y = arith.divf %x, %all fastmath<arcp> : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

// CHECK-LABEL: func @quotient
// CHECK: arith.divf {{.*}} : vector<8xf32>
func.func @quotient(%x: vector<8xf32>, %s: f32) -> vector<8xf32> {
  %all = vector.broadcast %s : f32 to vector<8xf32>
  %y = arith.divf %x, %all : vector<8xf32>
  return %y : vector<8xf32>
}

// -----

// CHECK-LABEL: func @maximum
// CHECK-SAME: %[[A:.*]]: f32, %[[B:.*]]: f32
// CHECK: %[[GREATER:.*]] = arith.cmpf ogt, %[[A]], %[[B]]
// CHECK: arith.select %[[GREATER]], %[[A]], %[[B]]
// CHECK: arith.maximumf %[[A]], %[[B]] fastmath<nsz>
func.func @maximum(%a: f32, %b: f32) -> (f32, f32) {
  %0 = arith.maximumf %a, %b fastmath<nnan,nsz> : f32
  %1 = arith.maximumf %a, %b fastmath<nsz> : f32
  return %0, %1 : f32, f32
}
