"""The kernels that collect.py measures, as small ONNX models.

Sizes of well-known networks, laid out by rules (a network is a few numbers, its
kernels follow), and sizes drawn by seed, odd ones as likely as round ones. None
was chosen for how fast or slow it is.
"""

import dataclasses
import random
from collections.abc import Callable

import numpy as np
from onnx import TensorProto, helper, numpy_helper, shape_inference

OPSET = 23
# What a kernel may take, in multiply-adds or elements: tens of milliseconds.
MAX_WORK = 4e8
MAX_ELEMENTS = 8e6


@dataclasses.dataclass(frozen=True)
class Shape:
    """A model of (nearly always) one kernel."""

    name: str
    family: str  # that it is meant for; the compiler decides
    work: float  # multiply-adds, or elements
    make: Callable[[], bytes] = dataclasses.field(repr=False, compare=False)
    exhaustive: bool = False  # the whole space is to be measured


def model(nodes, inputs, constants=(), result=TensorProto.FLOAT, element=TensorProto.FLOAT):
    """The bytes of a model: `inputs` are {name: dims}, `constants` {name: dims or array}."""
    rng = np.random.default_rng(0)
    weights = [numpy_helper.from_array(
        value if isinstance(value, np.ndarray) else rng.standard_normal(value, dtype="f4"), name)
        for name, value in dict(constants).items()]
    infos = [helper.make_tensor_value_info(name, element, dims)
             for name, dims in inputs.items()]
    results = [helper.make_tensor_value_info("y", result, None)]
    graph = helper.make_graph(nodes, "kernel", infos, results, weights)
    opsets = [helper.make_opsetid("", OPSET)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=11)
    return shape_inference.infer_shapes(made, strict_mode=True).SerializeToString()


def node(op, inputs, output="y", **attributes):
    return helper.make_node(op, inputs.split(), [output], name=output, **attributes)


# Kernels.

def matmul(m, n, k, batch=1, constant=True, transposed=False):
    """Rows m x k times columns k x n; `transposed`: columns lie as n x k."""
    lead = [batch] if batch > 1 else []
    columns = [*lead, *([n, k] if transposed else [k, n])]
    nodes = [node("MatMul", "a b")]
    if transposed:
        axes = [*range(len(lead)), len(lead) + 1, len(lead)]
        nodes = [node("Transpose", "b", "t", perm=axes), node("MatMul", "a t")]
    inputs, constants = {"a": [*lead, m, k]}, {}
    (constants if constant else inputs)["b"] = columns
    kind = "c" if constant else "t" if transposed else "i"
    family = "gemv" if m == 1 and batch == 1 else "batched" if batch > 1 else "contraction"
    return Shape(f"mm{kind}-{batch}x{m}x{n}x{k}", family, batch * m * n * k,
                 lambda: model(nodes, inputs, constants))


def integer_matmul(m, n, k):
    """Bytes times constant bytes."""
    columns = np.random.default_rng(0).integers(-127, 128, (k, n), "i1")
    return Shape(f"mm8-1x{m}x{n}x{k}", "integer", m * n * k, lambda: model(
        [node("MatMulInteger", "a b")], {"a": [m, k]}, {"b": columns},
        TensorProto.INT32, TensorProto.UINT8))


def half_matmul(m, n, k):
    """Of f16, summed as f32."""
    columns = np.random.default_rng(0).standard_normal((k, n)).astype("f2")
    return Shape(f"mm16-1x{m}x{n}x{k}", "half", m * n * k, lambda: model(
        [node("MatMul", "a b")], {"a": [m, k]}, {"b": columns},
        TensorProto.FLOAT16, TensorProto.FLOAT16))


def integer_conv(channels, filters, side, kernel=1, stride=1):
    weights = np.random.default_rng(0).integers(-127, 128, (filters, channels, kernel, kernel), "i1")
    nodes = [node("ConvInteger", "a w", pads=[kernel // 2] * 4, strides=[stride] * 2)]
    return Shape(
        f"conv8-{channels}to{filters}-{side}-k{kernel}s{stride}", "integer",
        (side // stride)**2 * filters * channels * kernel**2,
        lambda: model(nodes, {"a": [1, channels, side, side]}, {"w": weights},
                      TensorProto.INT32, TensorProto.UINT8))


def conv(channels, filters, side, kernel=1, stride=1, groups=1, batch=1, dilation=1, width=None):
    """Channels and filters of the whole convolution; "same" padding."""
    width = width or side
    pad = dilation * (kernel // 2)
    family = ("depthwise" if groups == channels == filters and groups > 1 else
              "pointwise" if kernel == 1 and stride == 1 else "convolution")
    out = (side // stride) * (width // stride)
    dims = [filters, channels // groups, kernel, kernel]
    nodes = [node("Conv", "a w", group=groups, pads=[pad] * 4, strides=[stride] * 2,
                  dilations=[dilation] * 2)]
    return Shape(
        f"conv-{batch}x{channels}to{filters}g{groups}-{side}x{width}-k{kernel}s{stride}d{dilation}",
        family, batch * out * filters * channels // groups * kernel**2,
        lambda: model(nodes, {"a": [batch, channels, side, width]}, {"w": dims}))


def pool(op, channels, side, kernel, stride):
    nodes = [node(op, "a", kernel_shape=[kernel] * 2, strides=[stride] * 2,
                  pads=[kernel // 2 if kernel % 2 else 0] * 4)]
    return Shape(f"{op}-{channels}-{side}-k{kernel}s{stride}", "window",
                 channels * side**2 * kernel**2 / stride**2,
                 lambda: model(nodes, {"a": [1, channels, side, side]}))


def attention(heads, queries, keys, depth, columns=None):
    columns = columns or depth
    nodes = [node("MatMul", "q k", "s"), node("Mul", "s c", "z"), node("Softmax", "z", "p", axis=-1),
             node("MatMul", "p v")]
    inputs = {"q": [heads, queries, depth], "k": [heads, depth, keys], "v": [heads, keys, columns]}
    return Shape(f"attention-{heads}x{queries}x{keys}x{depth}x{columns}", "attention",
                 heads * queries * keys * (depth + columns),
                 lambda: model(nodes, inputs, {"c": np.array(depth**-0.5, "f4")}))


def recurrent(op, steps, inputs, hidden, batch=1):
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
    nodes = [helper.make_node(op, ["x", "w", "r"], ["", "y"], hidden_size=hidden)]
    constants = {"w": [1, gates * hidden, inputs], "r": [1, gates * hidden, hidden]}
    return Shape(f"{op}-{steps}x{batch}x{inputs}x{hidden}", "gemv",
                 gates * steps * batch * hidden * (inputs + hidden),
                 lambda: model(nodes, {"x": [steps, batch, inputs]}, constants))


def dims_name(dims):
    return "x".join(map(str, dims))


def reduction(op, dims, axes):
    """A reduction; `axes` are counted from the end."""
    arguments, constants = "a", {}
    attributes, result = {"keepdims": 0}, TensorProto.FLOAT
    if op.startswith("Arg"):
        attributes["axis"], result = axes[0], TensorProto.INT64
    else:
        arguments, constants = "a axes", {"axes": np.array(axes, "i8")}
    nodes = [node(op, arguments, **attributes)]
    return Shape(f"{op}-{dims_name(dims)}-over{dims_name(axes)}", "rows", np.prod(dims),
                 lambda: model(nodes, {"a": dims}, constants, result))


def normalization(op, rows, columns):
    nodes, constants = [node(op, "a", axis=-1)], {}
    if op in ("LayerNormalization", "RMSNormalization"):
        constants = {"s": [columns]}
        nodes = [node(op, "a s", axis=-1)]
    return Shape(f"{op}-{rows}x{columns}", "rows", rows * columns,
                 lambda: model(nodes, {"a": [rows, columns]}, constants))


def elementwise(ops, dims, other=None):
    """A chain of operators; binary ones take `other`, dims that broadcast, as their second."""
    nodes, value = [], "a"
    for index, op in enumerate(ops):
        result = "y" if index + 1 == len(ops) else f"v{index}"
        second = " b" if op in ("Add", "Mul", "Sub", "Div", "PRelu") else ""
        nodes.append(node(op, value + second, result))
        value = result
    inputs = {"a": dims} | ({"b": other} if other else {})
    suffix = f"-by{dims_name(other)}" if other else ""
    return Shape(f"{'-'.join(ops)}-{dims_name(dims)}{suffix}", "elementwise", np.prod(dims),
                 lambda: model(nodes, inputs))


def movement(op, dims, **attributes):
    """Data that moves: a transpose, concatenation, slice, pad or gather of `dims`."""
    constants = {}
    if op == "Transpose":
        nodes = [node(op, "a", **attributes)]
    elif op == "Concat":
        nodes, constants = [node(op, "a b", **attributes)], {"b": dims}
    elif op == "Slice":
        axis = attributes["axis"]
        constants = {name: np.array([value], "i8") for name, value in
                     (("from", 1), ("to", dims[axis] - 1), ("axis", axis))}
        nodes = [node(op, "a from to axis")]
    elif op == "Pad":
        constants = {"pads": np.array([0] * (len(dims) - 2) + [1] * 2 + [0] * (len(dims) - 2)
                                      + [1] * 2, "i8")}
        nodes = [node(op, "a pads")]
    else:
        index = np.random.default_rng(0).permutation(dims[attributes["axis"]])
        nodes, constants = [node(op, "a i", **attributes)], {"i": index}
    text = "-".join(dims_name(value) if isinstance(value, list) else str(value)
                    for value in attributes.values())
    return Shape(f"{op}-{dims_name(dims)}-{text}", "movement", np.prod(dims),
                 lambda: model(nodes, {"a": dims}, constants))


# Networks.

# hidden, inner, heads, lengths of sequences
TRANSFORMERS = {
    "bert-tiny": (128, 512, 2, (16, 128)), "tinybert": (312, 1200, 12, (16, 128)),
    "bert-base": (768, 3072, 12, (1, 16, 128)), "vit-tiny": (192, 768, 3, (197,)),
    "vit-base": (768, 3072, 12, (50, 197)), "gpt2": (768, 3072, 12, (1, 7, 64)),
    "whisper-tiny": (384, 1536, 6, (1, 100)), "whisper-base": (512, 2048, 8, (1, 50)),
    "llama-like": (1024, 2816, 16, (1, 4, 32)), "svtr": (192, 768, 6, (40, 240)),
    "swin": (96, 384, 3, (49, 784)),
}


def transformers():
    for hidden, inner, heads, lengths in TRANSFORMERS.values():
        for length in lengths:
            for n, k in ((hidden, hidden), (3 * hidden, hidden), (inner, hidden), (hidden, inner)):
                yield matmul(length, n, k)
            yield integer_matmul(length, inner, hidden)
            yield half_matmul(length, hidden, inner)
            keys, depth = max(length, 64), hidden // heads
            yield attention(heads, length, keys, depth)
            yield matmul(length, keys, depth, batch=heads, constant=False)
            yield matmul(length, keys, depth, batch=heads, constant=False, transposed=True)
            yield matmul(length, depth, keys, batch=heads, constant=False)
            yield normalization("Softmax", heads * length, keys)
            yield normalization("LayerNormalization", length, hidden)
            yield normalization("RMSNormalization", length, hidden)
            yield elementwise(["Gelu"], [length, inner])
            yield elementwise(["Add"], [length, hidden], [length, hidden])
            yield movement("Transpose", [length, heads, depth], perm=[1, 0, 2])


# Stages of residual networks: side, channels, whether with bottlenecks of a quarter.
RESIDUAL = [(56, 64, False), (28, 128, False), (14, 256, False), (7, 512, False),
            (56, 256, True), (28, 512, True), (14, 1024, True), (7, 2048, True)]
# Stages of inverted bottlenecks: side, channels, expansion, window, stride.
INVERTED = [(112, 16, 6, 3, 2), (56, 24, 6, 3, 1), (28, 32, 6, 3, 1), (14, 64, 6, 3, 1),
            (14, 96, 6, 3, 2), (7, 160, 6, 3, 1), (56, 24, 4, 5, 2), (28, 40, 6, 5, 1),
            (14, 112, 6, 5, 1), (7, 192, 6, 5, 1)]
# Stages of ConvNeXt: side, channels. And of detectors and U-shaped networks.
CONVNEXT = [(56, 96), (28, 192), (14, 384), (7, 768)]
DETECTOR = [(160, 16), (80, 32), (40, 64), (20, 128), (20, 256)]
UNET = [(64, 32), (32, 64), (16, 128), (8, 256)]


def residual_networks():
    yield conv(3, 64, 224, 7, 2)
    yield pool("MaxPool", 64, 112, 3, 2)
    for side, channels, is_bottleneck in RESIDUAL:
        inner = channels // 4 if is_bottleneck else channels
        yield conv(inner, inner, side, 3)
        yield integer_conv(inner, inner, side, 3)
        yield integer_conv(inner, channels, side)
        yield conv(channels // 2, channels, 2 * side, 1, 2)
        if is_bottleneck:
            yield conv(channels, inner, side)
            yield conv(inner, channels, side)
            yield conv(inner, inner, side, 3, groups=max(inner // 16, 1))
        yield elementwise(["Add", "Relu"], [1, channels, side, side], [1, channels, side, side])
        yield reduction("ReduceMean", [1, channels, side, side], [-1, -2])


def mobile_networks():
    yield conv(3, 32, 224, 3, 2)
    for side, channels, expansion, window, stride in INVERTED:
        wide = channels * expansion
        yield conv(channels, wide, side)
        yield conv(wide, wide, side, window, stride, groups=wide)
        yield conv(wide, channels, side // stride)
        yield conv(wide, wide // 24, 1)
        yield conv(wide // 24, wide, 1)
        yield elementwise(["HardSwish"], [1, wide, side, side])
        yield elementwise(["Mul"], [1, wide, side, side], [1, wide, 1, 1])
    for side, channels in CONVNEXT:
        yield conv(channels, channels, side, 7, groups=channels)
        yield conv(channels, channels, side, 13, groups=channels)
        yield movement("Transpose", [1, channels, side, side], perm=[0, 2, 3, 1])
        yield normalization("LayerNormalization", side * side, channels)


def other_networks():
    for side, channels in DETECTOR:
        yield conv(channels, 2 * channels, side, 3, 2)
        yield conv(channels, channels, side, 3)
        yield conv(2 * channels, channels, side)
        yield pool("MaxPool", channels, side, 5, 1)
        yield movement("Concat", [1, channels, side, side], axis=1)
        yield elementwise(["Sigmoid", "Mul"], [1, channels, side, side], [1, channels, side, side])
    for side, channels in UNET:
        yield conv(2 * channels, channels, side, 3)
        yield conv(channels, channels, side, 3, dilation=2)
        yield pool("AveragePool", channels, side, 2, 2)
    for height, width, channels in ((12, 80, 64), (6, 80, 128), (3, 40, 256)):
        yield conv(channels, channels, height, 3, width=width)
        yield conv(channels, channels, height, 5, groups=channels, width=width)
    for steps, inputs, hidden in ((20, 64, 128), (32, 128, 128), (10, 256, 256), (40, 96, 48)):
        for op in ("LSTM", "GRU", "RNN"):
            yield recurrent(op, steps, inputs, hidden)
    for n, k in ((1000, 512), (1000, 1280), (1000, 2048), (4096, 512)):
        yield matmul(1, n, k)


# Sizes drawn by seed.

def size(rng, low, high):
    """Any number, or as likely one that 16 divides; as many small as large ones."""
    value = round(low * (high / low) ** rng.random())
    return value if rng.random() < 0.5 else max(1, round(value / 16)) * 16


def drawn_products(rng):
    batch = rng.choice([1, 1, 1, 2, 4, 12])
    constant = batch == 1 and rng.random() < 0.6
    return matmul(rng.choice([1, size(rng, 1, 1024)]), size(rng, 8, 2048), size(rng, 16, 2048),
                  batch, constant, transposed=not constant and rng.random() < 0.3)


def drawn_small_types(rng):
    m, n, k = rng.choice([1, size(rng, 1, 512)]), size(rng, 8, 1024), size(rng, 16, 1024)
    return rng.choice([integer_matmul, half_matmul])(m, n, k)


def drawn_convolutions(rng):
    groups = rng.choice([1, 1, 1, 1, 2, 4])
    return conv(groups * size(rng, 1, 512), groups * size(rng, 4, 512), size(rng, 5, 96),
                rng.choice([1, 1, 3, 3, 3, 5, 7]), rng.choice([1, 1, 1, 2]), groups,
                rng.choice([1, 1, 1, 2, 8]))


def drawn_depthwise(rng):
    channels = size(rng, 4, 1024)
    return conv(channels, channels, size(rng, 5, 128), rng.choice([3, 3, 5, 7, 9]),
                rng.choice([1, 1, 2]), channels, dilation=rng.choice([1, 1, 1, 2]))


def drawn_attention(rng):
    queries = size(rng, 1, 512)
    keys = queries if rng.random() < 0.5 else size(rng, 8, 512)
    return attention(rng.randint(1, 16), queries, keys, rng.choice([16, 32, 40, 64, 80, 128]))


def drawn_rows(rng):
    op = rng.choice(["Softmax", "LayerNormalization", "RMSNormalization", "ReduceSum", "ReduceMax",
                     "ReduceMean", "ArgMax", "LogSoftmax"])
    dims = [size(rng, 1, 64), size(rng, 1, 512), size(rng, 4, 2048)]
    if op in ("Softmax", "LogSoftmax") or op.endswith("Normalization"):
        return normalization(op, dims[0] * dims[1], dims[2])
    return reduction(op, dims, [rng.choice([-1, -1, -2, -3])])


def drawn_elementwise(rng):
    dims = [size(rng, 1, 64), size(rng, 1, 512), size(rng, 4, 2048)]
    unary = ["Relu", "Sigmoid", "Tanh", "Exp", "Erf", "Gelu", "Sqrt", "Abs", "HardSwish", "Softplus"]
    ops = rng.sample(unary, rng.randint(0, 2)) + [rng.choice(["Add", "Mul", "Sub"])]
    other = [dim if rng.random() < 0.6 else 1 for dim in dims]
    return elementwise(ops, dims, other)


def drawn_movement(rng):
    dims = [size(rng, 1, 32), size(rng, 2, 256), size(rng, 4, 1024)]
    op = rng.choice(["Transpose", "Transpose", "Concat", "Slice", "Pad", "Gather"])
    if op == "Transpose":
        perm = rng.choice([[0, 2, 1], [2, 0, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
        return movement(op, dims, perm=perm)
    return movement(op, dims, **({} if op == "Pad" else {"axis": rng.choice([1, 2])}))


DRAWN = {drawn_products: 150, drawn_small_types: 40, drawn_convolutions: 110, drawn_depthwise: 50,
         drawn_attention: 40, drawn_rows: 70, drawn_elementwise: 80, drawn_movement: 50}

# Of so many shapes of a family the whole space is measured: cheap ones, of all kinds.
EXHAUSTIVE = {"contraction": 32, "batched": 32, "convolution": 16, "pointwise": 16,
              "depthwise": 32, "attention": 32}
EXHAUSTIVE_WORK = 3e7


def is_fit(shape):
    limit = MAX_ELEMENTS if shape.family in ("rows", "elementwise", "movement") else MAX_WORK
    return 2e3 < shape.work < limit


def drawn(seed):
    rng = random.Random(seed)
    for draw, count in DRAWN.items():
        while count:
            shape = draw(rng)
            if is_fit(shape):
                count -= 1
                yield shape


def all_shapes(seed=5):
    """All shapes in a fixed order that mixes them, so that a part is a fair sample."""
    known = (*transformers(), *residual_networks(), *mobile_networks(), *other_networks())
    unique = {shape.name: shape for shape in (*filter(is_fit, known), *drawn(seed))}
    found = list(unique.values())
    random.Random(7).shuffle(found)
    left = dict(EXHAUSTIVE)
    for index, shape in enumerate(found):
        if left.get(shape.family) and shape.work < EXHAUSTIVE_WORK:
            left[shape.family] -= 1
            found[index] = dataclasses.replace(shape, exhaustive=True)
    return found
