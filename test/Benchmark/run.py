#!/usr/bin/env python3
"""Tegula against ONNX Runtime over the models of test/Models, one table.

    run.py                              every generated model, one thread
    run.py --only 'resnet50$|bert_base$' --threads 2 --against onnxruntime,openvino

Each model is compiled with its default dimensions fixed and timed as
`tegula bench` does: child processes on the same CPUs, in turn. The ratio is
Tegula's median over ONNX Runtime's (below 1 is faster); the last line is the
geometric mean.
"""

import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODELS = ROOT / "test" / "Models"
PACKAGE = ROOT / "build" / "release" / "python"
sys.path[:0] = [str(MODELS), str(PACKAGE)]

import materialise  # noqa: E402
import numpy as np  # noqa: E402
from run import BUILD, Generated, Real  # noqa: E402  (test/Models/run.py)

import fetch_real  # noqa: E402


def bench(model, args, folder):
    """The rows of `tegula bench` for a model, by peer."""
    inputs, out = pathlib.Path(folder) / "in.npz", pathlib.Path(folder) / "out.json"
    _, feeds = next(iter(model.feeds("static")))
    np.savez(inputs, **feeds)
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tegula.bench", str(model.static_path()), "--against", args.against,
               "--threads", str(args.threads), "--inputs", str(inputs), "--json", str(out),
               "--seconds", str(args.seconds)]
    command += model.flags("static")  # --dim=NAME=N, as bench takes it
    command += [f"--flag={flag}" for flag in args.flag]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(PACKAGE), "PATH": "/usr/bin:/bin"})
    if not out.exists():
        return {"tegula": {"failed": (done.stderr.strip().split("\n") or ["no result"])[0]}}
    return {row["peer"]: row for row in json.loads(out.read_text())["rows"]}


def show(name, rows, peers):
    """One line of the table; Tegula's ratio or None."""
    ours = rows["tegula"]
    cells = [f"{rows[p]['median']:10.2f}" if "median" in rows.get(p, {}) else f"{'-':>10}" for p in [*peers, "tegula"]]
    if "failed" in ours:
        print(f"{name:24}" + "".join(cells) + "  " + " ".join(ours["failed"].split())[:120], flush=True)
        return None
    base = rows.get(peers[0], {})
    ratio = ours["median"] / base["median"] if "median" in base else None
    print(f"{name:24}" + "".join(cells) + (f"{ratio:8.2f}" if ratio else f"{'-':>8}")
          + f"{ours['error']:10.1e}{ours.get('compile_s', 0):9.1f}{ours['load_ms']:9.1f}{ours['rss']:8.0f}", flush=True)
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX")
    parser.add_argument("--real", action="store_true", help="the pre-trained models too")
    parser.add_argument("--against", default="onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--flag", action="append", default=[], help="another option for the compiler")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    models = [Generated(*m) for m in materialise.load_manifest(str(MODELS)).items()]
    models += [Real(*m) for m in fetch_real.load_manifest(str(MODELS)).items()] if args.real else []
    peers, ratios, stored = args.against.split(","), [], {}
    print(f"{'median ms':24}" + "".join(f"{p[:9]:>10}" for p in [*peers, "tegula"])
          + f"{'ratio':>8}{'error':>10}{'compile':>9}{'load ms':>9}{'RSS MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            if not args.only or re.search(args.only, model.name):
                stored[model.name] = bench(model, args, folder)
                ratios.append(show(model.name, stored[model.name], peers))
    known = [r for r in ratios if r]
    if known:
        mean = math.exp(sum(map(math.log, known)) / len(known))
        print(f"geometric mean of {len(known)} of {len(ratios)} models: {mean:.2f}x {peers[0]}'s time, "
              f"worst {max(known):.2f}x")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(stored, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
