; Calls a kernel of another module: y = x * x + x.
; input: x 1 8
; output: y 1 8
target triple = "x86_64-unknown-linux-gnu"
@shape = private constant [1 x i64] [i64 8]
declare ptr @tegula_rt_output(ptr, i64, i64, ptr)
declare void @kernel(ptr, ptr)
define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %x = load ptr, ptr %inputs
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 1, ptr @shape)
  %failed = icmp eq ptr %y, null
  br i1 %failed, label %bad, label %good
good:
  call void @kernel(ptr %x, ptr %y)
  ret i32 0
bad:
  ret i32 12
}
