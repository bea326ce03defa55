"""Profiles: one event for each call of a kernel, with its nodes; none unless asked for."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper

import tegula
from tegula import bench


def model():
    """Two equal products with an activation in between."""
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"], name="first"),
             helper.make_node("Sin", ["a"], ["b"], name="wave"),
             helper.make_node("MatMul", ["b", "w"], ["y"], name="second")]
    graph = helper.make_graph(nodes, "g", [value("x", TensorProto.FLOAT, (8, 16)), value("w", TensorProto.FLOAT, (16, 16))],
                              [value("y", TensorProto.FLOAT, (8, 16))])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


FEEDS = {"x": np.ones((8, 16), "f4"), "w": np.ones((16, 16), "f4")}


class Profile(unittest.TestCase):
    def test_events(self):
        session = tegula.InferenceSession(model(), threads=1, profile=True)
        self.assertEqual(session.profile(), [])
        for _ in range(2):  # a run forgets the one before
            session.run(None, FEEDS)
            events = session.profile()
            self.assertEqual([event.nodes for event in events],
                             ["first (MatMul); wave (Sin)", "second (MatMul)"])
        self.assertEqual(events[1].flops, 2 * 8 * 16 * 16)
        self.assertEqual(events[1].bytes, 4 * (8 * 16 + 16 * 16 + 8 * 16))
        for event in events:
            self.assertLess(event.begin_ns, event.end_ns)
            self.assertGreaterEqual(event.cpu_ns, 0)
        self.assertLessEqual(events[0].end_ns, events[1].begin_ns)

    def test_off(self):
        session = tegula.InferenceSession(model(), threads=1)
        session.run(None, FEEDS)
        self.assertEqual(session.profile(), [])
        self.assertNotIn(b"first (MatMul)", pathlib.Path(session.artifact.path).read_bytes())

    def test_gpu_is_refused(self):
        with self.assertRaisesRegex(tegula.CompileError, "--profile is for CPUs"):
            tegula.compile(model(), target="cuda:sm_80", profile=True)

    def test_bench(self):
        with tempfile.TemporaryDirectory() as folder:
            path, trace, rows = (pathlib.Path(folder) / name for name in ("m.onnx", "t.json", "r.json"))
            onnx.save(model(), path)
            text = io.StringIO()
            with contextlib.redirect_stdout(text):
                status = bench.main([str(path), "--profile", "--seconds=0.05", f"--profile-trace={trace}",
                                     f"--json={rows}"])
            self.assertEqual(status, 0)
            self.assertIn("second (MatMul)", text.getvalue())
            events = json.loads(trace.read_text())["traceEvents"]
            self.assertEqual([event["ph"] for event in events], ["X", "X"])
            self.assertEqual(events[0]["name"], "first (MatMul); wave (Sin)")
            self.assertEqual([row["calls"] for row in json.loads(rows.read_text())["nodes"]], [1, 1])

    def test_bench_of_a_library_without(self):
        with tempfile.TemporaryDirectory() as folder:
            library = pathlib.Path(folder) / "m.so"
            tegula.compile(model(), library)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(bench.main([str(library), "--profile", "--seconds=0.01"]), 1)
            self.assertIn("compile it with --profile", said.getvalue())


if __name__ == "__main__":
    unittest.main()
