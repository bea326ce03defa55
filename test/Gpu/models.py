"""Small models of three architectures, with drawn weights.

They have every kind of layer of the full models, at sizes that the emulator runs
in seconds.
"""

import itertools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """A graph under construction; values are names."""

    def __init__(self, name, seed):
        self.name, self.random = name, np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs = [], [], {}

    def input(self, name, array):
        """An input, with the array that it is fed."""
        self.inputs[name] = array
        return name

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, *shape, scale=None):
        """Normal numbers that keep the size of activations."""
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        scale = scale if scale is not None else 1 / np.sqrt(fan_in)
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def op(self, kind, *operands, **attributes):
        result = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(operands), [result], **attributes))
        return result

    def model(self, *outputs):
        """(ModelProto, feeds)"""
        inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
                  for name, array in self.inputs.items()]
        graph = helper.make_graph(self.nodes, self.name, inputs, [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model)
        return model, self.inputs


def layer_norm(b, x, width):
    scale = b.constant((1 + 0.05 * b.random.standard_normal(width)).astype(np.float32))
    return b.op("LayerNormalization", x, scale, b.weight(width, scale=0.02), axis=-1, epsilon=1e-12)


def dense(b, x, inputs, outputs):
    weight = b.constant((b.random.standard_normal((inputs, outputs)) / np.sqrt(inputs)).astype(np.float32))
    return b.op("Add", b.op("MatMul", x, weight), b.weight(outputs, scale=0.02))


def attention(b, x, mask, length, width, heads):
    """Self-attention as exporters write it."""
    size = width // heads

    def split(value, order):
        shaped = b.op("Reshape", value, b.constant(np.array([1, length, heads, size])))
        return b.op("Transpose", shaped, perm=order)

    query = split(dense(b, x, width, width), [0, 2, 1, 3])
    key = split(dense(b, x, width, width), [0, 2, 3, 1])
    value = split(dense(b, x, width, width), [0, 2, 1, 3])
    scores = b.op("Div", b.op("MatMul", query, key), b.constant(np.float32(np.sqrt(size))))
    weights = b.op("Softmax", b.op("Add", scores, mask), axis=-1)
    mixed = b.op("Transpose", b.op("MatMul", weights, value), perm=[0, 2, 1, 3])
    return dense(b, b.op("Reshape", mixed, b.constant(np.array([1, length, width]))), width, width)


def gelu(b, x):
    half = b.op("Mul", x, b.constant(np.float32(0.5)))
    erf = b.op("Erf", b.op("Div", x, b.constant(np.float32(np.sqrt(2)))))
    return b.op("Mul", half, b.op("Add", erf, b.constant(np.float32(1))))


def bert(layers=2, length=16, width=64, heads=4, words=100):
    """An encoder: token, position, layers of attention and feed-forward, a pooler."""
    b = Builder("bert", 1)
    tokens = b.input("input_ids", b.random.integers(0, words, (1, length)))
    mask = b.input("attention_mask", (np.arange(length) < length - 3).astype(np.int64)[None])
    keep = b.op("Cast", b.op("Unsqueeze", mask, b.constant(np.array([1, 2]))), to=TensorProto.FLOAT)
    bias = b.op("Mul", b.op("Sub", b.constant(np.float32(1)), keep), b.constant(np.float32(-10000)))
    x = b.op("Add", b.op("Gather", b.weight(words, width, scale=0.5), tokens), b.weight(length, width, scale=0.5))
    x = layer_norm(b, x, width)
    for _ in range(layers):
        x = layer_norm(b, b.op("Add", x, attention(b, x, bias, length, width, heads)), width)
        inner = dense(b, gelu(b, dense(b, x, width, 4 * width)), 4 * width, width)
        x = layer_norm(b, b.op("Add", x, inner), width)
    first = b.op("Squeeze", b.op("Slice", x, *(b.constant(np.array([v])) for v in (0, 1, 1))), b.constant(np.array([1])))
    return b.model(x, b.op("Tanh", dense(b, first, width, width)))


def convolution(b, x, inputs, outputs, kernel, stride=1, group=1):
    """Convolution and batch norm."""
    weight = b.weight(outputs, inputs // group, kernel, kernel)
    x = b.op("Conv", x, weight, kernel_shape=[kernel] * 2, strides=[stride] * 2, group=group,
             pads=[kernel // 2] * 4)
    scale, shift, mean = (b.weight(outputs, scale=0.1) for _ in range(3))
    variance = b.constant(b.random.uniform(0.5, 1.5, outputs).astype(np.float32))
    scale = b.op("Add", scale, b.constant(np.ones(outputs, np.float32)))
    return b.op("BatchNormalization", x, scale, shift, mean, variance)


def classifier(b, x, width, classes):
    pooled = b.op("Flatten", b.op("GlobalAveragePool", x), axis=1)
    return b.model(b.op("Gemm", pooled, b.weight(classes, width), b.weight(classes, scale=0.1), transB=1))


def mobilenet_v2(size=32, classes=10):
    """Inverted residuals: expand, depthwise, project."""
    b = Builder("mobilenet_v2", 2)

    def relu6(x):
        return b.op("Clip", x, b.constant(np.float32(0)), b.constant(np.float32(6)))

    x = b.input("image", b.random.standard_normal((1, 3, size, size)).astype(np.float32))
    x = relu6(convolution(b, x, 3, 8, 3, stride=2))
    width = 8
    for outputs, stride, expand in ((8, 1, 1), (12, 2, 6), (12, 1, 6), (16, 2, 6), (16, 1, 6)):
        inner = width * expand
        y = relu6(convolution(b, x, width, inner, 1)) if expand > 1 else x
        y = relu6(convolution(b, y, inner, inner, 3, stride=stride, group=inner))
        y = convolution(b, y, inner, outputs, 1)
        x = b.op("Add", x, y) if stride == 1 and width == outputs else y
        width = outputs
    return classifier(b, relu6(convolution(b, x, width, 64, 1)), 64, classes)


def resnet(size=32, classes=10):
    """A strided stem, max pooling, bottleneck blocks with projections."""
    b = Builder("resnet", 3)
    x = b.input("image", b.random.standard_normal((1, 3, size, size)).astype(np.float32))
    x = b.op("Relu", convolution(b, x, 3, 16, 7, stride=2))
    x = b.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    width = 16
    for inner, stride in ((8, 1), (8, 1), (16, 2), (16, 1)):
        outputs = 4 * inner
        y = b.op("Relu", convolution(b, x, width, inner, 1))
        y = b.op("Relu", convolution(b, y, inner, inner, 3, stride=stride))
        y = convolution(b, y, inner, outputs, 1)
        if stride != 1 or width != outputs:
            x = convolution(b, x, width, outputs, 1, stride=stride)
        x, width = b.op("Relu", b.op("Add", x, y)), outputs
    return classifier(b, x, width, classes)


def half(model, feeds):
    """The same model of 16-bit floats."""
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in itertools.chain(graph.input, graph.output):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.FLOAT16
    del graph.value_info[:]
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model)
    return model, {name: array.astype(np.float16) if array.dtype == np.float32 else array
                   for name, array in feeds.items()}


MODELS = {
    "bert": bert,
    "mobilenet_v2": mobilenet_v2,
    "resnet": resnet,
    # Wide enough for products by warpgroups.
    "bert_f16": lambda: half(*bert(layers=1, length=64, width=128, heads=2)),
    "mobilenet_v2_f16": lambda: half(*mobilenet_v2()),
}
