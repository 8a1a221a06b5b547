"""Do dentries and inodes stay when 1 is written to drop_caches, and go when 2 is?

3,000 empty files are made in each of four directories of an ext4 disk and synced. Then the files of one directory after
the other are looked up, each once, and kernel probes count for how many of them ext4 has to read the dentry and the
inode anew: before anything is written to drop_caches, after 1 is written, after 2 is, and after the disk was unmounted
and mounted again.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Document, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab
from harness.lab.helpers.files import READ_ANEW, look_up, read_anew, still_held, watch_lookups

FILES = 3000
UNTOUCHED, ONE, TWO, MOUNTED = TREATMENTS = ("nothing written", "1 written", "2 written", "mounted again")
MANUAL = "Documentation/admin-guide/sysctl/vm.rst, drop_caches; fs/drop_caches.c (v5.10, v6.12)"

ONE_KEEPS = Claim("drop1-keeps-dentries", "Writing 1 leaves dentries and inodes alone.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL),))
TWO_FREES = Claim("drop2-frees-dentries-inodes", "Writing 2 frees the dentries and inodes of closed files that have no page "
                  "cache.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL + "; those in use are not, nor, since 5.16, are inodes with page cache (commit "
                            "51b8c1fe250d)"),),
    document=Document("Documentation/admin-guide/sysctl/vm.rst, drop_caches (v5.10 to v7.2)"))


def procedure(lab: Lab) -> None:
    watch_lookups(lab)
    disk = lab.mount_disk()
    directories = {treatment: f"{disk}/{number}" for number, treatment in enumerate(TREATMENTS)}
    for directory in directories.values():
        lab.hand.mkdir(directory)
        lab.hand.populate_dir(directory, FILES)
    lab.sync()
    look_up(lab, directories[UNTOUCHED], FILES, UNTOUCHED)
    lab.drop_caches(1)
    look_up(lab, directories[ONE], FILES, ONE)
    lab.drop_caches(2)
    look_up(lab, directories[TWO], FILES, TWO)
    lab.hand.umount(disk)
    lab.mount_disk()
    look_up(lab, directories[MOUNTED], FILES, MOUNTED)


def gone(kind: str, treatment: str) -> Quantity:
    return read_anew(kind, treatment, f"{kind} of {FILES:,} files that were not there, {treatment}")


def left(kind: str, treatment: str) -> Quantity:
    return still_held(kind, treatment, FILES, f"{kind} of {FILES:,} closed files that were there, {treatment}")


def none_lost(kind: str) -> Expect:
    return Expect(ONE_KEEPS, gone(kind, ONE), if_true=AtMost(0, "none goes"), if_false=AtLeast(1, "one that goes is enough"),
                  reads_true=gone(kind, UNTOUCHED), reads_false=gone(kind, MOUNTED),
                  says=f"{{value}} {kind} went when 1 was written.")


def none_left(kind: str) -> Expect:
    return Expect(TWO_FREES, left(kind, TWO), if_true=AtMost(0, "all go"), if_false=AtLeast(1, "one that stays is enough"),
                  reads_true=left(kind, MOUNTED), reads_false=left(kind, UNTOUCHED),
                  says=f"{{value}} {kind} of {FILES:,} closed files were left.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    expects=(*(none_lost(kind) for kind in READ_ANEW), *(none_left(kind) for kind in READ_ANEW)),
    version=3,
)
