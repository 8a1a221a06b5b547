"""Does writing 2 leave the page cache of files alone, and does 3 free it with their dentries and inodes?

Files are written, synced and closed on an ext4 disk and on a tmpfs, and 2 is written to drop_caches several times;
mincore tells how many of their pages are still cached. Then 3,000 empty files are made in each of three directories,
and looked up, each once, before 3 is written, after it was written once, and after the disk was mounted again: kernel
probes count for how many of them ext4 has to read the dentry and the inode anew. Mincore is read again, too. The file on
a tmpfs shows what stays, a truncated file what is gone.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Document, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, pages,
)
from harness.lab import Lab
from harness.lab.helpers.files import READ_ANEW, look_up, still_held, watch_lookups

SIZE, FILES = 8 * MIB, 3000
UNTOUCHED, THREE, MOUNTED = TREATMENTS = ("nothing written", "3 written", "mounted again")
# The first write may do no more than take the mark off what was used lately (fs/dcache.c, DCACHE_REFERENCED;
# fs/inode.c, I_REFERENCED), and once more for the inodes that the dentries let go.
WRITES = 3

TWO_KEEPS = Claim(
    "drop2-keeps-pagecache", "Writing 2 leaves the page cache of files alone.", DROPPING_CACHES,
    known=(Known(REFUTED, "fs/inode.c, inode_lru_isolate: a freed inode takes its page cache along (v5.10)",
                 until="5.16"),
           Known(CONFIRMED, "commit 51b8c1fe250d, “vfs: keep inodes with page cache off the inode shrinker LRU”",
                 since="5.16")),
    instead="Before 5.16 expect that 2 frees page cache too: an inode that is freed takes its clean pages along.")
THREE_FREES = Claim("drop3-frees-both", "Writing 3 frees both page cache and dentries with their inodes.", DROPPING_CACHES,
                    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, drop_caches; fs/drop_caches.c "
                                            "(v5.10, v6.12)"),),
    document=Document("Documentation/admin-guide/sysctl/vm.rst, drop_caches (v5.10 to v7.2)"))


def procedure(lab: Lab) -> None:
    watch_lookups(lab)
    tmpfs, disk = lab.mount_tmpfs(), lab.mount_disk()
    files = {"tmpfs": f"{tmpfs}/file", "disk": f"{disk}/file", "truncated": f"{disk}/truncated"}
    directories = {treatment: f"{disk}/{number}" for number, treatment in enumerate(TREATMENTS)}
    probe = lab.probe()
    for name, path in files.items():
        descriptor = probe.create_file(path, SIZE)
        for size in (0, SIZE) if name == "truncated" else ():
            probe.ftruncate(descriptor, size)
        probe.close(descriptor)
    lab.sync()
    lab.sample("before", pages=files)
    for _ in range(WRITES):
        lab.drop_caches(2)
    lab.sample("dropped 2", pages=files)
    for directory in directories.values():
        lab.hand.mkdir(directory)
        lab.hand.populate_dir(directory, FILES)
    lab.sync()
    look_up(lab, directories[UNTOUCHED], FILES, UNTOUCHED)
    lab.drop_caches(3)
    look_up(lab, directories[THREE], FILES, THREE)
    lab.sample("dropped 3", pages=files)
    lab.hand.umount(disk)
    lab.mount_disk()
    look_up(lab, directories[MOUNTED], FILES, MOUNTED)


def kept(file: str, moment: str) -> Quantity:
    return Pages(moment, file).called(f"pages of a {file} file in the cache, {moment}")


def left(kind: str, treatment: str) -> Quantity:
    return still_held(kind, treatment, FILES, f"{kind} of {FILES:,} closed files that were there, {treatment}")


def objects_freed(kind: str) -> Expect:
    return Expect(THREE_FREES, left(kind, THREE), if_true=AtMost(0, "all go"), if_false=AtLeast(1, "one that stays is enough"),
                  reads_true=left(kind, MOUNTED), reads_false=left(kind, UNTOUCHED),
                  says=f"{{value}} {kind} of {FILES:,} closed files were left when 3 was written.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    version=2,
    guards=tuple(Guard(Pages("before", file), Exactly(pages(SIZE)), "all of it must be cached before the drop")
                 for file in ("disk", "tmpfs")),
    expects=(
        Expect(TWO_KEEPS, kept("disk", "dropped 2"), if_true=Exactly(pages(SIZE), "no page is freed"),
               if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"),
               reads_true=kept("tmpfs", "dropped 2"), reads_false=kept("truncated", "dropped 2"),
               says="{value} of {bound} pages of a clean, closed file were left when 2 was written."),
        *(objects_freed(kind) for kind in READ_ANEW),
        Expect(THREE_FREES, kept("disk", "dropped 3"), if_true=Exactly(0, "every page is freed"),
               if_false=AtLeast(1, "one page that stays is enough"), reads_true=kept("truncated", "dropped 3"),
               reads_false=kept("tmpfs", "dropped 3"), says="{value} pages of a clean file were left."),
    ),
)
