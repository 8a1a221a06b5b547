"""Many trials in a row in one process: what it holds does not grow, and no verdict differs."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from harness.faults.shown import Asked, Shown
from harness.faults.trials import cell_of, run
from harness.run import heap

# Small ones that differ in what they use: counters and disks, system calls, states of pages.
EXPERIMENTS = ("tmpfs-is-cache", "malloc-calls", "tmpfs-dropped")
PART = 10  # a tenth of the trials at the start is compared with a tenth at the end
GROWTH = 1.02
# Trials of each experiment before the first that counts: what is loaded and compiled for the first time stays, and is no leak.
WARM = 3
# Names that are made and let go of before the first trial that counts. Python's table of interned names moves to one of another
# size once its places are used up, by names that are gone too (Objects/dictobject.c, GROWTH_RATE): after some forty trials, once,
# from 400 KiB to 1 MiB. It has 43,690 places then.
NAMES = 60_000

# Python 3.13 has another name for it.
_forget_names: Callable[[], None] = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache

# Resident KiB, blocks of Python's, open descriptors and threads.
Held = tuple[int, int, int, int]


def held() -> Held:
    """Looks at what this process holds (proc(5), statm), once Python and its allocator have given back what they can.

    Python remembers up to 4,096 names that types were asked for (Objects/typeobject.c, method_cache), and keeps each. Some are
    made anew by each call in C: re.sub()'s "_subx" among them, for which trials by the hundred keep one more each, every one in
    a pool of 16 KiB that can't be given back. glibc keeps what was freed, by a rule that follows the largest block
    (mallopt(3), M_MMAP_THRESHOLD): here zstd's windows of 8 MiB."""
    gc.collect()
    _forget_names()
    heap.give_back()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE") // 1024
    return resident, sys.getallocatedblocks(), len(os.listdir("/proc/self/fd")), threading.active_count()


def compared(name: str, values: Sequence[int], unit: str = "", typical: Callable[[Sequence[int]], float] = median) -> Shown:
    """Compares what was held at the end with what was held at the start. typical: of what was held after several trials."""
    size = max(1, len(values) // PART)
    first, last = typical(values[:size]), typical(values[-size:])
    said = f"{first:,.0f}{unit} after the first {size} trials, {last:,.0f}{unit} after the last, at most {max(values):,}{unit}"
    return Shown(name, last <= first * GROWTH, said)


def show(asked: Asked) -> Iterator[Shown]:
    """Runs the trials, one experiment after the other; the evidence of one goes before the next begins."""
    cells = [cell_of(name, asked.kernel) for name in EXPERIMENTS]
    found: defaultdict[str, set[str]] = defaultdict(set)
    after = [array("Q") for _ in range(4)]  # numbers and no objects: a thousand of those would be what has grown
    warm = WARM * len(cells)
    for number in range(warm + asked.count):
        if number == warm:
            for name in range(NAMES):
                sys.intern(f"name {name}")
        directory = asked.into / f"trial-{number + 1}"
        judged = run(cells[number % len(cells)], directory)
        for row in judged.rows:
            found[row["claim"]].add(row["verdict"])
        for failure in judged.failures:
            found[failure["experiment"]].add(f"broken: {failure['what']}")
        shutil.rmtree(directory)
        if number >= warm:
            for values, value in zip(after, held(), strict=True):
                values.append(value)
    # Allocators keep pages that hold hardly anything: resident memory goes up and down by a fifth with malloc's bytes in use and
    # Python's objects the same to the last one (measured: 45,845 to 56,112 KiB, with 7,063 KiB and 52,769 objects). What is lost
    # for good raises its least.
    resident, blocks, descriptors, threads = after
    yield compared("resident memory at its least", resident, " KiB", min)
    yield compared("blocks of Python's", blocks)
    yield compared("descriptors", descriptors)
    yield compared("threads", threads)
    several = [f"{claim}: {', '.join(sorted(verdicts))}" for claim, verdicts in sorted(found.items()) if len(verdicts) > 1]
    broken = [said for verdicts in found.values() for said in verdicts if said.startswith("broken")]
    said = "; ".join([*several, *broken]) or f"{warm + asked.count} trials, each of {len(found)} claims has one verdict"
    yield Shown("verdicts", not several and not broken, said)
