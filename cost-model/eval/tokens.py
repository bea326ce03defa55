"""Kernels as text: hashed n-grams of the tokens of an MLIR-like text.

A model that reads text and nothing else, as in arXiv 2302.11405, which predicts
registers and utilisation from the tokens of MLIR. Numbers are tokens, as there.
"""

import re
import zlib

import numpy as np
import problems
from scipy.sparse import csr_matrix

COLUMNS = 1024
LONGEST = 3  # Tokens of an n-gram.


def text_of(problem, schedule, threads):
    """What the kernel would look like in MLIR: the operation and its schedule attribute."""
    problem, schedule = problems.parse(problem), problems.parse(schedule)
    fields = [", ".join(f"{name} = {value}" for name, value in kernel.items())
              for kernel in (problem, schedule)]
    return (f"graph.kernel @{problem.kind} ( {fields[0]} ) "
            f"#sched.{schedule.kind}< {fields[1]} > threads = {threads}")


def columns_of(text):
    """The columns of a text's n-grams. A number is read with the name before it, too."""
    words = re.findall(r"[\w.@#]+", text)
    return [zlib.crc32(" ".join(words[at:at + length]).encode()) % COLUMNS
            for length in range(1, LONGEST + 1) for at in range(len(words) - length + 1)]


def counts(table):
    """kernels x COLUMNS: how often an n-gram of each column is in the text."""
    ends, found = [0], []
    for kernel in zip(table.problem, table.schedule, table.threads, strict=True):
        found.extend(columns_of(text_of(*kernel)))
        ends.append(len(found))
    matrix = csr_matrix((np.ones(len(found), "f4"), found, ends), (len(table), COLUMNS))
    matrix.sum_duplicates()
    return matrix
