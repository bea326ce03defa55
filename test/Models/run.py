#!/usr/bin/env python3
"""Compile the models, run them, and compare them with ONNX Runtime.

    run.py                                  all of them, static and dynamic
    run.py --only 'resnet|bert' --mode static
    run.py --real                           the pre-trained ones only
    run.py --update                         rewrite passing.json

Modes: static (every dimension a number), dynamic (symbolic dimensions stay, and
the model is run at other extents too). Weights are filled in by materialise.py,
pre-trained models are fetched by fetch_real.py; both are kept in build/models.
A compiled library is removed when it has run, unless --keep is given: together
they hold twice the weights of all models.
An output is right when its largest error is at most 1e-4 of its largest value
(more for float16 and quantised models, see TOLERANCE and reference), with the same bits for
1, 2 and 3 threads; of a pre-trained model also what a person would read in it.

passing.json lists what passes: a listed one that fails is a failure, and so is
one that passes and is not listed. The last line is `N passed, N failed`.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import fetch_real  # noqa: E402
import materialise  # noqa: E402

BUILD = HERE.parents[1] / "build" / "models"
PASSING = HERE / "passing.json"
MODES = ("static", "dynamic")
# Integer and half-precision results move by whole steps where a rounding flips.
TOLERANCE = {"resnet50_qdq": 5e-2, "bert_base_dynamic_int8": 5e-2, "llama_tiny_fp16": 2e-2,
             "llama_tiny_int4": 1e-3, "smart_turn_int8": 5e-2}
COMPILE_SECONDS, COMPILE_EXTRA_MB = 60, 700
PREPARE = threading.Lock()


class Generated:
    """A model of models.json, with drawn weights."""

    real = False

    def __init__(self, name, entry):
        self.name, self.entry = name, entry

    def path(self):
        """The .onnx file, written unless it is there."""
        path = BUILD / f"{self.name}.onnx"
        if not path.exists() or path.stat().st_size != self.entry["bytes"]:
            materialise.write(materialise.build(self.name), self.name, str(BUILD))
        return path

    def static_path(self):
        """The same file: --dim makes it static."""
        return self.path()

    def flags(self, mode):
        """Compiler options."""
        return [f"--dim={k}={v}" for k, v in self.entry["bind"].items()] if mode == "static" else []

    def feeds(self, mode):
        """(label, inputs) of the runs of this mode."""
        yield "", materialise.make_inputs(self.name)
        if mode == "dynamic":
            for dims in self.entry.get("also_run_with", []):
                label = "_" + "_".join(f"{k}{v}" for k, v in dims.items())
                yield label, materialise.make_inputs(self.name, dims=dims)


class Real:
    """A pre-trained model of real.json."""

    real = True

    def __init__(self, name, entry):
        self.name, self.entry = name, entry

    def path(self):
        """The .onnx file, fetched unless it is there."""
        path = BUILD / f"{self.name}.onnx"
        if not path.exists():
            fetch_real.fetch(self.name, str(BUILD))
        return path

    def static_path(self):
        """A copy whose inputs have the shapes of the example."""
        path = BUILD / f"{self.name}.static.onnx"
        if not path.exists():
            model = onnx.load(self.path())
            example = fetch_real.example(self.name)
            for value in model.graph.input:
                if value.name in example:
                    for dim, extent in zip(value.type.tensor_type.shape.dim, example[value.name].shape):
                        dim.Clear()
                        dim.dim_value = extent
            onnx.save(model, path)
        return path

    def flags(self, mode):
        """Compiler options."""
        return []

    def feeds(self, mode):
        """(label, inputs): the example."""
        yield "", fetch_real.example(self.name)


def onnxruntime_run(model, feeds, optimized=True):
    """ONNX Runtime's outputs by name, with its exact integer products.

    Its default on x86 without VNNI multiplies int8 in saturating pairs, which
    changes sums of bert_base_dynamic_int8 by up to 2 %.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(model.path()), options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))


def reference(model, label, feeds):
    """Files with inputs and ONNX Runtime's outputs, and their spread; made once.

    The spread is the largest difference, of the output's scale, between ONNX
    Runtime with and without its own optimisations: where the quantisation of one
    value flips, both are right. Taken for models with integer arithmetic only.
    """
    inputs, outputs = BUILD / f"{model.name}{label}.in.npz", BUILD / f"{model.name}{label}.ref.npz"
    note = BUILD / f"{model.name}{label}.spread.json"
    if not outputs.exists() or not note.exists():
        values, spread = onnxruntime_run(model, feeds), 0.0
        if "int8" in model.name or "qdq" in model.name:
            for name, other in onnxruntime_run(model, feeds, optimized=False).items():
                value = values[name].astype(np.float64)
                spread = max(spread, float(np.abs(value - other).max() / np.abs(value).max()))
        np.savez(inputs, **feeds)
        np.savez(outputs, **values)
        note.write_text(json.dumps(spread))
    return inputs, outputs, json.loads(note.read_text())


def step(timeout, *words):
    """The JSON that one.py says; a crash or time-out is a failure too."""
    command = [sys.executable, str(HERE / "one.py"), *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        try:
            out, err = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return {"failed": f"time-out after {timeout:.0f} s"}
    lines = out.decode(errors="replace").strip().split("\n")
    if child.returncode != 0:
        how = signal.Signals(-child.returncode).name if child.returncode < 0 else child.returncode
        said = err.decode(errors="replace").strip().split("\n")
        return {"failed": f"crash ({how}): {said[-1][:200]}"}
    return json.loads(lines[-1])


def run_model(model, mode, library, args):
    """The row of a model: what was measured, or `failed`."""
    with PREPARE:  # Two models of one package would fetch it at once.
        path = model.static_path() if mode == "static" else model.path()
        runs = list(model.feeds(mode))
    row = step(args.timeout, "compile", path, library, *model.flags(mode), *args.flag)
    if "failed" in row:
        return row
    row = {"compile": row["seconds"], "compile_rss": row["rss"], "bytes": row["bytes"]}
    over = row["compile_rss"] - 2 * path.stat().st_size / 1e6 - COMPILE_EXTRA_MB
    row["notes"] = ["SLOW TO COMPILE"] * (row["compile"] > COMPILE_SECONDS) + ["TOO MUCH MEMORY"] * (over > 0)
    for label, feeds in runs:
        inputs, outputs, spread = reference(model, label, feeds)
        limit = max(TOLERANCE.get(model.name, 1e-4), 1.5 * spread)
        result = step(args.timeout, "run", library, inputs, outputs)
        if "failed" not in result and not result["error"] <= limit:
            result["failed"] = f"error {result['error']:.1e} of the scale of \"{result['where']}\", limit {limit:.0e}"
        if "failed" in result:
            return {**row, **result, "failed": (label[1:] + ": " if label else "") + result["failed"]}
        row["error"] = max(row.get("error", 0.0), result["error"])
        row.setdefault("ms", result["ms"])
    if model.real:
        with np.load(f"{library}.npz") as values:
            right, text = fetch_real.read(model.name, dict(values))
        row["notes"].append(text)
        if not right:
            row["failed"] = f"wrong answer: {text}"
    return row


def checked(model, mode, args):
    """The row of a model, also where something else fails; nothing is left behind."""
    library = BUILD / f"{model.name}.{mode}.so"
    try:
        return run_model(model, mode, library, args)
    except Exception as error:  # such as no network for a wheel
        return {"failed": f"{type(error).__name__}: {error}"}
    finally:
        if not args.keep:
            for made in BUILD.glob(f"{library.name}*"):
                made.unlink()


def show(name, mode, row):
    """One line of the table."""
    cells = [(f"{row[k] * f:.{d}f}" if k in row else "-").rjust(w) for k, f, d, w in
             (("compile", 1, 1, 8), ("compile_rss", 1, 0, 8), ("bytes", 1e-6, 1, 8), ("ms", 1, 2, 9))]
    error = f"{row['error']:.1e}" if "error" in row else "-"
    text = "FAILED " + " ".join(row["failed"].split())[:300] if "failed" in row else "ok  " + "  ".join(row["notes"])
    print(f"{name:24}{mode:8}" + "".join(cells) + f"{error:>9}  {text}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX", help="models whose name matches")
    parser.add_argument("--mode", choices=MODES, action="append")
    parser.add_argument("--real", action="store_true", help="pre-trained models only")
    parser.add_argument("--generated", action="store_true", help="models with drawn weights only")
    parser.add_argument("--flag", action="append", default=[], help="another option for the compiler")
    parser.add_argument("--keep", action="store_true", help="keep the compiled libraries")
    parser.add_argument("--jobs", type=int, default=2, help="models at a time; 1 for undisturbed times")
    parser.add_argument("--timeout", type=float, default=600, help="s, for each step")
    parser.add_argument("--update", action="store_true", help="rewrite passing.json")
    parser.add_argument("--verbose", action="store_true", help="whole messages of failures")
    return parser.parse_args()


def chosen(args):
    """The models asked for."""
    models = [] if args.real else [Generated(*m) for m in materialise.load_manifest(str(HERE)).items()]
    models += [] if args.generated else [Real(*m) for m in fetch_real.load_manifest(str(HERE)).items()]
    return [m for m in models if not args.only or re.search(args.only, m.name)]


def main():
    args = arguments()
    BUILD.mkdir(parents=True, exist_ok=True)
    listed = set(json.loads(PASSING.read_text())) if PASSING.exists() else set()
    rows = {}

    def measure(model):
        return [(model, mode, checked(model, mode, args)) for mode in args.mode or MODES]

    print(f"{'model':24}{'mode':8}{'compile':>8}{'RSS MB':>8}{'.so MB':>8}{'ms':>9}{'error':>9}")
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for model, mode, row in itertools.chain.from_iterable(pool.map(measure, chosen(args))):
            rows[f"{model.name}/{mode}"] = row
            show(model.name, mode, row)
            if args.verbose and "failed" in row:
                print("    " + row["failed"].replace("\n", "\n    "))
    good = {name for name, row in rows.items() if "failed" not in row}
    if args.update:
        listed = (listed - set(rows)) | good
        PASSING.write_text(json.dumps(sorted(listed), indent=1) + "\n")
    broken = [name for name in rows if name in listed and name not in good]
    new = sorted(good - listed)
    for name in broken:
        print(f"FAILED {name}: it is listed in passing.json")
    for name in new:
        print(f"FAILED {name}: passes but is not listed; run with --update and commit")
    print(f"{len(good)} of {len(rows)} agree with ONNX Runtime")
    print(f"{len(good) - len(new)} passed, {len(broken) + len(new)} failed")
    return bool(broken or new)


if __name__ == "__main__":
    sys.exit(main())
