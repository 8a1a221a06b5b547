"""How many pages does one isolation step of reclaim ask for?

A group with a file and anonymous memory of 32 MiB each is squeezed to 12 MiB while the kernel's tracepoint of the
isolation step is recorded: each event says for how many pages was asked. The largest number counts. Writeback of 16
and of 512 pages, traced the same way, shows how a small and a large batch read.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Claim, Derived, Expect, Experiment, Known, Needs, Quantity, Recording, Within,
    trace_events,
)
from harness.lab import Lab

SIZE, LEFT, BATCH = 32 * MIB, 12 * MIB, 32
ISOLATE = "vmscan:mm_vmscan_lru_isolate"
WRITEBACK = "writeback:writeback_single_inode"
FEW, MANY = 16, 512             # pages that a step of writeback is given to do

CLUSTER = Claim(
    "reclaim-batch-32", "One isolation step of reclaim asks for at most 32 pages.", RECLAIM,
    known=(Known(CONFIRMED, "include/linux/swap.h, SWAP_CLUSTER_MAX 32; mm/vmscan.c, shrink_lruvec (v5.10 to v7.2)",
                 settings={"lru": "classic"}),
           Known(REFUTED, "mm/vmscan.c, scan_folios: up to MAX_LRU_BATCH, 64 times as many as a word has bits "
                          "(include/linux/mmzone.h; v6.1 to v7.2)",
                 settings={"lru": "mglru"})))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.swapon()
    box = lab.sandbox()
    probe = lab.probe(sandbox=box)
    probe.create_file(f"{disk}/file", SIZE)
    lab.sync()
    probe.map(SIZE).fill()
    with lab.trace("squeeze", ISOLATE) as found:
        box.set("memory.max", str(LEFT))
    fd = lab.hand.open(f"{disk}/file").value            # its blocks are there: only its pages are written again
    for name, count in (("few", FEW), ("many", MANY)):
        lab.hand.write(fd, count * lab.page_size, seed=2)
        with lab.trace(name, WRITEBACK):
            lab.sync()
    if not trace_events.parse(found[0]):
        lab.skip("this kernel does not trace the isolation steps of its multi-generational LRU")


def largest(trace: str, field: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        found = trace_events.events(recording, trace)
        return None if not found else max(event.number(field) for event in found)
    return Derived(what, read, "pages")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap")),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    expects=(Expect(
        CLUSTER, largest("squeeze", "nr_requested", "most pages that a step of reclaim asked for"),
        if_true=Within(1, BATCH, "the claim's number"), if_false=AtLeast(BATCH + 1, "one step that asks for more"),
        reads_true=largest("few", "wrote", f"most pages that a step of writeback wrote of {FEW}"),
        reads_false=largest("many", "wrote", f"most pages that a step of writeback wrote of {MANY}"),
        says="The largest step of reclaim asked for {value} pages."),),
)
