"""Which shapes of shapes.py belong to a network: its own rules, laid out for one network."""

import contextlib
import functools
from unittest import mock

import shapes

# The tables that lay networks out, and a network's rows of them.
TABLES = {
    "resnet50": {"RESIDUAL": [stage for stage in shapes.RESIDUAL if stage[2]]},
    "mobilenet_v2": {"INVERTED": [stage for stage in shapes.INVERTED if stage[2:4] == (6, 3)],
                     "CONVNEXT": []},
    "bert-base": {"TRANSFORMERS": {"bert-base": shapes.TRANSFORMERS["bert-base"]}},
}
RULES = {"resnet50": shapes.residual_networks, "mobilenet_v2": shapes.mobile_networks,
         "bert-base": shapes.transformers}
CLASSIFIERS = {"resnet50": (1000, 2048), "mobilenet_v2": (1000, 1280)}


@functools.cache
def shapes_of(network):
    """The names of a network's shapes."""
    with contextlib.ExitStack() as stack:
        for name, rows in TABLES[network].items():
            stack.enter_context(mock.patch.object(shapes, name, rows))
        names = {shape.name for shape in RULES[network]()}
    if network in CLASSIFIERS:
        names.add(shapes.matmul(1, *CLASSIFIERS[network]).name)
    return frozenset(names)
