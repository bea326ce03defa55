; y[i] = w[i % 3] * x[i] for a tensor of n x 3 floats, one row a task.
; input: x 1 n 3
; output: y 1 n 3
; weights: 2 3 4

target triple = "x86_64-unknown-linux-gnu"

@tegula_weights = external constant [0 x i8]
declare ptr @tegula_rt_output(ptr, i64, i64, ptr)
declare void @tegula_rt_parallel(ptr, ptr, ptr, i64)

define internal void @rows(ptr %args, i64 %begin, i64 %end) {
entry:
  %x = load ptr, ptr %args
  %p = getelementptr i8, ptr %args, i64 8
  %y = load ptr, ptr %p
  %b = mul i64 %begin, 3
  %e = mul i64 %end, 3
  br label %loop
loop:
  %i = phi i64 [ %b, %entry ], [ %next, %loop ]
  %px = getelementptr float, ptr %x, i64 %i
  %vx = load float, ptr %px
  %j = urem i64 %i, 3
  %pw = getelementptr float, ptr @tegula_weights, i64 %j
  %vw = load float, ptr %pw
  %vy = fmul float %vx, %vw
  %py = getelementptr float, ptr %y, i64 %i
  store float %vy, ptr %py
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %e
  br i1 %more, label %loop, label %exit
exit:
  ret void
}

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %args = alloca [2 x ptr]
  %x = load ptr, ptr %inputs
  %shape = load ptr, ptr %shapes
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 2, ptr %shape)
  %failed = icmp eq ptr %y, null
  br i1 %failed, label %bad, label %good
good:
  store ptr %x, ptr %args
  %p = getelementptr i8, ptr %args, i64 8
  store ptr %y, ptr %p
  %n = load i64, ptr %shape
  call void @tegula_rt_parallel(ptr %ctx, ptr @rows, ptr %args, i64 %n)
  ret i32 0
bad:
  ret i32 12
}
