"""LSTM, GRU, RNN and control flow."""

import numpy as np
from harness import Case, normal, relative, single
from onnx import TensorProto, helper

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def cells():
    """Directions, initial states, lengths."""
    steps, batch, width, hidden = 6, 3, 10, 12
    x = normal("x", (steps, batch, width))
    for op, gates in GATES.items():
        outputs = ("y", "h", "c") if op == "LSTM" else ("y", "h")
        for direction in ("forward", "reverse", "bidirectional"):
            d = 2 if direction == "bidirectional" else 1
            w, r = normal("w", (d, gates * hidden, width), scale=0.3), normal("r", (d, gates * hidden, hidden), scale=0.3)
            b, h = normal("b", (d, 2 * gates * hidden), scale=0.3), normal("h", (d, batch, hidden))
            extra = {"linear_before_reset": 1} if op == "GRU" and direction == "reverse" else {}
            if direction == "forward" or op != "RNN":
                yield single(direction, op, x, w, r, b, constants=(1, 2, 3), outputs=outputs, hidden_size=hidden,
                             direction=direction, reference="onnxruntime", bound=relative(1e-5), **extra)
        w, r = normal("w", (2, gates * hidden, width), scale=0.3), normal("r", (2, gates * hidden, hidden), scale=0.3)
        lengths = np.array([6, 1, 4], np.int32)
        yield single("lengths", op, x, w, r, None, lengths, constants=(1, 2), outputs=outputs, hidden_size=hidden,
                     direction="bidirectional", reference="onnxruntime", bound=relative(1e-5))
        own = {"LSTM": ["Sigmoid", "Tanh", "Tanh", "HardSigmoid", "Tanh", "Softsign"],
               "GRU": ["Sigmoid", "Tanh", "HardSigmoid", "Tanh"], "RNN": ["Tanh", "Softsign"]}[op]
        yield single("activations", op, x, w, r, constants=(1, 2), outputs=outputs, hidden_size=hidden, activations=own,
                     direction="bidirectional", reference="onnxruntime", bound=relative(1e-5))
        yield single("state", op, x, w[:1], r[:1], b[:1], None, h[:1], constants=(1, 2, 3), outputs=outputs,
                     hidden_size=hidden, reference="onnxruntime", bound=relative(1e-5))


def control():
    """If with each branch, Loop, and Scan's sum."""
    x = normal("x", (3, 4))
    value = helper.make_tensor_value_info
    for taken in (True, False):
        then = helper.make_graph([helper.make_node("Relu", ["x"], ["t"])], "then", [], [value("t", TensorProto.FLOAT, None)])
        other = helper.make_graph([helper.make_node("Neg", ["x"], ["e"])], "else", [], [value("e", TensorProto.FLOAT, None)])
        node = helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)
        yield Case(f"If/{taken}".lower(), [node], {"c": np.array(taken), "x": x})
    body = helper.make_graph(
        [helper.make_node("Add", ["v", "x"], ["w"]), helper.make_node("Identity", ["go"], ["on"])], "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("v", TensorProto.FLOAT, [3, 4])],
        [value("on", TensorProto.BOOL, []), value("w", TensorProto.FLOAT, [3, 4])])
    yield Case("Loop/sum", [helper.make_node("Loop", ["n", "", "v0"], ["y"], body=body)],
               {"n": np.array(5, np.int64), "v0": np.zeros((3, 4), np.float32), "x": x},
               reference=lambda n, v0, x: x * 5, bound=relative(1e-6), dynamic=False)
    step = helper.make_graph(
        [helper.make_node("Add", ["s", "e"], ["t"]), helper.make_node("Identity", ["t"], ["o"])], "step",
        [value("s", TensorProto.FLOAT, [4]), value("e", TensorProto.FLOAT, [4])],
        [value("t", TensorProto.FLOAT, [4]), value("o", TensorProto.FLOAT, [4])])
    yield Case("Scan/sum", [helper.make_node("Scan", ["s0", "x"], ["last", "y"], body=step, num_scan_inputs=1)],
               {"s0": np.zeros(4, np.float32), "x": x}, outputs=("last", "y"), bound=relative(1e-6), dynamic=False,
               reference=lambda s0, x: (x.sum(0), x.cumsum(0)))


def cases():
    """All of the above."""
    for group in (cells, control):
        yield from group()
