"""The figures of an evaluation, from the scores of all choosers on all splits."""

import dataclasses

import choosers
import metrics
import numpy as np
import spaces
import statics

# Views of a split whose spaces differ in number of threads, or leave tails.
VIEWS = {"": lambda found: np.ones(len(found), bool),
         "-1-thread": lambda found: found.threads == 1,
         "-2-threads": lambda found: found.threads == 2,
         "-odd-sizes": lambda found: found.odd}


@dataclasses.dataclass
class Results:
    table: object
    spaces: object
    parts: list
    quality: dict = dataclasses.field(default_factory=dict)  # (view, chooser): Quality
    kinds: dict = dataclasses.field(default_factory=dict)  # (operator family, chooser): Quality
    tests: dict = dataclasses.field(default_factory=dict)  # (split, part): learned's Quality
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


def judge_all(table, found, split, within):
    """The Quality of each chooser on some spaces of a split."""
    default = metrics.slowdowns(table.seconds, metrics.orders(
        found[split, "score", "fixed default"], within))
    quality = {"random": metrics.judge_random(table, within, default)}
    for (other, what, name), scores in found.items():
        if other == split and what == "score" and name in choosers.ALL:
            is_time = choosers.ALL[name].is_time
            quality[name] = metrics.judge(table, within, scores, default, is_time)
    return quality


def add_view(results, found, split, view, within):
    """The figures of the spaces `within`, as `view`."""
    table, rows = results.table, np.concatenate(within.rows)
    for name, quality in judge_all(table, found, split, within).items():
        results.quality[view, name] = quality
    results.noise[view] = metrics.noise_floor(table.halves, within)
    scores, limits = found[split, "score", "learned"], found[split, "limits", ""]
    results.coverage[view] = covered(table, rows, scores, limits)
    for family in np.unique(table.family[rows]):
        for several in (False, True):
            some = rows[(table.family[rows] == family) & ((table.threads[rows] > 1) == several)]
            if len(some):
                results.coverage[view, family, several] = covered(table, some, scores, limits)


def add_ablations(results, found):
    """The learned model and its ablations on the spaces that the ablations were asked for."""
    for split, what, name in found:
        if what == "score" and name in choosers.ablations():
            scores = found[split, what, name]
            within = results.spaces.among(np.flatnonzero(np.isfinite(scores)))
            default = np.ones(len(within))  # Harm is not told of ablations.
            for model in ("learned", "learned without formula", name):
                results.ablations[split, model] = metrics.judge(
                    results.table, within, found[split, what, model], default, True)


def add_static(results, found):
    for target in statics.TARGETS:
        for sees in statics.SEES:
            predicted = found.get(("unseen-shapes", target, sees))
            if predicted is not None:
                results.statics[target, sees] = statics.errors(
                    getattr(results.table, target), predicted)


def of(table, parts, found):
    """All figures. `found`: what evaluate.run gives."""
    everything = spaces.spaces_of(table)
    results = Results(table, everything, parts)
    for split in dict.fromkeys(part.split for part in parts):
        tested = np.concatenate([part.test for part in parts if part.split == split])
        within = everything.among(tested)
        for suffix, which in VIEWS.items():
            chosen = within.where(which(within))
            if len(chosen) and (not suffix or split == "unseen-shapes"):
                add_view(results, found, split, split + suffix, chosen)
        for part in parts:
            if part.split == split:
                quality = judge_all(table, found, split, everything.among(part.test))
                results.tests[split, part.name] = quality
    for kind in np.unique(everything.kind):
        some = everything.where(everything.kind == kind)
        for name, quality in judge_all(table, found, "unseen-shapes", some).items():
            results.kinds[kind, name] = quality
    for name in choosers.ALL:
        scores = found.get(("unseen-shapes", "score", name))
        if scores is not None:
            results.slowdowns[name] = metrics.slowdowns(
                table.seconds, metrics.orders(scores, everything))
    results.predicted = found["unseen-shapes", "score", "learned"]
    add_ablations(results, found)
    add_static(results, found)
    return results
