"""Builds the C sources: Python's extension, and the programs `agent` and `probe` that run where no Python is.

One text, wire.h, is read by the C compiler and by cffi. `python probes/build.py` builds what is out of date.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
OPERATIONS = [
    "operations.c",
    "pattern.c",
    "heap.c",
    "mapping.c",
    "file.c",
    "shm.c",
    "ipc.c",
    "lock.c",
    "process.c",
    "system.c",
    "segments.c",
    "yardstick.c",
]
AGENT = ["agent.c", "init.c", "children.c", "sampling.c", "pages.c", "trace.c"]
# -fno-builtin: the compiler otherwise removes pairs of malloc and free, and stores that nobody reads.
FLAGS = ["-O2", "-g0", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-D_GNU_SOURCE", "-std=gnu11"]
NATIVE = HERE / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"

PROGRAMS = {
    "agent": ([*AGENT, *OPERATIONS], ["-static"]),
    "probe": (["probe.c", *OPERATIONS], ["-Wl,-z,relro,-z,now"]),
    "handover": (["handover.c", "init.c"], ["-static"]),
}

# Programs without a C library, which a compiler for x86-64 makes for 32 bits too; one that can't leaves that out.
BARE = {"reach32": ("reach.c", "-m32"), "reach64": ("reach.c", "-m64")}
BARE_FLAGS = ["-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie", "-nostdlib", "-static", "-Wl,-e,start"]


def newest_source() -> float:
    """The time of the last change to a source, in seconds since 1970."""
    return max(path.stat().st_mtime for path in HERE.iterdir() if path.suffix in {".c", ".h", ".py"})


def outdated(target: Path) -> bool:
    return not target.exists() or target.stat().st_mtime < newest_source()


def build_program(name: str) -> None:
    """Compiles and links one program. The new file replaces the old one at once: a run may be using it."""
    sources, options = PROGRAMS[name]
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        made = Path(directory, name)
        files = [str(HERE / source) for source in sources]
        subprocess.run(["cc", *FLAGS, *files, "-o", made, *options, "-lpthread", "-lrt"], check=True)
        made.replace(BUILD / name)


def build_bare(name: str) -> None:
    source, bits = BARE[name]
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        made = Path(directory, name)
        done = subprocess.run(["cc", *FLAGS, *BARE_FLAGS, bits, HERE / source, "-o", made], capture_output=True, text=True)
        if done.returncode == 0:
            made.replace(BUILD / name)
        else:
            print(f"probes: {name} is left out, the compiler can't make it: {done.stderr.splitlines()[:1]}", file=sys.stderr)


def build_native() -> None:
    """The API-mode extension `probes._native`: wire.h's names, every operation, the decoder."""
    ffi = FFI()
    ffi.cdef((HERE / "wire.h").read_text())
    ffi.cdef((HERE / "native.h").read_text())
    ffi.set_source(
        "_native",
        '#include "operation.h"\n#include "pattern.h"\n#include "native.h"\n',
        sources=[str(HERE / source) for source in [*OPERATIONS, "native.c"]],
        include_dirs=[str(HERE)],
        extra_compile_args=[*FLAGS, "-Wno-unused-parameter"],
        libraries=["pthread", "rt"],
    )
    with tempfile.TemporaryDirectory() as directory:
        made = Path(ffi.compile(tmpdir=directory))
        new = NATIVE.with_suffix(".new")
        new.write_bytes(made.read_bytes())
        new.replace(NATIVE)


def build() -> None:
    """Builds whatever is older than the sources."""
    with ThreadPoolExecutor() as pool:
        jobs = [pool.submit(build_program, name) for name in PROGRAMS if outdated(BUILD / name)]
        jobs += [pool.submit(build_bare, name) for name in BARE if outdated(BUILD / name)]
        if outdated(NATIVE):
            jobs.append(pool.submit(build_native))
        for job in jobs:
            job.result()


if __name__ == "__main__":
    try:
        build()
    except subprocess.CalledProcessError as error:
        sys.exit(f"probes: the compiler refused them (exit status {error.returncode}); its messages stand above")
