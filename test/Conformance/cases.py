"""The cases of ONNX's backend suite: models, inputs and expected outputs."""

import functools
import json
import pathlib
import re
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

DATA = pathlib.Path(onnx.__file__).parent / "backend" / "test" / "data"
KINDS = ("node", "simple", "light", "pytorch-converted", "pytorch-operator")
MODES = ("static", "dynamic", "constant", "O0", "gpu", "aarch64")

# Their outputs are random: only shapes and types can be compared.
RANDOM = re.compile(r"test_bernoulli|test_training_dropout(?!.*zero_ratio)|test_(?:random|multinomial)")


@dataclass(frozen=True)
class Case:
    """One model with one or more sets of inputs and outputs."""

    name: str  # "node/test_abs"
    model: pathlib.Path
    rtol: float = 1e-3
    atol: float = 1e-7

    @property
    def random(self):
        """Are the expected values themselves meaningless?"""
        return bool(RANDOM.search(self.name))


def folder_case(kind, folder):
    """The case of a folder with a model.onnx, with its own tolerances if it has them."""
    bounds = {}
    if (folder / "data.json").exists():
        stored = json.loads((folder / "data.json").read_text())
        bounds = {key: stored[key] for key in ("rtol", "atol") if key in stored}
    return Case(f"{kind}/{folder.name}", folder / "model.onnx", **bounds)


@functools.cache
def all_cases():
    """Every case of the suite, by name."""
    found = []
    for kind in KINDS:
        if kind == "light":
            bounds = {f"test_{m['model_name']}": m for m in
                      (json.loads(p.read_text()) for p in (DATA / "real").glob("*/data.json"))}
            for model in sorted((DATA / kind).glob("light_*.onnx")):
                name = "test_" + model.stem[len("light_"):]
                own = {k: bounds.get(name, {}).get(k) for k in ("rtol", "atol") if k in bounds.get(name, {})}
                found.append(Case(f"{kind}/{name}", model, **own))
            continue
        folders = (f for f in sorted((DATA / kind).iterdir()) if (f / "model.onnx").exists())
        found += [folder_case(kind, folder) for folder in folders]
    return {case.name: case for case in found}


def load_value(path, kind):
    """An array, a list (sequence) or None (empty optional) from a .pb file."""
    data = path.read_bytes()
    if kind.HasField("sequence_type"):
        return numpy_helper.to_list(onnx.SequenceProto.FromString(data))
    if kind.HasField("optional_type"):
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(data))
    return numpy_helper.to_array(onnx.TensorProto.FromString(data))


def real_inputs(graph):
    """The graph's inputs that are no initialisers with a default."""
    defaults = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in defaults]


def light_set(case, graph):
    """The light models have outputs on disk and inputs by formula."""
    from onnx.backend.test.runner import Runner

    feeds = {value.name: Runner.generate_dummy_data(value, seed=0, name=case.name, random=False)
             for value in real_inputs(graph)}
    outputs = [load_value(case.model.with_name(f"{case.model.stem}_output_{i}.pb"), value.type)
               for i, value in enumerate(graph.output)]
    return feeds, outputs


def data_sets(case, model):
    """(feeds by name, expected outputs) for each set of the case."""
    graph = model.graph
    if case.name.startswith("light/"):
        yield light_set(case, graph)
        return
    for folder in sorted(case.model.parent.glob("test_data_set_*")):
        count = len(list(folder.glob("input_*.pb")))
        feeds = {graph.input[i].name: load_value(folder / f"input_{i}.pb", graph.input[i].type)
                 for i in range(count)}
        outputs = [load_value(folder / f"output_{i}.pb", value.type)
                   for i, value in enumerate(graph.output) if (folder / f"output_{i}.pb").exists()]
        yield feeds, outputs


def make_dynamic(model):
    """Every input dimension becomes a symbol of its own; nothing else declares a shape."""
    initialised = {tensor.name for tensor in model.graph.initializer}
    for number, value in enumerate(model.graph.input):
        if value.name in initialised or not value.type.HasField("tensor_type"):
            continue
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.Clear()
            dim.dim_param = f"d{number}_{axis}"
    for value in model.graph.output:
        if value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    return model


def make_constant(model, feeds):
    """The inputs become initialisers; what cannot (sequences, optionals) stays an input."""
    left = []
    for value in model.graph.input:
        fed = feeds.get(value.name)
        if isinstance(fed, np.ndarray):
            if value.name not in {tensor.name for tensor in model.graph.initializer}:
                model.graph.initializer.append(numpy_helper.from_array(fed, value.name))
        else:
            left.append(value)
    del model.graph.input[:]
    model.graph.input.extend(left)
    return model
