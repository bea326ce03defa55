"""Quantised operators: exact, but for one step where a rounding ties."""

import numpy as np
from harness import Case, normal, rng, single, ulps
from onnx import helper


def linear():
    """QuantizeLinear and its reverse, per tensor, per axis, in blocks."""
    x = normal("x", (4, 33), scale=3)
    for dtype in (np.uint8, np.int8, np.int16, np.uint16):
        zero = dtype(7)
        yield single(np.dtype(dtype).name, "QuantizeLinear", x, np.float32(0.05), zero, constants=(1, 2))
        q = normal("q", (4, 33), dtype)
        yield single(np.dtype(dtype).name, "DequantizeLinear", q, np.float32(0.05), zero, constants=(1, 2), bound=ulps(1))
    scales = np.abs(normal("s", (4,))) + np.float32(0.02)
    yield single("axis0", "QuantizeLinear", x, scales, np.zeros(4, np.int8), constants=(1, 2), axis=0)
    yield single("axis0", "DequantizeLinear", normal("q", (4, 33), np.int8), scales, np.zeros(4, np.int8),
                 constants=(1, 2), axis=0, bound=ulps(1))
    yield single("saturates", "QuantizeLinear", x * 1000, np.float32(0.1), np.uint8(128), constants=(1, 2))
    yield single("x", "DynamicQuantizeLinear", x, outputs=("y", "scale", "zero"))


def products():
    """Integer matrix products and convolutions."""
    r = rng("q")
    a, b = r.integers(0, 255, (5, 40)).astype(np.uint8), r.integers(-100, 100, (40, 9)).astype(np.int8)
    yield single("u8s8", "QLinearMatMul", a, np.float32(0.03), np.uint8(110), b, np.float32(0.02), np.int8(0),
                 np.float32(0.7), np.uint8(120), constants=range(1, 8))
    x, w = r.integers(0, 255, (1, 6, 9, 9)).astype(np.uint8), r.integers(-100, 100, (8, 6, 3, 3)).astype(np.int8)
    yield single("zero-point", "ConvInteger", x, r.integers(0, 255, (8, 6, 3, 3)).astype(np.uint8), np.uint8(128),
                 constants=(1, 2), pads=[1, 1, 1, 1])
    yield single("per-tensor", "QLinearConv", x, np.float32(0.03), np.uint8(110), w, np.float32(0.02), np.int8(0),
                 np.float32(0.7), np.uint8(120), constants=range(1, 8))


def pattern():
    """Dequantise, multiply, quantise: what a quantised model is made of."""
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["e"]),
             helper.make_node("MatMul", ["d", "e"], ["y"])]
    yield Case("MatMul/dequantised", nodes, {"x": normal("x", (7, 24))},
               {"s": np.float32(0.03), "z": np.uint8(128), "w": normal("w", (24, 10), np.int8), "ws": np.float32(0.01),
                "wz": np.int8(0)}, bound=lambda case, exact: [np.full(v.shape, 2e-6 * np.abs(v).max()) for v in exact])


def cases():
    """All of the above."""
    for group in (linear, products, pattern):
        yield from group()
