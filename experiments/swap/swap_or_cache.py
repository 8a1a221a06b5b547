"""Is idle memory swapped beside clean cache, and what is paged out where there is no swap?

A group of 52 MiB holds 40 MiB of idle anonymous memory, aged where the kernel has generations, and reads a file of 32 MiB eight
times: pages written to swap are counted. Then without swap: a process that has read a mapped file of 8 MiB fills 20 MiB in a
group of 24 MiB, and major faults of reading the file again are counted; 8 MiB of anonymous memory are squeezed by memory.high.
"""

import os

from experiments.sections import SWAP
from harness.claims import (
    CONFIRMED, DISK, MIB, REFUTED, AtLeast, Case, Change, Claim, Counter, Disk, Exactly, Faults, Guard, Known, Needs, Pages,
    Quantity, Settings, Small, pages, table,
)
from harness.lab import PAGEOUT, Lab
from harness.lab.helpers.reclaim import age_generations

# With less than 4,096 pages on the inactive file list the classic lists take from both kinds (cache_trim_mode is off): more is a
# matter of statistics that are up to 2 s old, of which experiments on swappiness speak.
LIMIT, IDLE, FILE, READS, AGES, AT_HAND = 52 * MIB, 40 * MIB, 32 * MIB, 8, 3, 4 * MIB
SMALL_LIMIT, MAPPED, FILLED, LITTLE, LOW = 24 * MIB, 8 * MIB, 20 * MIB, 4 * MIB, 4 * MIB
NEVER_ID = "swap-never-while-cache"

NEVER = Claim(
    NEVER_ID, "Nothing is swapped while clean page cache could be dropped instead.", SWAP,
    known=(Known(REFUTED, "mm/vmscan.c, get_scan_count: at swappiness 60 both kinds have a share in what is scanned, where "
                          "little is on the inactive file list (v5.10 to v7.2)", settings={"lru": "classic"}),
           Known(REFUTED, "mm/vmscan.c, get_type_to_scan: the kind with fewer refaults goes, weighed by "
                          "swappiness (v6.1 to v7.2)", settings={"lru": "mglru"})),
    instead="Protect what must not be swapped (memory.swap.max 0 of its group, or mlock): at any swappiness above 0 idle "
            "anonymous memory may go while page cache stays.")
PAGED = Claim(
    "swap-none-nothing-paged", "Without swap nothing that a program uses is ever paged out.", SWAP,
    known=(Known(REFUTED, "mm/vmscan.c, get_scan_count: without swap the file lists are scanned alone, mapped pages too (v5.10 "
                          "to v7.2); get_swappiness of MGLRU is 0 then (v6.1 to v7.2)"),),
    instead="Expect program text and mapped files to be dropped and read again without swap, sooner than with it: lock what must "
            "stay (mlock), or protect its group with memory.min.")
STAYS = Claim(
    "swap-none-anon-stays", "Without swap no anonymous page leaves memory under pressure, but for what MADV_FREE gave up.", SWAP,
    known=(Known(CONFIRMED, "mm/vmscan.c, can_reclaim_anon_pages and get_swappiness (v6.1 to v7.2), get_scan_count: without swap "
                            "only the file lists are scanned, on which lazily freed pages are, too (v5.10 to v7.2)"),))


def reading(words: str, size: int) -> Case:
    """Reads a file of so many bytes beside idle memory, over and over; of 0 bytes: fills as much more memory instead."""
    def run(lab: Lab, at: str) -> None:
        path = f"{lab.mount_disk()}/{at}"
        lab.swapon()
        box = lab.sandbox(at, memory_max=LIMIT)
        probe = lab.probe(f"{at} probe", box)
        fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
        probe.ftruncate(fd, size)       # a hole: its pages are cached and dropped as all clean ones are
        lab.sync()
        probe.map(IDLE).fill()
        for _ in range(AGES if lab.settings["lru"] == "mglru" else 0):
            age_generations(lab, box)
        lab.sample(f"{at}: before")
        for _ in range(READS):
            probe.read(fd, size)
        if not size:
            probe.map(LIMIT).fill()
        lab.sample(at)
        lab.hand.unlink(path)
    return Case(words, run)


def written(at: str) -> Quantity:
    return Change("vmstat:pswpout", f"{at}: before", at)


def mapped(words: str, more: int, told: bool = False) -> Case:
    """Reads a mapped file again after its process has filled so much more, or has told the kernel to page it out."""
    def run(lab: Lab, at: str) -> None:
        path = f"{lab.mount_disk()}/{at}"
        probe = lab.probe(at, lab.sandbox(f"{at} box", memory_max=SMALL_LIMIT))
        memory = probe.map(MAPPED, shared=True, fd=probe.create_file(path, MAPPED)).read()
        lab.sync()
        probe.map(more).fill()
        if told:
            memory.advise(PAGEOUT)
        memory.try_as(at).read()
        lab.hand.unlink(path)
    return Case(words, run)


def squeezed(words: str, swap: bool, locked: bool = False) -> Case:
    """Samples the pages of anonymous memory in a group whose memory.high is below it."""
    def run(lab: Lab, at: str) -> None:
        if swap:
            lab.swapon()
        box = lab.sandbox(f"{at} box")
        memory = lab.probe(at, box).map(MAPPED).fill()
        if locked:
            memory.lock()
        box.set("memory.high", str(LOW))
        lab.sample(at, {"memory": memory})
        box.set("memory.high", "max")
    return Case(words, run)


def gone(at: str) -> Quantity:
    return pages(MAPPED) - Pages(at, "memory", "resident")


def major(at: str) -> Quantity:
    return Faults(at, major=True)


NOT_ONE, ONE = Exactly(0, "not a page"), AtLeast(1, "a page is enough")
EXPERIMENT = table(
    Small(NEVER, "pages written to swap", reading("beside a file that does not fit", FILE),
          reading("beside a file that fits", AT_HAND), reading("without a file, for more memory than fits", 0),
          of=written, unit="pages", if_true=NOT_ONE, if_false=ONE,
          says="While a file was read that did not fit beside idle memory {value} pages were swapped."),
    Small(PAGED, "major faults", mapped("of a mapped file, without swap, when memory is short", FILLED),
          mapped("of one, when memory is not short", LITTLE), mapped("of one that was paged out on demand", LITTLE, told=True),
          of=major, unit="faults", if_true=NOT_ONE, if_false=ONE,
          says="Without swap, reading a mapped file again after a squeeze took {value} major faults."),
    Small(STAYS, "anonymous pages that left", squeezed("without swap", swap=False),
          squeezed("with swap, locked", swap=True, locked=True), squeezed("with swap", swap=True), of=gone, unit="pages",
          if_true=NOT_ONE, if_false=ONE, says="Without swap {value} of 2,048 anonymous pages left memory in a squeeze."),
    axes={"lru": ("classic", "mglru")},
    settings=Settings(swappiness=60),
    guards=(Guard(Counter(f"{NEVER_ID}.asked/memory.stat:file", f"{NEVER_ID}.asked"), AtLeast(pages(AT_HAND)),
                  "there must have been page cache to be dropped instead"),),
    needs=Needs(memory=512 * MIB, disks=(DISK, Disk("swap", "swap", 256 * MIB)), changes=("swap", "mount")),
)
