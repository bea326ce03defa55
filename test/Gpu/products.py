#!/usr/bin/env python3
"""Products of matrices on the fake driver, against numpy.

    products.py run CHIP [CHIP]         runs all; prints `N passed, N failed`
    products.py write TYPE MxKxN FILE   one as a model

Each is relu(a * b + c), with odd sizes and with sizes that the GPU can copy by
itself, with both operands as they are and transposed, and batches of them. Of two
chips, the results must have the same bits. Run it with the driver's folder in
LD_LIBRARY_PATH.
"""

import ctypes
import gc
import itertools
import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper

# numpy's type, ONNX's, and the bound of the error in units of the result's scale.
TYPES = {"f32": (np.float32, TensorProto.FLOAT, 2e-6),
         "f16": (np.float16, TensorProto.FLOAT16, 1e-3),
         "bf16": (ml_dtypes.bfloat16, TensorProto.BFLOAT16, 8e-3)}
SIZES = [(37, 50, 70), (40, 64, 72), (5, 40, 8), (136, 200, 264)]
# Shapes of a and b: a batch of rows for one matrix, of both, of which one is read for all.
BATCHES = [((2, 70, 72), (72, 136)), ((2, 3, 70, 72), (2, 3, 72, 64)), ((3, 70, 72), (1, 72, 64))]


def model_of(kind, nodes, feeds, shape):
    onnx_type = TYPES[kind][1]
    inputs = [helper.make_tensor_value_info(name, onnx_type, array.shape) for name, array in feeds.items()]
    graph = helper.make_graph(nodes + [helper.make_node("Relu", ["sum"], ["result"])], "product", inputs,
                              [helper.make_tensor_value_info("result", onnx_type, shape)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def draw(kind, *shapes):
    """Numbers of the type, and the result in double precision."""
    random = np.random.default_rng(1)
    arrays = [random.standard_normal(shape).astype(TYPES[kind][0]) for shape in shapes]
    a, b, c = (array.astype(np.float64) for array in arrays)
    return arrays, np.maximum(a @ b + c, 0)


def product(kind, m, k, n, transposed=(False, False)):
    """(model, feeds, result)"""
    (a, b, c), wanted = draw(kind, (m, k), (k, n), (n,))
    feeds = {"a": a.T.copy() if transposed[0] else a, "b": b.T.copy() if transposed[1] else b, "c": c}
    nodes = [helper.make_node("Gemm", ["a", "b", "c"], ["sum"], transA=transposed[0], transB=transposed[1])]
    return model_of(kind, nodes, feeds, wanted.shape), feeds, wanted


def batch(kind, left, right):
    """(model, feeds, result)"""
    arrays, wanted = draw(kind, left, right, right[-1:])
    feeds = dict(zip("abc", arrays))
    nodes = [helper.make_node("MatMul", ["a", "b"], ["product"]), helper.make_node("Add", ["product", "c"], ["sum"])]
    return model_of(kind, nodes, feeds, wanted.shape), feeds, wanted


def cases(kind):
    """(name, model, feeds, result) of each."""
    for size, transposed in itertools.product(SIZES, itertools.product((False, True), repeat=2)):
        yield f"{kind} {size} {transposed}", *product(kind, *size, transposed)
    for left, right in BATCHES:
        yield f"{kind} {left} {right}", *batch(kind, left, right)


def result_of(model, feeds, chip):
    import tegula

    session = tegula.InferenceSession(model, target=f"cuda:{chip}", gpu_image="ptx")
    result = np.asarray(session.run(None, feeds)[0])
    del session
    gc.collect()
    return result


def run(chips):
    """(passed, failed)"""
    report = ctypes.CDLL("libcuda.so.1").tegulaFakeDriverReport
    report.restype = ctypes.c_char_p
    passed = failed = 0
    for kind in TYPES:
        for name, model, feeds, wanted in cases(kind):
            results = [result_of(model, feeds, chip) for chip in chips]
            error = np.abs(results[0].astype(np.float64) - wanted).max() / wanted.max()
            differ = any(result.tobytes() != results[0].tobytes() for result in results)
            noted = report().decode(errors="replace")
            good = error <= TYPES[kind][2] and not differ and not noted
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"{name}: error {error:.1e} {'other bits ' if differ else ''}{noted}")
    return passed, failed


def main():
    if sys.argv[1] == "write":
        kind, size, path = sys.argv[2:]
        onnx.save(product(kind, *map(int, size.split("x")))[0], path)
        return 0
    passed, failed = run(sys.argv[2:])
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
