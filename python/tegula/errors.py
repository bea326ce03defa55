"""The exceptions of the package."""

import builtins


class CompileError(builtins.RuntimeError):
    """The model could not be compiled; the message names the node and the reason."""


class RuntimeError(builtins.RuntimeError):  # noqa: A001 - the public name is tegula.RuntimeError
    """A compiled model could not be loaded or run with what it was given."""
