"""What is in free's buff/cache column?

The text of /proc/meminfo is kept and put in the place of the file, so that the real `free` reads just that. Its
buff/cache column is compared with Buffers, Cached and SReclaimable of the same text. Other sums and columns of the
same output are the references.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from experiments.zones_and_cache import TOOLS
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Quantity, Recording,
    counters,
)
from harness.lab import Lab

MS_BIND = 4096
PARTS = ("Buffers", "Cached", "SReclaimable")

COLUMN = Claim(
    "free-buff-cache", "free's buff/cache column is what the kernel reports as Buffers, Cached and reclaimable slab.",
    ZONES_AND_CACHE, known=(Known(CONFIRMED, "free(1) of procps-ng 4.0.2; measured to the KiB"),))


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


def reported(name: str) -> Quantity:
    return Derived(f"{name} in /proc/meminfo", lambda recording: counters.keyed(
        str(recording.records.get("meminfo", "")).encode()).get(name), "KiB")


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
                         "SReclaimable."),),
)
