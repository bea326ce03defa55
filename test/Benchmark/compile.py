#!/usr/bin/env python3
"""How long models take to compile, and how much memory.

    compile.py                             resnet50 and bert_base
    compile.py --only 'vit|gpt2' --update  others; store what is seen

Each model is compiled twice: cold, with an empty kernel cache, and warm. Printed
are seconds of a clock, CPU seconds, the compiler's peak memory, and for each the
ratio to what compile.json has: CPU seconds in units of a fixed job of this
machine (zlib on the same bytes, timed before and after), memory as a share of
the bound 2 x weights + 500 MB. Ratios of the same work on other machines are
alike, not equal; `slower` and `larger` mean by more than a quarter.

Bounds for two cores that do nothing else: resnet50 15 s and bert_base 20 s cold, 2 s
warm. A line says which one is missed; the exit status is 0 all the same, because
a clock is no test.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STORED = HERE / "compile.json"
TEGULA = ROOT / "build" / "release" / "bin" / "tegula"
sys.path.insert(0, str(ROOT / "test" / "Models"))

import materialise  # noqa: E402
from run import Generated  # noqa: E402  (test/Models/run.py)

COLD_SECONDS = {"resnet50": 15, "bert_base": 20}
WARM_SECONDS, TOLERATED = 2, 1.25


def reference():
    """CPU seconds of the fixed job."""
    data = bytes(i * i % 251 for i in range(1 << 20)) * 8
    start = time.process_time()
    zlib.compress(data, 9)
    return time.process_time() - start


def compile_once(model, folder):
    """Seconds of a clock, CPU seconds, peak MB of one compilation."""
    command = [TEGULA, "compile", str(model.static_path()), *model.flags("static"),
               f"--kernel-cache={folder}/cache", "-o", f"{folder}/model.so"]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"compile.py: {' '.join(map(str, command))}: exit status {process.returncode}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(model):
    """{"cold": (clock, CPU, MB), "warm": ..., "unit": CPU seconds of the reference, "bound": MB}."""
    with tempfile.TemporaryDirectory() as folder:
        before = reference()
        row = {"cold": compile_once(model, folder), "warm": compile_once(model, folder)}
        row["unit"] = (before + reference()) / 2
    row["bound"] = 2 * model.path().stat().st_size / 1e6 + 500
    return row


def ratios(row):
    """What is stored of a row."""
    return {"cold": row["cold"][1] / row["unit"], "warm": row["warm"][1] / row["unit"],
            "memory": row["cold"][2] / row["bound"]}


def remarks(name, row, stored):
    """Which bounds are missed, what got worse."""
    said = []
    if row["cold"][0] > COLD_SECONDS.get(name, float("inf")):
        said.append(f"cold over {COLD_SECONDS[name]} s")
    if name in COLD_SECONDS and row["warm"][0] > WARM_SECONDS:
        said.append(f"warm over {WARM_SECONDS} s")
    if row["cold"][2] > row["bound"]:
        said.append(f"memory over {row['bound']:.0f} MB")
    now = ratios(row)
    for key, word in (("cold", "slower cold"), ("warm", "slower warm"), ("memory", "larger")):
        if key in stored and now[key] > TOLERATED * stored[key]:
            said.append(f"{word}: {now[key] / stored[key]:.2f} x what is stored")
    return "; ".join(said) or "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX", default="^(resnet50|bert_base)$")
    parser.add_argument("--update", action="store_true", help="store the ratios")
    args = parser.parse_args()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    print(f"{'':22}{'cold s':>9}{'CPU s':>8}{'ratio':>8}{'warm s':>9}{'CPU s':>8}{'ratio':>8}{'RSS MB':>9}{'bound':>8}")
    for name, entry in materialise.load_manifest(str(ROOT / "test" / "Models")).items():
        if not re.search(args.only, name):
            continue
        row = measure(Generated(name, entry))
        now = ratios(row)
        print(f"{name:22}{row['cold'][0]:9.1f}{row['cold'][1]:8.1f}{now['cold']:8.1f}{row['warm'][0]:9.1f}{row['warm'][1]:8.1f}"
              f"{now['warm']:8.1f}{row['cold'][2]:9.0f}{row['bound']:8.0f}  {remarks(name, row, stored.get(name, {}))}", flush=True)
        if args.update:
            stored[name] = {key: round(value, 2) for key, value in now.items()}
            STORED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
