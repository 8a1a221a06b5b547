"""What of the memory that a process used comes back when it exits?

One process after the other uses 16 MiB of a kind and exits: private memory, a System V segment, a file that it read,
a tmpfs file that it wrote. AnonPages and Cached are read before it is born, while it holds the memory, and after it is
gone; of private memory also which page frames its group is charged for then. A process that lives on shows what stays,
one that unmapped its memory shows what comes back.
"""

from __future__ import annotations

from collections.abc import Callable

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    pages,
)
from harness.lab import Lab, Probe, Region, frames
from harness.lab.helpers.charges import charged

SIZE = 16 * MIB

PRIVATE = Claim(
    "exit-returns-private", "When a process exits, its private memory goes back to the system.", ALLOCATION,
    known=(Known(CONFIRMED, "mm/mmap.c, exit_mmap: all mappings are unmapped, their anonymous pages freed (v6.12). "
                            "A frame that waits in a processor's batch for the LRU lists is freed when that is drained, as it "
                            "was here before the process ended"),))
ALL = Claim(
    "exit-returns-all", "When a process exits, all memory that it caused to be used goes back to the system.",
    ALLOCATION,
    known=(Known(REFUTED, "page cache is the files', not their reader's; a tmpfs file is there until it is removed or "
                          "its file system is unmounted, tmpfs(5), a System V segment until its removal, shmctl(2), IPC_RMID"),),
    instead="Remove what outlives its process: tmpfs files with rm, System V segments with ipcrm, POSIX objects with "
            "shm_unlink(). The cache of files that it read stays too, and is given up when memory is needed.")


def procedure(lab: Lab) -> None:
    disk, tmpfs = lab.mount_disk(), lab.mount_tmpfs()
    other = lab.probe("other")
    copied = other.create_file(f"{disk}/copied", SIZE)
    other.close(other.create_file(f"{disk}/read", SIZE))
    lab.sync()
    lab.drop_caches(3)
    other.read(copied, SIZE)        # the cache that the private mappings below copy from is there beforehand

    def private(probe: Probe) -> list[Region]:
        return [memory.fill() for memory in (
            probe.map(SIZE), probe.region(probe.sbrk(SIZE).value, SIZE),
            probe.map(SIZE, fd=probe.open(f"{disk}/copied", 0).value))]

    def segment(probe: Probe) -> None:
        address = probe.shmat(probe.shmget(SIZE).value).value
        probe.region(address, SIZE).fill()

    uses: dict[str, Callable[[Probe], object]] = {
        "private": private, "alive": private, "segment": segment,
        "file": lambda probe: probe.read(probe.open(f"{disk}/read", 0).value, SIZE),
        "tmpfs": lambda probe: probe.create_file(f"{tmpfs}/file", SIZE)}
    for name, use in uses.items():
        box = lab.sandbox(name)
        lab.sample(f"before {name}")
        probe = lab.probe(f"{name} user", box)
        memory = use(probe)
        lab.sample(f"used {name}")
        had = held(lab, memory) if isinstance(memory, list) else []
        if name != "alive":
            lab.require(probe.end() == 0, "the process exits by itself")
        lab.sample(f"after {name}")
        if had:
            lab.record(f"{name}: charged", charged(lab, box, had))
    box = lab.sandbox("unmapped")
    unmap = lab.probe("unmapped user", box)
    unmap.map(SIZE).fill().unmap()
    lab.sample("before unmapped")
    memory = [unmap.map(SIZE).fill()]
    had = held(lab, memory)
    memory[0].unmap()
    lab.sample("after unmapped")
    lab.record("unmapped: charged", charged(lab, box, had))


def held(lab: Lab, memory: list[Region]) -> list[int]:
    """Lists the frames of memory, none of which waits in a processor's batch for the LRU lists any more. Draining them afterwards
    would move pages (compaction), into frames that went back too."""
    lab.drain_lru()
    return [frame for region in memory for frame in frames(lab.region_pages(region))]


def left(name: str, *counters: str) -> Quantity:
    """How much of what a process used is left: growth since before it was born."""
    first, *rest = [Change(counter, f"before {name}", f"after {name}") for counter in counters]
    return sum(rest, start=first).called(f"{' and '.join(counters)} left of “{name}”", "pages")


def kept(name: str) -> Quantity:
    return Recorded(f"{name}: charged", "pages", title=f"frames of the memory of “{name}” that are still charged")


def returned(claim: Claim, name: str, says: str, *counters: str) -> Expect:
    return Expect(claim, left(name, *counters),
                  if_true=Exactly(0, "counted to the page: stat_refresh folds what a processor has not told yet"),
                  if_false=AtLeast(1, "one page that stays is too many"),
                  reads_true=left("unmapped", *counters), reads_false=left("alive", *counters), says=says)


ANON, CACHED = "meminfo:AnonPages", "meminfo:Cached"

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    version=3,
    guards=(*(Guard(Change("vmstat:pswpout", f"before {name}", f"after {name}"), Exactly(0),
                    "swapped memory is in neither counter") for name in ("private", "alive", "unmapped")),
            Guard(Change(ANON, "before private", "used private"), AtLeast(pages(3 * SIZE)),
                  "it must have had that much, of three kinds"),
            *(Guard(Change(CACHED, f"before {name}", f"used {name}"), AtLeast(pages(SIZE)), f"so must the user of a {name}")
              for name in ("file", "tmpfs", "segment"))),
    expects=(
        Expect(PRIVATE, kept("private"), if_true=Exactly(0, "every frame went back"),
               if_false=AtLeast(1, "one that stays is too many"), reads_true=kept("unmapped"), reads_false=kept("alive"),
               says="Of 48 MiB of private memory {value} page frames had not gone back after exit."),
        *(returned(ALL, name, f"{{value}} pages of {what} were left.", ANON, CACHED) for name, what in (
            ("private", "its private memory"), ("file", "the cache of a file that it had read"),
            ("tmpfs", "the tmpfs file that it had written"), ("segment", "its System V segment"))),
    ),
)
