#!/usr/bin/env python3
"""Instructions one by one: a kernel executes the table, and its results are compared bit by bit.

    instructions.py PTX-RUN FOLDER

Prints `N passed, N failed`. An operand is (type, value); a value of a float type may be
given as bits by an integer.
"""

import math
import pathlib
import struct
import subprocess
import sys

INF, NAN = math.inf, math.nan
REGISTERS = {"8": "b16", "16": "b16", "32": "b32", "64": "b64"}
FORMATS = {"f16": "<e", "f32": "<f", "f64": "<d"}


def width(kind):
    """Bits of a type."""
    return 32 if kind.endswith("x2") else int("".join(c for c in kind if c.isdigit()))


def bits(kind, value):
    """The bits of a value of a type."""
    if kind == "pred":
        return int(bool(value))
    if isinstance(value, float):
        if kind == "bf16":
            return struct.unpack("<I", struct.pack("<f", value))[0] >> 16
        form = FORMATS[kind]
        return int.from_bytes(struct.pack(form, value), "little")
    return value & ((1 << width(kind)) - 1)


def f32(x):
    """Rounds to float."""
    try:
        return struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        return math.copysign(INF, x)


def same(opcode, kind, values, result):
    """An instruction whose operands and result have one type."""
    return (opcode, kind, [(kind, value) for value in values], result)


U, S = 0xFFFFFFFF, -0x80000000
SMALLEST = 2.0 ** -149  # of the subnormal floats
TABLE = [
    # Integers wrap; mul.hi and mul.wide see the sign.
    same("add.s32", "s32", [2**31 - 1, 1], S),
    same("sub.u64", "u64", [0, 1], -1),
    same("add.s16", "s16", [32767, 1], -32768),
    same("add.sat.s32", "s32", [2**31 - 1, 1], 2**31 - 1),
    same("sub.sat.s32", "s32", [S, 1], S),
    same("mul.lo.s32", "s32", [-3, 5], -15),
    same("mul.lo.u16", "u16", [65535, 65535], 1),
    same("mul.hi.s32", "s32", [-2, 3], -1),
    same("mul.hi.u32", "u32", [U, U], U - 1),
    same("mul.hi.u64", "u64", [2**63, 4], 2),
    ("mul.wide.s32", "s64", [("s32", -3), ("s32", 5)], -15),
    ("mul.wide.u32", "u64", [("u32", U), ("u32", 2)], 2 * U),
    ("mul.wide.s16", "s32", [("s16", -300), ("s16", 300)], -90000),
    same("mad.lo.s32", "s32", [7, -6, 2], -40),
    ("mad.wide.s32", "s64", [("s32", -7), ("s32", 6), ("s64", 2)], -40),
    same("mad.hi.u32", "u32", [U, 2, 5], 6),
    same("div.s32", "s32", [-7, 2], -3),
    same("rem.s32", "s32", [-7, 2], -1),
    same("div.u32", "u32", [-7, 2], 0x7FFFFFFC),
    same("div.s32", "s32", [S, -1], S),
    same("rem.u64", "u64", [100, 7], 2),
    same("min.s32", "s32", [-1, 1], -1),
    same("min.u32", "u32", [-1, 1], 1),
    same("max.s64", "s64", [-1, 1], 1),
    same("abs.s32", "s32", [-5], 5),
    same("neg.s16", "s16", [5], -5),
    same("sad.u32", "u32", [3, 10, 1], 8),
    ("add.u16x2", "b32", [("b32", 0xFFFF0001), ("b32", 0x00010001)], 0x00000002),
    ("dp4a.s32.s32", "s32", [("s32", 0x01FF0203), ("s32", 0x01010101), ("s32", 10)], 15),
    ("dp4a.u32.u32", "s32", [("s32", 0x01FF0203), ("s32", 0x01010101), ("s32", 10)], 271),
    # Bits. Shifts by the width and more are defined.
    same("and.b32", "b32", [0xF0F0, 0xFF00], 0xF000),
    same("not.b64", "b64", [0], -1),
    same("cnot.b32", "b32", [0], 1),
    ("shl.b32", "b32", [("b32", 1), ("u32", 32)], 0),
    ("shr.s32", "s32", [("s32", -8), ("u32", 1)], -4),
    ("shr.s32", "s32", [("s32", -8), ("u32", 40)], -1),
    ("shr.u64", "u64", [("u64", -1), ("u32", 60)], 15),
    ("popc.b64", "u32", [("b64", -1)], 64),
    ("clz.b32", "u32", [("b32", 1)], 31),
    ("clz.b64", "u32", [("b64", 0)], 64),
    same("brev.b32", "b32", [1], 0x80000000),
    ("bfind.u32", "u32", [("u32", 0x80)], 7),
    ("bfind.s32", "u32", [("s32", -1)], -1),
    ("bfind.shiftamt.u32", "u32", [("u32", 1)], 31),
    ("bfe.u32", "u32", [("u32", 0xABCD), ("u32", 4), ("u32", 8)], 0xBC),
    ("bfe.s32", "s32", [("s32", 0xABCD), ("u32", 4), ("u32", 8)], -68),
    ("bfe.s32", "s32", [("s32", S), ("u32", 28), ("u32", 8)], -8),
    ("bfe.u64", "u64", [("u64", 1 << 40), ("u32", 36), ("u32", 8)], 16),
    ("bfi.b32", "b32", [("b32", 0xF), ("b32", 0), ("u32", 4), ("u32", 2)], 0x30),
    ("lop3.b32", "b32", [("b32", 0xFF00), ("b32", 0xF0F0), ("b32", 0xCCCC), ("imm", 0x96)],
     0xFF00 ^ 0xF0F0 ^ 0xCCCC),
    ("lop3.b32", "b32", [("b32", 0xFF00), ("b32", 0xF0F0), ("b32", 0xCCCC), ("imm", 0xCA)],
     (0xFF00 & 0xF0F0) | (~0xFF00 & 0xCCCC)),
    same("prmt.b32", "b32", [0x33221100, 0x77665544, 0x7250], 0x77225500),
    same("prmt.b32", "b32", [0x00008000, 0, 0x9999], 0xFFFFFFFF),
    same("shf.l.wrap.b32", "b32", [0x80000000, 1, 33], 3),
    same("shf.r.wrap.b32", "b32", [0x2, 1, 1], 0x80000001),
    same("shf.r.clamp.b32", "b32", [2, 1, 40], 1),
    # Floats: one rounding, signed zeros, NaN, subnormals, .ftz, .sat, directions.
    same("add.rn.f32", "f32", [1.0, 2.0**-24], 1.0),
    same("add.rz.f32", "f32", [-1.0, -(2.0**-24)], -1.0),
    same("add.rp.f32", "f32", [1.0, 2.0**-30], 1.0 + 2.0**-23),
    same("add.rm.f32", "f32", [1.0, -(2.0**-30)], 1.0 - 2.0**-24),
    same("mul.rn.f32", "f32", [SMALLEST, 0.5], 0.0),
    same("mul.rn.f32", "f32", [2.0**-140, 2.0], 2.0**-139),
    same("mul.ftz.f32", "f32", [2.0**-140, 2.0], 0.0),
    same("add.ftz.f32", "f32", [-(2.0**-140), 0.0], 0.0),
    same("add.sat.f32", "f32", [3.0, 4.0], 1.0),
    same("add.sat.f32", "f32", [NAN, 4.0], 0.0),
    same("fma.rn.f32", "f32", [1.0 + 2.0**-23, 1.0 - 2.0**-23, -1.0], -(2.0**-46)),
    same("fma.rn.f64", "f64", [1.0 + 2.0**-52, 1.0 - 2.0**-52, -1.0], -(2.0**-104)),
    same("div.rn.f32", "f32", [1.0, 3.0], f32(1 / 3)),
    same("div.full.f32", "f32", [6.0, 3.0], 2.0),
    same("rcp.rn.f64", "f64", [3.0], 1 / 3),
    same("sqrt.rn.f32", "f32", [2.0], f32(math.sqrt(2))),
    same("rsqrt.approx.f32", "f32", [4.0], 0.5),
    same("ex2.approx.ftz.f32", "f32", [0.5], f32(2**0.5)),
    same("ex2.approx.ftz.f32", "f32", [-140.0], 0.0),
    same("ex2.approx.f32", "f32", [-140.0], 2.0**-140),
    same("lg2.approx.f32", "f32", [8.0], 3.0),
    same("lg2.approx.f32", "f32", [0.0], -INF),
    same("sin.approx.f32", "f32", [1.0], f32(math.sin(1))),
    same("tanh.approx.f32", "f32", [1.0], f32(math.tanh(1))),
    same("min.f32", "f32", [NAN, 1.0], 1.0),
    same("min.NaN.f32", "f32", [NAN, 1.0], NAN),
    same("max.f32", "f32", [-0.0, 0.0], 0.0),
    same("min.f32", "f32", [0.0, -0.0], -0.0),
    same("abs.f32", "f32", [-2.5], 2.5),
    same("neg.f64", "f64", [0.0], -0.0),
    same("copysign.f32", "f32", [-1.0, 3.0], -3.0),
    # Sixteen bits.
    same("add.f16", "f16", [2048.0, 1.0], 2048.0),
    same("fma.rn.f16", "f16", [1.0 + 2.0**-10, 1.0 - 2.0**-10, -1.0], -(2.0**-20)),
    same("mul.bf16", "bf16", [3.0, 1.0078125], 3.03125),
    ("add.f16x2", "b32", [("b32", 0x3C004000), ("b32", 0x3C003C00)], 0x40004200),
    ("fma.rn.bf16x2", "b32", [("b32", 0x3F804000), ("b32", 0x40004000), ("b32", 0x3F803F80)],
     0x404040A0),
    ("fma.rn.relu.f16x2", "b32", [("b32", 0xBC003C00), ("b32", 0x3C003C00), ("b32", 0)],
     0x00003C00),
    same("neg.f16", "f16", [1.0], -1.0),
    ("abs.bf16x2", "b32", [("b32", 0xBF80BF80)], 0x3F803F80),
    same("ex2.approx.f16", "f16", [3.0], 8.0),
    same("max.f16", "f16", [NAN, 2.0], 2.0),
    # Conversions saturate towards integers; NaN is zero.
    ("cvt.s32.s8", "s32", [("s8", -5)], -5),
    ("cvt.u32.u16", "u32", [("u16", 65535)], 65535),
    ("cvt.s64.s32", "s64", [("s32", -1)], -1),
    ("cvt.u64.u32", "u64", [("u32", U)], U),
    ("cvt.sat.u8.s32", "u16", [("s32", 300)], 255),
    ("cvt.rzi.s32.f32", "s32", [("f32", -1.9)], -1),
    ("cvt.rni.s32.f32", "s32", [("f32", 2.5)], 2),
    ("cvt.rmi.s32.f32", "s32", [("f32", -1.1)], -2),
    ("cvt.rpi.s32.f32", "s32", [("f32", 1.1)], 2),
    ("cvt.rzi.s32.f32", "s32", [("f32", 1e20)], 2**31 - 1),
    ("cvt.rzi.u32.f32", "u32", [("f32", -1.0)], 0),
    ("cvt.rzi.s64.f64", "s64", [("f64", -1e300)], -(2**63)),
    ("cvt.rzi.s32.f32", "s32", [("f32", NAN)], 0),
    ("cvt.rn.f32.s32", "f32", [("s32", 16777217)], 16777216.0),
    ("cvt.rz.f32.s32", "f32", [("s32", 16777219)], 16777218.0),
    ("cvt.rn.f32.u64", "f32", [("u64", -1)], 2.0**64),
    ("cvt.rn.f16.f32", "f16", [("f32", 65520.0)], INF),
    ("cvt.rn.bf16.f32", "bf16", [("f32", 1.0 + 2.0**-8)], 1.0),
    ("cvt.rn.bf16.f32", "bf16", [("f32", 1.0 + 3 * 2.0**-8)], 1.015625),
    ("cvt.f32.f16", "f32", [("f16", 2.0**-24)], 2.0**-24),
    ("cvt.f32.bf16", "f32", [("bf16", 1.5)], 1.5),
    ("cvt.rn.f32.f64", "f32", [("f64", 1.0 + 2.0**-30)], 1.0),
    ("cvt.f64.f32", "f64", [("f32", 1.5)], 1.5),
    ("cvt.rni.f32.f32", "f32", [("f32", -2.5)], -2.0),
    ("cvt.sat.f32.f32", "f32", [("f32", -2.5)], 0.0),
    ("cvt.rn.f16x2.f32", "b32", [("f32", 1.0), ("f32", 2.0)], 0x3C004000),
    ("cvt.rn.relu.bf16x2.f32", "b32", [("f32", -1.0), ("f32", 2.0)], 0x00004000),
    ("cvt.rn.satfinite.e4m3x2.f32", "b16", [("f32", 1000.0), ("f32", -0.0625)], 0x7E98),
    ("cvt.rn.satfinite.e5m2x2.f32", "b16", [("f32", 1.25), ("f32", 2.0**-16)], 0x3D01),
    ("cvt.rn.f16x2.e4m3x2", "b32", [("b16", 0x38B8)], 0x3C00BC00),
    ("cvt.rna.tf32.f32", "b32", [("f32", 0x3F801000)], 0x3F802000),
    # Comparisons and selections.
    ("setp.lt.s32", "pred", [("s32", -1), ("s32", 1)], 1),
    ("setp.lt.u32", "pred", [("u32", -1), ("u32", 1)], 0),
    ("setp.eq.f32", "pred", [("f32", NAN), ("f32", NAN)], 0),
    ("setp.neu.f32", "pred", [("f32", NAN), ("f32", NAN)], 1),
    ("setp.ne.f32", "pred", [("f32", NAN), ("f32", 0.0)], 0),
    ("setp.nan.f64", "pred", [("f64", NAN), ("f64", 0.0)], 1),
    ("setp.num.f32", "pred", [("f32", 1.0), ("f32", 0.0)], 1),
    ("setp.gt.f16", "pred", [("f16", 2.0), ("f16", -2.0)], 1),
    ("setp.lo.u64", "pred", [("u64", 1), ("u64", 2)], 1),
    ("testp.infinite.f32", "pred", [("f32", -INF)], 1),
    ("testp.subnormal.f32", "pred", [("f32", SMALLEST)], 1),
    ("slct.b32.s32", "b32", [("b32", 1), ("b32", 2), ("s32", -1)], 2),
    ("set.gt.u32.s32", "u32", [("s32", 2), ("s32", 1)], -1),
    ("set.gt.f32.s32", "f32", [("s32", 2), ("s32", 1)], 1.0),
]


def register_type(kind):
    return "pred" if kind == "pred" else REGISTERS[str(width(kind))]


def kernel_text():
    """PTX that executes the table and stores every result as 64 bits."""
    declarations, body = [], []
    for row, (opcode, kind, operands, _) in enumerate(TABLE):
        names = []
        for place, (type_, value) in enumerate(operands):
            if type_ == "imm":
                names.append(str(value))
                continue
            name, register = f"%s{row}_{place}", register_type(type_)
            declarations.append(f"  .reg .{register} {name};")
            body.append(f"  mov.{register} {name}, {bits(type_, value):#x};")
            names.append(name)
        register = register_type(kind)
        declarations.append(f"  .reg .{register} %d{row};")
        body.append(f"  {opcode} %d{row}, {', '.join(names)};")
        if kind == "pred":
            body.append(f"  selp.b64 %wide, 1, 0, %d{row};")
        elif register == "b64":
            body.append(f"  mov.b64 %wide, %d{row};")
        else:
            body.append(f"  cvt.u64.u{register[1:]} %wide, %d{row};")
        body.append(f"  st.global.b64 [%to+{8 * row}], %wide;")
    return "\n".join([".version 8.6", ".target sm_90", ".address_size 64", ".visible .entry table(.param .u64 to)",
                      "{", "  .reg .b64 %to, %wide;", *declarations, "  ld.param.u64 %to, [to];", *body,
                      "  ret;", "}", ""])


def agrees(kind, got, wanted):
    """Are the bits right? Any NaN is as good as another."""
    if isinstance(wanted, float) and math.isnan(wanted):
        exponent = {"f16": 0x7C00, "f32": 0x7F800000, "f64": 0x7FF << 52}[kind]
        return got & exponent == exponent and got & (exponent & -exponent) - 1 != 0
    return got == bits(kind, wanted)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "instructions.ptx"
    path.write_text(kernel_text())
    run = subprocess.run([program, path, "table", f"x64[{len(TABLE)}]=out"], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(run.stderr)
    results = [int(word, 16) for word in run.stdout.split()[2:]]
    failed = 0
    for (opcode, kind, operands, wanted), got in zip(TABLE, results):
        mask = (1 << width(kind)) - 1 if kind != "pred" else 1
        if not agrees(kind, got & mask, wanted):
            failed += 1
            print(f"{opcode} {operands}: {got & mask:#x}, expected {wanted}")
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed or len(results) != len(TABLE)


if __name__ == "__main__":
    sys.exit(main())
