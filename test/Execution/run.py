#!/usr/bin/env python3
"""Compile and run small graphs and compare them with exact results.

    run.py                         every file of this folder
    run.py contraction             one file
    run.py --only 'MatMul/.*O3'    cases whose name matches: file/op/name/mode
    run.py --emulate neoverse-n1   programs for an AArch64 target, under qemu-aarch64

Modes: O3, O0 (numbers as dimensions), O3-dynamic, O0-dynamic (symbols). Cases
run in a child process; one that crashes fails, and the next ones go on.
passing.json lists what passes: a listed case that fails is a failure, and so is
any crash, and one that passes and is not listed (--update writes the list).
Printed per operator: the largest error of its -O3 kernels against float64.
Ends with `N passed, N failed`.
"""

import argparse
import concurrent.futures
import importlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib"), str(HERE.parents[1] / "build" / "release" / "python")]
PASSING = HERE / "passing.json"
# Code of LLVM modules that are still the same is not generated again.
KERNEL_CACHE = HERE.parents[1] / "build" / "kernel-cache"
NO_FAMILY = {"run", "harness", "emulated"}
MODES = {"O3": (3, False), "O0": (0, False), "O3-dynamic": (3, True), "O0-dynamic": (0, True)}


def families():
    """The files with cases."""
    return sorted(file.stem for file in HERE.glob("*.py") if file.stem not in NO_FAMILY)


def jobs_of(family, only):
    """(name, case, mode) of a file."""
    for case in importlib.import_module(family).cases():
        for mode, (_, symbolic) in MODES.items():
            name = f"{family}/{case.name}/{mode}"
            if (not symbolic or case.dynamic) and (not only or re.search(only, name)):
                yield name, case, mode


def session_of(model, level, target):
    """On this processor, or on an emulated one."""
    import foreign
    import tegula

    options = {"threads": 1, "O": level, "kernel_cache": KERNEL_CACHE}
    if target:
        return foreign.ForeignSession(model.SerializeToString(), target=target, **options)
    return tegula.InferenceSession(model, **options)


def attempt(case, mode, target):
    """("" or what went wrong, what Case.check saw)."""
    level, symbolic = MODES[mode]
    try:
        session = session_of(case.model(symbolic=symbolic), level, target)
        return "", case.check(session.run(None, case.feeds))
    except AssertionError as error:
        return f"wrong: {error}", None
    except Exception as error:  # every failure is a result
        return f"{type(error).__name__}: {error}", None


def child(family, only, skip, target):
    """Run the cases of a file from number `skip` on; a line for each, before and after."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for number, (name, case, mode) in enumerate(jobs_of(family, only)):
        if number >= skip:
            answers.write(json.dumps([name, None, None]) + "\n")
            answers.write(json.dumps([name, *attempt(case, mode, target)]) + "\n")


def run_family(family, args):
    """Messages and errors by name; a child that dies is started again behind the case that killed it."""
    results, errors, skip = {}, {}, 0
    while True:
        command = [sys.executable, __file__, family, "--child", str(skip)]
        command += ["--only", args.only] if args.only else []
        command += ["--emulate", args.emulate] if args.emulate else []
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(timeout=args.timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        last = None
        for line in out.decode().splitlines():
            name, message, seen = json.loads(line)
            last = name if message is None else None
            if message is not None:
                results[name] = message
            if seen is not None:
                errors[name] = seen
        if last is None:
            if process.returncode != 0:
                results[f"{family}/(file)"] = "cannot run: " + err.decode().strip().split("\n")[-1]
            return results, errors
        how = signal.Signals(-process.returncode).name if process.returncode < 0 else process.returncode
        said = [line for line in err.decode(errors="replace").split("\n") if line.strip()]
        key = next((line for line in said if "Assertion" in line or "LLVM ERROR" in line), said[-1] if said else "")
        results[last] = f"crash ({how}): {key[:200]}"
        skip = len(results)


def print_errors(errors):
    """Per operator the largest error against float64 of its -O3 kernels, and of which share of its bound."""
    rows = {}
    for name, (error, share) in errors.items():
        family, op, *_ = name.split("/")
        if name.rsplit("/", 1)[1].startswith("O3"):
            count, worst, most = rows.get((family, op), (0, 0.0, 0.0))
            rows[family, op] = count + 1, max(worst, error), max(most, share)
    print(f"\n{'kernels of':44}{'cases':>6}{'error / largest value':>23}{'of its bound':>14}")
    for (family, op), (count, worst, most) in sorted(rows.items()):
        print(f"{family + '/' + op:44}{count:6d}{worst:23.1e}{most:14.1%}")
    print()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help=", ".join(families()))
    parser.add_argument("--only", metavar="REGEX")
    parser.add_argument("--emulate", metavar="TARGET", help="an AArch64 target of the compiler's")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--timeout", type=float, default=900, help="s, for the cases of a file")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    args = arguments()
    if args.child is not None:
        return child(args.families[0], args.only, args.child, args.emulate)
    if args.emulate:
        import foreign

        foreign.require()
    listed = set(json.loads(PASSING.read_text())) if PASSING.exists() else set()
    results, errors, start = {}, {}, time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = {pool.submit(run_family, family, args): family for family in args.families or families()}
        for done in concurrent.futures.as_completed(waiting):
            found, seen = done.result()
            results.update(found)
            errors.update(seen)
            bad = sum(bool(m) for m in found.values())
            print(f"{waiting[done]:16} {len(found) - bad:5} right {bad:5} not, after {time.monotonic() - start:.0f} s", flush=True)
    print_errors(errors)
    good = {name for name, message in results.items() if not message}
    if args.update:
        listed = (listed - set(results)) | good
        PASSING.write_text(json.dumps(sorted(listed), indent=0) + "\n")
    verbose = bool(args.only or args.families)
    for name, message in sorted(results.items()):
        if message and (verbose or name in listed or message.startswith("crash")):
            print(("FAILED " if name in listed else "not right ") + name + ": " + " ".join(message.split())[:400])
    failed = sum(bool(m) and (n in listed or m.startswith("crash") or n.endswith("(file)")) for n, m in results.items())
    failed += len(good - listed)
    new = sorted(good - listed)
    for name in new[:20]:
        print(f"{name}: passes but is not listed; run with --update and commit")
    print(f"{len(good & listed)} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
