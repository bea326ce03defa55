"""The model that ships, trained on one side of a split by train.py itself."""

import dataclasses
import re

import kernels
import numpy as np
import train
import xgboost

CALIBRATION = 5  # One in so many training units calibrates the interval.


def predict(table, part, target):
    """`target` (one number per kernel) of the tested kernels, family by family as shipped;
    0 for a family that was not trained, which leaves the formula."""
    known = np.zeros(len(table), bool)
    known[part.train] = True
    used = np.concatenate([part.train, part.test])
    predicted = np.zeros(len(table))
    for family in np.unique(table.family[part.test]):
        rows = np.sort(used[table.family[used] == family])
        predicted[rows[~known[rows]]] = train.predict_part(
            table.where(rows), target[rows], known[rows])
    return predicted[part.test]


def log_seconds(table, part):
    """Formula and trees."""
    return np.log(table.analytic[part.test]) + predict(table, part, table.residual)


def plain_log_seconds(table, part):
    """Trees alone: they learn the logarithm of time, without the formula's as its start."""
    return predict(table, part, np.log(table.seconds))


def shared_log_seconds(table, part):
    """One ensemble for all families: what a family that was never measured gets from others."""
    known = table.where(part.train)
    # With the settings of one family: those of contractions.
    known.family = np.full(len(known), kernels.families().index("contraction"))
    booster = train.fit_family(known, known.residual)
    return np.log(table.analytic[part.test]) + booster.predict(
        xgboost.DMatrix(table.features[part.test], nthread=1))


def limits(table, part, units):
    """The half-widths of the 90 % interval, per tested kernel: of log time, calibrated on
    training units that a model of the other ones has not seen (split-conformal)."""
    asked = part.train[np.isin(table.family[part.train], table.family[part.test])]
    if not len(asked):
        return np.zeros(len(part.test))  # As of a family without trees: not sure.
    held = np.isin(units[asked], np.unique(units[asked])[::CALIBRATION])
    inner = dataclasses.replace(part, train=asked[~held], test=asked[held])
    errors = table.residual[inner.test] - predict(table, inner, table.residual)
    spreads = train.spreads(table.where(inner.test), errors)
    return spreads[table.family[part.test], (table.threads[part.test] > 1).astype(int)]


def groups():
    """The features of each section of Features.def, by its heading."""
    path = kernels.ROOT / "include" / "tegula" / "CostModel" / "Features.def"
    found, heading, is_text = {}, "", False
    for line in path.read_text().split("\n"):
        if line.startswith("// "):
            # The first line of a comment names the section.
            heading = heading if is_text else re.split("[:.]", line[3:])[0]
            is_text = True
        else:
            is_text = False
            if line.startswith("TEGULA_COST_FEATURE("):
                found.setdefault(heading, []).append(line.split("(")[1].split(",")[0])
    return found
