#!/usr/bin/env python3
"""Run this folder's cases on a processor that Bochs emulates. By hand: minutes.

    emulated.py                                        every case, AVX-512
    emulated.py contraction --only MatMul --threads 2  as for run.py
    emulated.py --target=cascadelake --cpu='corei7_skylake_x, add_features=avx512vnni'

Each case becomes a program (--emit=exe), all of them with their inputs the
initramfs of a small Linux. The guest writes the outputs as a tar archive to
port 0xe9, which Bochs copies to its standard output; Case.check judges them
here. Needs cc, xorriso, at --root Debian's busybox-static, isolinux,
syslinux-common and linux-image-...-cloud-amd64-unsigned, and Bochs built with
    --enable-x86-64 --enable-cpu-level=6 --enable-avx --enable-evex --with-nogui
Bochs 3.1 (development, August 2026) needs repairs: KSHIFTRW by 15 (`count < 15`
in avx512_mask16.cc), gathers whose index is register 16 or higher (assign_srcs
must clear `vvv & 0x10` when it has used it), leaf 7 of corei7_skylake_x, which
leaves out AVX-512 VNNI even where it was added; with FP16, VCVTTPH2* are
entered as VCVTPH2*. Its newer processors do not boot Linux 6.1.
Ends with `N passed, N failed`.
"""

import argparse
import io
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
from run import MODES, families, jobs_of

# Copies its standard input to Bochs's debugging port.
E9 = r"""
#include <sys/io.h>
#include <unistd.h>
int main(void) {
  static unsigned char data[1 << 16];
  ssize_t size;
  if (iopl(3))
    return 1;
  while ((size = read(0, data, sizeof(data))) > 0)
    for (ssize_t i = 0; i < size; ++i)
      outb(data[i], 0xe9);
  return 0;
}
"""
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc none /proc
cd /cases
for case in *; do
  (cd $case && sh ./command > log 2>&1; echo $? > status; rm -f program *.in.npy)
  echo "ran $case" > /dev/console
done
tar -cf - * | /bin/e9
poweroff -f
"""
ISOLINUX = """default linux
label linux
  kernel /vmlinuz
  append initrd=/initrd rdinit=/init console=ttyS0 quiet mitigations=off
"""
BOCHSRC = """
cpu: model={cpu}, count=1, ips=50000000, reset_on_triple_fault=0, cpuid_freq=ips
memory: guest=1024, host=1024
romimage: file={bochs}/bios/BIOS-bochs-latest
vgaromimage: file={bochs}/bios/VGABIOS-lgpl/VGABIOS-lgpl-latest.bin
ata0-master: type=cdrom, path={folder}/guest.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={folder}/console
port_e9_hack: enabled=1
display_library: nogui
clock: sync=none
log: {folder}/bochs.log
panic: action=fatal
"""


def compile_cases(args, folder):
    """Folders with a program, its inputs and the command line; the cases by folder name."""
    from tegula import _capi

    cases = {}
    for family in args.families or families():
        for name, case, mode in jobs_of(family, args.only):
            if mode != args.mode:
                continue
            key = f"{len(cases):04}"
            at = folder / "cases" / key
            at.mkdir(parents=True)
            level, symbolic = MODES[mode]
            words = [f"-O{level}", f"--target={args.target}", "--emit=exe"]
            try:
                _capi.compile_model(case.model(symbolic=symbolic).SerializeToString(), words, at / "program")
            except Exception:  # what does not compile is run.py's concern
                shutil.rmtree(at)
                continue
            files = []
            for number, (feed, value) in enumerate(case.feeds.items()):
                np.save(at / f"{number}.in.npy", value)
                files.append(f"'{feed}={number}.in.npy'")
            files += [f"'{output}={number}.npy'" for number, output in enumerate(case.outputs)]
            (at / "command").write_text(f"exec ./program --threads={args.threads} {' '.join(files)}\n")
            cases[key] = (name, case)
    return cases


def make_image(args, folder):
    """A CD that boots Linux with `folder`/cases."""
    guest = folder / "guest"
    for name in ("bin", "proc", "dev", "lib64", "lib/x86_64-linux-gnu"):
        (guest / name).mkdir(parents=True)
    (folder / "cases").rename(guest / "cases")
    shutil.copy(args.root / "bin/busybox", guest / "bin/busybox")
    for library in ("lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libm.so.6"):
        shutil.copy(f"/{library}", guest / library)
    (guest / "init").write_text(INIT)
    (guest / "init").chmod(0o755)
    subprocess.run(["cc", "-O2", "-static", "-x", "c", "-", "-o", guest / "bin/e9"], input=E9.encode(), check=True)
    image = folder / "iso"
    image.mkdir()
    find = subprocess.run(["find"], cwd=guest, stdout=subprocess.PIPE, check=True)
    with open(image / "initrd", "wb") as file:
        subprocess.run([args.root / "bin/busybox", "cpio", "-o", "-H", "newc"], cwd=guest, input=find.stdout,
                       stdout=file, stderr=subprocess.DEVNULL, check=True)
    shutil.copy(next((args.root / "boot").glob("vmlinuz-*")), image / "vmlinuz")
    shutil.copy(args.root / "usr/lib/ISOLINUX/isolinux.bin", image)
    shutil.copy(args.root / "usr/lib/syslinux/modules/bios/ldlinux.c32", image)
    (image / "isolinux.cfg").write_text(ISOLINUX)
    subprocess.run([args.xorriso, "-as", "mkisofs", "-quiet", "-o", folder / "guest.iso", "-b", "isolinux.bin", "-c",
                    "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", image], check=True)


def emulate(args, folder):
    """The archive that the guest wrote."""
    (folder / "bochsrc").write_text(BOCHSRC.format(cpu=args.cpu, bochs=args.bochs_source, folder=folder))
    done = subprocess.run([args.bochs, "-q", "-f", folder / "bochsrc"], cwd=folder, timeout=args.timeout,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout[done.stdout.find(b"0000/"):]


def judge(case, archive, key):
    """"" or what is wrong."""
    def member(name):
        return archive.extractfile(f"{key}/{name}").read()

    try:
        if member("status").strip() != b"0":
            return "failed: " + " ".join(member("log").decode(errors="replace").split())[:300]
        got = [np.load(io.BytesIO(member(f"{number}.npy"))) for number in range(len(case.outputs))]
        exact = case.exact()
        case.check([value.view(want.dtype) if value.dtype.kind == "V" else value for value, want in zip(got, exact)])
    except Exception as error:  # every failure is a result
        return f"{type(error).__name__}: {error}"
    return ""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help=", ".join(families()))
    parser.add_argument("--only", metavar="REGEX")
    parser.add_argument("--mode", default="O3", choices=MODES)
    parser.add_argument("--target", default="skylake-avx512", help="the compiler's")
    parser.add_argument("--cpu", default="corei7_skylake_x", help="Bochs's")
    parser.add_argument("--threads", default=1)
    parser.add_argument("--bochs", default="bochs")
    parser.add_argument("--bochs-source", default="/usr/share/bochs", help="folder with bios/")
    parser.add_argument("--xorriso", default="xorriso")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("/"))
    parser.add_argument("--keep", type=pathlib.Path, help="an empty folder for the files")
    parser.add_argument("--timeout", type=float, default=3600, help="s, for the emulation")
    return parser.parse_args()


def run_cases(args, folder):
    """The number of failures, which are printed."""
    cases = compile_cases(args, folder)
    make_image(args, folder)
    archive = tarfile.open(fileobj=io.BytesIO(emulate(args, folder)))
    failed = 0
    for key, (name, case) in cases.items():
        if problem := judge(case, archive, key):
            failed += 1
            print(f"FAILED {name} ({key}): {' '.join(problem.split())[:400]}")
    print(f"{len(cases) - failed} passed, {failed} failed")
    return failed


def main():
    args = arguments()
    if args.keep:
        return bool(run_cases(args, args.keep))
    with tempfile.TemporaryDirectory() as folder:
        return bool(run_cases(args, pathlib.Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
