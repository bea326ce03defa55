#!/usr/bin/env python3
"""Products of matrices on the fake driver, against numpy.

    products.py run CHIP                runs all; prints `N passed, N failed`
    products.py write TYPE MxKxN FILE   one as a model

Each is relu(a * b + c), with odd sizes and with sizes that the GPU can copy by
itself, with both operands as they are and transposed. Run it with the driver's
folder in LD_LIBRARY_PATH.
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
SIZES = [(37, 50, 70), (37, 64, 72), (5, 40, 8), (130, 200, 264)]


def product(kind, m, k, n, transposed=(False, False)):
    """(model, feeds, result)"""
    scalar, onnx_type, _ = TYPES[kind]
    random = np.random.default_rng(m + k + n)
    a, b, c = (random.standard_normal(shape).astype(scalar) for shape in ((m, k), (k, n), (n,)))
    feeds = {"a": a.T.copy() if transposed[0] else a, "b": b.T.copy() if transposed[1] else b, "c": c}
    nodes = [helper.make_node("Gemm", ["a", "b", "c"], ["sum"], transA=transposed[0], transB=transposed[1]),
             helper.make_node("Relu", ["sum"], ["result"])]
    inputs = [helper.make_tensor_value_info(name, onnx_type, array.shape) for name, array in feeds.items()]
    graph = helper.make_graph(nodes, "product", inputs, [helper.make_tensor_value_info("result", onnx_type, (m, n))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    a, b, c = (array.astype(np.float64) for array in (a, b, c))
    return model, feeds, np.maximum(a @ b + c, 0)


def run(chip):
    """(passed, failed)"""
    import tegula

    report = ctypes.CDLL("libcuda.so.1").tegulaFakeDriverReport
    report.restype = ctypes.c_char_p
    passed = failed = 0
    for kind, size, transposed in itertools.product(TYPES, SIZES, itertools.product((False, True), repeat=2)):
        model, feeds, wanted = product(kind, *size, transposed)
        session = tegula.InferenceSession(model, target=f"cuda:{chip}", gpu_image="ptx")
        got = np.asarray(session.run(None, feeds)[0]).astype(np.float64)
        del session
        gc.collect()
        error = np.abs(got - wanted).max() / wanted.max()
        noted = report().decode(errors="replace")
        good = error <= TYPES[kind][2] and not noted
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"{kind} {size} {transposed}: error {error:.1e} {noted}")
    return passed, failed


def main():
    if sys.argv[1] == "write":
        kind, size, path = sys.argv[2:]
        onnx.save(product(kind, *map(int, size.split("x")))[0], path)
        return 0
    passed, failed = run(sys.argv[2])
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
