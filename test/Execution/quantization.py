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
    signed = r.integers(-128, 128, (1, 8, 6, 5)).astype(np.int8)
    yield single("signed", "QLinearConv", signed, np.float32(0.03), np.int8(-7), r.integers(-30, 30, (9, 8, 1, 1)).astype(np.int8),
                 np.float32(0.02), np.int8(0), np.float32(0.7), np.int8(12), constants=range(1, 8))
    yield single("per-tensor", "QLinearConv", x, np.float32(0.03), np.uint8(110), w, np.float32(0.02), np.int8(0),
                 np.float32(0.7), np.uint8(120), constants=range(1, 8))


def extremes(name, shape, dtype):
    """Bytes of which many are the smallest or the largest of their type."""
    info = np.iinfo(dtype)
    values = rng("extremes", name).integers(info.min, info.max + 1, shape)
    return np.where(rng("extremes", name, 1).random(shape) < 0.5, rng("extremes", name, 2).choice(
        [info.min, info.max], shape), values).astype(dtype)


def few_large(name, shape):
    """Signed bytes of which few have neighbours with which they leave 16 bits; some are the ends of the range."""
    values = rng("few", name).normal(0, 24, shape)
    values[rng("few", name, 1).random(shape) < 0.002] *= 100
    return np.clip(values.round(), -128, 127).astype(np.int8)


def integer_matmul(name, a_shape, b_shape, a_dtype=np.uint8, b_dtype=np.int8, a_zero=None, b_zero=None, constant=True,
                   weights=extremes):
    """A MatMulInteger against the product of its operands in 64 bits."""
    a = extremes(name + "a", a_shape, a_dtype)
    b = few_large(name, b_shape) if weights is few_large else extremes(name + "b", b_shape, b_dtype)

    def exact(x0, x1=b, x2=a_zero, x3=b_zero):
        def centred(x, zero, trailing):
            if zero is None:
                return x.astype(np.int64)
            zero = zero.astype(np.int64)
            return x.astype(np.int64) - (zero.reshape(zero.shape + (1,) * trailing) if zero.ndim else zero)

        return (centred(x0, x2, 1) @ centred(x1, x3, 0)).astype(np.int32)

    fixed = (1, 3) if constant else ()
    return single(name, "MatMulInteger", a, b, a_zero, b_zero, constants=[i for i in fixed if i != 3 or b_zero is not None],
                  reference=exact)


def integer_conv(name, x_shape, w_shape, x_zero=None, w_zero=None, w_dtype=np.int8, strides=(1, 1), pads=(0, 0, 0, 0),
                 dilations=(1, 1), group=1, weights=extremes):
    """A ConvInteger of uint8 against sums in 64 bits, window by window."""
    x = extremes(name + "x", x_shape, np.uint8)
    w = few_large(name, w_shape) if weights is few_large else extremes(name + "w", w_shape, w_dtype)

    def exact(x0, x2=x_zero):
        wide = x0.astype(np.int64) - (0 if x2 is None else int(x2))
        wide = np.pad(wide, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])))
        zero = np.zeros(1, np.int64) if w_zero is None else np.atleast_1d(w_zero).astype(np.int64)
        filters = w.astype(np.int64) - zero.reshape(-1, 1, 1, 1)
        (f, c, kh, kw), (h, v) = w_shape, wide.shape[2:]
        rows = (h - (kh - 1) * dilations[0] - 1) // strides[0] + 1
        columns = (v - (kw - 1) * dilations[1] - 1) // strides[1] + 1
        y = np.zeros((x_shape[0], f, rows, columns), np.int64)
        for i in range(kh):
            for j in range(kw):
                seen = wide[:, :, i * dilations[0]:, j * dilations[1]:][:, :, ::strides[0], ::strides[1]]
                seen = seen[:, :, :rows, :columns]
                for g in range(group):
                    own = slice(g * f // group, (g + 1) * f // group)
                    y[:, own] += np.einsum("nchw,fc->nfhw", seen[:, g * c:(g + 1) * c], filters[own, :, i, j])
        return y.astype(np.int32)

    return single(name, "ConvInteger", x, w, x_zero, w_zero, constants=[1] + [3] * (w_zero is not None), reference=exact,
                  strides=list(strides), pads=list(pads), dilations=list(dilations), group=group)


def exact_integers():
    """Integer products at odd sizes, with zero points of all kinds, at the ends of the range."""
    yield integer_matmul("no-zero-points", (7, 64), (64, 33))
    yield integer_matmul("odd-k", (5, 37), (37, 19), a_zero=np.uint8(77))
    yield integer_matmul("k-of-one", (3, 1), (1, 4), a_zero=np.uint8(3))
    yield integer_matmul("zero-points", (14, 130), (130, 50), a_zero=np.uint8(255), b_zero=np.int8(-128))
    yield integer_matmul("u8u8", (6, 48), (48, 40), b_dtype=np.uint8, a_zero=np.uint8(0), b_zero=np.uint8(255))
    yield integer_matmul("s8s8", (6, 48), (48, 40), a_dtype=np.int8, a_zero=np.int8(127), b_zero=np.int8(-128))
    yield integer_matmul("per-column", (9, 34), (34, 21), a_zero=np.uint8(9),
                         b_zero=extremes("z", (21,), np.int8))
    yield integer_matmul("per-row", (9, 34), (34, 21), a_zero=extremes("z", (9,), np.uint8))
    yield integer_matmul("vector", (96,), (96, 17), a_zero=np.uint8(100))
    yield integer_matmul("batched", (2, 3, 5, 26), (2, 3, 26, 12), constant=False, a_zero=np.uint8(5))
    yield integer_matmul("long-k", (4, 4096), (4096, 24), a_zero=np.uint8(128))
    for name, m, k, n, dtype, zero in (("quads", 13, 64, 40, np.uint8, np.uint8(77)), ("quads-signed", 6, 132, 50, np.int8, np.int8(-7)),
                                       ("quads-no-zero", 5, 768, 33, np.int8, None), ("quads-one-row", 1, 512, 100, np.uint8, np.uint8(255)),
                                       ("quads-long-k", 30, 6400, 24, np.uint8, None)):
        yield integer_matmul(name, (m, k), (k, n), a_dtype=dtype, a_zero=zero, weights=few_large)
    yield integer_matmul("quads-per-row", (9, 64), (64, 21), a_zero=extremes("z", (9,), np.uint8), weights=few_large)
    yield integer_matmul("quads-batch", (2, 3, 64), (64, 21), a_zero=np.uint8(3), b_zero=np.int8(0), weights=few_large)
    yield integer_conv("quads-unpadded", (1, 8, 6, 7), (5, 8, 1, 1), x_zero=np.uint8(200), weights=few_large)
    yield integer_conv("quads-unpadded-window", (2, 4, 9, 8), (7, 4, 3, 2), x_zero=np.uint8(3), strides=(2, 1), weights=few_large)
    yield integer_conv("quads-pointwise", (1, 32, 9, 11), (24, 32, 1, 1), weights=few_large)
    yield integer_conv("quads-padded", (2, 16, 14, 14), (20, 16, 3, 3), np.uint8(0), pads=(1, 1, 1, 1), weights=few_large)
    yield integer_conv("quads-strided", (1, 20, 15, 13), (13, 20, 3, 3), strides=(2, 2), pads=(1, 0, 2, 1), weights=few_large)
    yield integer_conv("quads-many-channels", (1, 1200, 7, 7), (9, 1200, 3, 3), pads=(1, 1, 1, 1), weights=few_large)
    yield integer_conv("quads-zero-point", (1, 16, 8, 8), (8, 16, 3, 3), np.uint8(9), pads=(1, 1, 1, 1), weights=few_large)
    yield integer_conv("pointwise", (1, 32, 9, 11), (24, 32, 1, 1), np.uint8(128))
    yield integer_conv("odd-channels", (2, 3, 15, 13), (10, 3, 7, 7), np.uint8(114), strides=(2, 2), pads=(3, 3, 3, 3))
    yield integer_conv("padded", (1, 16, 14, 14), (20, 16, 3, 3), np.uint8(200), pads=(1, 1, 1, 1))
    yield integer_conv("strided-pointwise", (1, 20, 14, 14), (12, 20, 1, 1), np.uint8(7), strides=(2, 2))
    yield integer_conv("per-filter", (1, 8, 10, 10), (9, 8, 3, 3), np.uint8(1), extremes("z", (9,), np.uint8),
                       np.uint8, pads=(1, 0, 2, 1), dilations=(2, 1))
    yield integer_conv("groups", (1, 12, 8, 8), (8, 6, 3, 3), np.uint8(9), group=2, pads=(1, 1, 1, 1))
    yield integer_conv("odd-groups", (1, 9, 8, 8), (6, 3, 3, 3), np.uint8(9), group=3, pads=(1, 1, 1, 1))
    yield integer_conv("depthwise", (1, 8, 12, 12), (8, 1, 3, 3), np.uint8(9), group=8, pads=(1, 1, 1, 1))


def quantised_layers():
    """Dequantise, multiply, add a bias, quantise, as quantised models are written."""
    yield from (quantised_layer("Conv", (1, 6, 9, 9), (8, 6, 3, 3), pads=[1, 1, 1, 1]),
                quantised_layer("Conv", (1, 6, 9, 9), (8, 6, 3, 3), name="per-tensor", per_tensor=True),
                quantised_layer("Gemm", (3, 40), (12, 40), transB=1),
                quantised_layer("MatMul", (2, 5, 24), (24, 10), axis=1, bias=False))


def quantised_layer(op, x_shape, w_shape, name="per-channel", axis=0, per_tensor=False, bias=True, **attributes):
    """One layer between quantised tensors."""
    channels = w_shape[axis]
    r = rng("layer", op, name)
    scales = r.uniform(0.005, 0.02, () if per_tensor else (channels,)).astype(np.float32)
    constants = {"s": np.float32(0.03), "z": np.uint8(131), "w": extremes(op + name, w_shape, np.int8), "ws": scales,
                 "wz": np.zeros(scales.shape, np.int8), "c": normal("c", (channels,))}
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
             helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["e"], axis=axis),
             helper.make_node(op, ["d", "e"] + ["c"] * bias, ["y"], **attributes)]
    if not bias:
        del constants["c"]
    return Case(f"{op}/quantised-{name}", nodes, {"x": normal("x", x_shape)}, constants,
                bound=lambda case, exact: [np.full(v.shape, 2e-6 * np.abs(v).max()) for v in exact])


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
    for group in (linear, products, exact_integers, quantised_layers, pattern, weights_of_few_bits):
        yield from group()
