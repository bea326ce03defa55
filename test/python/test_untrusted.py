"""Hostile and broken models: `tegula compile` ends with status 1 and names the culprit.

A separate process each, so that an abort or a hang is seen as what it is.
"""

import pathlib
import subprocess
import tempfile
import unittest

import models
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TEGULA = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "tegula"
FLOAT = TensorProto.FLOAT
value = helper.make_tensor_value_info


def model(nodes, inputs=None, outputs=None, weights=()):
    """A model of nodes from x to y, [2, 3] both."""
    graph = helper.make_graph(nodes, "g", inputs or [value("x", FLOAT, [2, 3])],
                              outputs or [value("y", FLOAT, [2, 3])], list(weights))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def node(op, inputs, outputs, name, **attributes):
    """A named node."""
    return helper.make_node(op, inputs, outputs, name=name, **attributes)


class UntrustedTest(unittest.TestCase):
    """Each test hands one model to the command line."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def refused(self, source, *words):
        """Status 1 within the time, and each word in the message."""
        path = self.folder / "m.onnx"
        path.write_bytes(source if isinstance(source, bytes) else source.SerializeToString())
        done = subprocess.run([str(TEGULA), "compile", str(path), "-o", str(self.folder / "m.so")],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr[-2000:])
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertFalse((self.folder / "m.so").exists())

    def test_no_model(self):
        self.refused(b"", "m.onnx")
        self.refused(b"\x00" * 1000, "m.onnx")
        self.refused(b"\x7fELF" + bytes(200), "m.onnx")

    def test_truncated(self):
        data = models.dense().SerializeToString()
        for length in (len(data) // 3, len(data) // 2, len(data) - 5):
            self.refused(data[:length], "m.onnx")

    def test_cycle(self):
        nodes = [node("Add", ["x", "b"], ["a"], "first"), node("Relu", ["a"], ["b"], "second"),
                 node("Relu", ["b"], ["y"], "third")]
        self.refused(model(nodes), "first", "b")

    def test_undefined_value(self):
        self.refused(model([node("Add", ["x", "nowhere"], ["y"], "adder")]), "adder", "nowhere")

    def test_defined_twice(self):
        self.refused(model([node("Relu", ["x"], ["y"], "one"), node("Neg", ["x"], ["y"], "two")]), "y")

    def test_types_differ(self):
        weights = [numpy_helper.from_array(np.ones((2, 3), np.int64), "w")]
        self.refused(model([node("Add", ["x", "w"], ["y"], "mixed")], weights=weights), "mixed")

    def test_shapes_differ(self):
        weights = [numpy_helper.from_array(np.ones((4, 5), np.float32), "w")]
        self.refused(model([node("MatMul", ["x", "w"], ["y"], "product")], weights=weights), "product")

    def test_attribute_of_wrong_type(self):
        self.refused(model([node("Concat", ["x", "x"], ["y"], "join", axis="first")]), "join", "axis")

    def test_attribute_out_of_range(self):
        self.refused(model([node("Softmax", ["x"], ["y"], "soft", axis=7)]), "soft", "7")
        self.refused(model([node("Transpose", ["x"], ["y"], "turn", perm=[0, 0])]), "turn")

    def test_missing_attribute(self):
        self.refused(model([node("Concat", ["x", "x"], ["y"], "join")]), "join", "axis")

    def test_too_few_inputs(self):
        self.refused(model([node("MatMul", ["x"], ["y"], "half")]), "half")

    def test_unknown_operator(self):
        self.refused(models.unknown_operator(), "strange", "NoSuchOperator")

    def test_weights_of_wrong_size(self):
        tensor = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
        tensor.raw_data = tensor.raw_data[:10]
        self.refused(model([node("Add", ["x", "w"], ["y"], "adder")], weights=[tensor]), "w")
        tensor.dims[:] = [1 << 40, 1 << 40]
        self.refused(model([node("Add", ["x", "w"], ["y"], "adder")], weights=[tensor]), "w")
        tensor.dims[:] = [-2, 3]
        self.refused(model([node("Add", ["x", "w"], ["y"], "adder")], weights=[tensor]), "w")

    def test_unknown_element_type(self):
        tensor = numpy_helper.from_array(np.ones((2, 3), np.float32), "w")
        tensor.data_type = 1234
        self.refused(model([node("Add", ["x", "w"], ["y"], "adder")], weights=[tensor]), "w")

    def external(self, location, **entries):
        """A model whose weights are in another file."""
        tensor = TensorProto(name="w", data_type=FLOAT, dims=[2, 3], data_location=TensorProto.EXTERNAL)
        for key, text in {"location": location, **entries}.items():
            tensor.external_data.add(key=key, value=str(text))
        return model([node("Add", ["x", "w"], ["y"], "adder")], weights=[tensor])

    def test_external_data_outside(self):
        outside = self.folder.parent / (self.folder.name + ".bin")
        outside.write_bytes(bytes(24))
        self.addCleanup(outside.unlink)
        (self.folder / "link.bin").symlink_to(outside)
        for location in (f"../{outside.name}", str(outside), f"a/../../{outside.name}", "link.bin", ""):
            self.refused(self.external(location), "w")

    def test_external_data_beyond_the_file(self):
        (self.folder / "w.bin").write_bytes(bytes(20))
        self.refused(self.external("w.bin"), "w")
        self.refused(self.external("w.bin", offset=1 << 62, length=24), "w")
        self.refused(self.external("w.bin", offset=-8, length=24), "w")
        self.refused(self.external("missing.bin"), "missing.bin")

    def test_deep_nesting(self):
        def field(number, data):  # protobuf's libraries write no message this deep
            size, head = len(data), bytes([number << 3 | 2])
            while size > 127:
                head, size = head + bytes([size & 127 | 128]), size >> 7
            return head + bytes([size]) + data

        graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu"))
        for depth in (50, 2000):
            data = graph
            for _ in range(depth):
                branches = b"".join(field(5, field(1, name) + b"\xa0\x01\x05" + field(6, data))
                                    for name in (b"then_branch",))
                data = field(1, field(1, b"c") + field(2, b"y") + field(3, b"nested") + field(4, b"If") + branches)
            self.refused(b"\x08\x08" + field(7, data) + field(8, b"\x10\x11"), "m.onnx")

    def test_functions_that_call_each_other(self):
        functions = [helper.make_function("own", a, ["p"], ["q"], [helper.make_node(b, ["p"], ["q"], domain="own")],
                                          [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])
                     for a, b in (("Ping", "Pong"), ("Pong", "Ping"))]
        looped = model([node("Ping", ["x"], ["y"], "caller", domain="own")])
        looped.functions.extend(functions)
        looped.opset_import.append(helper.make_opsetid("own", 1))
        self.refused(looped, "P")

    def test_huge_output(self):
        shape = numpy_helper.from_array(np.array([1 << 31, 1 << 31, 4], np.int64), "s")
        nodes = [node("ConstantOfShape", ["s"], ["big"], "huge"), node("ReduceSum", ["big"], ["r"], "sum", keepdims=0),
                 node("Add", ["x", "r"], ["y"], "adder")]
        self.refused(model(nodes, weights=[shape]), "huge")


if __name__ == "__main__":
    unittest.main()
