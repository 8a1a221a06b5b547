"""Which names does the kernel keep: of files that do not exist, and with vfs_cache_pressure 0?

3,000 empty files are made in each of three directories of an ext4 disk and synced, and a fourth is left empty. 2 is written to
drop_caches, with vfs_cache_pressure 0 and then 100. Files are looked up by name, each once, and kernel probes count for how many
ext4 has to read the dentry and the inode anew. In the empty directory 3,000 names that do not exist are looked up twice.
"""

from experiments.sections import PAGE_CACHE
from harness.claims import (
    CONFIRMED, REFUTED, AtLeast, AtMost, Besides, Change, Claim, Document, Exactly, Expect, Experiment, Known, Needs, Quantity,
    Recorded, Settings,
)
from harness.lab import Lab
from harness.lab.helpers.files import READ_ANEW, look_up, still_held, watch_lookups

FILES, STATE = 3000, "/proc/sys/fs/dentry-state"
NEGATIVE = 4                # of its numbers (Documentation/admin-guide/sysctl/fs.rst, dentry-state)
UNTOUCHED, HELD, FREED = KEPT = ("nothing written", "2 written, vfs_cache_pressure 0", "2 written, vfs_cache_pressure 100")
FIRST, AGAIN = LOOKS = ("looked up for the first time", "looked up again")
MANUAL = "Documentation/admin-guide/sysctl/vm.rst"

KEEPS = Claim(
    "cache-negative-dentries", "Looking up N names that do not exist keeps N dentries.", PAGE_CACHE,
    known=(Known(CONFIRMED, "fs/dcache.c, dput: a negative dentry waits on the list of unused ones like any other (v5.10 to "
                            "v7.2)"),))
DROPS = Claim(
    "vfs-pressure-0-drop", "With vfs_cache_pressure 0 drop_caches=2 still frees dentries and inodes.", PAGE_CACHE,
    known=(Known(REFUTED, "fs/super.c, super_cache_count: whoever frees slabs is told of vfs_pressure_ratio of what there is, at "
                          "0 of none (v5.10 to v7.2)"),),
    instead="Set vm.vfs_cache_pressure back to 100, its default, before writing 2 or 3 to drop_caches: at 0 no dentry and no "
            "inode is freed, and at 1 only a few per cent of them at a time; the write succeeds all the same.",
    document=Document(f"{MANUAL}, drop_caches (v5.10 to v7.2)",
                      "Writing 2 or 3 frees dentries and inodes as far as vfs_cache_pressure lets reclaim see them: while that "
                      "is 0, none is freed."))


def procedure(lab: Lab) -> None:
    watch_lookups(lab)
    disk = lab.mount_disk()
    directories = {name: f"{disk}/{number}" for number, name in enumerate((*KEPT, "empty"))}
    for name, directory in directories.items():
        lab.hand.mkdir(directory)
        if name in KEPT:
            lab.hand.populate_dir(directory, FILES)
    lab.sync()
    look_up(lab, directories[UNTOUCHED], FILES, UNTOUCHED)
    lab.sysctl("vm.vfs_cache_pressure", 0)
    lab.drop_caches(2)
    lab.sysctl("vm.vfs_cache_pressure", 100)
    look_up(lab, directories[HELD], FILES, HELD)
    lab.drop_caches(2)
    look_up(lab, directories[FREED], FILES, FREED)

    lab.sample("before")
    before = negative(lab)
    look_up(lab, directories["empty"], FILES, FIRST)
    lab.record("negative dentries", negative(lab) - before)
    lab.sample("after")
    look_up(lab, directories["empty"], FILES, AGAIN)


def negative(lab: Lab) -> int:
    return int(lab.read(STATE).split()[NEGATIVE])


def held(kind: str, name: str) -> Quantity:
    what = "names that do not exist" if name in LOOKS else "closed files"
    return still_held(kind, name, FILES, f"{kind} of {FILES:,} {what} that were there, {name}")


EXPERIMENT = Experiment(
    procedure,
    settings=Settings(vfs_cache_pressure=100),
    writes=("vfs_cache_pressure",),
    needs=Needs(changes=("drop_caches", "mount", "sysctl")),
    rate=0,
    besides=(Besides(KEEPS, Recorded("negative dentries"), AtLeast(1), "dentry-state counted {value} negative ones more,"),
             Besides(KEEPS, Change("meminfo:SReclaimable", "before", "after"), AtLeast(1), "and slabs that can be reclaimed "
                                                                                           "took {value} pages more.")),
    expects=(
        Expect(KEEPS, held("dentries", AGAIN), if_true=Exactly(FILES, "every name"),
               if_false=AtMost(FILES - 1, "one that is asked of ext4 again is enough"), reads_true=held("dentries", UNTOUCHED),
               reads_false=held("dentries", FIRST), says=f"Of {FILES:,} names that do not exist {{value}} were still known."),
        *(Expect(DROPS, held(kind, HELD), if_true=AtMost(0, "all go"), if_false=AtLeast(1, "one that stays is enough"),
                 reads_true=held(kind, FREED), reads_false=held(kind, UNTOUCHED),
                 says=f"With vfs_cache_pressure 0, {{value}} {kind} of {FILES:,} files outlived a 2 in drop_caches.")
          for kind in READ_ANEW),
    ),
)
