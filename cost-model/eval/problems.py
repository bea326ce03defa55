"""Problems and schedules as numbers, from the texts of KernelText.h.

`contraction m=8 n=16 k=32` is a kind and its fields; a field that is not there has
its default (Kernels.h).
"""

import functools
import math

# Fields whose default is not 1 and that are read here.
DEFAULTS = {"element_bytes": 4, "instructions": 0, "bytes": 0}
# What a problem's size is: the fields that shapes are compared by.
SIZES = {
    "contraction": ("batch", "m", "n", "k"),
    "convolution": ("batch", "groups", "filters", "channels", "window", "pixels", "width",
                    "stride"),
    "attention": ("batch", "queries", "keys", "depth", "columns"),
    "depthwise": ("planes", "height", "width", "window_height", "window_width", "stride_rows"),
    "elementwise": ("rows", "columns", "instructions", "bytes"),
    "rows": ("rows", "columns", "reductions", "passes", "instructions"),
}
# Extents that vectors and tiles run along: a number that 8 does not divide leaves a tail.
TILED = {
    "contraction": ("m", "n", "k"), "convolution": ("filters", "channels", "pixels"),
    "attention": ("queries", "keys", "depth"), "depthwise": ("height", "width"),
    "elementwise": ("columns",), "rows": ("columns",),
}
# What multiplies to the work of a problem: multiply-adds, or points.
WORK = {
    "contraction": ("batch", "m", "n", "k"),
    "convolution": ("batch", "groups", "filters", "channels", "window", "pixels"),
    "depthwise": ("planes", "height", "width", "window_height", "window_width"),
    "elementwise": ("rows", "columns"), "rows": ("rows", "columns", "passes"),
}


class Fields(dict):
    """The fields of a problem or schedule; what is missing has its default."""

    def __init__(self, text):
        self.kind, *pairs = text.split()
        super().__init__((name, int(value)) for name, value in (pair.split("=") for pair in pairs))

    def __missing__(self, name):
        return DEFAULTS.get(name, 1)

    def of(self, names):
        return [self[name] for name in names]


@functools.lru_cache(maxsize=None)
def parse(text):
    return Fields(text)


def kind(text):
    """The operator family: `contraction`, `convolution`, `attention`, ..."""
    return text.split(" ", 1)[0]


def work(text):
    """Multiply-adds of a problem, or points that are computed."""
    problem = parse(text)
    if problem.kind == "attention":
        batch, queries, keys, depth, columns = problem.of(SIZES["attention"])
        return batch * queries * keys * (depth + columns)
    return math.prod(problem.of(WORK[problem.kind]))


def log_sizes(text):
    """log2(1 + size) of the sizes of a problem."""
    problem = parse(text)
    return [math.log2(1 + max(size, 0)) for size in problem.of(SIZES[problem.kind])]


def is_odd(text):
    """Does an extent that vectors or tiles run along leave a tail of vectors of eight?"""
    problem = parse(text)
    return any(size > 1 and size % 8 for size in problem.of(TILED[problem.kind]))
