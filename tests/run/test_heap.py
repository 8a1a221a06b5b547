"""One heap for all threads of a process."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

from tests.commands import ROOT

# Threads that allocate at once, and how many heaps glibc tells of afterwards (malloc_info(3)).
HEAPS = """
import ctypes, sys, threading
from harness.run import heap
if sys.argv[1:]:
    heap.share()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(4)
def allocate():
    together.wait()
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(4)]
[one.start() for one in threads]
[one.join() for one in threads]
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have one heap anyway")
def test_threads_share_the_heap() -> None:
    def heaps(*words: str) -> int:
        done = subprocess.run([sys.executable, "-c", HEAPS, *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return len(re.findall("<heap nr=", done.stdout))

    assert heaps("shared") == 1
    assert heaps() > 1
