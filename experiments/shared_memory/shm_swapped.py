"""Can shared memory that drop_caches does not free be swapped out?

A process in a group fills a System V segment, a POSIX object and shared anonymous memory. 1 is written to drop_caches
and mincore tells that all of it is still there. Then private memory pushes the group past its limit, and a process
that only maps an object tells how much of it is in swap. A disk file and a locked file are watched beside them.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, pages,
)
from harness.lab import IPC_RMID, Lab

SIZE = 8 * MIB
LIMIT = 4 * SIZE        # the shared memory fits in; the private memory alone does not
KINDS = {"System V": "a System V segment", "POSIX": "a POSIX object", "anonymous": "a shared anonymous mapping"}

CAN_SWAP = Claim(
    "undroppable-shmem-can-swap",
    "Shared memory that cannot be dropped can still be swapped out when memory is short.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_writepage (v5.10 to v6.12), shmem_writeout (v7.2): reclaim moves pages of "
                            "shmem to swap; mm/truncate.c, invalidate_mapping_pages: dropping skips them as dirty (v5.10 "
                            "to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    lab.mount_shm()
    disk = lab.mount_disk()
    box = lab.sandbox(memory_max=LIMIT)
    owner = lab.probe("owner", box)
    fd = owner.shm_open("/object").value
    owner.ftruncate(fd, SIZE)
    segment = owner.shmget(SIZE).value
    regions = {"System V": owner.region(owner.shmat(segment).value, SIZE),
               "POSIX": owner.map(SIZE, shared=True, fd=fd), "anonymous": owner.map(SIZE, shared=True)}
    files = {name: region.fill().file for name, region in regions.items()}
    outside = lab.probe("outside")
    for name in ("disk", "locked"):
        files[name] = f"{disk}/{name}"
        outside.create_file(files[name], SIZE)
    lab.sync()
    # Each maps one of them and touches nothing: what is in swap of this process is in swap of the object (smaps: Swap).
    for name, path in files.items():
        watcher = lab.probe(name)
        memory = watcher.map(SIZE, shared=True, fd=watcher.open(path, os.O_RDWR).value)
        if name == "locked":
            memory.lock()
    lab.sample("written", pages=files)
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)
    lab.probe("private", box).map(6 * SIZE).fill()
    lab.sample("short", pages=files)
    outside.shm_unlink("/object")
    outside.shmctl(segment, IPC_RMID)


def kept(name: str, what: str) -> Quantity:
    return Pages("dropped", name).called(f"pages of {what} kept by drop_caches")


def swapped(name: str, what: str) -> Quantity:
    return Counter(f"{name}/smaps_rollup:Swap", "short").called(f"pages of {what} in swap")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount", "swap")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Change("vmstat:pswpout", "written", "dropped"), Exactly(0),
                  "a swapped page is not resident, but not freed either"),),
    expects=(
        *(Expect(CAN_SWAP, kept(kind, what),
                 if_true=Exactly(pages(SIZE), "cannot be dropped: every page stays"),
                 if_false=AtMost(pages(SIZE) - 1, "one that was freed is enough"),
                 reads_true=kept("locked", "a locked disk file"), reads_false=kept("disk", "a clean disk file"),
                 says=f"drop_caches kept {{value}} of {{bound}} pages of {what}.") for kind, what in KINDS.items()),
        *(Expect(CAN_SWAP, swapped(kind, what),
                 if_true=AtLeast(1, "it can: one is enough"), if_false=Exactly(0, "it can't"),
                 reads_true=swapped("private", "private memory"), reads_false=swapped("locked", "a locked disk file"),
                 says=f"When its group ran short of memory, {{value}} pages of {what} were in swap.")
          for kind, what in KINDS.items()),
    ),
)
