"""Convolutions and pooling."""

import numpy as np
from harness import F32_EPS, Case, normal, single, summed
from onnx import helper


def conv():
    """Kernels, strides, pads, dilations, groups; one to three dimensions."""
    shapes = (  # name, input, weights, attributes
        ("1x1", (1, 16, 9, 9), (24, 16, 1, 1), {}),
        ("1x1-stride", (1, 16, 9, 9), (24, 16, 1, 1), {"strides": [2, 2]}),
        ("3x3", (2, 8, 10, 11), (12, 8, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("3x3-valid", (1, 3, 10, 11), (5, 3, 3, 3), {}),
        ("3x3-stride", (1, 8, 15, 14), (12, 8, 3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ("7x7-first", (1, 3, 30, 31), (16, 3, 7, 7), {"pads": [3, 3, 3, 3], "strides": [2, 2]}),
        ("dilated", (1, 8, 12, 12), (8, 8, 3, 3), {"pads": [2, 2, 2, 2], "dilations": [2, 2]}),
        ("pads", (1, 4, 8, 9), (6, 4, 3, 2), {"pads": [0, 1, 2, 0]}),
        ("groups", (1, 12, 9, 9), (18, 4, 3, 3), {"group": 3, "pads": [1, 1, 1, 1]}),
        ("depthwise", (1, 19, 9, 10), (19, 1, 3, 3), {"group": 19, "pads": [1, 1, 1, 1]}),
        ("depthwise-stride", (1, 16, 9, 10), (16, 1, 5, 5), {"group": 16, "pads": [2, 2, 2, 2], "strides": [2, 2]}),
        ("depthwise-blocks", (2, 2, 70, 150), (2, 1, 3, 5), {"group": 2, "pads": [2, 0, 1, 5]}),
        ("depthwise-blocks-stride", (1, 3, 71, 150), (3, 1, 5, 3), {"group": 3, "pads": [1, 2, 3, 0], "strides": [2, 2]}),
        ("depthwise-stride-rows", (1, 3, 31, 16), (3, 1, 3, 3), {"group": 3, "strides": [3, 1], "dilations": [2, 1]}),
        ("depthwise-stride-3", (1, 3, 9, 31), (3, 1, 3, 3), {"group": 3, "strides": [1, 3]}),
        ("depthwise-wide", (1, 2, 4, 5000), (2, 1, 3, 3), {"group": 2, "pads": [1, 1, 1, 1]}),
        ("depth-multiplier", (1, 6, 9, 9), (12, 1, 3, 3), {"group": 6}),
        ("same", (1, 4, 9, 10), (6, 4, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("1d", (2, 5, 30), (7, 5, 5), {"pads": [2, 2]}),
        ("3d", (1, 3, 6, 7, 8), (4, 3, 3, 3, 3), {"pads": [1, 1, 1, 1, 1, 1]}),
        ("channels", (1, 70, 7, 7), (66, 70, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("few-pixels", (2, 150, 7, 7), (67, 150, 1, 1), {}),
        ("few-pixels-blocks", (1, 40, 10, 11), (33, 40, 3, 3), {"pads": [1, 1, 1, 1]}),
        ("few-pixels-stride", (1, 33, 14, 13), (40, 33, 3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ("few-pixels-groups", (1, 96, 6, 6), (80, 48, 3, 3), {"group": 2, "pads": [2, 2, 2, 2], "dilations": [2, 2]}),
        ("one-pixel", (3, 130, 1, 1), (77, 130, 1, 1), {}),
        ("one-pixel-window", (1, 20, 5, 5), (30, 20, 5, 5), {}),
    )
    for name, x, w, attributes in shapes:
        terms = int(np.prod(w[1:]))
        weights = normal("w", w)
        yield single(name, "Conv", normal("x", x), weights, constants=(1,), bound=summed(terms), **attributes)
        if name in ("1x1", "3x3", "depthwise", "1d", "few-pixels", "one-pixel"):
            yield single(name + "-bias", "Conv", normal("x", x), weights, normal("b", w[:1]), constants=(1, 2),
                         bound=summed(terms + 1), **attributes)
            yield single(name + "-runtime", "Conv", normal("x", x), weights, bound=summed(terms), **attributes)


def transformed(terms):
    """A bound for convolutions by transforms of normal data, weights of norm 1: 8 times the error of direct sums."""
    # The errors of a direct sum in order walk: its partial sums grow as the square root, and so do their roundings.
    return lambda case, exact: [np.full(v.shape, 8 * F32_EPS * np.sqrt(terms) + 1e-6) for v in exact]


def winograd():
    """Sizes at which transforms are chosen: tails of tiles, of filters and of blocks, paddings, images, epilogues."""
    for name, x, w, pads in (
            ("whole", (1, 64, 32, 32), (64, 64, 3, 3), (1, 1, 1, 1)),
            ("odd", (1, 67, 29, 31), (70, 67, 3, 3), (1, 1, 1, 1)),
            ("valid", (2, 48, 27, 22), (50, 48, 3, 3), (0, 0, 0, 0)),
            ("asymmetric", (1, 64, 21, 33), (64, 64, 3, 3), (0, 2, 1, 0)),
            ("wide-pads", (1, 64, 18, 19), (64, 64, 3, 3), (2, 3, 4, 5)),
            ("images", (3, 64, 14, 14), (64, 64, 3, 3), (1, 1, 1, 1)),
            ("long", (1, 64, 5, 131), (64, 64, 3, 3), (1, 1, 1, 1)),
            ("small", (1, 128, 7, 7), (128, 128, 3, 3), (1, 1, 1, 1)),
            ("point", (1, 128, 3, 3), (128, 128, 3, 3), (0, 0, 0, 0))):
        terms = int(np.prod(w[1:]))
        yield single("winograd-" + name, "Conv", normal("x", x), normal("w", w, scale=terms ** -0.5), normal("b", w[:1]),
                     constants=(1, 2), bound=transformed(terms), pads=list(pads))


def transposed():
    """ConvTranspose."""
    for name, x, w, attributes in (
            ("2x2-stride", (1, 8, 7, 7), (8, 6, 2, 2), {"strides": [2, 2]}),
            ("3x3", (2, 4, 6, 7), (4, 5, 3, 3), {}),
            ("pads", (1, 4, 6, 7), (4, 5, 3, 3), {"pads": [1, 1, 1, 1], "strides": [2, 2], "output_padding": [1, 1]}),
            ("4x4", (1, 3, 9, 19), (3, 5, 4, 4), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
            ("uneven", (2, 3, 6, 7), (3, 5, 5, 2), {"pads": [3, 0, 2, 1], "strides": [2, 3], "output_padding": [1, 2]}),
            ("dilated", (1, 3, 6, 7), (3, 5, 3, 2), {"dilations": [2, 1], "strides": [1, 2]}),
            ("groups", (1, 6, 5, 5), (6, 2, 3, 3), {"group": 3}),
            ("1d", (1, 4, 9), (4, 3, 4), {"strides": [3]})):
        yield single(name, "ConvTranspose", normal("x", x), normal("w", w), constants=(1,),
                     reference="onnxruntime" if name == "groups" else None, bound=summed(int(np.prod(w[2:])) * w[0]), **attributes)


def pools():
    """Maxima and means."""
    x = normal("x", (2, 5, 11, 12))
    for name, attributes in (("2x2", {"kernel_shape": [2, 2], "strides": [2, 2]}),
                             ("3x3-pads", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}),
                             ("ceil", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
                             ("same", {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"})):
        yield single(name, "MaxPool", x, **attributes)
        yield single(name, "AveragePool", x, bound=summed(10), **attributes)
    yield single("counted", "AveragePool", x, bound=summed(10), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
    yield single("1d", "MaxPool", normal("x", (2, 3, 20)), kernel_shape=[3])
    yield single("all", "GlobalAveragePool", x, bound=summed(140))
    yield single("all", "GlobalMaxPool", x)
    yield single("2", "LpPool", x, kernel_shape=[2, 2], p=2, bound=summed(8))


def fused():
    """Convolution, batch normalisation, activation, residual."""
    x, w = normal("x", (1, 16, 9, 9)), normal("w", (16, 16, 3, 3), scale=0.1)
    bn = {"s": np.abs(normal("s", (16,))) + np.float32(0.5), "b": normal("b", (16,)), "m": normal("m", (16,)),
          "v": np.abs(normal("v", (16,))) + np.float32(0.5)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["t"], pads=[1, 1, 1, 1]),
             helper.make_node("BatchNormalization", ["t", "s", "b", "m", "v"], ["u"]),
             helper.make_node("Add", ["u", "x"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    yield Case("Conv/batch-norm-residual-relu", nodes, {"x": x}, {"w": w, **bn},
               bound=lambda case, exact: [np.full(v.shape, 4e-6 * np.abs(v).max()) for v in exact])
    wide, deep = normal("x", (1, 64, 22, 26)), normal("w", (64, 64, 3, 3), scale=1 / 24)
    yield Case("Conv/winograd-batch-norm-residual-relu", nodes, {"x": wide},
               {"w": deep, **{name: np.tile(value, 4) for name, value in bn.items()}},
               bound=lambda case, exact: [np.full(v.shape, 4e-6 * np.abs(v).max()) for v in exact])
    grouped = [helper.make_node("Conv", ["x", "w", "c"], ["t"], pads=[1, 1, 1, 1], group=4),
               helper.make_node("Add", ["t", "x"], ["z"]), helper.make_node("Relu", ["z"], ["y"])]
    yield Case("Conv/groups-bias-residual-relu", grouped, {"x": x},
               {"w": normal("w", (16, 4, 3, 3), scale=0.2), "c": normal("c", (16,))},
               bound=lambda case, exact: [np.full(v.shape, 4e-6 * np.abs(v).max()) for v in exact])
    clip = [helper.make_node("Conv", ["x", "w"], ["t"], pads=[1, 1, 1, 1], group=16),
            helper.make_node("Clip", ["t", "lo", "hi"], ["y"])]
    yield Case("Conv/depthwise-relu6", clip, {"x": x},
               {"w": normal("w", (16, 1, 3, 3)), "lo": np.float32(0), "hi": np.float32(6)},
               bound=lambda case, exact: [np.full(v.shape, 4e-6 * 6) for v in exact])


def cases():
    """All of the above."""
    for group in (conv, winograd, transposed, pools, fused):
        yield from group()
