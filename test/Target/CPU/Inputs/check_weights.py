"""weights.ll reads 7.5, 0 and 42, whatever kind of artifact it came from."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[3] / "Runtime" / "Inputs"))
from artifact import *

context = Context(sys.argv[1], "net_model", num_threads=1)
assert context.status == OK
(y,) = context.run()
assert y.tolist() == [7.5, 0, 42], y
assert context.model.manifest.contents.weight_bytes == 2097220
context.close()
print("ok")
