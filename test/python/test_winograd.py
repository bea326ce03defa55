"""Convolutions by Winograd transforms: their errors against float64 stay below eight
times those of direct convolutions, and no schedule changes a bit.

    build/venv/bin/python test/python/test_winograd.py    # prints the errors
"""

import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tegula

SIZE = (18, 19)
FILTERS = 24
DIRECT = ("#sched.convolution<mr = 6, nr = 16, vl = 8, kc = 288, nb = 4, fc = 24, in_place = false, "
          'numerics = "fma">')


def winograd(results, mr=6, nr=16, rows=2, fc=12, tasks=2):
    return (f"#sched.winograd<results = {results}, mr = {mr}, nr = {nr}, vl = 8, rows = {rows}, fc = {fc}, "
            f'tasks = {tasks}, numerics = "winograd{results}-fma">')


class Layer:
    """A convolution of normal data: filters of norm 1."""

    def __init__(self, channels):
        rng = np.random.default_rng(channels)
        self.weights = (rng.standard_normal((FILTERS, channels, 3, 3)) / np.sqrt(9 * channels)).astype("f4")
        self.input = rng.standard_normal((1, channels, *SIZE), dtype="f4")
        node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
        graph = helper.make_graph(
            [node], "layer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input.shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)], [numpy_helper.from_array(self.weights, "w")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=9)
        onnx.checker.check_model(model)
        self.model = model.SerializeToString()
        padded = np.pad(self.input.astype("f8"), ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        self.exact = np.einsum("nchwyx,fcyx->nfhw", windows, self.weights.astype("f8"), optimize=True)

    def run(self, schedule, threads=1):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "schedules"
            path.write_text(f"*: {schedule}\n")
            session = tegula.InferenceSession(self.model, threads=threads, target="x86-64-v3", schedule=str(path))
            return session.run(None, {"x": self.input})[0]

    def errors(self, schedule):
        """Root of the mean square, and largest."""
        difference = np.abs(self.run(schedule) - self.exact)
        return np.array([np.sqrt(np.mean(difference ** 2)), difference.max()])


class Winograd(unittest.TestCase):
    def test_errors(self):
        for channels in (16, 64, 128, 256, 512):
            layer = Layer(channels)
            direct = layer.errors(DIRECT)
            for results in (2, 4):
                ratios = layer.errors(winograd(results)) / direct
                print(f"{channels} channels, F({results}x{results}, 3x3): error {ratios[0]:.2f} (largest {ratios[1]:.2f}) "
                      f"times the direct one, {direct[0]:.1e} (largest {direct[1]:.1e})")
                self.assertLess(ratios.max(), 8)

    def test_schedules_and_threads(self):
        layer = Layer(37)
        for results in (2, 4):
            expected = layer.run(winograd(results))
            for other in (dict(mr=5, nr=24, rows=1, fc=25, tasks=7), dict(mr=7, nr=8, rows=99, fc=7, tasks=1),
                          dict(mr=4, nr=16, rows=3, fc=8, tasks=64)):
                for threads in (1, 2):
                    got = layer.run(winograd(results, **other), threads)
                    np.testing.assert_array_equal(got.view("u4"), expected.view("u4"), f"{other}, {threads} threads")


if __name__ == "__main__":
    unittest.main()
