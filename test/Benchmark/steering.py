#!/usr/bin/env python3
"""What the learned cost model gains over the formula, and what measuring would gain.

    steering.py                                    every model of test/Models
    steering.py --only 'resnet50$|bert_base$' --tune 600

Each model is compiled with schedules picked by the learned model (as shipped), by
the formula alone (--cost-model=analytic) and, with --tune=SECONDS, by `tegula
tune` with so much time. All of a model's artifacts are in one process and run in
turn, one thread, CPU time; the time is the median over rounds of what a round
takes, after what slowed the whole round is taken out. Printed are milliseconds of
the learned model's artifact and the others' time over it (above 1: the learned
model's is faster), then the geometric means.
"""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TEGULA = ROOT / "build" / "release" / "bin" / "tegula"
sys.path[:0] = [str(ROOT / "test" / "Models"), str(ROOT / "build" / "release" / "python")]

import materialise  # noqa: E402
import numpy as np  # noqa: E402
from run import Generated, Real  # noqa: E402  (test/Models/run.py)

import fetch_real  # noqa: E402
import tegula  # noqa: E402

LEARNED = "learned"


def compile_variants(model, folder, tune):
    """{variant: path of the artifact}."""
    words = [str(model.static_path()), *model.flags("static")]
    options = {LEARNED: [], "formula": ["--cost-model=analytic"]}
    if tune:
        database = f"{folder}/tuning.sqlite"
        subprocess.run([TEGULA, "tune", *words, f"--database={database}", f"--seconds={tune}"],
                       check=True, stdout=subprocess.DEVNULL)
        options["tuned"] = [f"--tuning-database={database}"]
    for variant, extra in options.items():
        subprocess.run([TEGULA, "compile", *words, *extra, "-o", f"{folder}/{variant}.so"], check=True)
    return {variant: f"{folder}/{variant}.so" for variant in options}


def timed(session, feeds):
    """CPU seconds of one run of this thread."""
    start = time.thread_time()
    session.run(None, feeds)
    return time.thread_time() - start


def race(sessions, feeds, rounds, block=0.02):
    """{variant: seconds of one run}."""
    for session in sessions.values():
        session.run(None, feeds)
    repeats = max(1, round(block / max(timed(sessions[LEARNED], feeds), 1e-6)))
    order, logs = list(sessions), {variant: [] for variant in sessions}
    for number in range(rounds):
        for variant in order if number % 2 else order[::-1]:
            spent = [timed(sessions[variant], feeds) for _ in range(repeats)]
            logs[variant].append(math.log(sum(spent) / repeats))
    table = np.array([logs[variant] for variant in order])
    # What slows all variants of a round alike is the machine's.
    table -= np.median(table - np.median(table, axis=1, keepdims=True), axis=0)
    return dict(zip(order, np.exp(np.median(table, axis=1)), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX", default="")
    parser.add_argument("--tune", type=int, default=0, metavar="SECONDS", help="of tuning for each model")
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    others = ["formula"] + ["tuned"] * bool(args.tune)
    print(f"{'':26}{'learned ms':>12}" + "".join(f"{name:>10}" for name in others), flush=True)
    ratios = {name: [] for name in others}
    folder = str(ROOT / "test" / "Models")
    models = [Generated(*entry) for entry in materialise.load_manifest(folder).items()]
    models += [Real(*entry) for entry in fetch_real.load_manifest(folder).items()]
    for model in models:
        if not re.search(args.only, model.name):
            continue
        _, feeds = next(iter(model.feeds("static")))
        with tempfile.TemporaryDirectory() as folder:
            paths = compile_variants(model, folder, args.tune)
            sessions = {variant: tegula.InferenceSession(path, threads=1) for variant, path in paths.items()}
            seconds = race(sessions, feeds, args.rounds)
        for other in others:
            ratios[other].append(seconds[other] / seconds[LEARNED])
        print(f"{model.name:26}{seconds[LEARNED] * 1e3:12.3f}" + "".join(f"{ratios[other][-1]:10.3f}" for other in others),
              flush=True)
    means = [math.exp(sum(map(math.log, found)) / len(found)) for found in ratios.values() if found]
    print(f"{'geometric mean':26}{'':12}" + "".join(f"{mean:10.3f}" for mean in means))


if __name__ == "__main__":
    main()
