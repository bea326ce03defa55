; y = the first weight, the last of 2 MiB of zeros, and 42 behind them.
; output: y 1 3
; weights: 7.5

target triple = "x86_64-unknown-linux-gnu"

@tegula_weights = external constant [0 x i8]
@shape = private constant [1 x i64] [i64 3]
declare ptr @tegula_rt_output(ptr, i64, i64, ptr)

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 1, ptr @shape)
  %bad = icmp eq ptr %y, null
  br i1 %bad, label %fail, label %good
good:
  %first = load float, ptr @tegula_weights
  %p1 = getelementptr i8, ptr @tegula_weights, i64 2097212
  %zero = load float, ptr %p1
  %p2 = getelementptr i8, ptr @tegula_weights, i64 2097216
  %last = load float, ptr %p2
  store float %first, ptr %y
  %y1 = getelementptr float, ptr %y, i64 1
  store float %zero, ptr %y1
  %y2 = getelementptr float, ptr %y, i64 2
  store float %last, ptr %y2
  ret i32 0
fail:
  ret i32 12
}
