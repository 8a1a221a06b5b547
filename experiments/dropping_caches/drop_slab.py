"""What do 1, 2 and 3 free: page cache, dentries, inodes?

3,000 empty files are made on an ext4 disk, and their dentries and inodes are counted by the kernel's own exact sums.
Then 1, 2 and 3 are written to drop_caches in turn, with the files looked up anew in between; after each the sums are
read, and mincore tells whether a file's page cache is still there. Files on a tmpfs, which holds its dentries until
it is unmounted, show both answers.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import MIB, Needs
from harness.procedure import Lab
from harness.quantities import Pages, Quantity, Recorded, pages

SIZE = 16 * MIB
FILES = 3000
KINDS = ("dentries", "inodes")
# What the lab looks up between two counts, below /proc and /sys (measured on four kernels: 6 at most).
OWN = 16
# The first write may do no more than take the mark off what was used lately (fs/dcache.c, DCACHE_REFERENCED;
# fs/inode.c, I_REFERENCED), and once more for the inodes that the dentries let go.
WRITES = 3
MANUAL = "Documentation/admin-guide/sysctl/vm.rst, drop_caches; fs/drop_caches.c (v6.12)"

ONE_KEEPS = Claim("drop1-keeps-dentries", "Writing 1 leaves dentries and inodes alone.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL),))
TWO_FREES = Claim("drop2-frees-dentries-inodes", "Writing 2 frees dentries and inodes.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL + "; those in use are not: tmpfs holds all of its own"),))
TWO_KEEPS = Claim(
    "drop2-keeps-pagecache", "Writing 2 leaves the page cache of files alone.", DROPPING_CACHES,
    known=(Known(REFUTED, "fs/inode.c, inode_lru_isolate: a freed inode takes its page cache along (v5.10)",
                 until="5.16"),
           Known(CONFIRMED, "commit 51b8c1fe250d, “vfs: keep inodes with page cache off the inode shrinker LRU”",
                 since="5.16")))
THREE_FREES = Claim("drop3-frees-both", "Writing 3 frees both.", DROPPING_CACHES, known=(Known(CONFIRMED, MANUAL),))


def count(lab: Lab, moment: str) -> None:
    """Sums over the processors, so exact (fs/dcache.c, get_nr_dentry; fs/inode.c, get_nr_inodes)."""
    for kind, path in zip(KINDS, ("/proc/sys/fs/dentry-state", "/proc/sys/fs/inode-nr"), strict=True):
        lab.record(f"{kind} {moment}", int(lab.read(path).split()[0]))


def procedure(lab: Lab) -> None:
    disk, tmpfs = lab.mount_disk(), lab.mount_tmpfs()
    files = {"tmpfs": f"{tmpfs}/file", "disk": f"{disk}/file", "truncated": f"{disk}/truncated"}
    probe = lab.probe()
    for name, path in files.items():
        descriptor = probe.create_file(path, SIZE)
        for size in (0, SIZE) if name == "truncated" else ():
            probe.ftruncate(descriptor, size)
        probe.close(descriptor)
    directory = f"{disk}/directory"
    lab.hand.mkdir(directory)
    lab.sync()
    count(lab, "in a dry run")
    lab.sample("before", pages=files)
    for _ in range(WRITES):
        lab.drop_caches(2)
    lab.sample("dropped 2", pages=files)
    for _ in range(WRITES):
        lab.drop_caches(2)
    count(lab, "before")
    lab.hand.populate_dir(directory, FILES)
    lab.sync()
    count(lab, "made")
    lab.sync()
    count(lab, "of files")
    lab.drop_caches(1)
    count(lab, "dropped 1")
    lab.drop_caches(2)
    count(lab, "dropped 2")
    lab.hand.populate_dir(directory, FILES, 0)
    count(lab, "looked up")
    lab.drop_caches(3)
    count(lab, "dropped 3")
    lab.sample("dropped 3", pages=files)
    count(lab, "before tmpfs")
    lab.hand.populate_dir(tmpfs, FILES)
    count(lab, "of tmpfs files")
    lab.drop_caches(2)
    count(lab, "tmpfs dropped")
    lab.hand.umount(tmpfs)
    count(lab, "unmounted")


def lost(kind: str, before: str, after: str, title: str) -> Quantity:
    return (Recorded(f"{kind} {before}", kind) - Recorded(f"{kind} {after}")).called(f"{kind} lost {title}")


def left(kind: str, before: str, after: str, title: str) -> Quantity:
    return (Recorded(f"{kind} {after}", kind) - Recorded(f"{kind} {before}")).called(f"{kind} left of {title}")


def none_lost(kind: str) -> Expect:
    return Expect(ONE_KEEPS, lost(kind, "of files", "dropped 1", "when 1 was written"),
                  if_true=AtMost(0, "none goes"), if_false=AtLeast(1, "one that goes is enough"),
                  reads_true=lost(kind, "made", "of files", "by sync"),
                  reads_false=lost(kind, "tmpfs dropped", "unmounted", "by unmounting the tmpfs"),
                  says=f"{{value}} {kind} went when 1 was written.")


def none_left(claim: Claim, kind: str, after: str) -> Expect:
    return Expect(claim, left(kind, "before", after, f"{FILES:,} closed files, {after}"),
                  if_true=AtMost(OWN, "all of the files' own; so many are the lab's"),
                  if_false=AtLeast(OWN + 1, "some of the files' own"),
                  reads_true=left(kind, "before tmpfs", "unmounted", f"{FILES:,} files of an unmounted tmpfs"),
                  reads_false=left(kind, "before tmpfs", "tmpfs dropped", f"{FILES:,} files that tmpfs holds"),
                  says=f"{{value}} {kind} of {FILES:,} closed files were left.")


def kept(file: str, moment: str) -> Quantity:
    return Pages(moment, file).called(f"pages of a {file} file in the cache, {moment}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    guards=(*(Guard(Recorded(f"{kind} {made}") - Recorded(f"{kind} {before}"), AtLeast(FILES), "each file has one")
              for kind in KINDS for made, before in (("of files", "before"), ("looked up", "dropped 2"),
                                                     ("of tmpfs files", "before tmpfs"))),
            Guard(Pages("before", "disk"), Exactly(pages(SIZE)), "all of it must be cached before the drop")),
    expects=(
        *(none_lost(kind) for kind in KINDS),
        *(none_left(TWO_FREES, kind, "dropped 2") for kind in KINDS),
        Expect(TWO_KEEPS, kept("disk", "dropped 2"), if_true=Exactly(pages(SIZE), "no page is freed"),
               if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"),
               reads_true=kept("tmpfs", "dropped 2"), reads_false=kept("truncated", "dropped 2"),
               says="{value} of {bound} pages of a clean, closed file were left."),
        *(none_left(THREE_FREES, kind, "dropped 3") for kind in KINDS),
        Expect(THREE_FREES, kept("disk", "dropped 3"), if_true=Exactly(0, "every page is freed"),
               if_false=AtLeast(1, "one page that stays is enough"), reads_true=kept("truncated", "dropped 3"),
               reads_false=kept("tmpfs", "dropped 3"), says="{value} pages of a clean file were left."),
    ),
)
