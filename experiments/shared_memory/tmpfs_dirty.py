"""Is what was written to tmpfs dirty, and does sync change that?

16 MiB are written to a tmpfs file and to a disk file. Each is mapped and read through the mapping, and the kernel's own
flags of the pages tell how many are dirty, before sync and after it.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Settings, pages,
)
from harness.lab import POPULATE, Lab

SIZE = 16 * MIB

DIRTY = Claim(
    "tmpfs-written-pages-dirty", "Every page of a tmpfs file that was written is marked dirty, and stays so after sync.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_write_end marks it dirty (v5.10 to v7.2); mm/shmem.c, "
                            "__set_page_dirty_no_writeback (v5.10); mm/shmem.c, noop_dirty_folio: write-back does not know of it "
                            "(v6.1 to v7.2)"),))


def procedure(lab: Lab) -> None:
    places = {"tmpfs": lab.mount_tmpfs(), "disk": lab.mount_disk()}
    writer, regions = lab.probe("writer"), {}
    for name, place in places.items():
        fd = writer.create_file(f"{place}/file", SIZE)
        regions[name] = writer.map(SIZE, shared=True, fd=fd, write=False, flags=POPULATE)
    lab.sample("written", pages=regions)
    lab.sync()
    lab.sample("synced", pages=regions)


def dirty(moment: str, name: str) -> Quantity:
    return Pages(moment, name, "dirty").called(f"dirty pages of a written {name} file when {moment}")


EXPERIMENT = Experiment(
    procedure,
    settings=Settings(dirty_writeback_centisecs=0),     # or the disk file may be written back before it is looked at
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=tuple(Guard(Pages(moment, name), Exactly(pages(SIZE)), "of a page that is not there nothing can be said")
                 for moment in ("written", "synced") for name in ("tmpfs", "disk")),
    expects=tuple(
        Expect(DIRTY, dirty(moment, "tmpfs"), if_true=Exactly(pages(SIZE), "every page"),
               if_false=AtMost(pages(SIZE) - 1, "a page that is not marked is enough"),
               reads_true=dirty("written", "disk"), reads_false=dirty("synced", "disk"),
               says=f"Of {{bound}} pages written to tmpfs {{value}} were dirty when {moment}.")
        for moment in ("written", "synced")),
)
