"""Operators of ONNX Runtime's own (com.microsoft), against ONNX Runtime itself.

Each is one node. Weights are constants and everything else is an input, first with
numbers as shapes and then with symbols.
"""

import pathlib
import unittest

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import tegula

KERNEL_CACHE = pathlib.Path(__file__).resolve().parents[2] / "build" / "kernel-cache"
RNG = np.random.default_rng(7)


def f32(*shape):
    return RNG.standard_normal(shape, dtype="f4")


def u8(*shape):
    return RNG.integers(0, 256, shape, np.uint8)


def scale(value=0.05):
    return np.float32(value)


def model_of(kind, inputs, fixed, outputs, symbolic, domain, attributes):
    """The bytes of a model of one node; an input that is None is left out."""
    names = ["" if value is None else f"i{n}" for n, value in enumerate(inputs)]
    node = helper.make_node(kind, names, [f"o{n}" if kept else "" for n, kept in enumerate(outputs)],
                            domain=domain, **attributes)
    infos, weights = [], []
    for n, (name, value) in enumerate(zip(names, inputs)):
        if value is None:
            continue
        if n in fixed:
            weights.append(numpy_helper.from_array(np.asarray(value), name))
            continue
        shape = [f"{name}_{d}" for d in range(np.ndim(value))] if symbolic else np.shape(value)
        infos.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.asarray(value).dtype), shape))
    results = [helper.make_tensor_value_info(name, kept, None)
               for name, kept in zip(node.output, outputs) if kept]
    graph = helper.make_graph([node], "one", infos, results, weights)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


class AgainstOnnxRuntime(unittest.TestCase):
    def check(self, kind, inputs, fixed=(), outputs=(TensorProto.FLOAT,), domain="com.microsoft", step=0, **attributes):
        """step: what an integer result may be off by, where a rounding falls the other way."""
        feeds = {f"i{n}": np.asarray(v) for n, v in enumerate(inputs) if v is not None and n not in fixed}
        for symbolic in (False, True):
            model = model_of(kind, inputs, fixed, outputs, symbolic, domain, attributes)
            wanted = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, feeds)
            session = tegula.InferenceSession(model, threads=1, kernel_cache=KERNEL_CACHE)
            for got, want in zip(session.run(None, feeds), wanted, strict=True):
                self.assertEqual((got.dtype, got.shape), (want.dtype, want.shape))
                if got.dtype == np.float32:
                    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-5 * max(1, np.abs(want).max()))
                else:
                    self.assertLessEqual(np.abs(got.astype(int) - want.astype(int)).max(), step)

    def refused(self, culprit, kind, inputs, **attributes):
        with self.assertRaisesRegex(tegula.CompileError, culprit):
            tegula.compile(model_of(kind, inputs, (), (TensorProto.FLOAT,), False, "com.microsoft", attributes))

    def test_activations(self):
        x = 3 * f32(4, 33)
        self.check("Gelu", [x])
        self.check("FastGelu", [x])
        self.check("FastGelu", [x, f32(33)], fixed=[1])
        self.check("BiasGelu", [x, f32(33)], fixed=[1])
        self.check("QuickGelu", [x])
        self.check("QuickGelu", [x], alpha=0.7)

    def test_normalizations(self):
        x, skip, gamma, beta, bias = f32(2, 5, 48), f32(2, 5, 48), f32(48), f32(48), f32(48)
        four = (TensorProto.FLOAT, 0, 0, TensorProto.FLOAT)
        self.check("SimplifiedLayerNormalization", [x, gamma], domain="")
        self.check("SkipLayerNormalization", [x, skip, gamma])
        self.check("SkipLayerNormalization", [x, skip, gamma, beta], outputs=four, epsilon=1e-3)
        self.check("SkipLayerNormalization", [x, skip, gamma, beta, bias], outputs=four)
        self.check("SkipSimplifiedLayerNormalization", [x, skip, gamma], outputs=four)
        self.check("SkipSimplifiedLayerNormalization", [x, skip, gamma, bias])

    def test_embedding(self):
        words, segments = RNG.integers(0, 30, (2, 7)).astype("i4"), RNG.integers(0, 2, (2, 7)).astype("i4")
        tables = [f32(30, 16), f32(9, 16)]
        ends = [f32(16), f32(16)]
        for inputs in ([words, segments, *tables, f32(2, 16), *ends], [words, None, *tables, None, *ends]):
            self.check("EmbedLayerNormalization", inputs, fixed=range(2, 7), outputs=(TensorProto.FLOAT, 0))

    def test_fused_matmul(self):
        for first in (0, 1):
            for second in (0, 1):
                a = f32(3, 7, 5) if first else f32(3, 5, 7)
                b = f32(3, 9, 7) if second else f32(3, 7, 9)
                self.check("FusedMatMul", [a, b], transA=first, transB=second, alpha=0.25, transBatchA=0)
        self.refused("transBatchA", "FusedMatMul", [f32(3, 5, 7), f32(3, 7, 9)], transBatchA=1)

    def test_attention(self):
        q, k, v = f32(2, 5, 32), f32(2, 9, 32), f32(2, 9, 32)
        self.check("MultiHeadAttention", [q, k, v], num_heads=4)
        self.check("MultiHeadAttention", [q, k, v], num_heads=4, scale=0.3)
        self.check("MultiHeadAttention", [k, k, v], num_heads=4, unidirectional=1)
        self.check("MultiHeadAttention", [q, k, v, f32(96)], fixed=[3], num_heads=4)
        self.check("MultiHeadAttention", [q, k, v, None, None, f32(2, 4, 5, 9)], num_heads=4)
        x, w, b = f32(2, 6, 32), f32(32, 96), f32(96)
        self.check("Attention", [x, w, b], fixed=[1, 2], num_heads=4)
        self.check("Attention", [x, w, b], fixed=[1, 2], num_heads=4, unidirectional=1)
        mask = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]], np.int32)
        self.check("Attention", [x, w, b, mask], fixed=[1, 2], num_heads=4)
        self.check("Attention", [x, w, b, mask], fixed=[1, 2], num_heads=4, mask_filter_value=-1.0)
        self.refused("mask_index|perm|Transpose", "Attention", [x, w, b, np.array([4, 6], np.int32)], num_heads=4)

    def test_fused_convolution(self):
        x, w, b, z = f32(1, 4, 9, 11), f32(6, 2, 3, 3), f32(6), f32(1, 6, 5, 6)
        window = {"group": 2, "pads": [1, 1, 1, 1], "strides": [2, 2]}
        for kind, params in (("Relu", {}), ("Sigmoid", {}), ("Tanh", {}), ("LeakyRelu", {"activation_params": [0.1]}),
                             ("Clip", {"activation_params": [-0.5, 2.0]})):
            self.check("FusedConv", [x, w, b], fixed=[1, 2], activation=kind, **params, **window)
        self.check("FusedConv", [x, w], fixed=[1], activation="Relu", **window)
        self.check("FusedConv", [x, w, b, z], fixed=[1, 2], activation="Relu", **window)
        self.check("FusedConv", [x, w, b, z], fixed=[1, 2], **window)
        self.refused("activation", "FusedConv", [x, w, b, z], activation="HardSigmoid", **window)
        for kind in ("Relu", "Tanh"):
            self.check("FusedGemm", [f32(3, 8), f32(5, 8), f32(5)], fixed=[1, 2], activation=kind, transB=1, alpha=0.5)

    def test_rotary_embedding(self):
        positions = np.array([[0, 1, 2, 3, 4]] * 2, np.int64)
        self.check("RotaryEmbedding", [f32(2, 3, 5, 8), positions, f32(12, 4), f32(12, 4)], fixed=[2, 3])
        self.check("RotaryEmbedding", [f32(2, 3, 5, 8), positions, f32(12, 4), f32(12, 4)], fixed=[2, 3], interleaved=1)

    def test_quantized(self):
        byte = (TensorProto.UINT8,)
        x, zero = u8(2, 3, 8, 10), np.uint8(120)
        self.check("QuantizeLinear", [f32(5, 7), scale(), zero], fixed=[1, 2], outputs=byte)
        self.check("DequantizeLinear", [u8(5, 7), scale(), zero], fixed=[1, 2])
        for kind in ("QLinearAdd", "QLinearMul"):
            self.check(kind, [x, scale(), zero, u8(2, 3, 8, 10), scale(0.03), np.uint8(7), scale(0.2), np.uint8(99)],
                       fixed=[1, 2, 4, 5, 6, 7], outputs=byte, step=1)
        ends = [scale(), zero, scale(0.01), np.uint8(3)]
        self.check("QLinearSigmoid", [x, *ends], fixed=range(1, 5), outputs=byte, step=1)
        self.check("QLinearSigmoid", [x, scale(), None, scale(0.01), None], fixed=[1, 3], outputs=byte, step=1)
        self.check("QLinearLeakyRelu", [x, *ends], fixed=range(1, 5), outputs=byte, step=1, alpha=0.2)
        self.check("QLinearGlobalAveragePool", [x, *ends], fixed=range(1, 5), outputs=byte, step=1, channels_last=0)
        self.check("QLinearAveragePool", [x, *ends], fixed=range(1, 5), outputs=byte, step=1,
                   kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        self.refused("channels_last", "QLinearGlobalAveragePool", [x, *ends], channels_last=1)

    def test_quantized_products(self):
        # Of 7 bits: with 8 ONNX Runtime's sums saturate where the processor has no VNNI.
        a, w, zero = u8(6, 40), RNG.integers(-64, 64, (40, 24)).astype("i1"), np.int8(0)
        columns = np.full(24, 0.02, "f4")
        bias = RNG.integers(-900, 900, 24).astype("i4")
        head = [a, scale(), np.uint8(128)]
        self.check("QGemm", [*head, w, scale(0.02), zero, bias], fixed=range(1, 7))
        self.check("QGemm", [*head, w.T.copy(), columns, np.zeros(24, "i1"), bias, scale(0.5), np.uint8(100)],
                   fixed=range(1, 9), outputs=(TensorProto.UINT8,), step=1, transB=1)
        self.check("MatMulIntegerToFloat", [a, w, scale(), columns, np.uint8(128), np.zeros(24, "i1")], fixed=range(1, 6))
        self.check("MatMulIntegerToFloat", [a, w, scale(), columns, np.uint8(128), np.zeros(24, "i1"), f32(24)],
                   fixed=range(1, 7))
        for zeros in (np.zeros(24, "i1"), None):
            self.check("DynamicQuantizeMatMul", [f32(6, 40), w, columns, zeros, f32(24)], fixed=range(1, 5))
        self.check("DynamicQuantizeMatMul", [f32(6, 40), w, columns, np.zeros(24, "i1")], fixed=range(1, 4))


if __name__ == "__main__":
    unittest.main()
