"""All choosers that evaluate.py compares, by name."""

import dataclasses
import functools
from collections.abc import Callable

import baselines
import kernels
import learned
import numpy as np


@dataclasses.dataclass(frozen=True)
class Chooser:
    score: Callable  # (context, hidden table, part) -> scores of the tested kernels
    is_time: bool = False  # scores are log seconds
    parts: tuple = ()  # Names of those that it is asked for; () is all.

    def is_asked(self, part):
        return not self.parts or part.split in self.parts or part.name in self.parts


ALL = {
    "fixed default": Chooser(baselines.fixed_default),
    "analytic only": Chooser(baselines.analytic, True),
    "shape only": Chooser(baselines.shape_only, True),
    "nearest shape": Chooser(baselines.nearest_shape),
    "raw knobs, forest": Chooser(baselines.raw_knobs, True),
    "Ansor's 164 features and loss": Chooser(baselines.ansor),
    "tokens": Chooser(baselines.text_tokens, True),
    "learned without formula": Chooser(
        lambda context, table, part: learned.plain_log_seconds(table, part), True,
        ("unseen-shapes", "larger-sizes")),
    "learned": Chooser(lambda context, table, part: learned.log_seconds(table, part), True),
    "learned, one ensemble": Chooser(
        lambda context, table, part: learned.shared_log_seconds(table, part), True,
        ("unseen-family",)),
}
# A fold of unseen shapes is enough: there no group matters much, on larger sizes some do.
ABLATED = ("fold 0", "larger-sizes")


def without(names):
    """The learned model without some features: they are the same everywhere."""
    def score(context, table, part):
        features = table.features.copy()
        features[:, [kernels.feature_names().index(name) for name in names]] = 0
        return learned.log_seconds(dataclasses.replace(table, features=features), part)
    return Chooser(score, True, ABLATED)


@functools.cache
def ablations():
    """The learned model without each group of features."""
    return {f"without: {heading}": without(names) for heading, names in learned.groups().items()}


def everything():
    return ALL | ablations()


def scores(chooser, context, part):
    """Scores of the tested kernels, checked: one that saw what it is tested on sees NaN."""
    found = chooser.score(context, context.hidden(part), part)
    if found.shape != part.test.shape or not np.isfinite(found).all():
        raise ValueError("a chooser gave no score, or looked at what it is tested on")
    return found
