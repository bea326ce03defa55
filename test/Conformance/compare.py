"""Is an output what the suite expects, and how far is it off?"""

import numpy as np

INTEGER_BITS = {2: np.int16, 4: np.int32, 8: np.int64}


class Mismatch(Exception):
    """An output differs; the message says how."""


def ordered(array):
    """Floats as integers whose differences count representable values."""
    bits = array.view(INTEGER_BITS[array.dtype.itemsize])
    lowest = np.iinfo(bits.dtype).min
    return np.where(bits < 0, lowest - bits, bits).astype(object if bits.dtype == np.int64 else np.int64)


def max_ulp(got, want):
    """The largest distance in units of the last place; 0 for equal NaNs and infinities."""
    if got.dtype.itemsize not in INTEGER_BITS or not got.size:
        return 0
    both = np.isfinite(got.astype(np.float64)) & np.isfinite(want.astype(np.float64))
    if not both.any():
        return 0
    return int(np.max(np.abs(ordered(got[both]) - ordered(want[both]))))


def is_float(dtype):
    """Floating point, those of ml_dtypes included."""
    return np.issubdtype(dtype, np.floating) or dtype.name.startswith(("bfloat", "float"))


def wide(array):
    """As a type that NumPy can calculate in."""
    if np.issubdtype(array.dtype, np.complexfloating):
        return array.astype(np.complex128)
    return array.astype(np.float64) if is_float(array.dtype) else array.astype(object)


def first_difference(got, want, wrong):
    """A few words on where arrays differ."""
    where = np.argwhere(wrong)
    at = tuple(int(i) for i in where[0])
    return f"{len(where)} of {want.size} values differ, first at {list(at)}: {got[at]!s}, expected {want[at]!s}"


def compare(got, want, rtol, atol, random=False, where="output"):
    """The largest error in ULP; raises Mismatch."""
    if isinstance(want, (list, tuple)) or want is None:
        if type(got) is not type(want) or (want is not None and len(got) != len(want)):
            raise Mismatch(f"{where}: wrong kind or length of sequence")
        pairs = zip(got, want) if want is not None else []
        return max((compare(g, w, rtol, atol, random, where) for g, w in pairs), default=0)
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        raise Mismatch(f"{where}: wrong shape {list(got.shape)}, expected {list(want.shape)}")
    if got.dtype != want.dtype and want.dtype != object:
        raise Mismatch(f"{where}: wrong type {got.dtype}, expected {want.dtype}")
    if random:
        return 0
    if want.dtype == object or not (is_float(want.dtype) or np.issubdtype(want.dtype, np.complexfloating)):
        wrong = got.astype(object) != want.astype(object)
        if np.any(wrong):
            raise Mismatch(f"{where}: wrong values: " + first_difference(got, want, wrong))
        return 0
    a, b = wide(got), wide(want)
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
    if np.any(wrong):
        raise Mismatch(f"{where}: wrong values: " + first_difference(got, want, wrong))
    return 0 if np.issubdtype(want.dtype, np.complexfloating) else max_ulp(got, want)
