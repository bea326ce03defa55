"""Broken and hostile models: each must end with exit status 1 and a message
that names the culprit, within seconds and without much memory.

    hostile.py COMMAND...    COMMAND MODEL is run on each model.
"""

import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import onnx
from onnx import TensorProto, helper

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name, shape=(4,), kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def ints(name, numbers):
    return helper.make_tensor(name, INT64, [len(numbers)], numbers)


def graph(nodes, weights=(), inputs=None, outputs=None):
    inputs = [value("x")] if inputs is None else inputs
    return helper.make_graph(nodes, "g", inputs, outputs or [value("y", None)], list(weights))


def model(nodes, weights=(), inputs=None, outputs=None, functions=(), opset=21):
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    made = helper.make_model(graph(nodes, weights, inputs, outputs), opset_imports=opsets)
    made.functions.extend(functions)
    return made


def node(op, inputs, outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), name="culprit", **attributes)


def relu():
    return node("Relu", ["x"])


def with_weight(change):
    """A model with one weight tensor that `change` breaks."""
    weight = helper.make_tensor("w", FLOAT, [4], b"\0" * 16, raw=True)
    change(weight)
    return model([node("Add", ["x", "w"])], [weight])


def message(number, payload):
    """One field with a length, as protobuf writes it."""
    size, out = len(payload), bytearray()
    out.append(number << 3 | 2)
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    out.append(size)
    return bytes(out) + payload


def deep(depth):
    """Ifs within Ifs, as bytes: the protobuf library refuses to make them."""
    def branch(nodes):
        return graph(nodes, inputs=[], outputs=[value("out")])

    other = branch([node("Abs", ["x"], ["out"])])
    inner = branch([node("Relu", ["x"], ["out"])]).SerializeToString()
    for level in range(depth + 1):
        last = level == depth
        taken = onnx.AttributeProto(name="then_branch", type=onnx.AttributeProto.GRAPH)
        taken = taken.SerializeToString() + message(6, inner)
        choice = node("If", ["c"], ["y" if last else "out"], else_branch=other)
        choice = choice.SerializeToString() + message(5, taken)
        shell = graph([], inputs=[value("x"), value("c", [], BOOL)]) if last else branch([])
        inner = shell.SerializeToString() + message(1, choice)
    shell = onnx.ModelProto(ir_version=9, opset_import=[helper.make_opsetid("", 21)])
    return shell.SerializeToString() + message(7, inner)


def function(name, calls):
    body = [helper.make_node(op, ["a"], ["b"], domain="local") for op in calls]
    return helper.make_function("local", name, ["a"], ["b"], body,
                                [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)])


def exploding_functions():
    """Each function calls the next one twice: 2^40 nodes."""
    functions = []
    for i in range(40):
        body = [helper.make_node(f"f{i + 1}", ["a"], ["t"], domain="local"),
                helper.make_node(f"f{i + 1}", ["t"], ["b"], domain="local")]
        functions.append(helper.make_function(
            "local", f"f{i}", ["a"], ["b"], body,
            [helper.make_opsetid("", 21), helper.make_opsetid("local", 1)]))
    functions.append(helper.make_function(
        "local", "f40", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])],
        [helper.make_opsetid("", 21)]))
    call = helper.make_node("f0", ["x"], ["y"], name="culprit", domain="local")
    return model([call], functions=functions)


def doubling_shapes():
    """A value used twice at each of 60 steps of shape arithmetic: 2^60 paths."""
    nodes = [node("Shape", ["x"], ["s0"])]
    nodes += [node("Add", [f"s{i}", f"s{i}"], [f"s{i + 1}"]) for i in range(60)]
    return model(nodes + [node("Reshape", ["x", "s60"])], inputs=[value("x", ["n", "m"])])


def call(op, *functions):
    made = helper.make_node(op, ["x"], ["y"], name="culprit", domain="local")
    return model([made], functions=functions)


def external(location, **entries):
    def change(weight):
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, text in {"location": location, **entries}.items():
            weight.external_data.add(key=key, value=str(text))
    return with_weight(change)


def sparse(indices):
    made = helper.make_sparse_tensor(
        helper.make_tensor("w", FLOAT, [1], [1.0]), ints("i", indices), [4])
    graph_ = graph([node("Add", ["x", "w"])])
    graph_.sparse_initializer.append(made)
    return helper.make_model(graph_, opset_imports=[helper.make_opsetid("", 21)])


def set_dims(dims):
    def change(weight):
        weight.ClearField("dims")
        weight.dims.extend(dims)
    return change


def reference_cycle():
    """An attribute of a function that stands for itself."""
    inner = helper.make_node("Elu", ["a"], ["b"])
    attribute = inner.attribute.add(name="alpha", ref_attr_name="alpha")
    attribute.type = onnx.AttributeProto.FLOAT
    made = helper.make_function("local", "f", ["a"], ["b"], [inner],
                                [helper.make_opsetid("", 21)])
    default = made.attribute_proto.add(name="alpha", ref_attr_name="alpha")
    default.type = onnx.AttributeProto.FLOAT
    return call("f", made)


def shape_input(op, numbers, **attributes):
    return model([node(op, ["x", "s"], **attributes)], [ints("s", numbers)])


# (name, model or bytes, words of the message; None: it may be accepted, but
# must not crash or take long)
CASES = [
    ("empty", b"", ["not an ONNX model"]),
    ("text", b"this is no protobuf at all", ["not an ONNX model"]),
    ("zeros", b"\0" * 4096, ["not an ONNX model"]),
    ("ones", b"\xff" * 4096, ["not an ONNX model"]),
    ("group", b"\x3b" * 512, ["not an ONNX model"]),
    ("length-beyond-the-end", b"\x3a\xff\xff\xff\xff\x0fabc", ["not an ONNX model"]),
    ("truncated", model([relu()]).SerializeToString()[:-9], ["not an ONNX model"]),
    ("no-opset", helper.make_model(graph([relu()]), opset_imports=[]), ["operator set"]),
    ("future-opset", model([relu()], opset=999), ["999"]),
    ("opset-zero", model([relu()], opset=0), ["0"]),
    ("cycle", model([node("Relu", ["y"])]), ["culprit", "'y'"]),
    ("undefined", model([node("Add", ["x", "ghost"])]), ["culprit", "ghost"]),
    ("twice", model([relu(), relu()]), ["culprit", "'y'"]),
    ("output-missing", model([node("Relu", ["x"], ["z"])]), ["'y'"]),
    ("unknown-operator", model([node("Frobnicate", ["x"])]), ["culprit", "Frobnicate"]),
    ("wrong-attribute", model([node("Elu", ["x"], alpha=3)]), ["culprit", "alpha", "FLOAT"]),
    ("extra-attribute", model([node("Relu", ["x"], beta=3)]), ["culprit", "beta"]),
    ("missing-attribute", model([node("Concat", ["x", "x"])]), ["culprit", "axis"]),
    ("missing-graph", model([node("If", ["c"])], inputs=[value("c", [], BOOL)]),
     ["culprit", "else_branch"]),
    ("few-inputs", model([node("Gemm", ["x"])]), ["culprit", "inputs"]),
    ("many-inputs", model([node("Relu", ["x"] * 3)]), ["culprit", "inputs"]),
    ("inputs-flood", model([node("Concat", ["x"] * 10001, axis=0)]), ["culprit", "10001"]),
    ("mismatch", model([node("MatMul", ["x", "w"])], [helper.make_tensor("w", FLOAT, [5], [0] * 5)]),
     ["culprit", "MatMul"]),
    ("types", model([node("Add", ["x", "w"])], [ints("w", [1, 2, 3, 4])]), ["culprit"]),
    ("input-without-type", model([relu()], inputs=[onnx.ValueInfoProto(name="x")]), ["'x'"]),
    ("two-inputs", model([relu()], inputs=[value("x"), value("x")]), ["'x'"]),
    ("rank", model([relu()], inputs=[value("x", [1] * 40)]), ["x: error", "rank"]),
    ("weight-short", with_weight(lambda w: setattr(w, "raw_data", b"\0" * 15)), ["'w'", "16", "15"]),
    ("weight-long", with_weight(lambda w: setattr(w, "raw_data", b"\0" * 17)), ["'w'", "16", "17"]),
    ("weight-negative", with_weight(set_dims([-4])), ["'w'", "-4"]),
    ("weight-overflow", with_weight(set_dims([2**31, 2**31, 2**31])), ["'w'"]),
    ("weight-zero-overflow", with_weight(set_dims([0, 2**62, 2**62])), ["'w'"]),
    ("weight-rank", with_weight(set_dims([1] * 33)), ["'w'", "33"]),
    ("weight-type", with_weight(lambda w: setattr(w, "data_type", 99)), ["'w'", "99"]),
    ("weight-string", with_weight(lambda w: setattr(w, "data_type", TensorProto.STRING)), ["'w'"]),
    ("weight-int4-odd", model([node("Identity", ["w"])], [TensorProto(
        name="w", dims=[3], data_type=TensorProto.INT4, raw_data=b"\0")]), ["'w'", "2", "1"]),
    ("sparse-outside", sparse([4]), ["sparse", "index 0"]),
    ("sparse-negative", sparse([-1]), ["sparse", "index 0"]),
    ("external-parent", external("../w.bin"), ["'w'", "../w.bin"]),
    ("external-detour", external("a/../../w.bin"), ["'w'", "w.bin"]),
    ("external-absolute", external("/etc/passwd"), ["'w'", "/etc/passwd"]),
    ("external-link", external("link"), ["'w'", "link"]),
    ("external-fifo", external("fifo"), ["'w'", "fifo"]),
    ("external-proc", external("/proc/self/mem"), ["'w'"]),
    ("external-missing", external("nowhere"), ["'w'", "nowhere"]),
    ("external-nameless", external(""), ["'w'"]),
    ("external-offset", external("plain", offset=2**64 - 1, length=16), ["'w'", "plain"]),
    ("external-number", external("plain", offset="-1"), ["'w'", "offset"]),
    ("external-key", external("plain", mode="w"), ["'w'", "mode"]),
    ("external-short", external("plain", length=8), ["'w'", "16", "8"]),
    ("nested", deep(33), ["32"]),
    ("nested-far", deep(60), ["not an ONNX model"]),
    ("recursion", call("f", function("f", ["f"])), ["recursive", "f"]),
    ("mutual-recursion", call("f", function("f", ["g"]), function("g", ["f"])), ["recursive"]),
    ("function-twice", call("f", function("f", []), function("f", [])), ["local:f"]),
    ("function-without-output", call("f", function("f", [])), ["culprit", "f"]),
    ("exploding-functions", exploding_functions(), ["1000000", "nodes"]),
    ("reference-cycle", reference_cycle(), None),
    ("doubling-shapes", doubling_shapes(), None),
    ("expand-bomb", shape_input("Expand", [2**40, 4]), ["culprit", "elements"]),
    ("expand-overflow", shape_input("Expand", [2**40, 2**40, 4]), ["culprit", "elements"]),
    ("name-control", model([node("Relu", ["x"], ["\n1"]), node("Relu", ["\n1"])]), ["culprit", "name"]),
    ("expand-negative", shape_input("Expand", [INT64_MIN]), ["culprit"]),
    ("tile-bomb", shape_input("Tile", [2**40]), ["culprit", "elements"]),
    ("tile-overflow", shape_input("Tile", [INT64_MAX]), ["culprit", "overflow"]),
    ("tile-negative", shape_input("Tile", [-1]), ["culprit", "negative"]),
    ("reshape-overflow", shape_input("Reshape", [2**62, 2**62]), ["culprit", "overflow"]),
    ("reshape-wrong", shape_input("Reshape", [5]), ["culprit", "4 elements", "5"]),
    ("reshape-two-holes", shape_input("Reshape", [-1, -1]), ["culprit"]),
    ("fill-bomb", model([node("ConstantOfShape", ["s"])], [ints("s", [2**31, 2**31])]),
     ["culprit", "elements"]),
    ("fill-negative", model([node("ConstantOfShape", ["s"])], [ints("s", [-2])]), ["culprit", "non-negative"]),
    ("range-bomb", model([node("Range", ["a", "b", "a1"])], [
        helper.make_tensor("a", INT64, [], [0]), helper.make_tensor("b", INT64, [], [INT64_MAX]),
        helper.make_tensor("a1", INT64, [], [1])]), None),
    ("range-zero", model([node("Range", ["a", "b", "a"])], [
        helper.make_tensor("a", INT64, [], [0]), helper.make_tensor("b", INT64, [], [9])]), None),
    ("gather-low", model([node("Gather", ["w", "i"])], [ints("w", [1, 2]), ints("i", [INT64_MIN])]), None),
    ("slice-minimum", model([node("Slice", ["w", "a", "b", "c", "d"])], [
        ints("w", [1, 2]), ints("a", [INT64_MIN]), ints("b", [INT64_MIN]), ints("c", [0]),
        ints("d", [INT64_MIN])]), None),
    ("slice-step-zero", model([node("Slice", ["w", "a", "a", "a", "a"])], [
        ints("w", [1, 2]), ints("a", [0])]), ["culprit", "step"]),
    ("divide-minimum", model([node("Div", ["a", "b"])], [ints("a", [INT64_MIN]), ints("b", [-1])]), None),
    ("divide-zero", model([node("Div", ["a", "b"])], [ints("a", [1]), ints("b", [0])]), None),
    ("modulo-minimum", model([node("Mod", ["a", "b"])], [ints("a", [INT64_MIN]), ints("b", [-1])]), None),
    ("modulo-zero", model([node("Mod", ["a", "b"])], [ints("a", [1]), ints("b", [0])]), None),
    ("transpose-order", model([node("Transpose", ["x"], perm=[7])]), ["culprit"]),
    ("transpose-short", model([node("Transpose", ["w"], perm=[0])], [helper.make_tensor("w", INT64, [1, 2], [1, 2])]), ["culprit"]),
    ("concat-axis", model([node("Concat", ["x", "x"], axis=INT64_MIN)]), ["culprit"]),
    ("squeeze-axis", shape_input("Squeeze", [INT64_MIN]), ["culprit"]),
    ("pad-minimum", shape_input("Pad", [INT64_MIN, INT64_MIN]), ["culprit", "overflow"]),
    ("pad-maximum", shape_input("Pad", [INT64_MAX, INT64_MAX]), ["culprit", "overflow"]),
    ("pool-pads", model([node("MaxPool", ["x"], kernel_shape=[2], pads=[INT64_MIN, 0])],
                        inputs=[value("x", [1, 1, 4])]), ["culprit", "pads"]),
    ("conv-strides", model([node("Conv", ["x", "w"], strides=[0])],
                           [helper.make_tensor("w", FLOAT, [1, 1, 2], [1, 1])],
                           inputs=[value("x", [1, 1, 4])]), ["culprit", "strides"]),
    ("split-parts", model([node("Split", ["x"], ["y"], num_outputs=0)]), ["culprit", "num_outputs"]),
    ("loop-forever", model([node("Loop", ["n", ""], body=helper.make_graph(
        [helper.make_node("Identity", ["k"], ["c"])], "b",
        [value("i", [], INT64), value("k", [], BOOL)], [value("c", [], BOOL)]))],
        [helper.make_tensor("n", INT64, [], [INT64_MAX])],
        outputs=[value("n", [], INT64)]), ["culprit", "Loop", "too large"]),
    ("loop-arity", model([node("Loop", ["n", "", "x"], body=helper.make_graph(
        [helper.make_node("Identity", ["k"], ["c"])], "b",
        [value("i", [], INT64), value("k", [], BOOL)], [value("c", [], BOOL)]))],
        [helper.make_tensor("n", INT64, [], [3])]), ["culprit", "Loop"]),
    ("scan-inputs", model([node("Scan", ["x"], num_scan_inputs=INT64_MIN, body=helper.make_graph(
        [helper.make_node("Relu", ["a"], ["b"])], "b", [value("a", [])], [value("b", [])]))]),
     ["culprit", "num_scan_inputs"]),
    ("old-slice", model([node("Slice", ["x"])], opset=9), ["culprit", "starts"]),
    ("old-axis", model([node("Add", ["x", "x"], axis=INT64_MIN, broadcast=1)], opset=6), ["culprit", "axis"]),
    ("old-top", model([node("TopK", ["x"], ["y", "z"])], opset=1), ["culprit", "k"]),
    ("old-softmax", model([node("Softmax", ["x"], axis=INT64_MAX)], opset=11), ["culprit"]),
    ("name-newline", model([helper.make_node("Relu", ["x"], ["y"], name='a"\n%s;../\\')]), None),
    ("name-nul", model([helper.make_node("Relu", ["x"], ["z\0"], name="a\0b"),
                        helper.make_node("Relu", ["z\0"], ["y"])]), ["zero byte"]),
    ("name-long", model([helper.make_node("Relu", ["x"], ["y"], name="n" * 70000)]), ["65536"]),
    ("zero-size", model([relu()], inputs=[value("x", [0, 3])]), None),
]


def run(command, name, source, words, folder):
    path = folder / (name + ".onnx")
    path.write_bytes(source if isinstance(source, bytes) else source.SerializeToString())
    limit = lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        done = subprocess.run([*command, path], capture_output=True, timeout=120, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "takes too long"
    text = done.stderr.decode(errors="replace")
    if done.returncode not in (0, 1):
        return f"exit status {done.returncode}: {text[-300:]}"
    if words is None:
        return "no message" if done.returncode == 1 and not text.strip() else None
    if done.returncode == 0:
        return "accepted"
    missing = [word for word in words if word not in text]
    return f"no {missing} in: {text[:400]}" if missing else None


def main():
    only = os.environ.get("ONLY")
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "models"
        folder.mkdir()
        (folder.parent / "w.bin").write_bytes(b"\0" * 16)
        (folder / "plain").write_bytes(b"\0" * 16)
        (folder / "link").symlink_to("plain")
        os.mkfifo(folder / "fifo")
        for case, source, words in CASES:
            if only and only != case:
                continue
            if complaint := run(sys.argv[1:], case, source, words, folder):
                print(f"{case}: {complaint}")
                failures += 1
    print(f"{len(CASES) - failures} passed, {failures} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
