"""Can what was written to tmpfs be freed by drop_caches?"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Lab
from harness.needs import MIB, Needs
from harness.quantities import Change, Pages, Quantity, pages

SIZE = 64 * MIB

UNRECLAIMABLE = Claim(
    "tmpfs-unreclaimable", "What was written to a tmpfs file cannot be freed by drop_caches.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/truncate.c, invalidate_mapping_pages: dirty pages are skipped, and what was written "
                            "to tmpfs stays dirty (v6.12)"),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {"tmpfs": lab.mount_tmpfs() + "/file", "disk": f"{disk}/file", "locked": f"{disk}/locked"}
    probe = lab.probe()
    descriptors = {name: probe.create_file(path, SIZE) for name, path in files.items()}
    lab.sync()
    probe.map(SIZE, shared=True, fd=descriptors["locked"]).lock()
    lab.sample("written", pages=files)
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)


def kept(label: str, name: str) -> Quantity:
    return Pages("dropped", label).called(name)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    guards=(Guard(Change("vmstat:pswpout", "written", "dropped"), Exactly(0),
                  "a swapped page is not resident, but not freed either"),
            Guard(Pages("written", "tmpfs"), Exactly(pages(SIZE)), "all of it must be there before the drop"),
            Guard(Pages("written", "disk"), Exactly(pages(SIZE)), "all of it must be there before the drop")),
    expects=(Expect(
        UNRECLAIMABLE, kept("tmpfs", "pages of a tmpfs file kept"),
        if_true=Exactly(pages(SIZE), "every page that was written"),
        if_false=AtMost(pages(SIZE) - 1, "“cannot” means no page: one that is gone is enough"),
        reads_true=kept("locked", "pages of a locked file kept"),
        reads_false=kept("disk", "pages of a clean disk file kept"),
        says="Of {bound} pages written to tmpfs {value} were still resident after drop_caches=1."),),
)
