"""Can what was written to tmpfs be freed by drop_caches?

32 MiB are written to a tmpfs file and to a disk file, which is synced, so that it is clean; of a second tmpfs file a
hole is only read through a mapping. 3 is written to drop_caches, and mincore of each file tells which pages are still
there. A file of the disk that is locked in memory shows what stays, the clean one what is freed.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    pages,
)
from harness.lab import POPULATE, Lab

SIZE = 32 * MIB

UNRECLAIMABLE = Claim(
    "tmpfs-unreclaimable", "What was written to a tmpfs file cannot be freed by drop_caches.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/truncate.c, invalidate_mapping_pages: dirty pages are skipped, and what was written "
                            "to tmpfs stays dirty (v6.12)"),))
BECAUSE_REFERENCED = Claim(
    "tmpfs-unreclaimable-because-referenced",
    "No page of an existing tmpfs file is ever freed by drop_caches, because the file references it, whether the page "
    "was written or only read.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/truncate.c, invalidate_mapping_pages looks at dirty, writeback and users, not at the "
                          "file; mm/shmem.c, shmem_fault leaves a page of a hole clean (v5.10, v6.12)"),),
    instead="What keeps a page of tmpfs is that it is dirty: what was written stays, and a hole that was only read through a "
            "mapping is clean and goes.",
    discovery="drop_caches does free pages of tmpfs: those of holes that were only read through a mapping. mm/truncate.c, "
              "invalidate_mapping_pages asks whether a page is dirty, and mm/shmem.c, shmem_fault leaves such a page clean.")


def procedure(lab: Lab) -> None:
    disk, tmpfs = lab.mount_disk(), lab.mount_tmpfs()
    files = {"tmpfs": f"{tmpfs}/file", "disk": f"{disk}/file", "locked": f"{disk}/locked", "read": f"{tmpfs}/read"}
    probe = lab.probe()
    for name in ("tmpfs", "disk"):
        probe.create_file(files[name], SIZE)
    lab.sync()
    holes = {}
    for name in ("locked", "read"):
        fd = probe.open(files[name], os.O_RDWR | os.O_CREAT).value
        probe.ftruncate(fd, SIZE)
        holes[name] = probe.map(SIZE, shared=True, write=False, fd=fd, flags=POPULATE)      # reads every page
    holes["locked"].lock()
    holes["read"].unmap()
    lab.sample("written", pages=files)
    lab.drop_caches(3)          # both that it can free
    lab.sample("dropped", pages=files)


def kept(label: str, name: str) -> Quantity:
    return Pages("dropped", label).called(name)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    guards=(Guard(Change("vmstat:pswpout", "written", "dropped"), Exactly(0),
                  "a swapped page is not resident, but not freed either"),
            *(Guard(Pages("written", file), Exactly(pages(SIZE)), "all of it must be there before the drop")
              for file in ("tmpfs", "read", "disk", "locked"))),
    expects=tuple(
        Expect(claim, kept(label, f"pages {how} tmpfs kept"),
               if_true=Exactly(pages(SIZE), "every page that was there"),
               if_false=AtMost(pages(SIZE) - 1, "“cannot” means no page: one that is gone is enough"),
               reads_true=kept("locked", "pages of a locked file kept"),
               reads_false=kept("disk", "pages of a clean disk file kept"),
               says=f"Of {{bound}} pages {how} tmpfs {{value}} were still resident after drop_caches=3.")
        for claim, label, how in ((UNRECLAIMABLE, "tmpfs", "written to"), (BECAUSE_REFERENCED, "tmpfs", "written to"),
                                  (BECAUSE_REFERENCED, "read", "only read from"))),
    version=3,
)
