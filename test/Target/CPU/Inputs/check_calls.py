"""caller.so computes x * x + x; every context, on its own thread, too."""

import pathlib
import sys
import threading

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[3] / "Runtime" / "Inputs"))
from artifact import *

x = np.arange(8, dtype=np.float32)
failures = []


def use():
    context = Context(sys.argv[1], num_threads=2)
    for _ in range(200):
        if context.run(x)[0].tolist() != (x * x + x).tolist():
            failures.append(1)
    context.close()


threads = [threading.Thread(target=use) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures
print("ok")
