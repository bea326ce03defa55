; Takes the path that the first element of `mode` names:
; 0: y = x + z   1: tegula_rt_fail   2: the arena   3: a slot   4: temporaries
; 5: no output   6: a failing status without a message   7: no such slot
; 8: a huge temporary
; input: mode 6 1
; input: x 1 2 n
; input: z 1 n 2 m
; output: y 1 2
; slots: 1
; arena: 4096

target triple = "x86_64-unknown-linux-gnu"

@shape = private constant [1 x i64] [i64 2]
@message = private constant [17 x i8] c"bad \0A name%s%n!!\00"
declare ptr @tegula_rt_output(ptr, i64, i64, ptr)
declare ptr @tegula_rt_arena(ptr, i64)
declare ptr @tegula_rt_slot(ptr, i64, i64)
declare ptr @tegula_rt_allocate(ptr, i64)
declare i32 @tegula_rt_fail(ptr, i32, ptr)

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %modes = load ptr, ptr %inputs
  %mode = load i32, ptr %modes
  %px = getelementptr ptr, ptr %inputs, i64 1
  %x = load ptr, ptr %px
  switch i32 %mode, label %add [
    i32 1, label %fail
    i32 2, label %arena
    i32 3, label %slot
    i32 4, label %temporaries
    i32 5, label %none
    i32 6, label %silent
    i32 7, label %badslot
    i32 8, label %huge
  ]
add:
  %v = load <2 x float>, ptr %x, align 4
  br label %store
fail:
  %code = call i32 @tegula_rt_fail(ptr %ctx, i32 10, ptr @message)
  ret i32 %code
arena:
  %arenap = call ptr @tegula_rt_arena(ptr %ctx, i64 4096)
  br label %scratch
slot:
  %n0 = getelementptr ptr, ptr %shapes, i64 1
  %n1 = load ptr, ptr %n0
  %n2 = getelementptr i64, ptr %n1, i64 1
  %n = load i64, ptr %n2
  %slotbytes = mul i64 %n, 1000
  %slotted = call ptr @tegula_rt_slot(ptr %ctx, i64 0, i64 %slotbytes)
  br label %scratch
temporaries:
  %t0 = call ptr @tegula_rt_allocate(ptr %ctx, i64 100)
  store i8 1, ptr %t0
  %t1 = call ptr @tegula_rt_allocate(ptr %ctx, i64 3000000)
  br label %scratch
scratch:
  %p = phi ptr [ %arenap, %arena ], [ %slotted, %slot ], [ %t1, %temporaries ]
  %isnull = icmp eq ptr %p, null
  br i1 %isnull, label %silent, label %use
use:
  %xv = load <2 x float>, ptr %x, align 4
  store <2 x float> %xv, ptr %p, align 64
  %pv = load <2 x float>, ptr %p, align 64
  br label %store
store:
  %r = phi <2 x float> [ %v, %add ], [ %pv, %use ]
  %y = call ptr @tegula_rt_output(ptr %ctx, i64 0, i64 1, ptr @shape)
  %bad = icmp eq ptr %y, null
  br i1 %bad, label %silent, label %write
write:
  store <2 x float> %r, ptr %y, align 4
  ret i32 0
none:
  ret i32 0
silent:
  ret i32 12
badslot:
  %bs = call ptr @tegula_rt_slot(ptr %ctx, i64 1, i64 1)
  ret i32 12
huge:
  %h = call ptr @tegula_rt_allocate(ptr %ctx, i64 9223372036854775807)
  ret i32 12
}
