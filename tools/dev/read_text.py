#!/usr/bin/env python3
"""Show the example image of the text-line recogniser and what a compiled model reads in it.

    read_text.py ppocr_rec.so
"""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "build/release/python"), str(ROOT / "test/Models")]

import fetch_real  # noqa: E402
import numpy as np  # noqa: E402

import tegula  # noqa: E402


def draw(image, columns=104):
    """A grey image as text, two pixels a character."""
    height, width = image.shape
    columns = min(columns, width)
    rows = max(2, round(height * columns / width / 2) * 2)
    picked = image[np.ix_(np.arange(rows) * height // rows, np.arange(columns) * width // columns)]
    dark = picked < picked.mean()
    marks = " \u2580\u2584\u2588"  # neither, upper, lower, both
    return "\n".join("".join(marks[a + 2 * b] for a, b in zip(dark[r], dark[r + 1]))
                     for r in range(0, rows, 2))


def main():
    feeds = fetch_real.example("ppocr_rec")
    print(draw(feeds["x"][0, 0]))
    session = tegula.InferenceSession(sys.argv[1])
    names = [node.name for node in session.get_outputs()]
    right, text = fetch_real.read("ppocr_rec", dict(zip(names, session.run(None, feeds))))
    print(f"The compiled model {text}" + ("" if right else ", WRONG: 'HELLO 2026' was expected"))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
