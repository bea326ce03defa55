"""Small models for the tests of the package."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)


def dense(batch="batch", weights=WEIGHTS):
    """y = relu(x w), z = -x, for x of [batch, rows of w]."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["t"]), helper.make_node("Relu", ["t"], ["y"]),
         helper.make_node("Neg", ["x"], ["z"])],
        "dense", [value("x", TensorProto.FLOAT, [batch, len(weights)])],
        [value("y", TensorProto.FLOAT, [batch, weights.shape[1]]),
         value("z", TensorProto.FLOAT, [batch, len(weights)])],
        [numpy_helper.from_array(weights, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def unknown_operator():
    """A model whose node "strange" has no meaning."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("NoSuchOperator", ["x"], ["y"], name="strange", domain="some.domain")], "g",
        [value("x", TensorProto.FLOAT, [3])], [value("y", TensorProto.FLOAT, [3])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("some.domain", 1)],
                             ir_version=8)
