"""Nodes of older operator sets, brought to the newest one: the imported model,
exported again, must compute what ONNX's reference says the old one does.

    older_sets.py COMMAND...   COMMAND MODEL -o OUTPUT writes the new model.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1
IMAGE = np.arange(32, dtype=np.float32).reshape(1, 2, 4, 4) / 5


def softmax_flat(x, axis):
    flat = x.reshape(int(np.prod(x.shape[:axis])), -1)
    power = np.exp(flat - flat.max(axis=1, keepdims=True))
    return (power / power.sum(axis=1, keepdims=True)).reshape(x.shape)


# (name, operator set, operator, attributes, inputs, weights, expected outputs)
CASES = [
    ("add-axis", 6, "Add", {"axis": 1, "broadcast": 1}, [X],
     [np.array([1, 2, 3], np.float32)], [X + np.array([1, 2, 3], np.float32)[:, None]]),
    ("add-suffix", 6, "Add", {"broadcast": 1}, [X], [np.arange(4, dtype=np.float32)],
     [X + np.arange(4, dtype=np.float32)]),
    ("prelu", 6, "PRelu", {}, [X], [np.array([1, 2, 3], np.float32)],
     [np.where(X < 0, X * np.array([1, 2, 3], np.float32)[:, None], X)]),
    ("clip", 6, "Clip", {"min": -0.5, "max": 1.0}, [X], [], [np.clip(X, -0.5, 1)]),
    ("cast", 5, "Cast", {"to": "INT64"}, [X], [], [X.astype(np.int64)]),
    ("dropout", 7, "Dropout", {"ratio": 0.3}, [X], [], [X]),
    ("consumed", 1, "Relu", {"consumed_inputs": [0]}, [X], [], [np.maximum(X, 0)]),
    ("reduce", 13, "ReduceMean", {"axes": [1], "keepdims": 0}, [X], [], [X.mean(axis=1)]),
    ("reduce-all", 11, "ReduceMax", {}, [X], [], [X.max(keepdims=True)]),
    ("softmax", 11, "Softmax", {}, [X], [], [softmax_flat(X, 1)]),
    ("softmax-last", 11, "Softmax", {"axis": 2}, [X], [], [softmax_flat(X, 2)]),
    ("topk", 1, "TopK", {"k": 2}, [X], [],
     [-np.sort(-X, axis=-1)[..., :2], np.argsort(-X, axis=-1, kind="stable")[..., :2]]),
    ("squeeze", 11, "Squeeze", {"axes": [0]}, [X[:1]], [], [X[0]]),
    ("unsqueeze", 11, "Unsqueeze", {"axes": [0, 4]}, [X], [], [X[None, ..., None]]),
    ("split", 11, "Split", {"axis": 1, "split": [1, 2]}, [X], [], [X[:, :1], X[:, 1:]]),
    ("split-even", 13, "Split", {"axis": 2}, [X], [], [X[..., :2], X[..., 2:]]),
    ("slice", 9, "Slice", {"axes": [1, 2], "starts": [1, -3], "ends": [9, -1]}, [X], [],
     [X[:, 1:9, -3:-1]]),
    ("pad", 2, "Pad", {"pads": [0, 1, 0, 0, 0, 2], "value": 1.5}, [X], [],
     [np.pad(X, [(0, 0), (1, 0), (0, 2)], constant_values=1.5)]),
    ("pad-first", 1, "Pad", {"paddings": [0, 1, 0, 0, 0, 0]}, [X], [],
     [np.pad(X, [(0, 0), (1, 0), (0, 0)])]),
    ("reshape", 1, "Reshape", {"shape": [4, -1]}, [X], [], [X.reshape(4, 6)]),
    ("tile", 5, "Tile", {}, [X], [np.array(2, np.float32), np.array(1, np.float32)],
     [np.concatenate([X, X], axis=1)]),
    ("concat", 1, "Concat", {}, [X, X], [], [np.concatenate([X, X], axis=1)]),
    ("scatter", 9, "Scatter", {"axis": 1}, [X[:, 0]],
     [np.array([[1], [2]]), np.array([[9], [8]], np.float32)],
     [np.array([[X[0, 0, 0], 9, *X[0, 0, 2:]], [*X[1, 0, :2], 8, X[1, 0, 3]]], np.float32)]),
    ("upsample", 7, "Upsample", {"scales": [1.0, 1.0, 2.0, 3.0], "mode": "nearest"}, [IMAGE], [],
     [IMAGE.repeat(2, axis=2).repeat(3, axis=3)]),
    ("resize", 10, "Resize", {"mode": "nearest"}, [IMAGE], [np.array([1, 1, 2, 2], np.float32)],
     [IMAGE.repeat(2, axis=2).repeat(2, axis=3)]),
    ("batchnorm", 7, "BatchNormalization", {"momentum": 0.5}, [X],
     [np.full(3, v, np.float32) for v in (2, 1, 0.5, 4)],
     [(X - 0.5) / np.sqrt(np.float32(4 + 1e-5)) * 2 + 1]),
    ("groupnorm", 18, "GroupNormalization", {"num_groups": 1}, [X],
     [np.array([2], np.float32), np.array([1], np.float32)],
     [(X - X.mean(axis=(1, 2), keepdims=True))
      / np.sqrt(X.var(axis=(1, 2), keepdims=True) + 1e-5) * 2 + 1]),
]


def build(opset, op, attributes, inputs, weights, outputs):
    names = [f"x{i}" for i in range(len(inputs))]
    constants = [numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)]
    results = [f"y{i}" for i in range(len(outputs))]
    node = helper.make_node(op, names + [c.name for c in constants], results, "node", **attributes)
    graph = helper.make_graph(
        [node], "g",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
         for n, x in zip(names, inputs)],
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(y.dtype), None)
         for n, y in zip(results, outputs)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def check(command, folder, name, opset, op, attributes, inputs, weights, expected):
    old, new = folder / f"{name}.onnx", folder / f"{name}.new.onnx"
    onnx.save(build(opset, op, attributes, inputs, weights, expected), old)
    done = subprocess.run([*command, old, "-o", new], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return done.stderr.strip() or f"exit status {done.returncode}"
    model = onnx.load(new)
    # The reference may be a release behind; what it knows has not changed.
    known = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain == "":
            entry.version = min(entry.version, known)
    found = ReferenceEvaluator(model).run(None, {f"x{i}": x for i, x in enumerate(inputs)})
    for got, wanted in zip(found, expected, strict=True):
        if got.shape != wanted.shape or got.dtype != wanted.dtype:
            return f"{got.dtype}{got.shape} for {wanted.dtype}{wanted.shape}"
        if not np.allclose(got, wanted, rtol=1e-5, atol=1e-6):
            return f"{got} for {wanted}"
    return None


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            if complaint := check(sys.argv[1:], pathlib.Path(name), *case):
                print(f"{case[0]}: {complaint}")
                failures += 1
    print(f"{len(CASES) - failures} passed, {failures} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
