"""Can written pages of shared memory be freed by drop_caches?

A process fills a System V segment and a POSIX object and exits, so that only the objects keep the pages; another
holds a shared anonymous mapping. 3 is written to drop_caches, and mincore through a mapping that touches nothing
tells how many pages are still there. A clean disk file shows what is freed, a locked one what is kept.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import IPC_RMID, Lab

SIZE = 8 * MIB
DIRTY = "mm/truncate.c, invalidate_mapping_pages: dirty pages are skipped, and written shmem stays dirty (v6.12)"

SYSV = Claim("sysv-shm-unreclaimable", "Written pages of a System V segment cannot be freed by drop_caches.",
             SHARED_MEMORY, known=(Known(CONFIRMED, DIRTY),))
POSIX = Claim("posix-shm-unreclaimable", "Written pages of POSIX shared memory cannot be freed by drop_caches.",
              SHARED_MEMORY, known=(Known(CONFIRMED, DIRTY),))
ANONYMOUS = Claim("shared-anon-unreclaimable",
                  "Written pages of a shared anonymous mapping in use cannot be freed by drop_caches.", SHARED_MEMORY,
                  known=(Known(CONFIRMED, DIRTY + "; so are mapped ones"),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    objects = {"disk": f"{disk}/file", "locked": f"{disk}/locked", "POSIX": lab.mount_shm() + "/object"}
    probe, other = lab.probe(), lab.probe("other")
    probe.create_file(objects["disk"], SIZE)
    probe.map(SIZE, shared=True, fd=probe.create_file(objects["locked"], SIZE)).lock()
    lab.sync()
    # Written by a process that is gone, looked at through a mapping that has touched nothing: no page table and no
    # process keeps these pages, only the object does.
    fd = other.shm_open("/object").value
    other.ftruncate(fd, SIZE)
    other.map(SIZE, shared=True, fd=fd).fill()
    segment = other.shmget(SIZE).value
    other.region(other.shmat(segment).value, SIZE).fill()
    other.end()
    objects["System V"] = probe.region(probe.shmat(segment).value, SIZE).file
    objects["anonymous"] = probe.map(SIZE, shared=True).fill().file
    lab.sample("written", pages=objects)
    lab.drop_caches(3)          # both that it can free
    lab.sample("dropped", pages=objects)
    probe.shm_unlink("/object")
    probe.shmctl(segment, IPC_RMID)


def kept(label: str, what: str) -> Quantity:
    return Pages("dropped", label).called(f"pages of {what} kept")


KINDS = ((SYSV, "System V", "a System V segment"), (POSIX, "POSIX", "a POSIX object"),
         (ANONYMOUS, "anonymous", "a shared anonymous mapping"))

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=(Guard(Change("vmstat:pswpout", "written", "dropped"), Exactly(0),
                  "a swapped page is not resident, but not freed either"),
            *(Guard(Pages("written", label), Exactly(pages(SIZE)), "all of it must be there before the drop")
              for label in ("System V", "POSIX", "anonymous", "disk", "locked"))),
    expects=tuple(
        Expect(claim, kept(label, what),
               if_true=Exactly(pages(SIZE), "every page that was written"),
               if_false=AtMost(pages(SIZE) - 1, "“cannot” means no page: one that is gone is enough"),
               reads_true=kept("locked", "a locked disk file"),
               reads_false=kept("disk", "a clean disk file"),
               says=f"Of {{bound}} pages written to {what} {{value}} were still resident after drop_caches=3.")
        for claim, label, what in KINDS),
    version=2,
)
