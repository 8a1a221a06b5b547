"""How many page faults does it take to touch a mapped file page that was dropped?

A process maps a file of 2 MiB, reads it, and has it dropped from page table and cache (MADV_PAGEOUT). Then every page
is touched once while the processor's page faults in that range are traced and the process's own account of faults is
kept. A first write to anonymous memory is one fault; a write after a read, which had mapped the page of zeros, is the
second.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Pages, Quantity, Recorded,
    Recording, pages, trace_events,
)
from harness.lab import PAGEOUT, RANDOM, Lab, Region

SIZE = 2 * MIB
FAULT = "exceptions:page_fault_user"

TWO = Claim(
    "refault-two-faults", "Touching a mapped file page that was dropped takes two page faults.", RECLAIM,
    known=(Known(REFUTED, "mm/filemap.c, filemap_fault: reads the page and maps it in one (major) fault; a wait that "
                          "drops the lock retries inside the fault handler (arch/x86/mm/fault.c; v5.10, v6.12); a "
                          "first touch that writes is one as well (mm/memory.c, do_shared_fault)"),),
    instead="Count one fault at most for a mapped page that comes back, a major one where it has to be read: readahead, "
            "fault-around and large folios may bring in its neighbours with it. pgmajfault in /proc/vmstat and memory.stat "
            "counts the major ones, swap's too.")


def faults(lab: Lab, name: str, region: Region, *, read: bool = False, write: bool = False) -> None:
    """Touches every page of a region and counts: by the process's own account, and processor exceptions."""
    with lab.trace(f"{name}: exceptions", FAULT, pid=region.probe.pid):
        replies = ([region.probe.touch(region.address, region.length, stride=lab.page_size)] if read else []) + (
            [region.probe.fill(region.address, region.length)] if write else [])
    lab.record(f"{name}: faults", sum(reply.minor_faults + reply.major_faults for reply in replies))
    lab.record(f"{name}: address", region.address)


def procedure(lab: Lab) -> None:
    probe = lab.probe(sandbox=lab.sandbox())
    path = lab.mount_disk() + "/file"
    fd = probe.create_file(path, SIZE)
    lab.sync()
    file = probe.map(SIZE, shared=True, fd=fd)
    probe.madvise(file.address, SIZE, RANDOM)           # one fault must bring in one page
    file.read()
    lab.drain_lru()
    lab.sample("mapped", {"file": file})
    probe.madvise(file.address, SIZE, PAGEOUT)
    lab.sample("dropped", {"file": file, "cached": path})
    faults(lab, "dropped, read", file, read=True)
    probe.madvise(file.address, SIZE, PAGEOUT)
    lab.sample("dropped again", {"cached": path})
    faults(lab, "dropped, written", file, write=True)
    # Anonymous memory: the first write is one fault; after a read, which maps the zero page, it is the second.
    faults(lab, "written", probe.map(SIZE), write=True)
    faults(lab, "read, then written", probe.map(SIZE), read=True, write=True)


def exceptions(name: str) -> Quantity:
    """Page faults of the processor with an address in the region."""
    def count(recording: Recording) -> int | None:
        found, start = trace_events.events(recording, f"{name}: exceptions"), recording.records.get(f"{name}: address")
        if found is None or start is None:
            return None
        return sum(int(start) <= event.number("address") < int(start) + SIZE for event in found)
    return (Derived(f"page faults of the processor, {name}", count) / pages(SIZE)).called(
        f"page faults of the processor for each page {name}", "faults")


def accounted(name: str) -> Quantity:
    return (Recorded(f"{name}: faults") / pages(SIZE)).called(f"faults of the process for each page {name}", "faults")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Pages("mapped", "file"), Exactly(pages(SIZE)), "all of it must be mapped before"),
            *(Guard(Pages(moment, "cached"), Exactly(0), "a page that is still in memory was not dropped")
              for moment in ("dropped", "dropped again"))),
    expects=tuple(Expect(
        TWO, quantity(f"dropped, {how}"),
        if_true=Exactly(2, "two for every page"), if_false=Not(2, "one, or another number"),
        reads_true=quantity("read, then written"), reads_false=quantity("written"), says=says.format(how=how))
        for how in ("read", "written") for quantity, says in (
            (accounted, "A page that was dropped, then {how}, cost the process {{value}} page faults (major and minor)."),
            (exceptions, "The processor raised {{value}} page faults for each."))),
    version=2,
)
