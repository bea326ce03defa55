"""Operators that move data and compute nothing."""

import itertools

import numpy as np
from harness import Case, normal, relative, rng, single
from onnx import helper


def ints(*values):
    """An int64 vector."""
    return np.array(values, np.int64)


def shapes():
    """Transpose, Reshape and kin."""
    x = normal("x", (3, 5, 17))
    for perm in itertools.permutations(range(3)):
        yield single("".join(map(str, perm)), "Transpose", x, perm=list(perm))
    yield single("0231", "Transpose", normal("x", (2, 3, 4, 5)), perm=[0, 2, 3, 1])
    yield single("int8", "Transpose", normal("x", (33, 18), np.int8), perm=[1, 0])
    yield single("minus-one", "Reshape", x, ints(5, -1), constants=(1,))
    yield single("zero-copies", "Reshape", x, ints(0, -1), constants=(1,))
    yield single("runtime", "Reshape", x, ints(15, 17))
    yield single("axis2", "Flatten", x, axis=2)
    yield single("1", "Squeeze", normal("x", (3, 1, 5)), ints(1), constants=(1,))
    yield single("0-3", "Unsqueeze", normal("x", (3, 5)), ints(0, 3), constants=(1,))
    yield single("broadcast", "Expand", normal("x", (3, 1)), ints(2, 3, 4), constants=(1,))
    yield single("2-3", "Tile", normal("x", (3, 5)), ints(2, 3), constants=(1,))
    yield single("x", "Shape", x)
    yield single("x", "Size", x)
    yield single("x", "Identity", x)


def cuts():
    """Slice, Split, Concat, Pad."""
    x = normal("x", (6, 11, 4))
    for name, *parts in (("middle", ints(1, 2), ints(5, 9), ints(0, 1)),
                         ("steps", ints(0, 1), ints(6, 11), ints(0, 1), ints(2, 3)),
                         ("backwards", ints(-1), ints(-100), ints(1), ints(-2)),
                         ("beyond", ints(3), ints(1000), ints(1)),
                         ("empty", ints(5), ints(5), ints(1))):
        yield single(name, "Slice", x, *parts, constants=range(1, 5))
        yield single(name + "-runtime", "Slice", x, *parts)
    yield single("equal", "Split", x, outputs=("y", "z"), axis=0, num_outputs=2)
    yield single("parts", "Split", x, ints(2, 4, 5), constants=(1,), outputs=("y", "z", "w"), axis=1)
    for axis in (0, 1, -1):
        shapes = [[6, 11, 4] for _ in range(3)]
        for k, shape in enumerate(shapes):
            shape[axis] = k + 2
        yield single(f"axis{axis}", "Concat", *(normal(i, s) for i, s in enumerate(shapes)), axis=axis)
    for mode in ("constant", "reflect", "edge", "wrap"):
        yield single(mode, "Pad", x, ints(1, 2, 0, 2, 1, 3), constants=(1,), mode=mode)
    yield single("negative", "Pad", x, ints(-1, 0, 0, 2, -3, 0), np.float32(7), constants=(1, 2),
                 reference="onnxruntime")


def placed_concats():
    """Inputs of a concatenation that are computed in their place of the result, copied, or both."""
    def window(source, result, size):
        return helper.make_node("MaxPool", [source], [result], kernel_shape=[size] * 2, pads=[size // 2] * 4)

    a, b = window("x", "a", 3), window("x", "b", 5)
    for name, parts, extra in (("kernels", "a b", []), ("argument", "a x b", []), ("twice", "a b a", []),
                               ("mostly-copied", "x a x x", []),
                               ("nested", "c a", [helper.make_node("Concat", ["a", "b"], ["c"], axis=1)]),
                               ("read-before", "a b d", [window("a", "d", 7)])):
        nodes = [a, b, *extra, helper.make_node("Concat", parts.split(), ["whole"], axis=1), window("whole", "y", 3)]
        for batch in (1, 2):
            yield Case(f"Concat/placed-{name}-{batch}", nodes, {"x": normal("x", (batch, 16, 9, 8))})
    # Parts of 36 bytes do not begin where buffers may.
    yield Case("Concat/placed-unaligned", [a, b, helper.make_node("Concat", ["a", "b"], ["whole"], axis=1), window("whole", "y", 3)],
               {"x": normal("x", (1, 1, 3, 3))})


def gathers():
    """Gather, Scatter and kin, with negative indices."""
    x, r = normal("x", (7, 9, 4)), rng("indices")
    for axis in (0, 1, 2):
        yield single(f"axis{axis}", "Gather", x, r.integers(-4, 4, (2, 3)), axis=axis)
    yield single("scalar", "Gather", x, np.int64(-1), axis=0)
    yield single("int32", "Gather", x, r.integers(0, 7, (5,)).astype(np.int32), axis=0)
    yield single("axis1", "GatherElements", x, r.integers(-9, 9, (7, 3, 4)), axis=1)
    yield single("pairs", "GatherND", x, r.integers(0, 7, (3, 2)))
    yield single("batch", "GatherND", x, r.integers(0, 4, (7, 2)) % 4, batch_dims=1)
    for how in ("none", "add", "mul", "max", "min"):
        at = np.stack([r.permutation(7)[:3], r.permutation(9)[:3]], -1)
        yield single(how, "ScatterND", x, at, normal("u", (3, 4)), reduction=how, reference="onnxruntime")
        rows = np.stack([r.permutation(9)[:2] for _ in range(28)], 0).reshape(7, 4, 2).transpose(0, 2, 1)
        yield single(how, "ScatterElements", x, np.ascontiguousarray(rows), normal("u", (7, 2, 4)), axis=1, reduction=how)
    yield single("axis", "OneHot", r.integers(-5, 5, (2, 3)), np.int64(5), np.array([0, 1], np.float32), constants=(1, 2))
    yield single("matrix", "NonZero", np.round(normal("n", (5, 6))))
    yield single("axis0", "Compress", x, np.array([1, 0, 1, 1, 0, 0, 1], bool), axis=0)


def images():
    """Resize and the moves between depth and space."""
    x = normal("x", (1, 3, 6, 7))
    for mode in ("nearest", "linear", "cubic"):
        for how in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"):
            yield single(f"{mode}-{how}", "Resize", x, None, None, ints(1, 3, 13, 10), constants=(3,), mode=mode,
                         coordinate_transformation_mode=how, bound=None if mode == "nearest" else relative(2e-6))
    yield single("scales", "Resize", x, None, np.array([1, 1, 2, 2], np.float32), constants=(2,), mode="nearest")
    for mode in ("DCR", "CRD"):
        yield single(mode, "DepthToSpace", normal("x", (2, 8, 3, 4)), blocksize=2, mode=mode)
    yield single("2", "SpaceToDepth", normal("x", (2, 3, 6, 8)), blocksize=2)


def makers():
    """What makes data of nothing."""
    yield single("int64", "Range", np.int64(3), np.int64(20), np.int64(4))
    yield single("float32", "Range", np.float32(0), np.float32(2), np.float32(0.25))
    yield single("square", "EyeLike", normal("x", (5, 7)), k=1)
    for upper in (0, 1):
        yield single(f"upper{upper}", "Trilu", normal("x", (2, 6, 7)), np.int64(1), constants=(1,), upper=upper)
    yield single("lengths", "ReverseSequence", normal("x", (5, 4, 3)), ints(1, 5, 2, 3))


def cases():
    """All of the above."""
    for group in (shapes, cuts, placed_concats, gathers, images, makers):
        yield from group()
