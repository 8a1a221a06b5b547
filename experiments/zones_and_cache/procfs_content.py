"""Do procfs and sysfs keep the data of their files in memory?

A process in a sandbox reads all of /proc/kallsyms and many small files of sysfs. The growth of Cached and of the
sandbox's memory is compared with what tmpfs takes for as much data. Direct I/O of a disk file shows how reading that
keeps nothing reads.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    KIB, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
)
from harness.lab import Lab

PROC, SYS = "/proc/kallsyms", "/sys/class/tty"      # the largest text there is, and many small files
COUNTERS = {"meminfo:Cached": "Cached", "box/memory.current": "the sandbox's memory"}
# Pages that may have been charged before: a processor charges 64 at a time and keeps what it does not need yet for the
# next ones (MEMCG_CHARGE_BATCH, include/linux/memcontrol.h; 32 before 1813e51eece0, v6.1). Cached is exact.
AHEAD = {"meminfo:Cached": 0, "box/memory.current": 64}

HOLDS = Claim(
    "procfs-holds-file-data", "procfs and sysfs keep the data of their files in memory, as tmpfs does.",
    ZONES_AND_CACHE,
    known=(Known(REFUTED, "Documentation/filesystems/proc.rst and Documentation/filesystems/sysfs.rst: what is read is made at "
                          "that moment, by fs/seq_file.c or an attribute's show() (v6.12); measured: no page stays"),),
    instead="Don't look for memory behind procfs and sysfs: their text is made as it is read, and only their inodes and "
            "dentries (slab) stay.")


def procedure(lab: Lab) -> None:
    """Everything that the probe's reading takes in memory is charged to its sandbox, kernel memory too."""
    disk, tmpfs = lab.mount_disk(), lab.mount_tmpfs()
    lab.probe("writer").create_file(f"{disk}/file", 4 * MIB)
    lab.sync()
    names = [name.decode() for name in lab.hand.list(SYS).text.split(b"\0") if name]
    probe = lab.probe("probe", lab.sandbox())
    probe.slurp(f"{SYS}/{names[0]}/uevent")
    probe.read(probe.open(f"{disk}/file", os.O_RDONLY | lab.architecture.o_direct).value, 64 * KIB)
    descriptor = probe.open(PROC, os.O_RDONLY).value
    probe.read(descriptor, 64 * KIB)
    lab.sample("start")
    length = probe.read(descriptor, 64 * MIB).value // lab.page_size * lab.page_size
    lab.record("pages of procfs", length // lab.page_size)
    lab.sample("procfs")
    lab.record("pages of sysfs", sum(probe.slurp(f"{SYS}/{name}/uevent").value > 0 for name in names))
    lab.sample("sysfs")
    probe.create_file(f"{tmpfs}/file", length)
    lab.sample("tmpfs")
    probe.read(probe.open(f"{disk}/file", os.O_RDONLY | lab.architecture.o_direct).value, 4 * MIB)
    lab.sample("direct")


def growth(counter: str, since: str, until: str, title: str) -> Quantity:
    return Change(counter, since, until).called(f"growth of {COUNTERS[counter]} by {title}")


def holds(counter: str, since: str, what: str) -> Expect:
    """What tmpfs takes for so much data, procfs and sysfs would take too."""
    data = Recorded(f"pages of {what}", "pages", title=f"the data read from {what}") - AHEAD[counter]
    return Expect(HOLDS, growth(counter, since, what, f"reading {what}"),
                  if_true=AtLeast(data, "a page for each page of text, or for each file of less, as tmpfs takes, less what may "
                                        "have been charged ahead"),
                  if_false=AtMost(data - 1, "not all of it is kept"),
                  reads_true=growth(counter, "sysfs", "tmpfs", "writing as much as was read from procfs to tmpfs"),
                  reads_false=growth(counter, "tmpfs", "direct", "reading 4 MiB by direct I/O"),
                  says=f"Reading {what} grew {COUNTERS[counter]} by {{value}} pages.")


EXPERIMENT = Experiment(
    procedure,
    version=2,
    needs=Needs(changes=("mount",), page_sizes=(4 * KIB,)),
    guards=(Guard(Recorded("pages of procfs"), AtLeast(512), "much more than the 64 that may be charged ahead"),
            Guard(Recorded("pages of sysfs"), AtLeast(32), "more than a few files")),
    # The sandbox's memory says nothing of files as small as those of sysfs: their inodes alone are a third of a page.
    expects=(holds("meminfo:Cached", "start", "procfs"), holds("box/memory.current", "start", "procfs"),
             holds("meminfo:Cached", "procfs", "sysfs")),
)
