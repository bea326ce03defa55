"""A kernel as the loop nest around its innermost statement, for Ansor's features.

Ansor sees lowered loops; this project has none before code is generated, so the nest
is written down per schedule family from problem and schedule. One statement stands
for the kernel: the multiply-add of products and convolutions, the first product of
attention, the operation of elementwise kernels and rows.
"""

import dataclasses
import math

import problems

SERIAL, PARALLEL, UNROLL, VECTORIZE = "serial", "parallel", "unroll", "vectorize"


@dataclasses.dataclass
class Loop:
    name: str
    extent: int
    annotation: str = SERIAL


@dataclasses.dataclass
class Access:
    """A buffer of the statement. A dimension is its extent and the loops that run along
    it, outermost first; a loop advances it by the extents of those after it."""

    kind: str  # read, write, readwrite
    dims: list  # of (extent, [names of loops])
    bytes: int = 4


@dataclasses.dataclass
class Nest:
    loops: list  # outermost first; loops of one iteration are left out
    accesses: list
    operations: dict  # names of ansor_features.OPERATIONS: counts of one iteration
    allocated: int = 0  # elements of a packed block
    allocated_at: int = 0  # loops outside of it

    def __post_init__(self):
        kept = [index for index, loop in enumerate(self.loops) if loop.extent > 1]
        self.allocated_at = sum(index < self.allocated_at for index in kept)
        self.loops = [self.loops[index] for index in kept]


def ceil_div(a, b):
    return -(-a // max(b, 1))


def tiled(extent, *tiles):
    """Iterations of the loops around tiles, outermost first: extent / t0, t0 / t1, ..."""
    counts = []
    for tile in tiles:
        counts.append(max(ceil_div(extent, tile), 1))
        extent = min(tile, extent)
    return counts


def lanes(name, tile, vl):
    """The loops of a row of vectors."""
    return [Loop(f"{name}v", ceil_div(tile, vl), UNROLL), Loop(f"{name}l", vl, VECTORIZE)]


def product(batch, extents, blocks, tile, vl, accesses, **rest):
    """A blocked product: rows i, columns j with the lanes, and k that is summed."""
    (m, n, k), (mc, nc, kc), (mr, nr) = extents, blocks, tile
    io, ii = tiled(m, mc, mr)
    jo, ji = tiled(n, nc, nr)
    loops = [Loop("b", batch, PARALLEL), Loop("io", io, PARALLEL), Loop("jo", jo, PARALLEL),
             Loop("ko", ceil_div(k, kc)), Loop("ji", ji), Loop("ii", ii), Loop("k", min(kc, k)),
             Loop("r", min(mr, m), UNROLL), *lanes("c", nr, vl)]
    return Nest(loops, accesses, {"float_mul": 1, "float_addsub": 1}, **rest)


ROWS, COLUMNS, SUMMED = ["io", "ii", "r"], ["jo", "ji", "cv", "cl"], ["ko", "k"]


def contraction(problem, schedule):
    batch, m, n, k = problem.of(("batch", "m", "n", "k"))
    mr, nr, vl, kc, mc, nc = schedule.of(("mr", "nr", "vl", "kc", "mc", "nc"))
    element = problem["element_bytes"]
    accesses = [Access("readwrite", [(batch, ["b"]), (m, ROWS), (n, COLUMNS)], element),
                Access("read", [(batch, ["b"]), (m, ROWS), (k, SUMMED)], element),
                Access("read", [(batch, ["b"]), (k, SUMMED), (n, COLUMNS)], element)]
    packed = schedule.get("pack_columns", 0) * min(kc, k) * min(nc, n)
    return product(batch, (m, n, k), (mc, nc, kc), (mr, nr), vl, accesses,
                   allocated=packed, allocated_at=4)


def implicit_product(problem, schedule, lanes_along, points=1, scale=1):
    """A convolution as a product. Lanes run along `pixels` or `filters`; `points`
    products (of a transform) take 1 / `scale` of the pixels each."""
    filters, channels, window = problem.of(("filters", "channels", "window"))
    batch = problem["batch"] * problem["groups"] * points
    k = channels * (window if points == 1 else 1)
    pixels = ceil_div(problem["pixels"], scale)
    mr, nr, vl = schedule.of(("mr", "nr", "vl"))
    kc, fc = schedule.get("kc", k), schedule["fc"]
    element = problem["element_bytes"]
    if lanes_along == "pixels":
        block = nr * schedule["nb"]
        extents, blocks = (filters, pixels, k), (fc, block, kc)
        along_filters, along_pixels = ROWS, COLUMNS
    else:
        block = schedule["np"]
        extents, blocks = (pixels, filters, k), (block, fc, kc)
        along_filters, along_pixels = COLUMNS, ROWS
    accesses = [
        Access("readwrite",
               [(batch, ["b"]), (filters, along_filters), (pixels, along_pixels)], element),
        Access("read", [(batch, ["b"]), (filters, along_filters), (k, SUMMED)], element),
        # Elements of the window overlap: a channel of the input is that of the pixels.
        Access("read", [(batch, ["b"]), (channels, SUMMED),
                        (pixels * problem["stride"]**2, along_pixels)], element)]
    gathered = 0 if schedule.get("in_place", 0) else min(kc, k) * block
    return product(batch, extents, blocks, (mr, nr), vl, accesses,
                   allocated=gathered, allocated_at=4)


def winograd(problem, schedule):
    """The products of the transformed tiles: one per element of a tile."""
    results = schedule["results"]
    return implicit_product(problem, schedule, "pixels", (results + 2)**2, results**2)


def attention(problem, schedule):
    """The first product: rows are keys, lanes queries."""
    batch, queries, keys, depth = problem.of(("batch", "queries", "keys", "depth"))
    mr, nr, vl, mq, kc = schedule.of(("mr", "nr", "vl", "mq", "kc"))
    accesses = [Access("readwrite", [(batch, ["b"]), (keys, ROWS), (queries, COLUMNS)]),
                Access("read", [(batch, ["b"]), (queries, COLUMNS), (depth, SUMMED)]),
                Access("read", [(batch, ["b"]), (depth, SUMMED), (keys, ROWS)]),
                # The values that the scores of a block are multiplied by.
                Access("read", [(batch, ["b"]), (keys, ROWS), (problem["columns"], SUMMED)])]
    nest = product(batch, (keys, queries, depth), (kc, mq, depth), (mr, nr), vl, accesses,
                   allocated=min(mq, queries) * keys, allocated_at=2)
    nest.operations["float_math_func"] = 1 / depth
    return nest


def depthwise(problem, schedule):
    planes, height, width = problem.of(("planes", "height", "width"))
    rows, columns, vl = schedule.of(("rows", "columns", "vl"))
    yo, xo = ceil_div(height, rows), ceil_div(width, columns)
    taps = UNROLL if schedule.get("unroll", 1) else SERIAL
    loops = [Loop("p", planes, PARALLEL), Loop("yo", yo), Loop("xo", xo),
             Loop("wy", problem["window_height"], taps), Loop("wx", problem["window_width"], taps),
             Loop("y", rows, UNROLL), *lanes("x", columns, vl)]
    down, along = ["yo", "y"], ["xo", "xv", "xl"]
    accesses = [
        Access("readwrite", [(planes, ["p"]), (height, down), (width, along)]),
        Access("read", [(planes, ["p"]), (problem["input_height"], [*down, "wy"]),
                        (problem["input_width"], [*along, "wx"])], problem["element_bytes"])]
    operations = {"float_cmp": 1}
    if problem.get("weighted", 0):
        operations = {"float_mul": 1, "float_addsub": 1}
        accesses.append(Access("read", [(planes, ["p"]), (problem["window_height"], ["wy"]),
                                        (problem["window_width"], ["wx"])]))
    staged = 0 if schedule.get("in_place", 0) else rows * problem["input_width"]
    return Nest(loops, accesses, operations, staged, 2)


def pointwise_accesses(problem, row, column):
    """As many buffers as the bytes of all operands are results."""
    points = problem["rows"] * problem["columns"] * problem["element_bytes"]
    buffers = min(max(round(problem["bytes"] / max(points, 1)), 2), 5)
    dims = [(problem["rows"], row), (problem["columns"], column)]
    return [Access("write" if index == 0 else "read", dims, problem["element_bytes"])
            for index in range(buffers)]


def elementwise(problem, schedule):
    rows, columns = problem.of(("rows", "columns"))
    vl, unroll, tile, grain = schedule.of(("vl", "unroll", "tile", "grain"))
    per_task = min(max(grain, vl * unroll), rows * columns)
    loops = [Loop("t", ceil_div(rows * columns, per_task), PARALLEL),
             Loop("i", ceil_div(per_task, vl * unroll)), Loop("u", unroll, UNROLL),
             Loop("l", vl, VECTORIZE)]
    along = ["t", "i", "u", "l"]
    if problem.get("is_transposed", 0):
        loops.insert(2, Loop("r", min(tile, rows), UNROLL))
    return Nest(loops, pointwise_accesses(problem, ["r"], along),
                {"float_other_func": max(problem["instructions"], 1)})


def rows(problem, schedule):
    vl, accumulators, unroll, grain = schedule.of(("vl", "accumulators", "unroll", "grain"))
    step = vl * max(accumulators, unroll)
    loops = [Loop("t", ceil_div(problem["rows"], grain), PARALLEL),
             Loop("r", min(grain, problem["rows"])), Loop("s", problem["passes"]),
             Loop("c", ceil_div(problem["columns"], step)),
             Loop("u", max(accumulators, unroll), UNROLL), Loop("l", vl, VECTORIZE)]
    return Nest(loops, pointwise_accesses(problem, ["t", "r"], ["c", "u", "l"]),
                {"float_other_func": max(problem["instructions"] / problem["passes"], 1)})


FAMILIES = {
    "contraction": contraction, "attention": attention, "depthwise": depthwise,
    "convolution": lambda problem, schedule: implicit_product(problem, schedule, "pixels"),
    "filter_lanes": lambda problem, schedule: implicit_product(problem, schedule, "filters"),
    "winograd": winograd, "elementwise": elementwise, "rows": rows,
}


def nest_of(problem, schedule):
    """The nest of a kernel, of the texts of its problem and schedule."""
    schedule = problems.parse(schedule)
    return FAMILIES[schedule.kind](problems.parse(problem), schedule)


def trips(loops):
    """Iterations of a nest of loops."""
    return math.prod(loop.extent for loop in loops)
