"""Training and test by group: no unit (spaces.py) is on both sides.

Splits by row flatter every model: 30 schedules of a shape are in training when the
31st is asked for (shared notes on cost models: MAPE 3.9 % by row is 11.3 % by shape).
"""

import dataclasses

import networks
import numpy as np
import problems
import spaces

FOLDS = 5
LARGER = 0.7  # The quantile of work above which sizes are tested.


@dataclasses.dataclass
class Part:
    """One training and what it is tested on; numbers of kernels."""

    split: str
    name: str
    train: np.ndarray
    test: np.ndarray


def part(split, name, units, is_test):
    """A part that tests some kernels and is trained on units without any of them; None if
    one side is empty. What else is of the tested units is on neither side."""
    is_train = ~np.isin(units, np.unique(units[is_test]))
    if not is_train.any() or not is_test.any():
        return None
    return Part(split, name, np.flatnonzero(is_train), np.flatnonzero(is_test))


def unseen_shapes(table, units, seed=0):
    """Five folds by unit."""
    fold = np.random.default_rng(seed).permutation(units.max() + 1)[units] % FOLDS
    return [part("unseen-shapes", f"fold {number}", units, fold == number)
            for number in range(FOLDS)]


def larger_sizes(table, units):
    """Trained below the 70th percentile of work of each operator family, tested above."""
    work = np.array([problems.work(text) for text in table.problem], float)
    kinds = np.array([problems.kind(text) for text in table.problem])
    large = np.zeros(len(work), bool)
    for kind in np.unique(kinds):
        of_unit = {unit: work[(kinds == kind) & (units == unit)].max()
                   for unit in np.unique(units[kinds == kind])}
        limit = np.quantile(list(of_unit.values()), LARGER)
        large |= (kinds == kind) & (work > limit)
    return [part("larger-sizes", "above the 70th percentile of work", units, large)]


def unseen_families(table, units):
    """Each operator family left out in turn."""
    kinds = np.array([problems.kind(text) for text in table.problem])
    return [part("unseen-family", str(kind), units, kinds == kind) for kind in np.unique(kinds)]


def unseen_networks(table, units):
    """Each network's shapes left out in turn; shapes that are like them stay in training."""
    return [part("unseen-network", name, units,
                 np.isin(table.shape, list(networks.shapes_of(name)))) for name in networks.TABLES]


def all_parts(table):
    """The parts of all splits; those with nothing to train on or to test are left out."""
    units = spaces.units_of(table)
    found = [*unseen_shapes(table, units), *larger_sizes(table, units),
             *unseen_families(table, units), *unseen_networks(table, units)]
    return [one for one in found if one is not None]
