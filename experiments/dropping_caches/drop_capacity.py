"""Does dropping caches by hand let processes fill more memory before the OOM killer comes?

In a guest of 256 MiB without swap, 64 MiB of a file and 1,000 inodes are cached. Then a process fills anonymous
memory until the OOM killer ends it, and what it had filled by then is compared between a guest whose caches were
dropped just before and one whose caches were left. A third guest repeats the second, and a fourth holds a tmpfs file
that really takes memory away.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    KIB, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, Recorded, pages,
)
from harness.lab import Lab

MEMORY, CACHE, SHMEM, FILES, STEP = 256 * MIB, 64 * MIB, 16 * MIB, 1000, 512 * KIB
SHARE = 50          # 2 % of RAM, as the claim has it

RAISES = Claim(
    "drop-raises-capacity", "Dropping caches by hand lets processes fill more memory (at least 2 % of RAM) before the "
    "OOM killer comes.", DROPPING_CACHES,
    known=(Known(REFUTED, "mm/page_alloc.c, __alloc_pages_slowpath: the OOM killer comes only once reclaim makes no "
                          "progress, so the clean cache is gone by then in any case (v6.12)"),),
    instead="Do not drop caches to make room: reclaim gives up clean cache by itself before the OOM killer comes. Look at "
            "MemAvailable, and limit what takes too much with memory.max.")


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.overcommit_memory", 1)
    disk, tmpfs = lab.mount_disk(), lab.mount_tmpfs()
    probe = lab.probe()
    probe.close(probe.create_file(f"{disk}/file", CACHE))
    probe.mkdir(f"{disk}/directory")
    probe.populate_dir(f"{disk}/directory", FILES)
    if lab.arm == "a tmpfs file":
        probe.close(probe.create_file(f"{tmpfs}/file", SHMEM))
    lab.sync()
    lab.sample("full of cache", pages={"file": f"{disk}/file"})
    if lab.arm == "dropped":
        lab.drop_caches(3)
    lab.sample("before")
    lab.record("filled", lab.probe("hog").fill_until_killed(2 * MEMORY, STEP) // lab.page_size)
    lab.sample("killed")


def filled(arm: str) -> Quantity:
    return Recorded("filled", "pages").in_arm(arm)


RAM = Counter("meminfo:MemTotal", "before", arm="kept")
GAIN = (RAM // SHARE).called("2 % of RAM")
ARMS = ("kept", "dropped", "kept again", "a tmpfs file")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=MEMORY, changes=("drop_caches", "mount", "sysctl"), throwaway=True,
                page_sizes=(4 * KIB,)),
    writes=("overcommit",),
    guards=(*(Guard(Change("vmstat:oom_kill", "before", "killed", arm=arm), AtLeast(1), "the OOM killer came")
              for arm in ARMS),
            *(Guard(Pages("full of cache", "file", arm=arm), AtLeast(pages(CACHE)), "a quarter of RAM is cache")
              for arm in ARMS),
            *(Guard(Change("vmstat:drop_pagecache", "full of cache", "before", arm=arm), Exactly(int(arm == "dropped")),
                    "only one of them drops") for arm in ARMS)),
    arms=ARMS,
    axes={"lru": ("classic", "mglru")},
    rate=0,
    expects=(Expect(
        RAISES, (filled("dropped") - filled("kept")).called("pages filled more after dropping caches"),
        if_true=AtLeast(GAIN, "2 % of RAM, as the claim says"), if_false=AtMost(GAIN - 1, "less than that"),
        reads_true=(filled("kept") - filled("a tmpfs file")).called("pages filled more without a tmpfs file of 16 MiB"),
        reads_false=(filled("kept again") - filled("kept")).called("pages filled more in another run of the same"),
        says="After dropping caches a process could fill {value:±pages more|pages less|not a page more} (2 % of RAM "
             "would be a gain)."),),
)
