#!/usr/bin/env python3
"""Start a pass: its entry in Passes.td, its file, its test, its line in CMake.

    tools/dev/new_pass.py Graph/Transforms FuseEpilogue "Fuse what follows a contraction into it"

makes lib/Graph/Transforms/FuseEpilogue.cpp, test/Graph/Transforms/fuse-epilogue.mlir
and the entry `FuseEpiloguePass : Pass<"tegula-graph-fuse-epilogue">`.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

ENTRY = '''
def {name}Pass : Pass<"tegula-{stage}-{dashed}"> {{
  let summary = "{summary}";
  let description = [{{
    What it does and why, with an example:

    ```mlir
    // before
    // after
    ```
  }}];
}}
'''

SOURCE = '''//===- {name}.cpp - {summary} {dashes}===//
//
// The idea of the pass in a few lines; what it leaves alone, and why.
//
//===----------------------------------------------------------------------===//

#include "tegula/{folder}/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::{namespace} {{
#define GEN_PASS_DEF_{macro}PASS
#include "tegula/{folder}/Passes.h.inc"

namespace {{

struct {name}Pass : impl::{name}PassBase<{name}Pass> {{
  void runOnOperation() override {{
    mlir::RewritePatternSet patterns(&getContext());
    if (failed(mlir::applyPatternsGreedily(getOperation(),
                                           std::move(patterns))))
      signalPassFailure();
  }}
}};

}} // namespace
}} // namespace tegula::{namespace}
'''

TEST = '''// RUN: tegula-opt %s --tegula-{stage}-{dashed} | FileCheck %s

// CHECK-LABEL: func @fires
func.func @fires() {{
  return
}}

// CHECK-LABEL: func @does_not_fire
func.func @does_not_fire() {{
  return
}}
'''


def dashed(name):
    """FuseEpilogue as fuse-epilogue; runs of capitals stay one word."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)
    return "-".join(word.lower() for word in words)


def header(name, summary):
    """The banner's fill, so that its line is 80 columns wide."""
    length = len(f"//===- {name}.cpp - {summary} ===//")
    return "-" * max(0, 80 - length)


def create(path, text):
    if path.exists():
        raise SystemExit(f"{path.relative_to(ROOT)} exists already")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print("made   ", path.relative_to(ROOT))


def add_entry(path, entry):
    """Before the file's closing #endif, or at its end."""
    text = path.read_text()
    at = text.rfind("#endif")
    at = len(text) if at < 0 else at
    path.write_text(text[:at].rstrip("\n") + "\n" + entry + ("\n" + text[at:] if text[at:] else ""))
    print("changed", path.relative_to(ROOT))


def add_source(path, file):
    """Sort the file in among the sources of the folder's tegula_add_library."""
    lines = path.read_text().split("\n")
    sources = [i for i, line in enumerate(lines) if re.fullmatch(r"\s+\w+\.cpp", line)]
    if not sources:
        raise SystemExit(f"{path.relative_to(ROOT)} lists no sources one a line; add {file} yourself")
    later = [i for i in sources if lines[i].strip() > file]
    lines.insert(later[0] if later else sources[-1] + 1, f"  {file}")
    path.write_text("\n".join(lines))
    print("changed", path.relative_to(ROOT))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="such as Graph/Transforms")
    parser.add_argument("name", help="such as FuseEpilogue")
    parser.add_argument("summary", help="one line")
    args = parser.parse_args()
    stage = args.folder.split("/")[0]
    passes, lists = ROOT / "include/tegula" / args.folder / "Passes.td", ROOT / "lib" / args.folder / "CMakeLists.txt"
    for needed in (passes, lists):
        if not needed.exists():
            raise SystemExit(f"{needed.relative_to(ROOT)} does not exist; is {args.folder} a folder of passes?")
    namespace = {"Schedule": "sched", "Frontend": "onnx", "LowPrecision": "lp"}.get(stage, stage.lower())
    words = {"name": args.name, "summary": args.summary, "folder": args.folder, "dashed": dashed(args.name),
             "stage": stage.lower(), "macro": args.name.upper(), "namespace": namespace,
             "dashes": header(args.name, args.summary)}
    create(ROOT / "lib" / args.folder / f"{args.name}.cpp", SOURCE.format(**words))
    create(ROOT / "test" / args.folder / f"{words['dashed']}.mlir", TEST.format(**words))
    add_entry(passes, ENTRY.format(**words))
    add_source(lists, f"{args.name}.cpp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
