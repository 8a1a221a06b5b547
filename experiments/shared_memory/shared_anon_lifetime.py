"""Does shared anonymous memory outlive its processes?

A parent fills a shared anonymous mapping and forks; the parent exits, the child reads all of it and exits too. Shmem
is read before, in between and at the end. A tmpfs file and an unlinked one, mapped in the same way, show how both
answers read.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    MIB, REFUTED, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, pages,
)
from harness.lab import Lab, Probe, Region

SIZE = 8 * MIB
KINDS = ("tmpfs file", "unlinked tmpfs file", "shared anonymous mapping")

OUTLIVES = Claim(
    "shared-anon-survives-exit", "Shared anonymous memory outlives its processes.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_zero_setup: the mapping holds the only reference to a file without a "
                          "name, which is evicted with the last of them (v5.10, v6.12)"),),
    instead="Give memory a name where it has to outlive its processes: shm_open(), a file in /dev/shm, or a System V "
            "segment.")


def make(probe: Probe, kind: str, directory: str) -> Region:
    if kind == "shared anonymous mapping":
        return probe.map(SIZE, shared=True).fill()
    fd = probe.open(f"{directory}/{kind}", os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(fd, SIZE)
    if kind == "unlinked tmpfs file":
        probe.unlink(f"{directory}/{kind}")
    return probe.map(SIZE, shared=True, fd=fd).fill()


def procedure(lab: Lab) -> None:
    tmpfs = lab.mount_tmpfs()
    for kind in KINDS:
        lab.sample(f"{kind}: before")
        parent = lab.probe(f"{kind}: parent")
        region = make(parent, kind, tmpfs)
        child = lab.fork(parent, f"{kind}: child")
        parent.end()
        region.of(child).read()
        lab.sample(f"{kind}: parent gone")
        child.end()
        lab.sample(f"{kind}: both gone")


def used(kind: str, until: str) -> Quantity:
    return Change("meminfo:Shmem", f"{kind}: before", f"{kind}: {until}").called(f"growth of Shmem by a {kind}, {until}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=tuple(Guard(used(kind, "parent gone"), Exactly(pages(SIZE)), "the child must have had all of it")
                 for kind in KINDS),
    expects=(Expect(
        OUTLIVES, used("shared anonymous mapping", "both gone"),
        if_true=Exactly(pages(SIZE), "every page that was filled"),
        if_false=AtMost(pages(SIZE) - 1, "some or all of it went with the processes"),
        reads_true=used("tmpfs file", "both gone"), reads_false=used("unlinked tmpfs file", "both gone"),
        says="Of {bound} pages of shared anonymous memory {value} were still used when parent and child had exited."),),
)
