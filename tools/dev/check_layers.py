#!/usr/bin/env python3
"""Check the rules of the tree that a compiler does not: who includes whom, how
long a file may be, that its banner is one line, that every file belongs to a
library and is built, and that no file names a place of somebody's machine.

    tools/dev/check_layers.py [ROOT]

Prints one line per complaint; the exit status is 1 if there is any.
"""

import pathlib
import re
import sys

# Library -> the libraries whose headers it may include. The longest matching
# prefix names a file's library. Only IR, interfaces, Support and Machine cross
# a stage; an earlier stage never sees a later one.
BASE = {"Support", "Machine"}
MAY_INCLUDE = {
    "Machine": set(),
    "Support": {"Machine"},
    "Frontend/IR": BASE,
    "Graph/IR": BASE,
    "LowPrecision/IR": BASE | {"Graph/IR"},
    "Schedule/IR": BASE | {"LowPrecision/IR"},
    "Tile/IR": BASE,
    "CostModel": {"Machine"},
    "Frontend": BASE | {"Frontend/IR"},
    "Graph": BASE | {"Frontend/IR", "Graph/IR", "LowPrecision/IR"},
    "LowPrecision": BASE | {"Graph/IR", "LowPrecision/IR"},
    "Schedule": BASE | {"Graph/IR", "LowPrecision/IR", "Schedule/IR", "CostModel"},
    "Tile": BASE | {"Graph/IR", "LowPrecision/IR", "Schedule/IR", "Tile/IR"},
    # The ABI between compiled code and the runtime is a plain C header.
    "Target/Common": BASE | {"Graph/IR", "Schedule/IR", "Tile/IR", "Runtime"},
    "Target/CPU": BASE | {"Graph/IR", "Schedule/IR", "Tile/IR", "Target/Common", "Runtime"},
    "Target/GPU": BASE | {"Graph/IR", "Schedule/IR", "Tile/IR", "Target/Common", "Runtime"},
    "Runtime": {"Machine"},
    "cost-model": {"CostModel", "Machine"},
    "Tuning": BASE | {"Graph/IR", "Schedule/IR", "Schedule", "Pipeline", "CostModel", "Runtime"},
    "Pipeline": None,  # None: may include anything.
    "CAPI": None,
    "tools": {"Pipeline", "Tuning", "CAPI", "Support", "Machine", "Runtime"},
}
WITHOUT_MLIR = {"Machine", "Runtime", "CostModel", "cost-model"}
TOPS = ("include/tegula", "lib", "cost-model", "tools")
SOURCES = {".h", ".cpp", ".c", ".td", ".def"}
MAX_LINES = 600
# Precompiled.* is the one header every MLIR library shares (cmake/).
UNOWNED = {"lib/Precompiled.h", "lib/Precompiled.cpp"}
# Folders whose text files are checked for length and foreign names.
TEXT_TOPS = ("include", "lib", "cost-model", "tools", "python", "test", "cmake", ".ci", ".github")
TEXT = SOURCES | {".py", ".sh", ".txt", ".cmake", ".md", ".mlir", ".test", ".toml", ".in", ".yaml"}
FOREIGN = re.compile(r"(?<![\w./])/(?:work|home|root|tmp)/(?!bash_jobs\b)[\w.]")


def library_of(path):
    """The library of the layer table that owns a path, or None."""
    fits = [lib for lib in MAY_INCLUDE if path.startswith(lib + "/")]
    return max(fits, key=len, default=None)


def include_complaint(library, header):
    """Why `library` may not include `header`, or None."""
    if library in WITHOUT_MLIR and header.startswith(("mlir/", "llvm/", "mlir-c/", "llvm-c/")):
        return f"{library} may not include {header}"
    if not header.startswith("tegula/") or MAY_INCLUDE[library] is None:
        return None
    target = library_of(header[len("tegula/"):])
    if target == library or target in MAY_INCLUDE[library]:
        return None
    return f"{library} may not include {header}"


def built_files(root):
    """The names of the sources that any CMakeLists.txt of the tree builds."""
    lists = [root / "CMakeLists.txt"]
    for top in ("include", "lib", "cost-model", "tools", "test"):
        lists += (root / top).rglob("CMakeLists.txt")
    return {name for file in lists if file.is_file()
            for name in re.findall(r"[\w.-]+\.(?:cpp|c)\b", file.read_text())}


def source_complaints(root):
    """Layers, ownership, and whether each source is built."""
    known = built_files(root)
    for top in TOPS:
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            where = str(file.relative_to(root))
            if where in UNOWNED:
                continue
            inside = file.relative_to(root if top in ("cost-model", "tools") else root / top)
            library = library_of(str(inside))
            if library is None:
                yield f"{where}: no library in the layer table owns this file"
                continue
            if file.suffix in (".cpp", ".c") and file.name not in known:
                yield f"{where}: no CMakeLists.txt builds this file"
            banner = file.read_text().split("\n", 1)[0]
            if banner.startswith("//===") and not banner.endswith("===//"):
                yield f"{where}: the first line is not a whole banner: '//===- Name - What ---===//'; say it in fewer words"
            for header in re.findall(r'^\s*#?include "([^"]+)"', file.read_text(), re.M):
                if reason := include_complaint(library, header):
                    yield f"{where}: {reason}"


def text_complaints(root):
    """File lengths, and names of places on somebody's machine."""
    files = [f for top in TEXT_TOPS for f in sorted((root / top).rglob("*"))]
    for file in files + [root / "README.md", root / "CMakeLists.txt"]:
        if file.suffix not in TEXT or not file.is_file():
            continue
        where, text = file.relative_to(root), file.read_text()
        if text.count("\n") > MAX_LINES:
            yield f"{where}: {text.count(chr(10))} lines, more than {MAX_LINES}"
        for number, line in enumerate(text.split("\n"), 1):
            if found := FOREIGN.search(line):
                yield f"{where}:{number}: names a place on one machine: {found.group()}..."


def main():
    here = pathlib.Path(__file__).resolve().parents[2]
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    found = [*source_complaints(root), *text_complaints(root)]
    print("\n".join(found) if found else "layers: no complaints")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
