"""What the files of this folder share: cases, models of one operator, bounds.

A file defines `cases()`, which yields Case objects. Each case is compiled four
times (-O3 and -O0, with numbers and with symbols as dimensions) and compared
with ONNX's reference evaluator run in float64, or with a function of its own.
"""

import zlib
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 21
F32_EPS = 2.0 ** -24  # unit roundoff

FLOATS = {np.dtype(np.float16): 2.0 ** -11, np.dtype(np.float32): F32_EPS, np.dtype(np.float64): 2.0 ** -53}


def rng(*names):
    """A generator whose stream depends on the names alone."""
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def normal(name, shape, dtype=np.float32, scale=1.0):
    """Normal floats; for integers small values of both signs that the type can hold."""
    dtype = np.dtype(dtype)
    if dtype == bool:
        return rng(name, shape).random(shape) < 0.5
    if dtype.kind in "iu":
        low = 0 if dtype.kind == "u" else -20
        return rng(name, shape).integers(low, 21, shape).astype(dtype)
    return (rng(name, shape).standard_normal(shape) * scale).astype(dtype)


def ulps(count):
    """A bound of so many units in the last place of the exact result."""

    def bound(case, exact):
        roundoff = 2 * FLOATS.get(case.result_dtype, 0)
        tiny = np.finfo(case.result_dtype).smallest_subnormal if roundoff else 0
        return [count * (roundoff * np.abs(value) + tiny) for value in exact]

    return bound


def summed(terms, slack=4):
    """A bound for sums of `terms` products: the same graph on absolute values, times n eps."""

    def bound(case, exact):
        roundoff = FLOATS.get(np.dtype(np.float32), 0) if case.result_dtype != np.float64 else 2.0 ** -53
        absolute = [{k: np.abs(v) if np.asarray(v).dtype.kind == "f" else v for k, v in group.items()}
                    for group in (case.feeds, case.constants)]
        sizes = replace(case, feeds=absolute[0], constants=absolute[1]).exact()
        own = FLOATS.get(case.result_dtype, 0)
        return [(terms + slack) * roundoff * np.abs(s) + 2 * own * np.abs(e) + 1e-300
                for s, e in zip(sizes, exact)]

    return bound


def relative(factor):
    """A bound relative to the largest value of each output."""

    def bound(case, exact):
        finite = [np.abs(v[np.isfinite(v)]).max(initial=0.0) for v in exact]
        return [np.full(v.shape, factor * f + 1e-300) for v, f in zip(exact, finite)]

    return bound


def worst(error, limit, want):
    """The largest error in terms of the largest finite value, and of its limit."""
    with np.errstate(all="ignore"):
        largest = np.abs(want[np.isfinite(want)]).max(initial=0.0)
        shares = np.where(error == 0, 0.0, error / limit)
        return (float(error.max(initial=0.0) / largest) if largest else 0.0, float(shares.max(initial=0.0)))


@dataclass
class Case:
    """A small graph with inputs, and how exact its outputs must be."""

    name: str
    nodes: list
    feeds: dict  # arrays by input name
    constants: dict = field(default_factory=dict)  # arrays by initialiser name
    outputs: tuple = ("y",)
    bound: object = None  # function of (case, exact outputs); None: equal
    reference: object = None  # function of feeds in float64, "onnxruntime", or None: ONNX's evaluator
    opset: int = OPSET
    dynamic: bool = True  # compile with symbolic dimensions too
    shape: tuple = None  # of the output, for operators whose shapes ONNX does not infer
    result_dtype: np.dtype = np.dtype(np.float32)

    def model(self, wide=False, symbolic=False):
        """The ModelProto; `wide`: floats are doubles."""

        def cast(value):
            return value.astype(np.float64) if wide and value.dtype.kind == "f" else value

        inputs = []
        for number, (name, value) in enumerate(self.feeds.items()):
            shape = [f"d{number}_{axis}" for axis in range(value.ndim)] if symbolic else value.shape
            kind = helper.np_dtype_to_tensor_dtype(cast(value).dtype)
            inputs.append(helper.make_tensor_value_info(name, kind, shape))
        outputs = [helper.make_value_info(name, helper.make_tensor_type_proto(TensorProto.UNDEFINED, None))
                   for name in self.outputs]
        nodes = [self.widened(node) for node in self.nodes] if wide else self.nodes
        graph = helper.make_graph(nodes, self.name.replace("/", "_"), inputs, outputs,
                                  [numpy_helper.from_array(np.asarray(cast(v)), k) for k, v in self.constants.items()])
        domains = sorted({node.domain for node in self.nodes} - {""})
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(name, 1) for name in domains]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
        for output in inferred.graph.output:
            if not output.type.tensor_type.elem_type:  # ONNX infers none: it is the first input's
                output.type.tensor_type.elem_type = inputs[0].type.tensor_type.elem_type
            if symbolic:
                output.type.tensor_type.ClearField("shape")
            if self.shape:
                output.CopyFrom(helper.make_tensor_value_info(
                    output.name, output.type.tensor_type.elem_type,
                    [f"{output.name}{axis}" for axis in range(len(self.shape))] if symbolic else self.shape))
        del inferred.graph.value_info[:]
        return inferred

    @staticmethod
    def widened(node):
        """The node with casts to float meaning casts to double."""
        if node.op_type != "Cast" or helper.get_node_attr_value(node, "to") not in (
                TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16):
            return node
        return helper.make_node("Cast", list(node.input), list(node.output), to=TensorProto.DOUBLE)

    def exact(self):
        """The outputs in float64 (integers as they are)."""
        wide = {name: value.astype(np.float64) if value.dtype.kind == "f" else value
                for name, value in self.feeds.items()}
        with np.errstate(all="ignore"):
            if self.reference == "onnxruntime":
                return self.exact_by_onnxruntime()
            if self.reference:
                result = self.reference(**wide)
                return [np.asarray(v) for v in (result if isinstance(result, tuple) else (result,))]
            from onnx.reference import ReferenceEvaluator

            if self.bound is None:  # exact operators: in their own types
                wide = self.feeds
            return [np.asarray(v) for v in
                    ReferenceEvaluator(self.model(wide=self.bound is not None)).run(None, wide)]

    def exact_by_onnxruntime(self):
        """For operators that ONNX's evaluator gets wrong or lacks."""
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        session = onnxruntime.InferenceSession(self.model().SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(None, self.feeds)

    def check(self, got):
        """(largest error over the largest exact value, largest share of the bound) of what
        has a bound, else None; raises AssertionError if outputs are not close enough to the exact ones."""
        exact = self.exact()
        seen = []
        assert len(got) == len(exact), f"{len(got)} outputs, expected {len(exact)}"
        limits = self.limits(got, exact)
        for name, value, want, limit in zip(self.outputs, got, exact, limits):
            assert value.shape == want.shape, f"{name}: shape {list(value.shape)}, expected {list(want.shape)}"
            if limit is None:
                wrong = ~((value == want) | ((value != value) & (want != want)))
                error = wrong
            else:
                wide = value.astype(np.float64)
                with np.errstate(over="ignore"):  # overflows as the type does
                    rounded = want.astype(value.dtype).astype(np.float64)
                same = (wide == want) | (wide == rounded) | (np.isnan(wide) & np.isnan(want))
                with np.errstate(invalid="ignore"):
                    error = np.where(same, 0.0, np.abs(wide - want))
                wrong = ~same & ~(error <= limit)
                seen.append(worst(error, limit, want))
            if np.any(wrong):
                at = tuple(np.argwhere(wrong)[0])
                raise AssertionError(
                    f"{name}: {int(wrong.sum())} of {wrong.size} values, first at {[int(i) for i in at]}: {value[at]!s}, "
                    f"expected {want[at]!s}" + ("" if limit is None else f" within {np.broadcast_to(limit, wrong.shape)[at]:.2g}"))
        return tuple(map(max, zip(*seen))) if seen else None

    def limits(self, got, exact):
        """The largest allowed errors of each output; None where equality is asked for."""
        if self.bound is None:
            return [None] * len(exact)
        self.result_dtype = next((v.dtype for v in got if v.dtype in FLOATS), np.dtype(np.float32))
        with np.errstate(all="ignore"):
            return [limit if value.dtype in FLOATS else None
                    for limit, value in zip(self.bound(self, exact), got)]


def single(name, op, *inputs, constants=(), outputs=("y",), bound=None, reference=None, dynamic=True,
           opset=OPSET, **attributes):
    """A case of one node. Inputs are arrays (or None: left out); those whose
    positions are in `constants` become initialisers."""
    names = ["" if value is None else f"x{i}" for i, value in enumerate(inputs)]
    values = {n: np.asarray(v) for n, v in zip(names, inputs) if n}
    fixed = {f"x{i}" for i in constants}
    node = helper.make_node(op, names, list(outputs), **attributes)
    return Case(f"{op}/{name}", [node], {n: v for n, v in values.items() if n not in fixed},
                {n: v for n, v in values.items() if n in fixed}, outputs, bound, reference, opset, dynamic)
