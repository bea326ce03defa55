"""Unary and binary operators, broadcasting, comparisons, casts."""

import numpy as np
from harness import normal, rng, single, ulps
from onnx import TensorProto

SHAPES = ((17,), (3, 5, 7), (), (0, 3), (2, 64))
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e-38, 3e38, -3e38,
                    0.5, -0.5, 2.5, -2.5, 1e-8, 88.0, -88.0, 104.0, -104.0], np.float32)

# operator: (largest error in ULP, smallest and largest argument)
UNARY = {"Abs": (0, -9, 9), "Neg": (0, -9, 9), "Ceil": (0, -9, 9), "Floor": (0, -9, 9), "Round": (0, -9, 9),
         "Sign": (0, -2, 2), "Relu": (0, -9, 9), "Sqrt": (1, 0, 99), "Reciprocal": (1, 0.1, 9), "Exp": (2, -20, 20),
         "Log": (2, 1e-3, 99), "Sin": (2, -20, 20), "Cos": (2, -20, 20), "Tan": (3, -1.4, 1.4), "Asin": (3, -1, 1),
         "Acos": (3, -1, 1), "Atan": (3, -9, 9), "Sinh": (3, -9, 9), "Cosh": (3, -9, 9), "Tanh": (3, -9, 9),
         "Asinh": (4, -9, 9), "Acosh": (4, 1, 99), "Atanh": (4, -0.99, 0.99), "Erf": (3, -4, 4),
         "Sigmoid": (4, -20, 20), "Softplus": (4, -20, 20)}
SPECIALS = ("Abs", "Neg", "Ceil", "Floor", "Round", "Relu", "Sqrt", "Exp", "Log", "Tanh", "Sigmoid", "Erf")


def erf(x0):
    """In double, from the standard library."""
    import math

    return np.vectorize(math.erf, otypes=[np.float64])(x0)


def sigmoid(x0):
    """Without the overflow of the evaluator's."""
    return np.where(x0 >= 0, 1 / (1 + np.exp(-x0)), np.exp(x0) / (1 + np.exp(x0)))


def softplus(x0):
    """log(1 + exp(x)) for any x."""
    return np.logaddexp(0, x0)


REFERENCES = {"Erf": erf, "Sigmoid": sigmoid, "Softplus": softplus}


def unary():
    """Each function on its range and on special values."""
    for op, (bound, low, high) in UNARY.items():
        reference = REFERENCES.get(op)
        exact = None if bound == 0 else ulps(bound)
        for dtype in (np.float32, np.float64, np.float16):
            shapes = SHAPES if dtype == np.float32 and op in ("Exp", "Abs") else SHAPES[1:2]
            for shape in shapes:
                values = (rng(op, shape).random(shape) * (high - low) + low).astype(dtype)
                yield single(f"{np.dtype(dtype).name}-{'x'.join(map(str, shape))}", op, values,
                             bound=exact, reference=reference)
        if op in SPECIALS:
            yield single("special", op, SPECIAL, bound=exact, reference=reference)


def binary():
    """Arithmetic in all types, with and without broadcasting."""
    pairs = (((3, 5), (3, 5)), ((3, 1, 5), (4, 1)), ((), (7,)), ((2, 3, 4), (4,)))
    for op in ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"):
        for dtype in (np.float32, np.float64, np.int32, np.int64, np.uint8, np.float16, np.int8, np.uint32):
            kind = np.dtype(dtype).kind
            if op == "Pow" and kind == "u" or op == "Pow" and dtype == np.int8:
                continue
            for a, b in pairs if dtype == np.float32 else pairs[1:2]:
                x, y = normal("a", a, dtype), normal("b", b, dtype)
                if op == "Div" and kind in "iu":
                    y = np.maximum(np.abs(y), 1).astype(dtype)
                if op == "Pow":
                    x, y = np.abs(x), (np.abs(y) % 4).astype(dtype)
                bound = ulps(4 if op == "Pow" else 1) if kind == "f" else None
                yield single(f"{np.dtype(dtype).name}-{len(a)}-{len(b)}", op, x, y, bound=bound)
    for fmod, dtype in ((0, np.int32), (0, np.uint8), (1, np.float32), (1, np.int64)):
        x, y = normal("a", (4, 5), dtype, 5), normal("b", (5,), dtype)
        y = np.where(y == 0, 3, y).astype(dtype)
        yield single(f"{np.dtype(dtype).name}-fmod{fmod}", "Mod", x, y, fmod=fmod)


def logic():
    """Comparisons, logic, bits, Where, IsNaN."""
    special = np.array([0.0, -0.0, 1.0, np.nan, np.inf, -np.inf], np.float32)
    for op in ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"):
        yield single("special", op, special[:, None], special[None, :])
        for dtype in (np.int64, np.uint8, np.float64, np.int8):
            if not (op == "Equal" and dtype is None):
                yield single(np.dtype(dtype).name, op, normal("a", (6, 7), dtype), normal("b", (7,), dtype))
    for op in ("And", "Or", "Xor"):
        yield single("bool", op, normal("a", (6, 7), bool), normal("b", (7,), bool))
    yield single("bool", "Not", normal("a", (19,), bool))
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield single("int32", op, normal("a", (6, 7), np.int32), normal("b", (7,), np.int32))
    yield single("uint16", "BitwiseNot", normal("a", (19,), np.uint16))
    for direction in ("LEFT", "RIGHT"):
        yield single(f"uint32-{direction}", "BitShift", normal("a", (9,), np.uint32),
                     (normal("b", (9,), np.uint32) % 8).astype(np.uint32), direction=direction)
    yield single("float32", "Where", normal("c", (3, 1), bool), normal("a", (5,)), normal("b", (3, 5)))
    yield single("int64", "Where", normal("c", (5,), bool), normal("a", (3, 5), np.int64), np.int64(4))
    yield single("special", "IsNaN", special)
    yield single("special", "IsInf", special)
    yield single("limits", "Clip", normal("a", (33,), scale=4), np.float32(-1), np.float32(2))
    yield single("constant-limits", "Clip", normal("a", (33,), scale=4), np.float32(0), np.float32(6), constants=(1, 2))
    yield single("low-only", "Clip", normal("a", (33,), scale=4), np.float32(-1))


def activations():
    """Functions with attributes."""
    x = normal("x", (5, 13), scale=3)
    for op in ("LeakyRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Softsign", "ThresholdedRelu", "Mish"):
        yield single("default", op, x, bound=ulps(8))
    for how in ("none", "tanh"):
        yield single(how, "Gelu", x, approximate=how, bound=lambda case, exact: [4e-7 * (1 + np.abs(v)) for v in exact])
    yield single("slope", "PRelu", x, np.array([0.1], np.float32), bound=ulps(1))


def casts():
    """Between all pairs of common types, in range."""
    kinds = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE, "float16": TensorProto.FLOAT16,
             "int32": TensorProto.INT32, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8,
             "int8": TensorProto.INT8, "bool": TensorProto.BOOL}
    for source in kinds:
        for target, number in kinds.items():
            values = np.abs(normal(source, (21,), source)) if source != "bool" else normal(source, (21,), bool)
            yield single(f"{source}-{target}", "Cast", values, to=number,
                         reference=lambda x0, s=source, t=target: x0.astype(s).astype(t))


def cases():
    """All of the above."""
    for group in (unary, binary, logic, activations, casts):
        yield from group()
