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


def few_bits(name, m, k, n, bits=4, block=32, zeros=False, bias=False, constant=True):
    """A com.microsoft.MatMulNBits against its formula in float64."""
    r = rng("nbits", name)
    blocks = -(-k // block)
    codes = r.integers(0, 1 << bits, (n, blocks * block))
    scales = r.normal(0.1, 0.05, (n, blocks)).astype(np.float32)
    points = r.integers(0, 1 << bits, (n, blocks)) if zeros else np.full((n, blocks), 1 << bits - 1)

    def packed(values):
        per_byte = 8 // bits
        padded = np.pad(values, ((0, 0), (0, -values.shape[1] % per_byte)))
        parts = padded.reshape(n, -1, per_byte) << (np.arange(per_byte) * bits)
        return parts.sum(axis=2).astype(np.uint8)

    def weight():
        centred = codes.reshape(n, blocks, block) - points[:, :, None]
        return (centred * scales[:, :, None].astype(np.float64)).reshape(n, -1)[:, :k].T

    x = normal("x", (m, k))
    inputs = {"b": packed(codes).reshape(n, blocks, -1), "s": scales}
    if zeros:
        inputs["z"] = packed(points)
    if bias:
        inputs["c"] = normal("c", (n,))
    names = ["x", "b", "s", "z" if zeros else "", "", "c" if bias else ""]
    node = helper.make_node("MatMulNBits", names, ["y"], domain="com.microsoft", K=k, N=n, bits=bits, block_size=block)

    def exact(x, c=inputs.get("c", np.zeros(n)), **_):
        return x @ weight() + c

    def bound(case, _):
        return [(k + 8) * 2.0 ** -24 * (np.abs(x) @ np.abs(weight()) + np.abs(inputs.get("c", 0)))]

    feeds, fixed = ({"x": x}, inputs) if constant else ({"x": x, **inputs}, {})
    return Case(f"MatMulNBits/{name}", [node], feeds, fixed, bound=bound, reference=exact, dynamic=constant,
                shape=(m, n))


def weights_of_few_bits():
    """Packed weights: widths, odd sizes, blocks of k, zero points, a bias, weights that are inputs."""
    yield few_bits("vector", 1, 512, 130)
    yield few_bits("rows", 7, 96, 45)
    yield few_bits("many-rows", 65, 288, 72)
    yield few_bits("long-k", 40, 2048, 33, block=64)
    yield few_bits("one-column", 3, 64, 1, block=16)
    yield few_bits("zero-points", 4, 160, 50, zeros=True, bias=True)
    yield few_bits("partial-block", 3, 50, 19, block=16, zeros=True)
    yield few_bits("2-bit", 5, 96, 37, bits=2)
    yield few_bits("2-bit-zero-points", 1, 320, 64, bits=2, zeros=True)
    yield few_bits("8-bit", 5, 96, 37, bits=8)
    yield few_bits("8-bit-zero-points", 1, 320, 64, bits=8, zeros=True, bias=True)
    yield few_bits("input-weights", 3, 64, 20, zeros=True, constant=False)


def cases():
    """All of the above."""
    for group in (linear, products, pattern, weights_of_few_bits):
        yield from group()
