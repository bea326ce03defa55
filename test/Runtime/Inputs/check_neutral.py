"""Signals, environment, locale, files, threads, errno and rounding stay."""

import ctypes as c
import locale
import os
import pathlib
import signal
import sys

import numpy as np

from artifact import *

libc = c.CDLL(None, use_errno=True)
libm = c.CDLL("libm.so.6")
dlclose = libc.dlclose
dlclose.argtypes = [c.c_void_p]


def state():
    status = pathlib.Path("/proc/self/status").read_text().splitlines()
    kept = ("SigBlk", "SigIgn", "SigCgt", "Threads")
    environment = (c.c_byte * 32)()
    libm.fegetenv(environment)
    return (
        [line for line in status if line.startswith(kept)],
        sorted(os.listdir("/proc/self/fd")),
        dict(os.environ), os.getcwd(), locale.setlocale(locale.LC_ALL),
        libm.fegetround(), bytes(environment),
        signal.getsignal(signal.SIGSEGV),
    )


def resident():
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1])


def use(rounds):
    x = np.ones((1000, 3), np.float32)
    for i in range(rounds):
        context = Context(sys.argv[1], num_threads=1 + i % 3)
        assert (context.run(x)[0] == np.float32([2, 3, 4])).all()
        assert context.model.run(context.handle, None, 0, None, 0) == ARGUMENT
        context.close()
        dlclose(context.library._handle)


use(2)
before = state()
c.set_errno(77)
use(100)
assert c.get_errno() == 77
assert state() == before, (state(), before)

# The library is gone, and nothing piles up.
assert os.path.basename(sys.argv[1]) not in pathlib.Path("/proc/self/maps").read_text()
pages = resident()
use(300)
assert resident() - pages < 256, resident() - pages

# An odd rounding mode and blocked signals of the caller stay, too.
libm.fesetround(0x400)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
before = state()
use(3)
assert state() == before
libm.fesetround(0)
print("ok")
