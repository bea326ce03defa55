"""Each rule of tools/dev/check_layers.py, broken once."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "tools" / "dev" / "check_layers.py"
BANNER = "//===- A.cpp - A file ---===//\n"


class Layers(unittest.TestCase):
    def complaints(self, **files):
        """What is said of a tree with these files beside one that is right; "_" stands for "/"."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            files = {"lib_Tile_CMakeLists.txt": "tegula_add_library(Tile A.cpp)", "lib_Tile_A.cpp": BANNER,
                     "README.md": "", "CMakeLists.txt": ""} | files
            for name, text in files.items():
                path = root / name.replace("_", "/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0 if "no complaints" in done.stdout else 1, done.stderr)
            return done.stdout

    def test_right(self):
        text = BANNER + '#include "tegula/Schedule/IR/Sched.h"\n#include "Own.h"\n'
        self.assertIn("no complaints", self.complaints(**{"lib_Tile_A.cpp": text}))

    def test_includes(self):
        text = BANNER + '#include "tegula/Target/CPU/Link.h"\n'
        self.assertIn("Tile may not include tegula/Target/CPU/Link.h", self.complaints(**{"lib_Tile_A.cpp": text}))
        text = BANNER + '#include "llvm/ADT/ArrayRef.h"\n'
        self.assertIn("Runtime may not include llvm/ADT/ArrayRef.h", self.complaints(**{"lib_Runtime_A.cpp": text}))

    def test_unowned_and_unbuilt(self):
        self.assertIn("no library in the layer table", self.complaints(**{"lib_Other_A.cpp": BANNER}))
        self.assertIn("no CMakeLists.txt builds", self.complaints(**{"lib_Tile_B.cpp": BANNER}))

    def test_length(self):
        self.assertIn("601 lines, more than 600", self.complaints(**{"lib_Tile_A.cpp": BANNER + "\n" * 600}))

    def test_banner(self):
        text = "//===- A.cpp - A file whose banner the formatter has cut\n//----===//\n"
        self.assertIn("not a whole banner", self.complaints(**{"lib_Tile_A.cpp": text}))

    def test_foreign_places(self):
        place = "/" + "home" + "/somebody"
        self.assertIn("names a place on one machine", self.complaints(**{"lib_Tile_A.cpp": f"{BANNER}// {place}\n"}))


if __name__ == "__main__":
    unittest.main()
