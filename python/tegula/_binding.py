"""Arrays as the C API sees them: a descriptor per input and output, kept between runs.

A small model runs in a few microseconds, which is what a handful of ctypes
objects cost. So a descriptor is written again only where it changes: the data of
each run, the shape when it differs from that of the last one.
"""

import ctypes
import math

import numpy as np

from . import _abi, _types


# Where the data of a contiguous array begin: `addressof(view(array))` takes a sixth
# of the time of `array.__array_interface__`, but the array must be writeable.
addressof, view = ctypes.addressof, (ctypes.c_char * 0).from_buffer


class InputBinding:
    """Gives arrays to one input."""

    def __init__(self, slot, spec):
        self._slot, self._dtype = slot, spec.dtype
        self._storage = _types.storage_dtype(spec.dtype)
        slot.dtype = spec.dtype
        self._shape = None

    def bind(self, array):
        """Describes the array; returns the one whose memory it is, to be held during the run."""
        slot = self._slot
        # What `is` misses, an equal dtype that is another object, takes the long way.
        if array.dtype is self._storage and array.flags.carray:
            slot.data = addressof(view(array))
        else:
            array = self._prepare(array)
            slot.data = array.__array_interface__["data"][0]
        if array.shape != self._shape:
            self._shape = array.shape
            slot.rank = array.ndim
            slot.bytes = array.nbytes
            slot.shape = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
        return array

    def _prepare(self, array):
        """Dense and aligned; the array itself where it is."""
        array = _types.to_storage(array, self._dtype)
        if array.flags.c_contiguous and array.flags.aligned:
            return array
        return np.require(array, requirements=("C_CONTIGUOUS", "ALIGNED"))


class OutputBinding:
    """Makes arrays of one output."""

    def __init__(self, slot, spec):
        self._slot, self._dtype = slot, spec.dtype
        self._storage = _types.storage_dtype(spec.dtype)
        self._converts = self._storage != _types.numpy_dtype(spec.dtype)
        self._shape = spec.shape if spec.is_static else None
        if spec.is_static:
            slot.bytes = math.prod(spec.shape) * self._storage.itemsize

    def offer(self):
        """An array for the runtime to write to, where the size is known: that saves a copy."""
        if self._shape is None:
            self._slot.data = None
            return None
        result = np.empty(self._shape, self._storage)
        self._slot.data = addressof(view(result))
        return result

    def take(self, result):
        """The array of the output after a run: the one offered, or a copy of the runtime's."""
        if result is None:
            slot = self._slot
            result = np.empty(tuple(slot.shape[: slot.rank]), self._storage)
            ctypes.memmove(addressof(view(result)), slot.data or 0, result.nbytes)
        return _types.from_storage(result, self._dtype) if self._converts else result


class Call:
    """A call of TegulaModel.run with bindings for all its tensors."""

    def __init__(self, function, context, inputs, outputs):
        slots = (_abi.Tensor * max(len(inputs), 1))(), (_abi.Tensor * max(len(outputs), 1))()
        # A slot read out of a ctypes array is a view of it.
        self.inputs = [InputBinding(slots[0][i], spec) for i, spec in enumerate(inputs)]
        self.outputs = [OutputBinding(slots[1][i], spec) for i, spec in enumerate(outputs)]
        # Arguments that are converted already pass through a function without
        # argument types as they are, in a quarter of the time of a conversion.
        address_of = ctypes.cast(function, ctypes.c_void_p).value
        self._function = ctypes.CFUNCTYPE(ctypes.c_int32)(address_of)
        self._arguments = (ctypes.c_void_p.from_param(context),
                           ctypes.byref(slots[0]), ctypes.c_int64.from_param(len(inputs)),
                           ctypes.byref(slots[1]), ctypes.c_int64.from_param(len(outputs)))

    def __call__(self):
        """The status of a run on what is bound."""
        return self._function(*self._arguments)
