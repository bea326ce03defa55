; Runs 100 parallel regions of 8 tasks; each task takes 100 kB of temporary
; memory and starts a region of its own. y = number of tasks that got memory.
; output: y 7

target triple = "x86_64-unknown-linux-gnu"

declare ptr @tegula_rt_output(ptr, i64, i64, ptr)
declare ptr @tegula_rt_allocate(ptr, i64)
declare void @tegula_rt_parallel(ptr, ptr, ptr, i64)

define internal void @inner(ptr %args, i64 %begin, i64 %end) {
  %count = getelementptr i8, ptr %args, i64 8
  %n = sub i64 %end, %begin
  %old = atomicrmw add ptr %count, i64 %n seq_cst
  ret void
}

define internal void @outer(ptr %args, i64 %begin, i64 %end) {
entry:
  %ctx = load ptr, ptr %args
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %latch ]
  %memory = call ptr @tegula_rt_allocate(ptr %ctx, i64 100000)
  %failed = icmp eq ptr %memory, null
  br i1 %failed, label %exit, label %latch
latch:
  store i64 %i, ptr %memory, align 64
  call void @tegula_rt_parallel(ptr %ctx, ptr @inner, ptr %args, i64 1)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %end
  br i1 %more, label %loop, label %exit
exit:
  ret void
}

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
entry:
  %args = alloca [2 x ptr]
  store ptr %ctx, ptr %args
  %count = getelementptr i8, ptr %args, i64 8
  store i64 0, ptr %count
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  call void @tegula_rt_parallel(ptr %ctx, ptr @outer, ptr %args, i64 8)
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, 100
  br i1 %more, label %loop, label %done
done:
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 0, ptr null)
  %bad = icmp eq ptr %y, null
  br i1 %bad, label %fail, label %good
good:
  %n = load i64, ptr %count
  store i64 %n, ptr %y
  ret i32 0
fail:
  ret i32 12
}
