"""Convolutions with filters as lanes: tasks that end inside of a vector of pixels."""

import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tegula

SCHEDULE = ("#sched.filter_lanes<mr = {mr}, nr = 16, vl = 8, kc = 63, np = {np}, fc = {fc}, in_place = false, "
            'numerics = "fma">')
RUNS = 30


class Tasks(unittest.TestCase):
    def test_none_writes_what_is_the_next_ones(self):
        rng = np.random.default_rng(0)
        weights = rng.standard_normal((32, 32, 3, 3), dtype="f4")
        graph = helper.make_graph(
            [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4)], "few_pixels",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 32, 10, 10])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 32, 10, 10])],
            [numpy_helper.from_array(weights, "w")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=9)
        onnx.checker.check_model(model)
        feeds = {"x": rng.standard_normal((1, 32, 10, 10), dtype="f4")}
        with tempfile.TemporaryDirectory() as folder:
            schedule = pathlib.Path(folder) / "schedule"
            for mr, pixels, filters in ((6, 60, 32), (3, 63, 16), (5, 50, 32)):
                schedule.write_text(f"*: {SCHEDULE.format(mr=mr, np=pixels, fc=filters)}\n")
                runs = [tegula.InferenceSession(model.SerializeToString(), threads=threads, target="x86-64-v3",
                                                schedule=str(schedule)) for threads in (1, 2)]
                expected = runs[0].run(None, feeds)[0]
                for _ in range(RUNS):
                    got = runs[1].run(None, feeds)[0]
                    np.testing.assert_array_equal(got.view("u4"), expected.view("u4"), f"{pixels} pixels a task")


if __name__ == "__main__":
    unittest.main()
