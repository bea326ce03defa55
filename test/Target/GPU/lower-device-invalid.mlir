// RUN: tegula-opt %s -tegula-target-lower-device -verify-diagnostics

func.func @tegula_entry(%ctx: !llvm.ptr, %a: memref<4xf32, strided<[2]>>, %b: memref<4xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  // expected-error @below {{between parts of buffers is not supported on GPUs yet; compile for the CPU}}
  memref.copy %a, %b : memref<4xf32, strided<[2]>> to memref<4xf32>
  return %ok : i32
}
