"""What is in free's buff/cache column, and do its columns add up?

The text of /proc/meminfo is kept and put in the place of the file, so that the real `free` reads just that. Its
buff/cache column is compared with Buffers, Cached and SReclaimable of the same text. Other sums and columns of the
same output are the references.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from experiments.zones_and_cache import TOOLS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Premise,
    Quantity, Recording, counters,
)
from harness.lab import Lab

MS_BIND = 4096
PARTS, ROUNDING = ("Buffers", "Cached", "SReclaimable"), 3

COLUMN = Claim(
    "free-buff-cache", "free's buff/cache column is what the kernel reports as Buffers, Cached and reclaimable slab.",
    ZONES_AND_CACHE, known=(Known(CONFIRMED, "free(1) of procps-ng 4.0.2; measured to the KiB"),))
ADD_UP = Claim(
    "free-columns-add-up", "The columns used, free and buff/cache of free (procps-ng 4.0 and later) add up to total.",
    ZONES_AND_CACHE,
    known=(Known(REFUTED, "free(1) of procps-ng 4.0 and later: used is total less available; in 3.3 it was total less free, "
                          "buffers and cache"),),
    instead="Read available for what programs can still have. The columns overlap: since procps-ng 4.0 used is total less "
            "available, so shared memory, which is cached and not available, is in used and in buff/cache.")


def procedure(lab: Lab) -> None:
    """A copy of /proc/meminfo stands in its place, so that free reads the very text that is kept here."""
    disk, tmpfs, probe = lab.mount_disk(), lab.mount_tmpfs(), lab.probe()
    probe.create_file(f"{disk}/file", 8 * MIB)
    probe.create_file(f"{tmpfs}/file", 4 * MIB)
    lab.sync()
    meminfo = lab.read("/proc/meminfo")
    lab.hand.put(f"{tmpfs}/meminfo", meminfo, os.O_CREAT)
    lab.mount(f"{tmpfs}/meminfo", "/proc/meminfo", "", "", MS_BIND)
    lab.record("meminfo", meminfo)
    lab.record("free", lab.hand.execute("/programs/free", "--kibi").text.decode())
    lab.record("version", lab.hand.execute("/programs/free", "--version").text.decode())


def column(recording: Recording, name: str) -> int | None:
    """A column of the row of memory, KiB."""
    lines = str(recording.records.get("free", "")).splitlines()
    if len(lines) < 2 or name not in lines[0].split():
        return None
    return int(lines[1].split()[1 + lines[0].split().index(name)])


def less(name: str, parts: tuple[str, ...]) -> Quantity:
    def read(recording: Recording) -> int | None:
        shown, kernels = column(recording, name), counters.keyed(str(recording.records.get("meminfo", "")).encode())
        return None if shown is None or not set(parts) <= set(kernels) else shown - sum(kernels[one] for one in parts)
    return Derived(f"free's {name} column less {' + '.join(parts)}", read, "KiB")


def sum_less(total: str, parts: tuple[str, ...], kernels: tuple[str, ...] = ()) -> Quantity:
    """Reads by how much columns of free's, and what the kernel reports, together differ from a column."""
    def read(recording: Recording) -> int | None:
        wanted = column(recording, total)
        found = [*(column(recording, name) for name in parts), *(reported(name).of(recording) for name in kernels)]
        return None if wanted is None or None in found else abs(int(sum(filter(None, found))) - wanted)
    return Derived(f"{' + '.join((*parts, *kernels))}, off free's {total}", read, "KiB")


def reported(name: str) -> Derived:
    return Derived(f"{name} in /proc/meminfo", lambda recording: counters.keyed(
        str(recording.records.get("meminfo", "")).encode()).get(name), "KiB")


def major(recording: Recording) -> int | None:
    """Reads the first number of "free from procps-ng 4.0.2"."""
    number = str(recording.records.get("version", "")).rpartition(" ")[2].partition(".")[0]
    return int(number) if number.isdecimal() else None


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(programs=TOOLS, changes=("mount",)),
    rate=0,
    guards=tuple(Guard(reported(name), AtLeast(1), "a part of nothing could be missing unseen")
                 for name in (*PARTS, "Shmem")),
    expects=(Expect(COLUMN, less("buff/cache", PARTS), if_true=Exactly(0, "their sum, to the KiB"),
                    if_false=Not(0, "something else"), reads_true=less("total", ("MemTotal",)),
                    reads_false=less("free", PARTS),
                    says="free's buff/cache column was {value:±KiB more than|KiB less than|exactly} Buffers + Cached + "
                         "SReclaimable."),
             Expect(ADD_UP, sum_less("total", ("used", "free", "buff/cache")),
                    if_true=AtMost(ROUNDING, "KiB are whole numbers: each of three columns may lose one"),
                    if_false=AtLeast(ROUNDING + 1, "more than rounding can lose"),
                    reads_true=sum_less("buff/cache", (), PARTS), reads_false=sum_less("total", ("free", "buff/cache")),
                    says="free's columns used, free and buff/cache together were {value} KiB off total.",
                    reference_why="which columns add up is the question: what the kernel reports of one column does")),
    premises=(Premise(ADD_UP, Derived("major version of procps-ng", major, ""), AtLeast(4), "it is free of an older procps"),),
    version=3,
)
