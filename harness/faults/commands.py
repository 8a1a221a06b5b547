"""Commands as a user types them, to be ended or frozen from outside: started with a cache of their own, and looked after."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness import cache
from harness.paths import ROOT

# What of the cache costs a download or many seconds, and is only read: a command of these rounds has it too.
LENT = ("kernels", "disks", "initramfs", "allocators", "qemu", "boots", "matplotlib")
EXPERIMENT = "page-size"  # one cell, a tenth of a second a trial: the rest of a run is what is shown here


@contextmanager
def own_cache(into: Path) -> Iterator[Path]:
    """Makes a cache in which snapshots are made anew, and which is looked through for what is left."""
    made = into / "cache"
    made.mkdir(0o700)
    for name in LENT:
        cache.directory(name)
        (made / name).symlink_to(cache.place(name).absolute())
    yield made


def started(into: Path, place: Path, *words: str, terminal: int | None = None) -> subprocess.Popen[bytes]:
    """Starts a command of this checkout in the cache `place`; what it says is kept in `into`. terminal: that it has instead,
    as the first process of a session."""
    # Whoever starts these rounds with nohup(1), or in the background of a script, ignores signals; the command is to hear them.
    typed = ["env", "--default-signal=INT,TERM,HUP", sys.executable, "-m", "invoke", *words]
    with open(into / "said", "ab") as said:
        return subprocess.Popen(
            typed if terminal is None else ["setsid", "--ctty", *typed],
            cwd=ROOT,
            env={**os.environ, "FOLKLAB_CACHE": str(place)},
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=said if terminal is None else terminal,
            stderr=said if terminal is None else terminal,
        )


def run_words(results: Path) -> tuple[str, ...]:
    return ("run-experiment", EXPERIMENT, "--machine", "vm", "--trials", "1", "--jobs", "1", "--results", str(results))


def machines(mark: Path) -> list[int]:
    """Lists the QEMU processes that have a file below `mark` open, or were started with that cache."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and b"qemu-system-" in (entry / "cmdline").read_bytes():
                links = [os.readlink(link) for link in (entry / "fd").iterdir()]
                cached = f"FOLKLAB_CACHE={mark}".encode() in (entry / "environ").read_bytes()
                if cached or any(link.startswith(f"{mark}/") for link in links):
                    found.append(int(entry.name))
    return found


def left_over(into: Path, place: Path) -> list[str]:
    """Lists what is there and should not: processes, half-made files of the cache and of runs, tickets for
    slots."""
    patterns = ("*/.new.*", "snapshots/*/.*", "scratch/*", "slots/tickets/*")
    files = [path for pattern in patterns for path in place.glob(pattern)]
    files += list(into.glob("runs/**/.*.new"))
    return [f"process {pid}" for pid in machines(into)] + [str(path) for path in files]
