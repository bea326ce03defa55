"""The page of an evaluation: README.md with tables, and its plots."""

import hashlib
import json
import pathlib
import platform

import kernels
import metrics
import numpy as np
import plots
import splits
import xgboost

COLUMNS = ("top-1 [95 %]", "top-3", "top-5", "top-10", "p95", "worst", "harm", "Spearman",
           "pairs", "MAPE")


def percent(value, digits=1):
    return "" if np.isnan(value) else f"{100 * value:.{digits}f} %"


def number(value):
    return "" if np.isnan(value) else f"{value:.3f}"


def table_of(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(map(str, line))} |" for line in lines] + [""]


def cells(quality):
    low, high = quality.interval
    return [f"{percent(quality.regret[1])} [{percent(low)}, {percent(high)}]",
            *(percent(quality.regret[top]) for top in metrics.TOPS[1:]), percent(quality.p95),
            percent(quality.worst, 0), percent(quality.harm), number(quality.spearman),
            number(quality.pairwise), percent(quality.mape)]


def noise_row(slowdown):
    """Choosing by half of the rounds."""
    return ["noise floor", percent(metrics.geomean(slowdown) - 1), "", "", "",
            percent(np.quantile(slowdown, 0.95) - 1), percent(slowdown.max() - 1, 0),
            "", "", "", ""]


def view_tables(results):
    for view, slowdown in results.noise.items():
        rows = [[name, *cells(quality)] for (other, name), quality in results.quality.items()
                if other == view]
        count = results.quality[view, "learned"].spaces
        yield from [f"## {view}", "", f"{count} spaces.", ""]
        oracle = ["oracle", *["0.0 %"] * 7, "1.000", "1.000", ""]
        yield from table_of(["chooser", *COLUMNS], [*rows, noise_row(slowdown), oracle])


def part_tables(results):
    """Each operator family and network that was left out."""
    shown = ("random", "fixed default", "analytic only", "Ansor's 164 features and loss", "learned",
             "learned, one ensemble")
    rows = [[split, part, quality["learned"].spaces,
             *(percent(quality[name].regret[1]) if name in quality else "" for name in shown)]
            for (split, part), quality in results.tests.items()
            if split in ("unseen-family", "unseen-network")]
    yield from ["## What was left out", "", "Top-1 regret.", ""]
    yield from table_of(["split", "left out", "spaces", *shown], rows)


def kind_tables(results):
    shown = ("fixed default", "analytic only", "Ansor's 164 features and loss", "learned")
    yield from ["## Operator families, unseen shapes", ""]
    yield from table_of(["family", "chooser", "spaces", *COLUMNS], [
        [kind, name, quality.spaces, *cells(quality)]
        for (kind, name), quality in results.kinds.items() if name in shown])


def duration_table(results):
    shown = ("random", "fixed default", "analytic only", "Ansor's 164 features and loss", "learned")
    yield from ["## Durations, unseen shapes", "", "Top-1 regret of spaces by the time of their "
                "fastest schedule.", ""]
    rows = []
    for bounds in dict.fromkeys(bounds for bounds, _ in results.durations):
        found = [results.durations[bounds, name] for name in shown]
        rows.append([f"{bounds[0]} to {bounds[1]} us", found[0].spaces,
                     *(percent(quality.regret[1]) for quality in found)])
    yield from table_of(["fastest", "spaces", *shown], rows)


def coverage_table(results):
    names = kernels.families()
    yield from ["## Coverage of the 90 % interval", "",
                "Share of kernels inside, of those that have an interval; calibrated on a fifth of "
                "the training shapes, by schedule family, one thread and several apart.", ""]
    keys = [key for key in results.coverage if isinstance(key, tuple)]
    rows = [[view, names[family], "2" if several else "1",
             *map(percent, results.coverage[view, family, several])]
            for view, family, several in keys
            if view in ("unseen-shapes", "larger-sizes", "unseen-network")]
    yield from table_of(["split", "schedules", "threads", "inside", "has one"], rows)


def ablation_table(results):
    views = list(dict.fromkeys(split for split, _ in results.ablations))
    names = list(dict.fromkeys(name for _, name in results.ablations))
    yield from ["## Ablations", "", "The learned model without a group of features; of unseen "
                "shapes one fold.", ""]
    rows = []
    for name in names:
        found = [results.ablations[view, name] for view in views]
        rows.append([name, *(percent(value) for quality in found
                             for value in (quality.regret[1], quality.p95, quality.mape))])
    yield from table_of(["model", *(f"{view}: {what}" for view in views
                                    for what in ("top-1", "p95", "MAPE"))], rows)


def static_table(results):
    if not results.statics:
        return
    yield from ["## Static targets, unseen shapes", "",
                "Of the emitted machine code. RMSE as a share of the range, as in "
                "arXiv 2302.11405.",
                ""]
    yield from table_of(["target", "sees", "RMSE of range", "median error", "R2"], [
        [target, sees, percent(error["rmse_of_range"], 2), percent(error["median_relative"]),
         number(error["r2"])] for (target, sees), error in results.statics.items()])


def settings_text(settings):
    """What the two halves of the shapes chose."""
    texts = [", ".join(f"{name} {value}" for name, value in setting.items()) or "none"
             for setting in settings]
    return texts[0] if texts[0] == texts[1] else "; ".join(texts)


def agent_table(results):
    if not results.searches:
        return
    yield from [
        "## Searches", "", f"{results.searched} spaces of which every point was measured; regret "
        "of the fastest after so many measurements. Each search was tuned by as many settings on "
        "the other half of the shapes.", "", "![Regret over measurements](searches.svg)", ""]
    counts = (1, 2, 4, 8, 16, 32, 64)
    yield from table_of(["search", "starts from predictions", "settings", *counts], [
        [name, "yes" if is_prior else "no", settings_text(settings),
         *(percent(curve[count - 1] - 1) for count in counts)]
        for (name, is_prior), (curve, settings) in results.searches.items()])


def machine_of(path):
    """What collect.py wrote beside the table."""
    beside = path.with_name(path.name.split(".")[0] + ".json")
    if not beside.is_file():
        return ["not recorded"], "not recorded"
    found = json.loads(beside.read_text())
    return found["machine"], found["compiler"]


def head(path, results):
    machine, compiler = machine_of(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    shown = path.relative_to(kernels.ROOT) if path.is_relative_to(kernels.ROOT) else path.name
    counts = ", ".join(f"{np.sum(results.table.family == family)} {name}" for family, name
                       in enumerate(kernels.families()) if np.any(results.table.family == family))
    yield from [
        "# How well schedules are chosen", "",
        "Written by `cost-model/eval/evaluate.py`; what is compared is described in "
        "`cost-model/eval/README.md`.", "", "```"]
    yield from (f"{view}" for view in results.lines())
    yield from ["```", ""]
    yield from table_of(["what", "which"], [
        ["table", f"`{shown}`, sha256 `{digest}`"],
        ["kernels", f"{len(results.table)} measured: {counts}"],
        ["spaces", f"{len(results.spaces)} with something to choose, median "
                   f"{np.median([len(rows) for rows in results.spaces.rows]):.0f} schedules; "
                   f"{results.spaces.unit.max() + 1} units"],
        ["machine", "; ".join(machine)], ["compiler", f"`{compiler}`"],
        ["features", f"{len(kernels.feature_names())}, schema "
                     f"`{kernels.library().tegula_cost_feature_schema():016x}`"],
        ["versions", f"Python {platform.python_version()}, numpy {np.__version__}, "
                     f"xgboost {xgboost.__version__}"],
        ["command", f"`evaluate.py {shown}`, {splits.FOLDS} folds"]])
    yield from ["![Share of spaces within a slowdown](choosers.svg)", "",
                "![Predicted against measured time](predicted.png)", ""]


def write(folder, path, results):
    """README.md and plots into `folder`."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [*head(path.resolve(), results), *view_tables(results), *part_tables(results),
             *kind_tables(results), *duration_table(results), *coverage_table(results),
             *ablation_table(results), *static_table(results), *agent_table(results)]
    (folder / "README.md").write_text("\n".join(lines).rstrip() + "\n")
    plots.write(folder, results)
