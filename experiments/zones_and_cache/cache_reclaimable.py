"""Can all that is counted as cached be given back when memory is short?

In a guest of 256 MiB without swap a clean file, a tmpfs file and a file that a process has locked are all counted as
cached. Then a process fills anonymous memory until the OOM killer says that nothing is left to give back, and another
one once more: the first may be killed while kswapd has the last pages in its hands. mincore tells how many pages of each
file are still there.
"""

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    KIB, MIB, REFUTED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import Lab

MEMORY, CLEAN, SHMEM, LOCKED, STEP = 256 * MIB, 32 * MIB, 16 * MIB, 4 * MIB, 512 * KIB

ALL = Claim(
    "cache-all-reclaimable", "All that is counted as buffers and cached can be given back when memory is short.",
    ZONES_AND_CACHE,
    known=(Known(REFUTED, "Documentation/filesystems/proc.rst, Cached (v6.1 to v7.2): tmpfs and shmem are part of it, and only "
                          "swap could take those; mlocked pages stay as well: mm/internal.h, page_evictable (v5.10), "
                          "folio_evictable (v6.1 to v7.2)"),),
    instead="Read MemAvailable in /proc/meminfo instead of adding up Buffers and Cached: tmpfs and shared memory count as "
            "cached but can only be swapped, and mlocked pages not even that.")


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.overcommit_memory", 1)
    disk = lab.mount_disk()
    files = {"tmpfs": (lab.mount_tmpfs() + "/file", SHMEM), "clean": (f"{disk}/clean", CLEAN),
             "locked": (f"{disk}/locked", LOCKED)}
    paths = {name: path for name, (path, _) in files.items()}
    probe = lab.probe()
    lab.sample("before")
    opened = {name: probe.create_file(path, size) for name, (path, size) in files.items()}
    lab.sync()
    probe.map(LOCKED, shared=True, write=False, fd=opened["locked"]).lock()
    lab.sample("cached", pages=paths)
    lab.hand.put(f"/proc/{probe.pid}/oom_score_adj", "-1000")
    for name in ("hog", "next hog"):
        lab.probe(name).fill_until_killed(2 * MEMORY, STEP)
    lab.sample("short", pages=paths)


def kept(name: str, title: str) -> Quantity:
    return Pages("short", name).called(f"cached pages of {title} when memory was short")


def given_back(name: str, title: str) -> Expect:
    return Expect(ALL, kept(name, title), if_true=Exactly(0, "all is given back"),
                  if_false=AtLeast(1, "one page that is kept is enough"), reads_true=kept("clean", "a clean file"),
                  reads_false=kept("locked", "a locked file"),
                  says=f"{{value}} pages of {title} were still there, and still counted as cached.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=MEMORY, changes=("mount", "sysctl"), throwaway=True, page_sizes=(4 * KIB,)),
    writes=("overcommit",),
    guards=(Guard(Change("meminfo:Cached", "before", "cached"), AtLeast(pages(CLEAN + SHMEM + LOCKED)),
                  "all of it is counted as cached"),
            Guard(Change("vmstat:oom_kill", "cached", "short"), AtLeast(2), "memory was as short as it gets, twice")),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    expects=(given_back("tmpfs", "a tmpfs file"),),
    version=2,
)
