"""Puts the compiler's library into the package.

It is taken from build/release/lib of the source tree; TEGULA_BUILD may name
another build folder. Without it the package still installs, and finds no
compiler but can run compiled models.
"""

import os
import pathlib
import shutil

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("TEGULA_BUILD", HERE.parent / "build" / "release"))


class BuildWithLibrary(build_py):
    """build_py, then the library beside the modules."""

    def run(self):
        super().run()
        library = BUILD / "lib" / "libtegula.so"
        if not library.exists():
            print(f"warning: {library} is not there; run tools/dev/build.sh first to get the compiler")
        elif not self.editable_mode:
            shutil.copy2(library, pathlib.Path(self.build_lib) / "tegula" / library.name)


class PlatformDistribution(Distribution):
    """The wheel holds machine code."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"build_py": BuildWithLibrary}, distclass=PlatformDistribution)
