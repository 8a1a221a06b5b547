"""What does it cost to read a file again after caches were dropped?

A file of 20 MiB that is wholly cached is read, and again after 1 was written to drop_caches. The disk's own count of sectors
tells what was read of it; reading around the cache (O_DIRECT), and not reading, show how both answers read.
"""

import os

from experiments.sections import DROPPING_CACHES
from harness.claims import CONFIRMED, MIB, AtLeast, AtMost, Case, Claim, Exactly, Known, Needs, Not, Small, table
from harness.lab import Lab

SIZE, SECTOR = 20 * MIB, 512

COSTS = Claim("drop-costs-reads", "After dropping caches, reading a file that was wholly cached reads all of it from the device "
              "again, and before the drop nothing of it.", DROPPING_CACHES,
              known=(Known(CONFIRMED, "mm/filemap.c: what is not in the page cache is read (v5.10 to v7.2); proc_sys_vm(5), "
                                      "drop_caches"),))

def sectors(words: str, *, drop: bool = False, direct: bool = False, read: bool = True) -> Case:
    def do(lab: Lab, at: str) -> None:
        path = lab.mount_disk() + "/file"
        probe = lab.probe(at)
        probe.close(probe.create_file(path, SIZE))
        lab.sync()
        fd = probe.open(path, os.O_RDONLY | (lab.architecture.o_direct if direct else 0)).value
        if drop:
            lab.drop_caches(1)
        before = lab.sectors("disk")[0]
        if read:
            probe.read(fd, SIZE)
        lab.record(at, lab.sectors("disk")[0] - before)
    return Case(words, do)


DIRECT, NOTHING = sectors("around the cache (O_DIRECT)", direct=True), sectors("when nothing is read", read=False)
ALL = SIZE // SECTOR


EXPERIMENT = table(
    Small(COSTS, "sectors read", sectors("after the drop", drop=True), DIRECT, NOTHING, key="after", unit="sectors",
          if_true=AtLeast(ALL, "all of it"), if_false=AtMost(ALL - 1, "a sector was not read"),
          says=f"After the drop {{value}} sectors were read for a file of {ALL:,},"),
    Small(COSTS, "sectors read", sectors("before the drop"), NOTHING, DIRECT, key="before", unit="sectors",
          if_true=Exactly(0, "nothing of it"), if_false=Not(0, "something"), says="before it {value}."),
    needs=Needs(changes=("drop_caches", "mount")),
)
