"""No processor has both AMX (Intel) and XOP (old AMD)."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).parents[3] / "Runtime" / "Inputs"))
from artifact import *

context = Context(sys.argv[1])
assert context.status == NO_CPU and not context.handle
print(context.model.status_text(context.status).decode())
