"""Many trials in a row in one process: what it holds does not grow, and no verdict differs."""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from harness.faults.shown import Asked, Shown
from harness.faults.trials import cell_of, run

# Small ones that differ in what they use: counters and disks, system calls, states of pages.
EXPERIMENTS = ("tmpfs-is-cache", "malloc-calls", "tmpfs-dropped")
PART = 10  # a tenth of the trials at the start is compared with a tenth at the end
GROWTH = 1.02


@dataclass(frozen=True)
class Held:
    """What this process holds after a trial: resident KiB, open descriptors, threads."""

    resident: int
    descriptors: int
    threads: int


def held() -> Held:
    """Looks at this process (proc(5), statm), once Python and its allocator have given back what they can. glibc keeps what was
    freed, by a rule that follows the largest block (mallopt(3), M_MMAP_THRESHOLD): here zstd's windows of 8 MiB, which had
    resident memory wander by 20 MiB with what was in use the same."""
    gc.collect()
    with suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Held(pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(os.listdir("/proc/self/fd")), threading.active_count())


def compared(name: str, values: Sequence[int], unit: str = "") -> Shown:
    """Compares what was held at the end with what was held at the start, by their medians."""
    size = max(1, len(values) // PART)
    first, last = median(values[:size]), median(values[-size:])
    said = f"{first:,.0f}{unit} after the first {size} trials, {last:,.0f}{unit} after the last, at most {max(values):,}{unit}"
    return Shown(name, last <= first * GROWTH, said)


def show(asked: Asked) -> Iterator[Shown]:
    """Runs the trials, one experiment after the other; the evidence of one goes before the next begins."""
    cells = [cell_of(name, asked.kernel) for name in EXPERIMENTS]
    found: defaultdict[str, set[str]] = defaultdict(set)
    after = []
    for number in range(asked.count):
        directory = asked.into / f"trial-{number + 1}"
        judged = run(cells[number % len(cells)], directory)
        for row in judged.rows:
            found[row["claim"]].add(row["verdict"])
        for failure in judged.failures:
            found[failure["experiment"]].add(f"broken: {failure['what']}")
        shutil.rmtree(directory)
        after.append(held())
    yield compared("memory", [one.resident for one in after], " KiB")
    yield compared("descriptors", [one.descriptors for one in after])
    yield compared("threads", [one.threads for one in after])
    several = [f"{claim}: {', '.join(sorted(verdicts))}" for claim, verdicts in sorted(found.items()) if len(verdicts) > 1]
    broken = [said for verdicts in found.values() for said in verdicts if said.startswith("broken")]
    said = "; ".join([*several, *broken]) or f"{asked.count} trials, each of {len(found)} claims has one verdict"
    yield Shown("verdicts", not several and not broken, said)
