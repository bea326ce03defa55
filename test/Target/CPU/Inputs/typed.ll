; Every kind of argument that a typed function can have: copies x to y and the
; dynamic or unranked others to their outputs; w[1] replaces the first of y.
; input: x 7 2 2
; input: */"??/\ 1 n
; input: int 6 ...
; output: x 7 2 2
; output: d 1 n
; output: u 6 ...
; weights: 1.5 2.5

target triple = "x86_64-unknown-linux-gnu"

@tegula_weights = external constant [0 x i8]
@static = private constant [2 x i64] [i64 2, i64 2]
@one = private constant [1 x i64] [i64 1]
declare ptr @tegula_rt_output(ptr, i64, i64, ptr)
declare double @pow(double, double)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %x = load ptr, ptr %inputs
  %p1 = getelementptr ptr, ptr %inputs, i64 1
  %d = load ptr, ptr %p1
  %p2 = getelementptr ptr, ptr %inputs, i64 2
  %u = load ptr, ptr %p2
  %s1 = getelementptr ptr, ptr %shapes, i64 1
  %ds = load ptr, ptr %s1
  %s2 = getelementptr ptr, ptr %shapes, i64 2
  %us = load ptr, ptr %s2
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 2, ptr @static)
  %e = call ptr @tegula_rt_output(ptr %ctx, i64 1, i64 1, ptr %ds)
  %v = call ptr @tegula_rt_output(ptr %ctx, i64 2, i64 3, ptr %us)
  %a = icmp eq ptr %y, null
  %b = icmp eq ptr %e, null
  %c = icmp eq ptr %v, null
  %ab = or i1 %a, %b
  %abc = or i1 %ab, %c
  br i1 %abc, label %bad, label %good
good:
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %x, i64 32, i1 false)
  %n = load i64, ptr %ds
  %bytes = mul i64 %n, 4
  call void @llvm.memcpy.p0.p0.i64(ptr %e, ptr %d, i64 %bytes, i1 false)
  call void @llvm.memcpy.p0.p0.i64(ptr %v, ptr %u, i64 24, i1 false)
  %pw = getelementptr float, ptr @tegula_weights, i64 1
  %w = load float, ptr %pw
  %wide = fpext float %w to double
  %power = call double @pow(double %wide, double 2.0)
  %int = fptosi double %power to i64
  store i64 %int, ptr %y
  ret i32 0
bad:
  ret i32 12
}
