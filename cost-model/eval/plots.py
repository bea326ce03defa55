"""The plots of an evaluation's page. The same figures give the same files."""

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({"svg.hashsalt": "tegula", "svg.fonttype": "none", "font.size": 9})

import kernels  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib import pyplot  # noqa: E402

NO_DATE = {"svg": {"Date": None}, "png": {"Software": None}}


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, dpi=80, metadata=NO_DATE[path.suffix[1:]])
    pyplot.close(figure)


def choosers(path, results):
    """Share of unseen spaces on which the choice is at most so much slower than the best."""
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, slowdown in results.slowdowns.items():
        shown = np.quantile(slowdown, np.linspace(0, 1, 200)) - 1
        axes.plot(100 * shown, np.linspace(0, 100, 200), label=name,
                  linewidth=2.5 if name == "learned" else 1)
    axes.set(xlim=(0, 50), ylim=(0, 100), xlabel="slower than the fastest measured, %",
             ylabel="of spaces of unseen shapes, %")
    axes.legend(loc="lower right", fontsize=7)
    save(figure, path)


def predicted(path, results):
    """Predicted over measured seconds of unseen shapes, a panel per schedule family."""
    present = np.unique(results.table.family)
    columns = min(4, len(present))
    figure, grid = pyplot.subplots(-(-len(present) // columns), columns, squeeze=False,
                                   figsize=(2.4 * columns, 2.4 * -(-len(present) // columns)))
    for axes in grid.flat[len(present):]:
        axes.remove()
    for axes, family in zip(grid.flat, present, strict=False):
        of_family = results.table.family == family
        measured = results.table.seconds[of_family]
        axes.hexbin(np.log10(measured), results.predicted[of_family] / np.log(10), gridsize=40,
                    mincnt=1, bins="log", cmap="viridis")
        ends = np.log10([measured.min(), measured.max()])
        axes.plot(ends, ends, color="black", linewidth=0.5)
        axes.set(title=kernels.families()[family], xlabel="measured, log10 s",
                 ylabel="predicted, log10 s")
    save(figure, path)


def searches(path, curves):
    """Regret of the fastest measured point over the number of measurements."""
    figure, axes = pyplot.subplots(figsize=(7, 4))
    agents = list(dict.fromkeys(name for name, _ in curves))
    for (name, is_prior), (curve, _) in curves.items():
        axes.plot(np.arange(1, len(curve) + 1), 100 * (curve - 1), color=f"C{agents.index(name)}",
                  linestyle="-" if is_prior else ":",
                  label=f"{name}, {'predictions' if is_prior else 'blind'}")
    axes.set(xscale="log", xlabel="measurements", ylabel="regret, %", ylim=(0, None))
    axes.legend(fontsize=7)
    save(figure, path)


def write(folder, results):
    choosers(folder / "choosers.svg", results)
    predicted(folder / "predicted.png", results)
    if results.searches:
        searches(folder / "searches.svg", results.searches)
