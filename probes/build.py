"""Builds the C sources: Python's extension, and the programs `agent` and `probe` that run where no Python is.

One text, wire.h, is read by the C compiler and by cffi. `python -m probes.build` builds what is out of date.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import probes

HERE = Path(__file__).resolve().parent
BUILD = HERE / "build"
BY_TIME = True  # what is older than its sources is built again
# Each may use those before it, and a file includes a header by its plain name (tests/probes/test_no_circle.py).
FOLDERS = [HERE, *(HERE / name for name in ("common", "operations", "agent", "programs"))]
INCLUDES = [f"-I{folder}" for folder in FOLDERS]


def sources(folder: str) -> list[Path]:
    """Lists the C files of a folder."""
    return sorted((HERE / folder).glob("*.c"))


OPERATIONS = [*sources("common"), *sources("operations")]
# -fno-builtin: the compiler otherwise removes pairs of malloc and free, and stores that nobody reads.
FLAGS = ["-O2", "-g0", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-D_GNU_SOURCE", "-std=gnu11"]
# Files and times of 64 bits, also where the C library has old types of 32.
FLAGS += ["-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]
NATIVE = HERE / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"

PROGRAMS = {
    "agent": ([HERE / "programs/agent.c", *sources("agent"), *OPERATIONS], ["-static"]),
    "probe": ([HERE / "programs/probe.c", *OPERATIONS], ["-Wl,-z,relro,-z,now"]),
    "handover": ([HERE / "programs/handover.c", HERE / "agent/init.c"], ["-static"]),
}

COMPILER = "cc"
FOREIGN = ("agent", "probe")  # what a guest needs; the hand-over to an installed system is for this host's own architecture

# Programs without a C library, which a compiler for x86-64 makes for 32 bits too; one that can't leaves that out.
BARE = {"reach32": ("programs/reach.c", "-m32"), "reach64": ("programs/reach.c", "-m64")}
BARE_FLAGS = ["-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie", "-nostdlib", "-static", "-Wl,-e,start"]


def into(place: Path) -> None:
    """Builds into this directory from now on, and has `probes._native` found there: for sources that are installed, whose
    own folder is nobody's to write to. Its name tells of which sources it is (`digest`), so no time is compared."""
    global BUILD, NATIVE, BY_TIME
    BUILD, NATIVE, BY_TIME = place, place / NATIVE.name, False
    if str(place) not in probes.__path__:
        probes.__path__.append(str(place))


def digest() -> str:
    """Gives a name for what is built of these sources for this interpreter."""
    found = hashlib.sha256(f"{NATIVE.name} {' '.join(FLAGS)}".encode())
    for path in sorted(path for folder in FOLDERS for path in folder.iterdir() if path.suffix in {".c", ".h", ".py"}):
        found.update(f"{path.relative_to(HERE)}\0".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def newest_source() -> float:
    """Gives the time of the last change to a source, in seconds since 1970."""
    return max(path.stat().st_mtime for folder in FOLDERS for path in folder.iterdir() if path.suffix in {".c", ".h", ".py"})


def outdated(target: Path) -> bool:
    return not target.exists() or (BY_TIME and target.stat().st_mtime < newest_source())


def missing() -> list[str]:
    """Names what is not built yet, of all that has to be."""
    return [path.name.partition(".")[0] for path in (*(BUILD / name for name in PROGRAMS), NATIVE) if not path.exists()]


def folder(compiler: str) -> Path:
    """Gives the directory of the programs that a compiler makes: this host's own `cc`, or another architecture's."""
    return BUILD if compiler == COMPILER else BUILD / compiler


def build_program(name: str, compiler: str = COMPILER) -> None:
    """Compiles and links one program. The new file replaces the old one at once: a run may be using it."""
    files, options = PROGRAMS[name]
    place = folder(compiler)
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as directory:
        made = Path(directory, name)
        subprocess.run([compiler, *FLAGS, *INCLUDES, *files, "-o", made, *options, "-lpthread", "-lrt"], check=True)
        made.replace(place / name)


def build_foreign(compiler: str) -> None:
    """Builds the programs that run in guests of another architecture with its compiler, whatever of them is out of date."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor() as pool:
        names = [name for name in FOREIGN if outdated(folder(compiler) / name)]
        for job in [pool.submit(build_program, name, compiler) for name in names]:
            job.result()


def build_bare(name: str) -> None:
    source, bits = BARE[name]
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        made = Path(directory, name)
        done = subprocess.run([COMPILER, *FLAGS, *BARE_FLAGS, bits, HERE / source, "-o", made], capture_output=True, text=True)
        if done.returncode == 0:
            made.replace(BUILD / name)
        else:
            print(f"probes: {name} is left out, the compiler can't make it: {done.stderr.splitlines()[:1]}", file=sys.stderr)


def build_native() -> None:
    """Builds the API-mode extension `probes._native`: wire.h's names, every operation, the decoder.

    cffi knows no macros but plain numbers: it reads the headers as the preprocessor leaves them.
    """
    read = subprocess.run([COMPILER, "-E", "-P", *INCLUDES, HERE / "native.h"], check=True, stdout=subprocess.PIPE, text=True)
    from cffi import FFI  # only who compiles needs it

    ffi = FFI()
    ffi.cdef(read.stdout)
    ffi.set_source(
        "_native",
        '#include "operation.h"\n#include "native.h"\n',
        sources=[str(file) for file in [*OPERATIONS, HERE / "native.c"]],
        include_dirs=[str(folder) for folder in FOLDERS],
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
    from concurrent.futures import ThreadPoolExecutor

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
