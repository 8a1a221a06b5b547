"""Does writing 2 leave the page cache of files alone, and does 3 free it with their dentries and inodes?

Files are written, synced and closed on an ext4 disk and on a tmpfs, and 2 is written to drop_caches several times;
mincore tells how many of their pages are still cached. Then 3,000 empty files are made in a directory, their dentries
and inodes are counted, 3 is written once, and both counts and mincore are read again. Files on a tmpfs show what
stays, a truncated file and an unmounted tmpfs what is gone.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    pages,
)
from harness.lab import Lab
from harness.lab.helpers.files import OBJECTS, OWN_LOOKUPS, count_objects, objects_more

SIZE, FILES = 8 * MIB, 3000
# The first write may do no more than take the mark off what was used lately (fs/dcache.c, DCACHE_REFERENCED;
# fs/inode.c, I_REFERENCED), and once more for the inodes that the dentries let go.
WRITES = 3

TWO_KEEPS = Claim(
    "drop2-keeps-pagecache", "Writing 2 leaves the page cache of files alone.", DROPPING_CACHES,
    known=(Known(REFUTED, "fs/inode.c, inode_lru_isolate: a freed inode takes its page cache along (v5.10)",
                 until="5.16"),
           Known(CONFIRMED, "commit 51b8c1fe250d, “vfs: keep inodes with page cache off the inode shrinker LRU”",
                 since="5.16")))
THREE_FREES = Claim("drop3-frees-both", "Writing 3 frees both.", DROPPING_CACHES,
                    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, drop_caches; fs/drop_caches.c "
                                            "(v5.10, v6.12)"),))


def procedure(lab: Lab) -> None:
    tmpfs, disk = lab.mount_tmpfs(), lab.mount_disk()
    files = {"tmpfs": f"{tmpfs}/file", "disk": f"{disk}/file", "truncated": f"{disk}/truncated"}
    directory = f"{disk}/directory"
    lab.hand.mkdir(directory)
    probe = lab.probe()
    for name, path in files.items():
        descriptor = probe.create_file(path, SIZE)
        for size in (0, SIZE) if name == "truncated" else ():
            probe.ftruncate(descriptor, size)
        probe.close(descriptor)
    lab.sync()
    count_objects(lab, "in a dry run")
    lab.sample("before", pages=files)
    for _ in range(WRITES):
        lab.drop_caches(2)
    lab.sample("dropped 2", pages=files)
    for _ in range(WRITES):
        lab.drop_caches(2)      # what looking at the files has brought back
    count_objects(lab, "before")
    lab.hand.populate_dir(directory, FILES)
    lab.sync()
    count_objects(lab, "of files")
    lab.drop_caches(3)
    count_objects(lab, "dropped 3")
    lab.sample("dropped 3", pages=files)
    count_objects(lab, "before tmpfs")
    lab.hand.populate_dir(tmpfs, FILES)
    count_objects(lab, "of tmpfs files")
    lab.drop_caches(3)
    count_objects(lab, "tmpfs dropped")
    lab.hand.umount(tmpfs)
    count_objects(lab, "unmounted")


def kept(file: str, moment: str) -> Quantity:
    return Pages(moment, file).called(f"pages of a {file} file in the cache, {moment}")


def objects_freed(kind: str) -> Expect:
    return Expect(THREE_FREES, objects_more(kind, "before", "dropped 3", f"left of {FILES:,} closed files"),
                  if_true=AtMost(OWN_LOOKUPS, "none of the files' own"), if_false=AtLeast(OWN_LOOKUPS + 1, "more than the lab's"),
                  reads_true=objects_more(kind, "before tmpfs", "unmounted", "left of as many files of an unmounted tmpfs"),
                  reads_false=objects_more(kind, "before tmpfs", "tmpfs dropped", "left of as many files that tmpfs holds"),
                  says=f"{{value}} {kind} of {FILES:,} closed files were left when 3 was written.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=(*(Guard(objects_more(kind, before, made, f"of {made}"), AtLeast(FILES), "each file has one")
              for kind in OBJECTS for before, made in (("before", "of files"), ("before tmpfs", "of tmpfs files"))),
            *(Guard(Pages("before", file), Exactly(pages(SIZE)), "all of it must be cached before the drop")
              for file in ("disk", "tmpfs"))),
    expects=(
        Expect(TWO_KEEPS, kept("disk", "dropped 2"), if_true=Exactly(pages(SIZE), "no page is freed"),
               if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"),
               reads_true=kept("tmpfs", "dropped 2"), reads_false=kept("truncated", "dropped 2"),
               says="{value} of {bound} pages of a clean, closed file were left when 2 was written."),
        *(objects_freed(kind) for kind in OBJECTS),
        Expect(THREE_FREES, kept("disk", "dropped 3"), if_true=Exactly(0, "every page is freed"),
               if_false=AtLeast(1, "one page that stays is enough"), reads_true=kept("truncated", "dropped 3"),
               reads_false=kept("tmpfs", "dropped 3"), says="{value} pages of a clean file were left."),
    ),
)
