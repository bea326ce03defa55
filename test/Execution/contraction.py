"""MatMul, Gemm, Einsum, integer products."""

import numpy as np
from harness import Case, normal, rng, single, summed
from onnx import helper

# m, k, n: tails of every register block, and one size that is blocked in the cache
SIZES = ((1, 1, 1), (1, 64, 1), (7, 13, 5), (16, 16, 16), (33, 65, 31), (1, 100, 130), (130, 100, 1), (64, 300, 96))


def matmul():
    """Plain, batched, broadcast; with runtime and constant weights."""
    for m, k, n in SIZES:
        a, b = normal("a", (m, k)), normal("b", (k, n))
        yield single(f"{m}x{k}x{n}", "MatMul", a, b, bound=summed(k))
        yield single(f"{m}x{k}x{n}-weights", "MatMul", a, b, constants=(1,), bound=summed(k))
    for left, right in (((3, 5, 7), (3, 7, 4)), ((2, 1, 5, 7), (3, 7, 4)), ((7,), (7, 4)), ((5, 7), (7,)),
                        ((7,), (7,)), ((2, 3, 5, 7), (7, 4)), ((0, 7), (7, 4)), ((5, 0), (0, 4))):
        name = "x".join(map(str, left)) + "-" + "x".join(map(str, right))
        yield single(name, "MatMul", normal("a", left), normal("b", right), bound=summed(8))
    for dtype in (np.float64, np.float16, np.int32):
        yield single(f"9x20x11-{np.dtype(dtype).name}", "MatMul", normal("a", (9, 20), dtype), normal("b", (20, 11), dtype),
                     bound=None if np.dtype(dtype).kind == "i" else summed(20))


def gemm():
    """Every transposition, scale and shape of bias."""
    for ta in (0, 1):
        for tb in (0, 1):
            a, b = normal("a", (23, 9) if ta else (9, 23)), normal("b", (17, 23) if tb else (23, 17))
            for bias in (None, (17,), (9, 17), (9, 1), ()):
                c = None if bias is None else normal("c", bias)
                inputs = (a, b) if c is None else (a, b, c)
                name = f"{ta}{tb}-bias{'None' if bias is None else 'x'.join(map(str, bias))}"
                yield single(name, "Gemm", *inputs, constants=(1, 2) if len(inputs) == 3 else (1,),
                             bound=summed(25), transA=ta, transB=tb)
    yield single("scaled", "Gemm", normal("a", (9, 23)), normal("b", (23, 17)), normal("c", (17,)),
                 bound=summed(25), alpha=0.5, beta=2.0)


def einsum():
    """Common equations."""
    for equation, *shapes in (("ij,jk->ik", (5, 7), (7, 3)), ("bij,bkj->bik", (2, 5, 7), (2, 3, 7)),
                              ("ij->ji", (5, 7)), ("ij->", (5, 7)), ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
                              ("i,j->ij", (5,), (7,)), ("ii->i", (5, 5)), ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5))):
        yield single(equation.replace(",", "_").replace("->", "-to-"), "Einsum",
                     *(normal(i, s) for i, s in enumerate(shapes)), equation=equation, bound=summed(64))


def integers():
    """Products of bytes with zero points."""
    a = rng("a").integers(0, 256, (5, 40)).astype(np.uint8)
    for dtype in (np.uint8, np.int8):
        b = rng("b").integers(0 if dtype == np.uint8 else -128, 128, (40, 9)).astype(dtype)
        yield single(f"{np.dtype(dtype).name}", "MatMulInteger", a, b)
        yield single(f"{np.dtype(dtype).name}-zero-points", "MatMulInteger", a, b, np.uint8(12), dtype(3), constants=(1, 2, 3))


def fused():
    """What follows a product: bias, activation, residual."""
    a, w, b, r = normal("a", (37, 50)), normal("w", (50, 29)), normal("b", (29,)), normal("r", (37, 29))
    for op in ("Relu", "Tanh", "Sigmoid"):
        nodes = [helper.make_node("MatMul", ["a", "w"], ["t"]), helper.make_node("Add", ["t", "b"], ["u"]),
                 helper.make_node(op, ["u"], ["v"]), helper.make_node("Add", ["v", "r"], ["y"])]
        yield Case(f"MatMul/bias-{op}-residual", nodes, {"a": a, "r": r}, {"w": w, "b": b},
                   bound=lambda case, exact: [54 * 2.0 ** -24 * 60 * np.ones(v.shape) for v in exact])


def cases():
    """All of the above."""
    for group in (matmul, gemm, einsum, integers, fused):
        yield from group()
