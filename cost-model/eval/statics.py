"""Static targets: what the compiler emits, predicted before it emits it.

Instructions, spills and vector registers of a kernel's machine code, by the features
of the cost model and by tokens of its text (arXiv 2302.11405 predicts registers so).
"""

import dataclasses

import baselines
import numpy as np

TARGETS = ("instructions", "spills", "registers")
SEES = ("features", "tokens")


def predict(context, part, target, sees):
    """A target of the tested kernels of one thread, predicted as log2(1 + x); NaN of
    others: the code of a kernel is the same on any number of threads."""
    table = context.hidden(part)
    values = np.log2(1 + getattr(table, target))
    known = (table.threads[part.train] == 1) & np.isfinite(values[part.train])
    one = dataclasses.replace(part, train=part.train[known],
                              test=part.test[table.threads[part.test] == 1])
    features = context.tokens if sees == "tokens" else table.features
    predicted = np.full(len(part.test), np.nan)
    predicted[table.threads[part.test] == 1] = np.exp2(baselines.boost(
        features, values, one, baselines.BOOSTER, context.rounds)) - 1
    return predicted


def is_counted(table, target):
    return np.isfinite(getattr(table, target)).any()


def errors(actual, predicted):
    """Root of mean squares over the range of the target (as that paper gives it), the
    median of |error| / (1 + actual), and R2."""
    known = np.isfinite(predicted) & np.isfinite(actual)
    actual, error = actual[known], predicted[known] - actual[known]
    return {"rmse_of_range": float(np.sqrt(np.mean(error**2)) / max(np.ptp(actual), 1)),
            "median_relative": float(np.median(np.abs(error) / (1 + actual))),
            "r2": float(1 - np.mean(error**2) / max(np.var(actual), 1e-12))}
