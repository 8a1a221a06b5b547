"""Does dropping caches lose any data: of clean, dirty or mapped files, of a tmpfs, of a process's memory?

Files that are clean, dirty, or changed through a mapping, a tmpfs file and a process's own memory are written with a
pattern that differs for every page. Then 3 is written to drop_caches, everything is compared with its pattern, and
after a sync once more, so that this time it is read from the disk. A file with a hole punched into it shows that a
lost page would be noticed.
"""

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Counter, Document, Exactly, Expect, Experiment, Guard, Known, Needs,
    Quantity, Recorded, pages,
)
from harness.lab import Lab

SIZE = 4 * MIB
PUNCH_HOLE = 3      # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE: fallocate(2)
FILES = {"clean": "a file that was clean", "dirty": "a file that was dirty",
         "mapped": "a file that was changed through a mapping", "tmpfs": "a tmpfs file"}
AFTER = {"dropped": "when 3 was written", "synced": "read from the disk after sync and another write of 3"}

NONDESTRUCTIVE = Claim(
    "drop-nondestructive", "Dropping caches loses no data.", DROPPING_CACHES,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, drop_caches: “a non-destructive operation”"),),
    document=Document("Documentation/admin-guide/sysctl/vm.rst, drop_caches (v5.10 to v7.2)"))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    paths = {name: f"{disk}/{name}" for name in ("clean", "mapped", "dirty", "punched")}
    paths["tmpfs"] = lab.mount_tmpfs() + "/file"
    probe = lab.probe()
    memory = probe.map(SIZE).fill()
    descriptors = {name: probe.create_file(path, SIZE) for name, path in paths.items() if name != "dirty"}
    lab.sync()
    lab.record("no drop", probe.check_file(descriptors["clean"], SIZE).value)
    probe.fallocate(descriptors["punched"], 0, lab.page_size, PUNCH_HOLE)
    lab.record("punched", probe.check_file(descriptors["punched"], SIZE).value)
    probe.fill(probe.map(SIZE, shared=True, fd=descriptors["mapped"]).address, SIZE, seed=2)
    descriptors["dirty"] = probe.create_file(paths["dirty"], SIZE)
    lab.sample("dirty")
    for moment in AFTER:
        lab.drop_caches(3)
        lab.record(f"memory {moment}", memory.check())
        for name in FILES:
            seed = 2 if name == "mapped" else 1
            lab.record(f"{name} {moment}", probe.check_file(descriptors[name], SIZE, seed=seed).value)
        lab.sync()


def intact(record: str, title: str) -> Quantity:
    return Recorded(record, "pages", title=f"pages as they were written: {title}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=(Guard(Counter("meminfo:Dirty", "dirty"), AtLeast(pages(SIZE)), "some data is only in memory"),),
    expects=tuple(
        Expect(NONDESTRUCTIVE, intact(f"{name} {moment}", f"{what}, {when}"),
               if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "one page lost is enough"),
               reads_true=intact("no drop", "a file read again, nothing dropped"),
               reads_false=intact("punched", "a file with a hole of one page punched into it"),
               says=f"Of {what}, {when}: {{value}} of {{bound}} pages were as written.")
        for moment, when in AFTER.items() for name, what in {**FILES, "memory": "a process's memory"}.items()),
)
