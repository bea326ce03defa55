"""Ansor's 164 numbers of a statement (Zheng et al., OSDI 2020, arXiv 2006.06762).

After TVM's auto_scheduler/feature.cc: 57 of the computation (16 operation counts,
three annotations of 11, GPU 8), 5 buffers of 18, 10 points of the curve of arithmetic
intensity, 4 of an allocation, 3 of the outer scope; log2(1 + x) of all but types.
As there, multiply-adds count as their parts, and an annotation's position is None or
Mixed, so that some columns never change.
"""

import math

import nests
import numpy as np

OPERATIONS = ("float_mad", "float_addsub", "float_mul", "float_divmod", "float_cmp",
              "float_math_func", "float_other_func", "int_mad", "int_addsub", "int_mul",
              "int_divmod", "int_cmp", "int_math_func", "int_other_func", "bool_op", "select_op")
POSITIONS = 8  # None, three spatial, three of reductions, Mixed
BUFFERS, BUFFER_FEATURES, CURVE = 5, 18, 10
SIZE = len(OPERATIONS) + 3 * (3 + POSITIONS) + 8 + BUFFERS * BUFFER_FEATURES + CURVE + 4 + 3
LINE = 64
ACCESSES = ("read", "write", "readwrite")
REUSES = ("loop", "serial", "none")


def log2p(value):
    return math.log2(1 + value)


def one_hot(index, count):
    return [float(index == other) for other in range(count)]


def annotation(loops, kind):
    """Number of annotated loops, product, innermost extent, and the position."""
    extents = [loop.extent for loop in loops if loop.annotation == kind]
    sizes = [len(extents), math.prod(extents) if extents else 0, extents[-1] if extents else 0]
    return [log2p(size) for size in sizes] + one_hot(POSITIONS - 1 if extents else 0, POSITIONS)


def region(access, inner):
    """Extents touched per dimension while the loops named in `inner` (name: extent) run."""
    return [min(extent, math.prod(inner.get(name, 1) for name in names))
            for extent, names in access.dims]


def touched(nest):
    """Per loop, from the innermost outwards: elements of each buffer that it touches."""
    inner, found = {}, []
    for loop in reversed(nest.loops):
        inner[loop.name] = loop.extent
        found.append([math.prod(region(access, inner)) for access in nest.accesses])
    return found


def stride_along(access, loop):
    """Elements between neighbouring iterations of a loop; 0 if the buffer does not move."""
    pitch = 1
    for extent, names in reversed(access.dims):
        if loop.name in names:
            return pitch
        pitch *= extent
    return 0


def lines_of(access, nest, total):
    """Cache lines with repetition, and the stride of the innermost loop, in elements."""
    fixed = 1
    for depth, loop in enumerate(reversed(nest.loops)):
        stride = stride_along(access, loop)
        if stride:
            lines = total / fixed * min(1, stride * access.bytes / LINE)
            return max(lines, 1), stride if depth == 0 else 0
        fixed *= loop.extent
    return 1, 0


def reuse(access, nest, bytes_of):
    """Iterations and bytes between uses, and their number, of the innermost loop that the
    buffer does not depend on. `bytes_of`: per loop from the innermost, of all buffers."""
    distance, between = 1, None
    for loop, bytes_touched in zip(reversed(nest.loops), bytes_of, strict=True):
        if not stride_along(access, loop):
            if between is None:
                between = sum(other.bytes for other in nest.accesses)
            return 0, distance, between, loop.extent
        distance, between = distance * loop.extent, bytes_touched
    return 2, 0, 0, 0


def buffer_features(index, nest, elements, bytes_of):
    """18 numbers of a buffer, and what buffers are sorted by: lines, bytes."""
    access, total = nest.accesses[index], nests.trips(nest.loops)
    size = total * access.bytes
    unique = (elements[-1][index] if elements else 1) * access.bytes
    lines, stride = lines_of(access, nest, total)
    run = region(access, {loop.name: loop.extent for loop in nest.loops})[-1] * access.bytes
    unique_lines = max(unique / min(run, LINE), 1)
    kind, distance, between, count = reuse(access, nest, bytes_of)
    share = count if count else 0.5
    numbers = [size, unique, lines, unique_lines]
    features = [*one_hot(ACCESSES.index(access.kind), len(ACCESSES)), *map(log2p, numbers),
                *one_hot(kind, len(REUSES)), log2p(distance), log2p(between), log2p(count),
                *(log2p(number / share) for number in numbers), log2p(stride)]
    return (lines, size), features


def intensity_curve(nest, bytes_of):
    """Operations per byte after each tenth of the operations, interpolated over loops."""
    if not nest.loops:
        return [0.0] * CURVE
    per_iteration = sum(nest.operations.values())
    operations = per_iteration * np.cumprod([loop.extent for loop in reversed(nest.loops)])
    points = operations[-1] * np.arange(1, CURVE + 1) / CURVE
    return [log2p(value) for value in np.interp(points, operations, operations / bytes_of)]


def allocation(nest):
    """Bytes of a packed block; elements over all its loops; loops outside and inside."""
    if not nest.allocated:
        return [0.0] * 4
    outer = nests.trips(nest.loops[:nest.allocated_at])
    inner = nests.trips(nest.loops[nest.allocated_at:])
    return [log2p(value) for value in
            (4 * nest.allocated, outer, inner, nest.allocated * outer)]


def features_of(problem, schedule):
    """The 164 numbers of a kernel, of the texts of its problem and schedule."""
    nest = nests.nest_of(problem, schedule)
    total = nests.trips(nest.loops)
    elements = touched(nest)
    bytes_of = np.array([sum(count * access.bytes for count, access in
                             zip(counts, nest.accesses, strict=True)) for counts in elements])
    found = [log2p(total * nest.operations.get(name, 0)) for name in OPERATIONS]
    for kind in (nests.VECTORIZE, nests.UNROLL, nests.PARALLEL):
        found += annotation(nest.loops, kind)
    found += [0.0] + [1.0] * 7  # No GPU: extents of one.
    buffers = [buffer_features(index, nest, elements, bytes_of)
               for index in range(len(nest.accesses))]
    for _, features in sorted(buffers, key=lambda pair: pair[0], reverse=True)[:BUFFERS]:
        found += features
    found += [0.0] * BUFFER_FEATURES * max(BUFFERS - len(buffers), 0)
    found += intensity_curve(nest, bytes_of) + allocation(nest)
    return found + [log2p(total), log2p(len(nest.loops)), 0.0]
