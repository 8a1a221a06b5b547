"""Does it take any I/O to free clean file pages?"""

from experiments.sections import RECLAIM
from harness.claims import CONFIRMED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Lab
from harness.needs import MIB, Needs
from harness.quantities import Change, Pages, Quantity, pages

SIZE, LEFT = 32 * MIB, 8 * MIB

CLEAN = Claim(
    "clean-file-dropped", "Clean file pages are freed without any I/O.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, shrink_folio_list: what is not dirty goes to __remove_mapping at once (v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.dirty_writeback_centisecs", 0)       # what is dirty stays so until somebody asks
    disk = lab.mount_disk()
    boxes = {name: lab.sandbox(name) for name in ("clean", "dirty")}
    probes = {name: lab.probe(f"{name} probe", box) for name, box in boxes.items()}
    for name in ("clean", "dropped"):
        probes["clean"].create_file(f"{disk}/{name}", SIZE)
    lab.sync()
    lab.sample("start", {"clean": f"{disk}/clean"})
    lab.sample("reference")         # looking at a file may read its inode
    probes["clean"].fadvise(probes["clean"].open(f"{disk}/dropped").value, 0, SIZE, 4)
    lab.sample("advised", {"dropped": f"{disk}/dropped"})
    boxes["clean"].set("memory.max", str(LEFT))
    lab.sample("squeezed", {"clean": f"{disk}/clean"})
    probes["dirty"].create_file(f"{disk}/dirty", SIZE)
    lab.sample("dirty")
    boxes["dirty"].set("memory.max", str(LEFT))
    lab.sample("dirty squeezed", {"dirty": f"{disk}/dirty"})


def io(since: str, until: str, what: str) -> Quantity:
    """What all block devices moved (vmstat counts KiB: mm/vmstat.c, submit_bio)."""
    return (Change("vmstat:pgpgin", since, until) + Change("vmstat:pgpgout", since, until)).called(
        f"I/O while {what}", "KiB")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "sysctl")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Pages("start", "clean") - Pages("squeezed", "clean"), AtLeast(pages(SIZE - LEFT)),
                  "pages that were not freed say nothing"),
            Guard(Pages("advised", "dropped"), Exactly(0), "nor do those of the reference")),
    expects=(Expect(
        CLEAN, io("advised", "squeezed", "clean file pages were reclaimed"),
        if_true=Exactly(0, "“without any”"), if_false=AtLeast(1, "one block is enough"),
        reads_true=io("reference", "advised", "clean pages were dropped by fadvise"),
        reads_false=io("dirty", "dirty squeezed", "dirty pages were reclaimed"),
        says="While clean pages were reclaimed the block devices moved {value} KiB."),),
)
