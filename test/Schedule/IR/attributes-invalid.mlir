// RUN: tegula-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{`nr` must be a multiple of `vl` (8), found 12}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 6, nr = 12, vl = 8, kc = 64, mc = 12, nc = 48, pack_columns = false, streams = 1, numerics = "fma">}

// -----

// expected-error@+1 {{`kc` must be between 1 and 1099511627776, found 0}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 0, mc = 12, nc = 48, pack_columns = false, streams = 1, numerics = "fma">}

// -----

// expected-error@+1 {{`nr / vl` must be a multiple of `streams` (2), found 3}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 4, nr = 24, vl = 8, kc = 64, mc = 12, nc = 48, pack_columns = false, streams = 2, numerics = "fma">}

// -----

// expected-error@+1 {{`streams` must be between 1 and 512, found 0}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 4, nr = 24, vl = 8, kc = 64, mc = 12, nc = 48, pack_columns = false, streams = 0, numerics = "fma">}

// -----

// expected-error@+1 {{`vl` must be between 1 and 64, found 128}}
func.func private @a() attributes {schedule = #sched.elementwise<vl = 128, unroll = 1, tile = 16, grain = 4096, numerics = "exact">}

// -----

// expected-error@+1 {{`fc` must be a multiple of `mr` (6), found 64}}
func.func private @a() attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 256, nb = 4, fc = 64, in_place = false, numerics = "fma">}

// -----

// expected-error@+1 {{`threads` must be a multiple of `warp` (32), found 40}}
func.func private @a() attributes {schedule = #sched.gpu_points<threads = 40, numerics = "in-order">}

// -----

// expected-error@+1 {{`threads` must be between 1 and 1024, found 2048}}
func.func private @a() attributes {schedule = #sched.gpu_rows<threads = 2048, numerics = "butterfly2048">}

// -----

// expected-error@+1 {{`numerics` must be tf32x3, f16 or bf16, found fp8}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 16, warps_m = 2, warps_n = 2, copy = "registers", stages = 2, numerics = "fp8">}

// -----

// expected-error@+1 {{`tile_m` must be a multiple of `warps_m * 16` (64), found 32}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 32, tile_n = 64, tile_k = 16, warps_m = 4, warps_n = 2, copy = "registers", stages = 2, numerics = "tf32x3">}

// -----

// expected-error@+1 {{at most 32 warps fit a block, found 64}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 128, tile_n = 64, tile_k = 16, warps_m = 8, warps_n = 8, copy = "registers", stages = 2, numerics = "tf32x3">}

// -----

// expected-error@+1 {{`tile_k` must be a multiple of `instruction` (16), found 8}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 8, warps_m = 2, warps_n = 2, copy = "registers", stages = 2, numerics = "f16">}

// -----

// expected-error@+1 {{`tile_m * tile_k` must be a multiple of `threads` (256), found 128}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 64, tile_k = 8, warps_m = 1, warps_n = 8, copy = "registers", stages = 2, numerics = "tf32x3">}

// -----

// expected-error@+1 {{`copy` must be registers, async or tma, found dma}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 16, warps_m = 2, warps_n = 2, copy = "dma", stages = 2, numerics = "f16">}

// -----

// expected-error@+1 {{`stages` must be 2 to 8, and 2 for copies through registers, found 3}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 16, warps_m = 2, warps_n = 2, copy = "registers", stages = 3, numerics = "f16">}

// -----

// expected-error@+1 {{`stages` must be 2 to 8, and 2 for copies through registers, found 1}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 16, warps_m = 2, warps_n = 2, copy = "async", stages = 1, numerics = "f16">}

// -----

// expected-error@+1 {{`tma` needs 16-bit operands, a multiple of 4 warps of 16 rows each, a multiple of 64 columns and a `tile_k` of 64}}
func.func private @a() attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 32, warps_m = 4, warps_n = 1, copy = "tma", stages = 3, numerics = "f16">}

// -----

// expected-error@+1 {{`fc` must be a multiple of `nr` (16), found 60}}
func.func private @a() attributes {schedule = #sched.filter_lanes<mr = 5, nr = 16, vl = 8, kc = 256, np = 49, fc = 60, in_place = true, numerics = "fma">}

// -----

// expected-error@+1 {{`np` must be between 1 and 512, found 0}}
func.func private @a() attributes {schedule = #sched.filter_lanes<mr = 5, nr = 16, vl = 8, kc = 256, np = 0, fc = 64, in_place = true, numerics = "fma">}

// -----

// expected-error@+1 {{`results` must be 2 or 4, found 6}}
func.func private @a() attributes {schedule = #sched.winograd<results = 6, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`numerics` must be winograd2-fma or winograd2-mul-add, found winograd4-fma}}
func.func private @a() attributes {schedule = #sched.winograd<results = 2, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`numerics` must be winograd4-fma or winograd4-mul-add, found fma}}
func.func private @a() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "fma">}

// -----

// expected-error@+1 {{`vl` must be a multiple of `results` (4), found 2}}
func.func private @a() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 2, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`fc` must be a multiple of `mr` (6), found 64}}
func.func private @a() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 64, tasks = 8, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`rows` must be between 1 and 1099511627776, found 0}}
func.func private @a() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 0, fc = 66, tasks = 8, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`tasks` must be between 1 and 256, found 257}}
func.func private @a() attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 257, numerics = "winograd4-fma">}

// -----

// expected-error@+1 {{`mq` must be a multiple of `nr` (16), found 24}}
func.func private @a() attributes {schedule = #sched.attention<mr = 6, nr = 16, vl = 8, mq = 24, kc = 64, tasks = 32, numerics = "keys4-fma">}

// -----

// expected-error@+1 {{`numerics` must be keys4-fma or keys4-mul-add, found fma}}
func.func private @a() attributes {schedule = #sched.attention<mr = 6, nr = 16, vl = 8, mq = 48, kc = 64, tasks = 32, numerics = "fma">}

// -----

// expected-error@+1 {{`tasks` must be between 1 and 256, found 1000}}
func.func private @a() attributes {schedule = #sched.attention<mr = 6, nr = 16, vl = 8, mq = 48, kc = 64, tasks = 1000, numerics = "keys4-fma">}

// -----

// expected-error @+1 {{a tile of 16 x 8 vectors is too large: at most 64}}
func.func private @window() attributes {schedule = #sched.depthwise<vl = 8, rows = 16, columns = 8, block = 1, unroll = true, in_place = false, numerics = "fma">}

// -----

// expected-error @+1 {{`block`}}
func.func private @window() attributes {schedule = #sched.depthwise<vl = 8, rows = 4, columns = 1, block = 0, unroll = true, in_place = false, numerics = "fma">}

// -----

// expected-error@+1 {{`unroll` must divide 4 accumulators, found 3}}
func.func private @a() attributes {schedule = #sched.rows<vl = 8, accumulators = 4, unroll = 3, grain = 4096, numerics = "tree8x4">}

// -----

// expected-error@+1 {{`tile` must be}}
func.func private @a() attributes {schedule = #sched.elementwise<vl = 8, unroll = 1, tile = 0, grain = 4096, numerics = "exact">}
