// RUN: tegula-opt %s | tegula-opt | FileCheck %s

// CHECK: #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 256, mc = 120, nc = 256, pack_columns = false, streams = 1, numerics = "fma">
func.func private @a() attributes {schedule = #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 256, mc = 120, nc = 256, pack_columns = false, streams = 1, numerics = "fma">}
// CHECK: #sched.contraction<mr = 4, nr = 24, vl = 8, kc = 256, mc = 120, nc = 240, pack_columns = false, streams = 3, numerics = "fma">
func.func private @streams() attributes {schedule = #sched.contraction<mr = 4, nr = 24, vl = 8, kc = 256, mc = 120, nc = 240, pack_columns = false, streams = 3, numerics = "fma">}
// CHECK: #sched.filter_lanes<mr = 5, nr = 16, vl = 8, kc = 256, np = 49, fc = 64, in_place = true, numerics = "fma">
func.func private @filter_lanes() attributes {schedule = #sched.filter_lanes<mr = 5, nr = 16, vl = 8, kc = 256, np = 49, fc = 64, in_place = true, numerics = "fma">}

// CHECK: #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">
func.func private @winograd() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">}
// CHECK: #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 256, nb = 4, fc = 66, in_place = true, numerics = "fma">
func.func private @b() attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 256, nb = 4, fc = 66, in_place = true, numerics = "fma">}
// CHECK: #sched.attention<mr = 6, nr = 16, vl = 8, mq = 48, kc = 64, tasks = 32, numerics = "keys4-fma">
func.func private @attention() attributes {schedule = #sched.attention<mr = 6, nr = 16, vl = 8, mq = 48, kc = 64, tasks = 32, numerics = "keys4-fma">}
// CHECK: #sched.depthwise<vl = 8, rows = 4, columns = 2, block = 28, unroll = true, in_place = false, numerics = "fma">
func.func private @c() attributes {schedule = #sched.depthwise<vl = 8, rows = 4, columns = 2, block = 28, unroll = true, in_place = false, numerics = "fma">}
// CHECK: #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 4096, numerics = "exact">
func.func private @d() attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 4096, numerics = "exact">}
// CHECK: #sched.rows<vl = 8, accumulators = 4, unroll = 4, grain = 4096, numerics = "tree8x4">
func.func private @e() attributes {schedule = #sched.rows<vl = 8, accumulators = 4, unroll = 4, grain = 4096, numerics = "tree8x4">}
// CHECK: #sched.loops<numerics = "in-order">
func.func private @f() attributes {schedule = #sched.loops<numerics = "in-order">}
// CHECK: #sched.gpu_points<threads = 256, numerics = "in-order">
func.func private @gp() attributes {schedule = #sched.gpu_points<threads = 256, numerics = "in-order">}
// CHECK: #sched.gpu_rows<threads = 128, numerics = "butterfly128">
func.func private @gr() attributes {schedule = #sched.gpu_rows<threads = 128, numerics = "butterfly128">}
// CHECK: #sched.gpu_matmul<tile_m = 128, tile_n = 64, tile_k = 16, warps_m = 4, warps_n = 2, copy = "registers", stages = 2, numerics = "tf32x3">
func.func private @gm() attributes {schedule = #sched.gpu_matmul<tile_m = 128, tile_n = 64, tile_k = 16, warps_m = 4, warps_n = 2, copy = "registers", stages = 2, numerics = "tf32x3">}
