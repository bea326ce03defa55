"""Writes a model with operators that nobody supports: unsupported.py FILE"""

import sys

import onnx
from onnx import TensorProto, helper

nodes = [helper.make_node("Frob", ["x"], [f"y{i}"], name=f"frob{i}", domain="com.example")
         for i in range(7)]
nodes.append(helper.make_node("Relu", ["x"], ["z"], name="fine"))
outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4])
           for name in [*(f"y{i}" for i in range(7)), "z"]]
graph = helper.make_graph(
    nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])], outputs)
opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.example", 1)]
onnx.save(helper.make_model(graph, opset_imports=opsets), sys.argv[1])
