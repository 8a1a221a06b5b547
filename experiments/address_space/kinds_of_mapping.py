"""Is every mapping of a process either of a file or private anonymous?

A process has mapped a file and private memory. Of all its mappings the flags in /proc/PID/smaps tell which hold neither: they
map bare frames, which are pages of no file and nobody's anonymous memory. A mapping of the machine's own addresses, by /dev/mem,
shows how those read.
"""

import os

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    MIB, REFUTED, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, maps,
)
from harness.lab import READ, SHARED, Lab

SIZE, MEMORY, BIOS = 1 * MIB, "/dev/mem", 0xF0000       # BIOS: an address of the machine's that is no RAM of Linux's
# VmFlags of memory that is no page of a file's nor anonymous: a range of bare frames, or of a device's (proc_pid_smaps(5)).
BARE = {"pf", "io", "mm"}

ONLY = Claim(
    "maps-file-or-anon-only", "Every mapping of a process is either of a file or private anonymous.", ADDRESS_SPACE,
    known=(Known(REFUTED, "vdso(7): the kernel maps [vdso] into every process; its data, [vvar], lie beside it (measured); "
                          "proc_pid_smaps(5), VmFlags: pf, bare frames"),),
    instead="Expect mappings of the kernel's own in /proc/PID/maps too, such as [vvar], which can't be dumped or locked.")


def procedure(lab: Lab) -> None:
    probe, other = lab.probe(), lab.probe("other")
    private = probe.map(SIZE).fill()
    probe.map(SIZE, fd=probe.open("/programs/probe", os.O_RDONLY).value, write=False)
    device = other.mmap(lab.page_size, protection=READ, flags=SHARED, fd=other.open(MEMORY, os.O_RDONLY).value, offset=BIOS).value
    lab.record("private", private.address)
    lab.record("device", device)
    for one in (probe, other):
        lab.record(one.name, lab.read(f"/proc/{one.pid}/smaps"))


def neither(process: str, title: str, of: str = "") -> Quantity:
    """Counts a process's mappings, or those at a recorded address, whose flags say that they hold bare frames."""
    def count(recording: Recording) -> int | None:
        text, address = recording.records.get(process), recording.records.get(of)
        return None if text is None else sum(
            bool(BARE & flags) and (address is None or mapping.covers(address)) for mapping, flags in maps.flagged(text))
    return Derived(title, count, "mappings")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(), files=(MEMORY,)),
    rate=0,
    expects=(Expect(
        ONLY, neither("probe", "mappings of neither kind that a process has"),
        if_true=Exactly(0, "there is no third kind"), if_false=AtLeast(1, "one is enough"),
        reads_true=neither("probe", "those of its private memory that are of neither kind", "private"),
        reads_false=neither("other", "those of a mapping of the machine's own addresses that are", "device"),
        says="{value} mappings of a process were neither of a file nor private anonymous."),),
)
