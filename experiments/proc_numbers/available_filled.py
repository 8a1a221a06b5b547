"""Can a process fill what MemAvailable says, without swap and without an OOM kill?

A guest of 512 MiB has no swap, 96 MiB of clean page cache of a disk and 32 MiB of tmpfs. A process fills 95 % of MemAvailable,
as it reads just before, or half of it, or a half more than it. The signal that ends it, if one does, tells.
"""

import signal

from experiments.sections import PROC_NUMBERS
from harness.claims import CONFIRMED, MIB, Case, Claim, Disk, Exactly, Known, Needs, Settings, Signal, Small, table
from harness.lab import Lab
from harness.lab.helpers.oom import adjust

CACHE, TMPFS, FIRST = 96 * MIB, 32 * MIB, 1000

FILLED = Claim(
    "available-can-be-filled", "A process can fill MemAvailable (to within 5 %) without swap and without an OOM kill, where the "
    "page cache in it is clean, and neither pinned nor protected.", PROC_NUMBERS,
    known=(Known(CONFIRMED,
                 "Documentation/filesystems/proc.rst, MemAvailable: “An estimate of how much memory is available” (v5.10 to "
                            "v7.2); commit 34e431b0ae39 (v3.14)"),))


def fills(words: str, percent: int) -> Case:
    def do(lab: Lab, at: str) -> None:
        writer, probe = lab.probe(f"{at}, writer"), lab.probe(at)
        writer.create_file(f"{lab.mount_disk()}/file", CACHE)
        writer.create_file(f"{lab.mount_tmpfs()}/file", TMPFS)
        lab.sync()
        adjust(lab, probe, FIRST)
        probe.map(lab.counter("meminfo:MemAvailable") * percent // 100 // lab.page_size * lab.page_size).try_as(at).fill()
    return Case(words, do)


EXPERIMENT = table(
    Small(FILLED, "signal", fills("of a process that fills 95 % of MemAvailable", 95), fills("of one that fills half of it", 50),
          fills("of one that fills 150 % of it", 150), of=Signal, unit="signal", if_true=Exactly(0, "it lives"),
          if_false=Exactly(signal.SIGKILL, "the OOM killer has ended it"),
          says="The process that filled 95 % of MemAvailable ended with {value}."),
    axes={"lru": ("classic", "mglru")},
    settings=Settings(overcommit=1),
    needs=Needs(memory=512 * MIB, disks=(Disk("disk", "ext4", 256 * MIB),), changes=("mount",), throwaway=True),
)
