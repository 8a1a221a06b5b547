"""Do dentries and inodes stay when 1 is written to drop_caches, and go when 2 is?

3,000 empty files are made on an ext4 disk and synced, and their dentries and inodes are counted by the kernel's own
exact sums. The sums are read again after 1 is written to drop_caches, and after 2 is. Files on a tmpfs, which holds
its dentries until it is unmounted, show how both answers read.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Expect, Experiment, Guard, Known, Needs
from harness.lab import Lab
from harness.lab.helpers.files import OBJECTS, OWN_LOOKUPS, count_objects, objects_lost, objects_more

FILES = 3000
MANUAL = "Documentation/admin-guide/sysctl/vm.rst, drop_caches; fs/drop_caches.c (v5.10, v6.12)"

ONE_KEEPS = Claim("drop1-keeps-dentries", "Writing 1 leaves dentries and inodes alone.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL),))
TWO_FREES = Claim("drop2-frees-dentries-inodes", "Writing 2 frees dentries and inodes.", DROPPING_CACHES,
                  known=(Known(CONFIRMED, MANUAL + "; those in use are not: tmpfs holds all of its own"),))


def procedure(lab: Lab) -> None:
    tmpfs, disk = lab.mount_tmpfs(), lab.mount_disk()
    directory = f"{disk}/directory"
    lab.hand.mkdir(directory)
    lab.sync()
    count_objects(lab, "in a dry run")
    lab.drop_caches(2)
    count_objects(lab, "before")
    lab.hand.populate_dir(directory, FILES)
    lab.sync()
    count_objects(lab, "made")
    lab.sync()
    count_objects(lab, "of files")
    lab.drop_caches(1)
    count_objects(lab, "dropped 1")
    lab.drop_caches(2)
    count_objects(lab, "dropped 2")
    count_objects(lab, "before tmpfs")
    lab.hand.populate_dir(tmpfs, FILES)
    count_objects(lab, "of tmpfs files")
    lab.drop_caches(2)
    count_objects(lab, "tmpfs dropped")
    lab.hand.umount(tmpfs)
    count_objects(lab, "unmounted")


def none_lost(kind: str) -> Expect:
    return Expect(ONE_KEEPS, objects_lost(kind, "of files", "dropped 1", "when 1 was written"),
                  if_true=AtMost(0, "none goes"), if_false=AtLeast(1, "one that goes is enough"),
                  reads_true=objects_lost(kind, "made", "of files", "by sync"),
                  reads_false=objects_lost(kind, "tmpfs dropped", "unmounted", "by unmounting the tmpfs"),
                  says=f"{{value}} {kind} went when 1 was written.")


def none_left(kind: str) -> Expect:
    return Expect(TWO_FREES, objects_more(kind, "before", "dropped 2", f"of {FILES:,} closed files, left when 2 was written"),
                  if_true=AtMost(OWN_LOOKUPS, "all of the files' own; so many are the lab's"),
                  if_false=AtLeast(OWN_LOOKUPS + 1, "some of the files' own"),
                  reads_true=objects_more(kind, "before tmpfs", "unmounted", f"of {FILES:,} files of an unmounted tmpfs"),
                  reads_false=objects_more(kind, "before tmpfs", "tmpfs dropped", f"of {FILES:,} files that tmpfs holds"),
                  says=f"{{value}} {kind} of {FILES:,} closed files were left.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=tuple(Guard(objects_more(kind, before, made, f"of {made}"), AtLeast(FILES), "each file has one")
                 for kind in OBJECTS for before, made in (("before", "of files"), ("before tmpfs", "of tmpfs files"))),
    expects=(*(none_lost(kind) for kind in OBJECTS), *(none_left(kind) for kind in OBJECTS)),
    version=2,
)
