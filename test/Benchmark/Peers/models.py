#!/usr/bin/env python3
"""The models of test/Models in several inference systems: one table, Markdown.

    models.py --threads 1 --threads 2 --realtime
    models.py --only 'resnet|bert' --peers ort,openvino,tegula
    models.py --table                      what was measured before

For each model with its default extents: the median time of the best peer whose
result is accurate, of Tegula, and their ratio (above 1: Tegula is faster); the
last line has geometric means. The rows of all peers are kept in
build/benchmark/<model>.json. Run it with the Python of the peers' environment
(README.md); models are made by test/Models.
"""

import argparse
import json
import math
import os
import pathlib
import re
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
STORED = ROOT / "build" / "benchmark"
sys.path.insert(0, str(ROOT / "test" / "Models"))

import fetch_real  # noqa: E402
import materialise  # noqa: E402
from run import BUILD, Generated, Real  # noqa: E402  (test/Models/run.py)

PEERS = "ort,openvino,mnn,ncnn,tract,iree,tegula"


def models():
    """Generated and pre-trained ones."""
    folder = str(ROOT / "test" / "Models")
    return ([Generated(*entry) for entry in materialise.load_manifest(folder).items()]
            + [Real(*entry) for entry in fetch_real.load_manifest(folder).items()])


def measure(model, args, rest):
    """Runs peers.py; its rows go to a file."""
    inputs = STORED / f"{model.name}.npz"
    _, feeds = next(iter(model.feeds("static")))
    np.savez(inputs, **feeds)
    command = [sys.executable, str(HERE / "peers.py"), str(model.static_path()), "--inputs", str(inputs),
               "--peers", args.peers, "--json", str(STORED / f"{model.name}.json"), *model.flags("static"), *rest]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build" / "release" / "python")}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    print(f"{model.name}\n{done.stdout}", file=sys.stderr, flush=True)


def compared(rows, threads):
    """(best peer's row, Tegula's row) of so many threads; none where one has no accurate time."""
    usable = [row for row in rows if row["threads"] == threads and row.get("accurate") and "median_ms" in row]
    ours = next((row for row in usable if row["peer"] == "tegula"), None)
    others = [row for row in usable if row["peer"] != "tegula"]
    best = min(others, key=lambda row: row["median_ms"], default=None)
    return (best, ours) if best and ours else None


def table(names):
    """The stored rows as Markdown."""
    stored = {name: json.loads((STORED / f"{name}.json").read_text())["rows"]
              for name in names if (STORED / f"{name}.json").exists()}
    threads = sorted({row["threads"] for rows in stored.values() for row in rows})
    head = "".join(f" best peer, {n} thread{'s' * (n > 1)} | Tegula | ratio |" for n in threads)
    lines = [f"| ms | {head.strip()}", "| --- |" + " --- | ---: | ---: |" * len(threads)]
    ratios = {n: [] for n in threads}
    for name, rows in stored.items():
        cells = []
        for n in threads:
            pair = compared(rows, n)
            if not pair:
                cells.append(" – | – | – |")
                continue
            best, ours = pair
            ratio = best["median_ms"] / ours["median_ms"]
            ratios[n].append(ratio)
            far = " (CPUs far apart)" if ours.get("far") or best.get("far") else ""
            cells.append(f" {best['median_ms']:.4g} ({best['peer']}){far} | {ours['median_ms']:.4g} | {ratio:.2f} |")
        lines.append(f"| {name} |" + "".join(cells))
    means = [f" | | {math.exp(sum(map(math.log, r)) / len(r)):.2f} (lowest {min(r):.2f}) |" if r else " | | – |"
             for r in ratios.values()]
    return "\n".join([*lines, "| geometric mean |" + "".join(means)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="Other options are those of peers.py: --threads, --realtime, --seconds.")
    parser.add_argument("--only", metavar="REGEX", default="")
    parser.add_argument("--peers", default=PEERS)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    args, rest = parser.parse_known_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    STORED.mkdir(parents=True, exist_ok=True)
    chosen = [model for model in models() if re.search(args.only, model.name)]
    if not args.table:
        for model in chosen:
            measure(model, args, rest)
    print(table([model.name for model in chosen]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
