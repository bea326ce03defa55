"""The figures of an evaluation, from the scores of all choosers on all splits."""

import dataclasses
import itertools

import choosers
import metrics
import numpy as np
import spaces
import statics

# Microseconds of the fastest schedule: below the first, calls and threads take their share.
DURATIONS = (0, 10, 100, 1000, np.inf)
MANY = 30  # Schedules of a space that is worth a choice.
# Views of a split: by number of threads, spaces that leave tails, and large ones (those of
# elementwise kernels and rows have three schedules, and a draw is often right).
VIEWS = {"": lambda found: np.ones(len(found), bool),
         "-1-thread": lambda found: found.threads == 1,
         "-2-threads": lambda found: found.threads == 2,
         "-odd-sizes": lambda found: found.odd,
         "-many-schedules": lambda found: np.array([len(rows) for rows in found.rows]) >= MANY}


@dataclasses.dataclass
class Results:
    table: object
    spaces: object
    parts: list
    quality: dict = dataclasses.field(default_factory=dict)  # (view, chooser): Quality
    kinds: dict = dataclasses.field(default_factory=dict)  # (operator family, chooser): Quality
    durations: dict = dataclasses.field(default_factory=dict)  # (bounds, chooser): Quality
    tests: dict = dataclasses.field(default_factory=dict)  # (split, part): {chooser: Quality}
    noise: dict = dataclasses.field(default_factory=dict)  # view: slowdowns per space
    coverage: dict = dataclasses.field(default_factory=dict)  # view or (view, family): share, sure
    ablations: dict = dataclasses.field(default_factory=dict)  # (split, model): Quality
    statics: dict = dataclasses.field(default_factory=dict)  # (target, sees): errors
    slowdowns: dict = dataclasses.field(default_factory=dict)  # chooser: unseen shapes
    predicted: np.ndarray = None  # log seconds of unseen shapes
    searches: dict = dataclasses.field(default_factory=dict)  # agents.tuned
    searched: int = 0  # spaces

    def lines(self):
        """A line per view of a split."""
        for view in self.noise:
            quality = self.quality[view, "learned"]
            yield (f"split={view} top1_regret={quality.regret[1]:.4f} "
                   f"p95_regret={quality.p95:.4f} harm={quality.harm:.4f} "
                   f"top5_regret={quality.regret[5]:.4f} coverage90={self.coverage[view][0]:.4f} "
                   f"spearman={quality.spearman:.4f}")


def covered(table, rows, scores, limits):
    """Share of kernels inside of their interval, of those that have one; and their share."""
    inside = metrics.is_within(np.log(table.seconds[rows]) - scores[rows], limits[rows])
    sure = np.isfinite(inside)
    return (float(inside[sure].mean()) if sure.any() else float("nan")), float(sure.mean())


def measure_all(results, found, split, within):
    """{chooser: Measures} on the spaces of a split."""
    measures = {"random": metrics.measure_random(results.table, within)}
    for name, chooser in choosers.ALL.items():
        scores = found.get((split, "score", name))
        if scores is not None:
            measures[name] = metrics.measure(results.table, within, scores, chooser.is_time)
    return measures


def qualities(measures, within, which):
    """{chooser: Quality} on those spaces of a split that are `which`."""
    default = measures["fixed default"].slowdown[1][which]
    return {name: metrics.quality(one.where(which), default, within.unit[which])
            for name, one in measures.items()}


def add_view(results, found, split, view, chosen):
    """Noise and coverage of the spaces `chosen`."""
    table, rows = results.table, np.concatenate(chosen.rows)
    results.noise[view] = metrics.noise_floor(table.halves, chosen)
    scores, limits = found[split, "score", "learned"], found[split, "limits", ""]
    results.coverage[view] = covered(table, rows, scores, limits)
    if view != split:
        return
    for family in np.unique(table.family[rows]):
        for several in (False, True):
            some = rows[(table.family[rows] == family) & ((table.threads[rows] > 1) == several)]
            if len(some):
                results.coverage[view, family, several] = covered(table, some, scores, limits)


def add_kinds(results, within, measures):
    """Operator families and durations of the spaces of unseen shapes apart."""
    for kind in np.unique(within.kind):
        for name, quality in qualities(measures, within, within.kind == kind).items():
            results.kinds[kind, name] = quality
    fastest = 1e6 * np.array([results.table.seconds[rows].min() for rows in within.rows])
    for bounds in itertools.pairwise(DURATIONS):
        which = (bounds[0] <= fastest) & (fastest < bounds[1])
        if which.any():
            for name, quality in qualities(measures, within, which).items():
                results.durations[bounds, name] = quality


def add_split(results, found, split):
    """All views of a split, and its parts."""
    parts = [part for part in results.parts if part.split == split]
    within = results.spaces.among(np.concatenate([part.test for part in parts]))
    measures = measure_all(results, found, split, within)
    for suffix, view in VIEWS.items():
        which = view(within)
        if which.any() and (not suffix or split == "unseen-shapes"):
            add_view(results, found, split, split + suffix, within.where(which))
            for name, quality in qualities(measures, within, which).items():
                results.quality[split + suffix, name] = quality
    for part in parts:
        which = np.isin([rows[0] for rows in within.rows], part.test)
        if which.any():
            results.tests[split, part.name] = qualities(measures, within, which)
    if split == "unseen-shapes":
        results.slowdowns = {name: one.slowdown[1] for name, one in measures.items()}
        add_kinds(results, within, measures)


def add_ablations(results, found):
    """The learned model and its ablations on the spaces that the ablations were asked for."""
    for split, what, name in found:
        if what == "score" and name in choosers.ablations():
            within = results.spaces.among(np.flatnonzero(np.isfinite(found[split, what, name])))
            for model in ("learned", "learned without formula", name):
                if (split, model) not in results.ablations:
                    measures = metrics.measure(
                        results.table, within, found[split, what, model], True)
                    # Harm is not told of ablations.
                    results.ablations[split, model] = metrics.quality(
                        measures, np.ones(len(within)), within.unit)


def add_static(results, found):
    for target in statics.TARGETS:
        for sees in statics.SEES:
            predicted = found.get(("unseen-shapes", target, sees))
            if predicted is not None:
                results.statics[target, sees] = statics.errors(
                    getattr(results.table, target), predicted)


def of(table, parts, found):
    """All figures. `found`: what evaluate.run gives."""
    results = Results(table, spaces.spaces_of(table), parts)
    for split in dict.fromkeys(part.split for part in parts):
        add_split(results, found, split)
    results.predicted = found["unseen-shapes", "score", "learned"]
    add_ablations(results, found)
    add_static(results, found)
    return results
