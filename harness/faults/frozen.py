"""QEMU frozen at different moments of a run: the run must end, in time, with the status of a lab that broke.

From that moment on every QEMU of the run is stopped (SIGSTOP), also those that are started in place of the first: else a
boot that is lost would be made up for by the next one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from harness import catalogue, errors
from harness.agent.agent import patience
from harness.faults.commands import EXPERIMENT, machines, own_cache, run_words, started
from harness.faults.shown import Asked, Shown

MARGIN = 10  # seconds beyond the experiment's own deadline
LONGEST = 600  # seconds until the moment: it takes some, more on a busy host
PAUSE = 0.002


def processor_seconds(pid: int) -> float:
    """Gives what a process has used of this host's processors; nothing of one that is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def words_of(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


# Moment → whether a snapshot is there already; whether it has come, by the run's QEMU processes and its directory.
MOMENTS: dict[str, tuple[bool, Callable[[list[int], Path], bool]]] = {
    "at its start": (False, lambda pids, into: bool(pids)),
    "in boot": (False, lambda pids, into: any(path.stat().st_size for path in into.glob("runs/*/experiments/*/*.log"))),
    "while its snapshot is saved": (False, lambda pids, into: bool(list(into.glob("cache/snapshots/*/.new.*/state")))),
    "while its snapshot is loaded": (True, lambda pids, into: any(b"-incoming" in words_of(pid) for pid in pids)),
    "as it goes on": (True, lambda pids, into: any(processor_seconds(pid) > 0.1 for pid in pids)),
    "in a trial": (True, lambda pids, into: any(processor_seconds(pid) > 0.3 for pid in pids)),
}


def show(asked: Asked) -> Iterator[Shown]:
    """Freezes a run at each moment, `count` times."""
    for number in range(asked.count):
        for name in MOMENTS:
            into = asked.into / f"{number}-{name.replace(' ', '-')}"
            into.mkdir(parents=True)
            yield frozen(name, into)


def frozen(name: str, into: Path) -> Shown:
    """Freezes one run at one moment."""
    warm, come = MOMENTS[name]
    with own_cache(into) as place:
        if warm:
            started(into, place, *run_words(into / "warm")).wait(LONGEST)
        run = started(into, place, *run_words(into / "runs"))
        deadline = time.monotonic() + LONGEST
        while not come(machines(into), into) and run.poll() is None and time.monotonic() < deadline:
            time.sleep(PAUSE)
        began, allowed = time.monotonic(), patience(catalogue.find(EXPERIMENT)[0].deadline) + MARGIN
        stopped: set[int] = set()
        while run.poll() is None and time.monotonic() - began < allowed:
            for pid in machines(into):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    stopped.add(pid)
            time.sleep(PAUSE)
        seconds = time.monotonic() - began
        status = ended(run)
    left = machines(into)
    said = f"status {status} after {seconds:.0f} s ({allowed:.0f} s are allowed), {len(stopped)} stopped, {len(left)} left"
    return Shown(f"QEMU stopped {name}", status == errors.BROKEN and bool(stopped) and not left, said)


def ended(run: subprocess.Popen[bytes]) -> int | str:
    """Gives the status of a run that is over, ends one that is not."""
    if run.poll() is None:
        run.kill()
        run.wait()
        return "none: it still ran"
    return run.returncode
