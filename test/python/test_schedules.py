"""All points of a kernel's schedule space belong to one numerics class: whatever
point is taken, no bit of a result changes."""

import pathlib
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tegula

KERNEL_CACHE = pathlib.Path(__file__).resolve().parents[2] / "build" / "kernel-cache"
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
        nodes = [helper.make_node("Transpose", ["k"], ["t"], perm=[0, 1, 3, 2]), helper.make_node("MatMul", ["q", "t"], ["s"]),
                 helper.make_node("Softmax", ["s"], ["p"], axis=-1), node("MatMul", ["p", "v"])]
        self.check(nodes, {"q": (1, 3, 133, 40), "k": (1, 3, 150, 40), "v": (1, 3, 150, 44)})

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


class GivenSchedules(unittest.TestCase):
    def test_a_bad_file_is_refused(self):
        model, _ = model_of([node("MatMul", ["x", "w"])], {"x": (2, 3)}, [constant("w", 3, 4)])
        with self.assertRaisesRegex(tegula.CompileError, "cannot read the schedules"):
            tegula.compile(model, schedule="no such file")


if __name__ == "__main__":
    unittest.main()
