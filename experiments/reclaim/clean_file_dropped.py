"""Does it take any I/O to free clean file pages?

A group holds a clean file of 16 MiB and is squeezed to 4 MiB. All that block devices moved meanwhile is read from
vmstat. A group with anonymous memory that is squeezed as hard shows how I/O reads, a file that is dropped by advice
how none does.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import Lab

SIZE, LEFT = 16 * MIB, 4 * MIB
FADV_DONTNEED = 4

CLEAN = Claim(
    "clean-file-dropped", "Clean file pages are freed without any I/O.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, shrink_folio_list: what is not dirty goes to __remove_mapping at once (v6.12)"),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.swapon()
    boxes = {name: lab.sandbox(name) for name in ("clean", "anon")}
    probes = {name: lab.probe(f"{name} probe", box) for name, box in boxes.items()}
    for name in ("clean", "dropped"):
        probes["clean"].create_file(f"{disk}/{name}", SIZE)
    probes["anon"].map(SIZE).fill()
    lab.sync()
    lab.sample("start", {"clean": f"{disk}/clean"})
    lab.sample("reference")         # looking at a file may read its inode
    probes["clean"].fadvise(probes["clean"].open(f"{disk}/dropped").value, 0, SIZE, FADV_DONTNEED)
    lab.sample("advised", {"dropped": f"{disk}/dropped"})
    lab.sample("looked at")
    boxes["clean"].set("memory.max", str(LEFT))
    lab.sample("squeezed", {"clean": f"{disk}/clean"})
    boxes["anon"].set("memory.max", str(LEFT))
    lab.sample("anon squeezed")


def io(since: str, until: str, what: str) -> Quantity:
    """What all block devices moved (in KiB: block/blk-core.c, submit_bio; mm/vmstat.c, PGPGIN)."""
    return (Change("vmstat:pgpgin", since, until) + Change("vmstat:pgpgout", since, until)).called(
        f"I/O while {what}", "KiB")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Pages("start", "clean") - Pages("squeezed", "clean"), AtLeast(pages(SIZE - LEFT)),
                  "pages that were not freed say nothing"),
            Guard(Pages("advised", "dropped"), Exactly(0), "nor do those of the reference")),
    expects=(Expect(
        CLEAN, io("looked at", "squeezed", "clean file pages were reclaimed"),
        if_true=Exactly(0, "“without any”"), if_false=AtLeast(1, "one block is enough"),
        reads_true=io("reference", "advised", "clean pages were dropped by fadvise"),
        reads_false=io("squeezed", "anon squeezed", "anonymous pages were reclaimed"),
        says="While clean pages were reclaimed the block devices moved {value} KiB."),),
    version=2,
)
