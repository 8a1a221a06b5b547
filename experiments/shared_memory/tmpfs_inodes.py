"""Have files on tmpfs inodes and dentries of their own, and does a drop free them?

3,000 empty files are made on tmpfs and on ext4, and the kernel's own counts tell how many dentries and inodes it has more
then. Then they are looked up, 2 is written to drop_caches, and the same counts tell how many are freed. Files that are only
looked up again, and those that nothing is written for, show how both answers read.
"""

from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, REFUTED, AtLeast, AtMost, Case, Claim, Known, Needs, Outside, Small, Within, table,
)
from harness.lab import Lab

FILES = 3000
KINDS = {"dentries": "/proc/sys/fs/dentry-state", "inodes": "/proc/sys/fs/inode-nr"}      # how many there are: the first number
# What else is looked up meanwhile: directories, and what the lab reads itself.
OTHERS = 10

STAY = Claim("tmpfs-dentries-undroppable", "Writing 2 to drop_caches frees the dentries and inodes of existing tmpfs files as it "
             "does those of an ext4 file system.", SHARED_MEMORY,
             known=(Known(REFUTED, "mm/shmem.c, shmem_mknod: it takes a reference of the dentry (dget), as the file has no other "
                                   "place (v5.10, v6.1, v6.12); fs/dcache.c, d_make_persistent (v7.2)"),),
             instead="Remove files of tmpfs that nobody needs: their dentries and inodes stay for as long as they exist.")
TAKES = Claim("tmpfs-file-has-inode-dentry", "Every file created on tmpfs takes one inode and one dentry of kernel memory, as a "
              "file on ext4 does of its own.", SHARED_MEMORY,
              known=(Known(CONFIRMED, "mm/shmem.c, shmem_alloc_inode: from the slab shmem_inode_cache (v5.10 to v7.2)"),))


def count(lab: Lab, kind: str) -> int:
    return int(lab.read(KINDS[kind]).split()[0])


def files(kind: str, words: str, where: str, drop: int = 0, what: Callable[[Lab, str], object] | None = None) -> Case:
    """Records by how many dentries or inodes the kernel has fewer after a drop, or more after `what` was done."""
    def do(lab: Lab, at: str) -> None:
        directory = (lab.mount_tmpfs() if where == "tmpfs" else lab.mount_disk()) + f"/{at}"
        lab.hand.mkdir(directory)
        if not what or what is again:
            lab.hand.populate_dir(directory, FILES)
        lab.sync()
        lab.drop_caches(2)
        if not what or what is again:
            lab.hand.populate_dir(directory, FILES, 0)
        count(lab, kind)        # what reading it takes itself is there from now on
        before = count(lab, kind)
        if what:
            what(lab, directory)
        elif drop:
            lab.drop_caches(drop)
        lab.record(at, (count(lab, kind) - before) * (1 if what else -1))
    return Case(words, do)


def again(lab: Lab, directory: str) -> None:
    lab.hand.populate_dir(directory, FILES, 0)


def make(lab: Lab, directory: str) -> None:
    lab.hand.populate_dir(directory, FILES)


def freed(kind: str) -> Small:
    return Small(STAY, f"{kind} freed", files(kind, "of tmpfs files after 2 was written", "tmpfs", 2),
                 files(kind, "of ext4 files after 2 was written", "ext4", 2), files(kind, "of ext4 files without that", "ext4"),
                 if_true=AtLeast(FILES, "those of all files"), if_false=AtMost(FILES - 1, "one stays"), key=kind, unit=kind,
                 says=f"Of {FILES:,} tmpfs files {{value}} {kind} were freed.")


def taken(kind: str) -> Small:
    return Small(TAKES, f"more {kind}", files(kind, f"after {FILES:,} files were made on tmpfs", "tmpfs", what=make),
                 files(kind, f"after {FILES:,} files were made on ext4", "ext4", what=make),
                 files(kind, f"after {FILES:,} files of ext4 were looked up", "ext4", what=again),
                 if_true=Within(FILES, FILES + OTHERS, "one each"), if_false=Outside(FILES, FILES + OTHERS, "fewer or more"),
                 key=kind, unit=kind, says=f"{FILES:,} files on tmpfs took {{value}} {kind}.")


EXPERIMENT = table(
    *(freed(kind) for kind in KINDS), *(taken(kind) for kind in KINDS),
    needs=Needs(changes=("drop_caches", "mount")),
)
