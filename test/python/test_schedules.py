"""Whatever chooses schedules changes speed only: within a numerics class every point of a
space gives the same bits, and classes differ by less than the error budget. Points are drawn
by seed, and by cost models of random trees, which choose as if times were noise."""

import json
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tegula

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cost-model" / "train"))

import kernels  # noqa: E402
import model_file  # noqa: E402

TEGULA = ROOT / "build" / "release" / "bin" / "tegula"
KERNEL_CACHE = ROOT / "build" / "kernel-cache"
SEEDS = range(32)
RNG = np.random.default_rng(4)


def constant(name, *shape):
    return numpy_helper.from_array(RNG.standard_normal(shape, dtype="f4"), name)


def model_of(nodes, inputs, weights, opset=21):
    """The bytes of a model with one output y, and inputs for it."""
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()]
    rank = len(next(iter(inputs.values())))
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)
    graph = helper.make_graph(nodes, "schedules", infos, [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    onnx.checker.check_model(model)
    feeds = {n: RNG.standard_normal(s, dtype="f4") for n, s in inputs.items()}
    return model.SerializeToString(), feeds


def node(kind, inputs, **attributes):
    return helper.make_node(kind, inputs, ["y"], **attributes)


# Bits of results may differ between classes: by so many times the error of the largest class.
ERROR_BUDGET = 8

ATTENTION = [helper.make_node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]), helper.make_node("MatMul", ["q", "t"], ["s"]),
             helper.make_node("Softmax", ["s"], ["p"], axis=-1), node("MatMul", ["p", "v"])]


class EverySchedule(unittest.TestCase):
    def check(self, nodes, inputs, weights=()):
        model, feeds = model_of(nodes, inputs, list(weights))
        expected = tegula.InferenceSession(model, threads=1).run(None, feeds)[0]
        for seed in SEEDS:
            session = tegula.InferenceSession(model, threads=2, schedule_seed=seed, kernel_cache=KERNEL_CACHE)
            got = session.run(None, feeds)[0]
            np.testing.assert_array_equal(got.view("u4"), expected.view("u4"), f"seed {seed}")

    def test_matmul_by_a_constant(self):
        self.check([node("MatMul", ["x", "w"])], {"x": (37, 600)}, [constant("w", 600, 75)])

    def test_matmul_of_two_inputs(self):
        self.check([node("MatMul", ["a", "b"])], {"a": (3, 45, 530), "b": (3, 530, 52)})

    def test_transposed_columns(self):
        self.check([node("Gemm", ["a", "b"], transB=1)], {"a": (19, 300), "b": (41, 300)})

    def test_one_row(self):
        self.check([node("MatMul", ["x", "w"])], {"x": (1, 1100)}, [constant("w", 1100, 130)])

    def test_attention(self):
        self.check(ATTENTION, {"q": (1, 3, 133, 40), "k": (1, 3, 150, 40), "v": (1, 3, 150, 44)})

    def test_rows(self):
        self.check([node("Softmax", ["x"], axis=-1)], {"x": (75, 133)})
        self.check([node("LayerNormalization", ["x", "s"], axis=-1)], {"x": (19, 261)}, [constant("s", 261)])

    def test_elementwise(self):
        self.check([helper.make_node("Sigmoid", ["x"], ["t"]), node("Mul", ["x", "t"])], {"x": (37, 611)})
        self.check([node("Transpose", ["x"], perm=[1, 0])], {"x": (131, 77)})

    def test_convolution_by_transforms(self):
        self.check([node("Conv", ["x", "w", "b"], pads=[1, 1, 1, 1])], {"x": (2, 64, 23, 27)},
                   [constant("w", 67, 64, 3, 3), constant("b", 67)])

    def test_convolution(self):
        self.check([node("Conv", ["x", "w", "b"], pads=[1, 1, 1, 1])], {"x": (1, 70, 13, 11)},
                   [constant("w", 29, 70, 3, 3), constant("b", 29)])

    def test_pointwise_convolution(self):
        self.check([node("Conv", ["x", "w"])], {"x": (2, 600, 7, 7)}, [constant("w", 33, 600, 1, 1)])

    def test_strided_groups(self):
        self.check([node("Conv", ["x", "w"], strides=[2, 2], group=2)], {"x": (1, 16, 15, 15)},
                   [constant("w", 12, 8, 3, 3)])

    def test_depthwise(self):
        for kernel, stride, dilation, size in [(5, 2, 1, (23, 30)), (3, 1, 2, (19, 9)), (13, 1, 1, (20, 26))]:
            pad = dilation * (kernel // 2)
            self.check([node("Conv", ["x", "w", "b"], pads=[pad] * 4, strides=[stride] * 2, dilations=[dilation] * 2, group=6)],
                       {"x": (2, 6, *size)}, [constant("w", 6, 1, kernel, kernel), constant("b", 6)])

    def test_pooling(self):
        self.check([node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)], {"x": (1, 5, 31, 37)})
        self.check([node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[2, 2])], {"x": (1, 5, 32, 36)})


def random_family(rng, trees=24, depth=5):
    """What a model file says of a family: complete trees of random questions and answers, sure of
    themselves wherever they are asked."""
    inner, size = 2 ** depth - 1, 2 ** (depth + 1) - 1
    nodes = np.zeros((trees, size), model_file.NODE)
    nodes["feature"] = rng.integers(len(kernels.feature_names()), size=nodes.shape)
    nodes["value"] = rng.standard_normal(nodes.shape) * 10.0 ** rng.integers(-1, 4, nodes.shape)
    nodes["left"] = 2 * np.arange(size) + 1
    nodes["feature"][:, inner:] = model_file.LEAF
    nodes["left"][:, inner:] = 0
    nodes["value"][:, inner:] = rng.standard_normal((trees, size - inner))
    box = np.full((2, len(kernels.feature_names())), [[-3e38], [3e38]], "<f4")
    roots = np.arange(trees, dtype="<u4") * size
    return (struct.pack("<fffII", 0.01, 0.01, 0, trees, nodes.size) + box.tobytes() + roots.tobytes()
            + nodes.tobytes() + np.ones(nodes.size, "<f4").tobytes())


class HostileCostModels(unittest.TestCase):
    """Model files that are valid and mean nothing."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def schedules_of(self, path, model_path):
        words = [TEGULA, "explain", path, "--json", f"--cost-model={model_path}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return tuple(kernel["schedule"] for kernel in json.loads(done.stdout))

    def check(self, nodes, inputs, weights=(), classes=1):
        """Results by numerics classes, whose bits may not depend on more; at least `classes` classes."""
        model, feeds = model_of(nodes, inputs, list(weights))
        path = self.folder / "model.onnx"
        path.write_bytes(model)
        results, seen = {}, set()
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            cost_model = self.folder / f"{seed}.tgcm"
            cost_model.write_bytes(model_file.pack([random_family(rng) for _ in kernels.families()]))
            schedules = self.schedules_of(path, cost_model)
            if schedules in seen:
                continue
            seen.add(schedules)
            session = tegula.InferenceSession(model, threads=2, cost_model=str(cost_model), kernel_cache=KERNEL_CACHE)
            got = session.run(None, feeds)[0]
            key = tuple(re.search(r'numerics = "([^"]*)"', text)[1] for text in schedules)
            expected = results.setdefault(key, got)
            np.testing.assert_array_equal(got.view("u4"), expected.view("u4"), f"seed {seed}: {schedules}")
        self.assertGreater(len(seen), 3, "the trees choose nothing")
        self.assertGreaterEqual(len(results), classes, results.keys())
        return feeds, results

    def test_convolution(self):
        weights = constant("w", 24, 32, 3, 3)
        feeds, results = self.check([node("Conv", ["x", "w"], pads=[1, 1, 1, 1])], {"x": (1, 32, 18, 19)}, [weights], classes=2)
        padded = np.pad(feeds["x"].astype("f8"), ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        exact = np.einsum("nchwyx,fcyx->nfhw", windows, numpy_helper.to_array(weights).astype("f8"), optimize=True)
        errors = {key: np.abs(got - exact).max() for key, got in results.items()}
        self.assertLess(max(errors.values()), ERROR_BUDGET * min(errors.values()), errors)

    def test_matmul(self):
        self.check([node("MatMul", ["x", "w"])], {"x": (37, 600)}, [constant("w", 600, 75)])

    def test_attention(self):
        """Whole, or as several kernels: the same within rounding."""
        _, results = self.check(ATTENTION, {"q": (1, 2, 70, 32), "k": (1, 2, 90, 32), "v": (1, 2, 90, 36)})
        for got in results.values():
            np.testing.assert_allclose(got, next(iter(results.values())), atol=1e-5)


class GivenSchedules(unittest.TestCase):
    def test_a_bad_file_is_refused(self):
        model, _ = model_of([node("MatMul", ["x", "w"])], {"x": (2, 3)}, [constant("w", 3, 4)])
        with self.assertRaisesRegex(tegula.CompileError, "cannot read the schedules"):
            tegula.compile(model, schedule="no such file")


if __name__ == "__main__":
    unittest.main()
