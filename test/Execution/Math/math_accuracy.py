#!/usr/bin/env python3
"""Measures the errors of the functions that tegula-target-expand-math emits.

Compiles every function, over vectors, into a shared object; calls it on every
32-bit pattern (--exhaustive) or on a stratified sample with special values; and
compares with the C library in the next wider format. Fails where an error is
larger than the function's bound or a NaN, an infinity or the sign of a zero
differs. Prints one line a function: the largest error in ULP, and where.
"""
import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

# math.* name -> largest error allowed in f32 [ULP].
UNARY = {
    name: 2.0
    for name in ("exp exp2 expm1 tanh sinh cosh log log2 log10 log1p asinh acosh "
                 "atanh cbrt sin cos tan asin acos atan erf erfc").split()
}
BINARY = {"powf": 2.0, "atan2": 2.0}
# Expanded in f64 too; references from the C library's long double.
UNARY_F64 = {
    name: 4.0
    for name in "exp exp2 expm1 tanh cosh log log2 log10 log1p".split()
}
# 16-bit formats are computed in f32 and rounded once.
NARROW = {"exp": 0.51, "erf": 0.51}

CHUNK = 1 << 20
SPECIAL = np.array(
    [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 0.25, 1e-45, 1.1754942e-38,
     1.1754944e-38, 3.4028235e38, np.inf, np.nan, 88.72283, 88.72284, 87.33655,
     103.97208, 103.97209, 128.0, 126.0, 149.0, 150.0, 16777216.0, 16777215.0,
     8388609.5, 0.33333334, 1.5707964, 3.1415927, 1.1, 3.95, 1e10, 1e30,
     2.0**54, 2.0**83, 2.0**112], np.float32)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL])


def loop(symbol, op, operands, element, width):
    """A function (in..., out, count) that maps `op` over arrays."""
    vector = f"vector<{width}x{element}>"
    names = [f"%in{i}" for i in range(operands)]
    text = f"func.func @test_{symbol}("
    text += ", ".join(f"{n}: !llvm.ptr" for n in names)
    text += ", %out: !llvm.ptr, %count: index) {\n"
    text += "  %zero = arith.constant 0 : index\n"
    text += f"  %step = arith.constant {width} : index\n"
    text += "  scf.for %i = %zero to %count step %step {\n"
    text += "    %offset = arith.index_cast %i : index to i64\n"
    values = []
    for i, name in enumerate(names):
        text += (f"    %p{i} = llvm.getelementptr {name}[%offset] : "
                 f"(!llvm.ptr, i64) -> !llvm.ptr, {element}\n"
                 f"    %v{i} = llvm.load %p{i} {{alignment = 2 : i64}} : "
                 f"!llvm.ptr -> {vector}\n")
        values.append(f"%v{i}")
    text += f"    %r = math.{op} {', '.join(values)} : {vector}\n"
    text += (f"    %q = llvm.getelementptr %out[%offset] : "
             f"(!llvm.ptr, i64) -> !llvm.ptr, {element}\n"
             f"    llvm.store %r, %q {{alignment = 2 : i64}} : "
             f"{vector}, !llvm.ptr\n")
    return text + "  }\n  return\n}\n"


def run(*command):
    subprocess.run([str(c) for c in command], check=True)


def build(text, args, folder):
    """Compiles an MLIR module to a shared object."""
    source = folder / "tested.mlir"
    source.write_text(text)
    fma = "false" if args.no_fma else "true"
    run(args.opt, source, f"--tegula-target-expand-math=use-fma={fma}",
        "--canonicalize", "--cse", "--convert-vector-to-llvm",
        "--convert-math-to-llvm", "--convert-scf-to-cf",
        "--convert-arith-to-llvm", "--convert-func-to-llvm",
        "--convert-cf-to-llvm", "--convert-index-to-llvm",
        "--reconcile-unrealized-casts", "-o", folder / "tested.llvm.mlir")
    run(args.llvm + "mlir-translate", "--mlir-to-llvmir",
        folder / "tested.llvm.mlir", "-o", folder / "tested.ll")
    machine = f"-mattr={args.mattr}" if args.mattr else f"-mcpu={args.mcpu}"
    run(args.llvm + "llc", "-O3", "-relocation-model=pic", "-filetype=obj",
        machine, folder / "tested.ll", "-o", folder / "tested.o")
    run(args.llvm + "clang", "-shared", "-o", folder / "tested.so",
        folder / "tested.o", "-lm")
    return ctypes.CDLL(str(folder / "tested.so"))


def buildReference(args, folder):
    source = pathlib.Path(__file__).parent / "Inputs" / "reference.c"
    run(args.llvm + "clang", "-O3", "-march=native", "-fno-math-errno",
        "-fveclib=libmvec", "-fPIC", "-shared", source, "-o",
        folder / "reference.so", "-lmvec", "-lm")
    library = ctypes.CDLL(str(folder / "reference.so"))
    library.largestError.restype = ctypes.c_double
    return library


def call(function, inputs, out):
    """Runs a compiled loop over whole arrays."""
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*inputs, out)]
    function(*pointers, ctypes.c_int64(len(out)))
    return out


def ulpsOff(got, exact, digits, smallest):
    """|got - exact| in ULP of a format; infinite for a wrong special value."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(got.dtype)
        _, exponent = np.frexp(exact)
        scale = digits - 1 - np.maximum(exponent - 1, smallest)
        error = np.ldexp(np.abs(got.astype(exact.dtype) - exact), scale)
    special = ~(np.isfinite(got) & np.isfinite(rounded)) | (exact == 0)
    same = (np.isnan(got) & np.isnan(rounded)) | (
        (got == rounded) & (np.signbit(got) == np.signbit(rounded)))
    return np.where(special, np.where(same, 0.0, np.inf), error)


def unaryInputs(exhaustive):
    yield SPECIAL
    # Neighbours of powers of two and of multiples of pi/4.
    near = np.concatenate([np.ldexp(1.0, np.arange(-149, 128)),
                           np.arange(1, 4000) * (np.pi / 4)]).astype(np.float32)
    offsets = np.arange(-8, 9, dtype=np.int64)
    bits = (near.view(np.uint32)[:, None] + offsets).ravel().astype(np.uint32)
    yield np.concatenate([bits, bits | np.uint32(1 << 31)]).view(np.float32)
    if exhaustive:
        chunk = np.arange(1 << 16, dtype=np.uint32)  # fits in the cache
        for start in range(0, 1 << 32, len(chunk)):
            yield (chunk + np.uint32(start)).view(np.float32)
        return
    random = np.random.default_rng(1)
    stratum = np.arange(CHUNK, dtype=np.uint64) << np.uint64(12)
    yield (stratum + random.integers(0, 1 << 12, CHUNK, np.uint64)).astype(
        np.uint32).view(np.float32)


def binaryInputs(exhaustive):
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    yield x.ravel(), y.ravel()
    random = np.random.default_rng(2)
    for _ in range(64 if exhaustive else 1):
        bits = random.integers(0, 1 << 32, (2, CHUNK), np.uint64)
        yield tuple(bits.astype(np.uint32).view(np.float32))
        # Where powers are neither 0 nor infinite, with some integers.
        x = np.exp2(random.uniform(-20, 20, CHUNK)).astype(np.float32)
        y = random.uniform(-8, 8, CHUNK).astype(np.float32)
        y[::4] = np.rint(y[::4])
        x[::8] *= -1
        yield x, y
        # Close to 1 with large exponents.
        x = (1 + random.uniform(-1, 1, CHUNK) *
             np.exp2(-random.integers(2, 24, CHUNK))).astype(np.float32)
        y = (random.uniform(-1, 1, CHUNK) *
             np.exp2(random.integers(0, 31, CHUNK))).astype(np.float32)
        yield x, y


def padded(arrays):
    """Arrays whose length is a multiple of every vector length used."""
    length = -len(arrays[0]) % 64
    if length == 0:
        return arrays
    return [np.concatenate([a, a[:1].repeat(length)]) for a in arrays]


def measureF32(name, inputs, library, reference):
    """The largest error, and the input, the output and the exact output."""
    worst, at = -1.0, None
    where = ctypes.c_int64()
    for arrays in inputs:
        arrays = padded(arrays if isinstance(arrays, tuple) else (arrays,))
        got = call(library["test_" + name], arrays, np.empty_like(arrays[0]))
        exact = call(reference["reference_" + name], arrays,
                     np.empty(len(got), np.float64))
        error = reference.largestError(
            ctypes.c_void_p(got.ctypes.data), ctypes.c_void_p(exact.ctypes.data),
            ctypes.c_int64(len(got)), ctypes.byref(where))
        if error > worst:
            worst = error
            at = [a[where.value] for a in (*arrays, got, exact)]
    return worst, at


def largest(errors, *arrays):
    at = int(np.argmax(errors))
    return float(errors[at]), [a[at] for a in arrays]


def measureF64(name, library):
    random = np.random.default_rng(3)
    count = 1 << 16
    bits = random.integers(0, 1 << 64, count, np.uint64).view(np.float64)
    moderate = random.uniform(-1, 1, count) * np.exp2(
        random.integers(-60, 11, count))
    near = 1 + random.uniform(-1, 1, count) * np.exp2(
        random.integers(-50, 0, count))
    x, = padded([np.concatenate([SPECIAL.astype(np.float64), bits, moderate,
                                 near])])
    got = call(library["test_" + name + "_f64"], [x], np.empty_like(x))
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(x.astype(np.longdouble))
    return largest(ulpsOff(got, exact, 53, -1022), x, got, exact)


def measureF16(name, library, reference):
    x = np.arange(1 << 16, dtype=np.uint32).astype(np.uint16).view(np.float16)
    got = call(library["test_" + name + "_f16"], [x], np.empty_like(x))
    exact = call(reference["reference_" + name], [x.astype(np.float32)],
                 np.empty(len(got), np.float64))
    return largest(ulpsOff(got, exact, 11, -14), x, got, exact)


def module(names, width):
    """The functions under test, in all types."""
    tested = ""
    for name in names:
        operands = 2 if name in BINARY else 1
        tested += loop(name, name, operands, "f32", width)
        if name in UNARY_F64:
            tested += loop(name + "_f64", name, 1, "f64", width)
        if name in NARROW:
            tested += loop(name + "_f16", name, 1, "f16", width)
    return tested


def measurements(name, library, reference, exhaustive):
    """(label, bound, how to measure) of everything about one function."""
    if name in BINARY:
        yield name, BINARY[name], lambda: measureF32(
            name, binaryInputs(exhaustive), library, reference)
        return
    yield name, UNARY[name], lambda: measureF32(
        name, unaryInputs(exhaustive), library, reference)
    if name in UNARY_F64:
        yield name + "_f64", UNARY_F64[name], lambda: measureF64(name, library)
    if name in NARROW:
        yield name + "_f16", NARROW[name], lambda: measureF16(
            name, library, reference)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("functions", nargs="*", help="default: all")
    parser.add_argument("--exhaustive", action="store_true")
    parser.add_argument("--no-fma", action="store_true")
    parser.add_argument("--opt", default="tegula-opt")
    parser.add_argument("--llvm", default="",
                        help="prefix of LLVM's programs, if not in PATH")
    parser.add_argument("--mcpu", default="native")
    parser.add_argument("--mattr", default="")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--keep", help="folder for the intermediate files")
    args = parser.parse_args()

    names = args.functions or [*UNARY, *BINARY]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(args.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        library = build(module(names, args.width), args, folder)
        reference = buildReference(args, folder)

    failed = False
    for name in names:
        for label, bound, measure in measurements(name, library, reference,
                                                  args.exhaustive):
            start = time.time()
            worst, at = measure()
            bad = not worst <= bound
            failed |= bad
            where = ", ".join(repr(float(v)) for v in at)
            print(f"{label:10} {worst:8.4f} ULP "
                  f"{'FAIL' if bad else 'ok':4} "
                  f"{time.time() - start:6.1f} s  ({where})", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
