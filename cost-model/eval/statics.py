"""Static targets: what the compiler emits, predicted before it emits it.

Instructions, spills and vector registers of a kernel's machine code, by the features
of the cost model and by tokens of its text (arXiv 2302.11405 predicts registers so).
"""

import baselines
import numpy as np

TARGETS = ("instructions", "spills", "registers")
SEES = ("features", "tokens")


def predict(context, part, target, sees):
    """A target of the tested kernels, predicted as log2(1 + x)."""
    table = context.hidden(part)
    features = context.tokens if sees == "tokens" else table.features
    values = np.log2(1 + getattr(table, target))
    predicted = baselines.boost(features, values, part, baselines.BOOSTER, context.rounds)
    return np.exp2(predicted) - 1


def is_counted(table, target):
    return np.isfinite(getattr(table, target)).all()


def errors(actual, predicted):
    """Root of mean squares over the range of the target (as that paper gives it), the
    median of |error| / (1 + actual), and R2."""
    error = predicted - actual
    return {"rmse_of_range": float(np.sqrt(np.mean(error**2)) / max(np.ptp(actual), 1)),
            "median_relative": float(np.median(np.abs(error) / (1 + actual))),
            "r2": float(1 - np.mean(error**2) / max(np.var(actual), 1e-12))}
