"""Does a higher swappiness swap more when a group reads a file beside idle anonymous memory?

A group of 160 MiB holds 96 MiB of idle anonymous memory and reads a file of 128 MiB three times; the pages swapped out
meanwhile are counted. This is done with new groups at swappiness 0, 60 and 100 in turn, eight rounds or until a run has
contradicted the claim: every run at the higher setting is compared with every run at the lower one. Much and little
memory paged out on demand (MADV_PAGEOUT), and stretches without any shortage, are the references.
"""

import os
from collections.abc import Mapping, Sequence

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs,
    Quantity, Recording,
)
from harness.lab import PAGEOUT, Lab

LIMIT, IDLE, FILE, READS = 160 * MIB, 96 * MIB, 128 * MIB, 3
# ROUNDS: if a setting made no difference, all 8 runs at it would lie above all 8 at another once in 12,870 trials (16 over 8).
SETTINGS, PAIRS, ROUNDS = (0, 60, 100), ((60, 0), (100, 60)), 8
PAGED_OUT = {"less": 16 * MIB, "more": 64 * MIB}        # the reference's memory: all of it is told to go

MORE = Claim(
    "swappiness-higher-swaps-more",
    "In a group of 160 MiB with 96 MiB of idle anonymous memory, reading a 128 MiB file three times swaps more at "
    "swappiness 60 than at 0, and more at 100 than at 60.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, get_scan_count: swappiness is the weight of anonymous memory in what is scanned; "
                            "measured on 5.10 and 6.1: 0, 11,597 to 11,685 and 16,572 to 17,071 pages in 8 to 12 runs each",
                 settings={"lru": "classic"}, until="6.12"),
           Known(REFUTED, "mm/vmscan.c, prepare_scan_control (v6.12; “memcg: use ratelimited stats flush in the reclaim”, "
                          "2024): reclaim weighs by the group's statistics, which it no longer brings up to date; they are "
                          "up to 2 s old. Runs of one setting are as far apart as the settings: 7,700 to 16,900 pages at "
                          "60, 8,200 to 17,700 at 100 (6.12, 7.2). Whoever reads memory.stat every 4 MiB updates them: "
                          "on 6.12 six runs each then gave 9,157 to 9,207 and 14,253 to 14,370 pages, on 7.2 none at all",
                 settings={"lru": "classic"}, since="6.12"),
           Known(REFUTED, "mm/vmscan.c, isolate_folios: only the oldest generation of either kind is scanned. Memory "
                          "that a fault filled is in the youngest (mm/swap.c, folio_add_lru), what read() brings in "
                          "goes to the oldest (lru_gen_add_folio), so that never empties, and while it yields enough "
                          "get_nr_to_scan skips the aging: the idle memory never becomes old (v6.1, v6.12; on 6.12 "
                          "debugfs had 24,575 idle pages in the youngest and 16,168 of the file in the oldest "
                          "after each round)", settings={"lru": "mglru"})))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    lab.swapon()
    found: dict[int, list[int]] = {swappiness: [] for swappiness in SETTINGS}
    while len(found[0]) < ROUNDS and not contradicted(found):
        for swappiness, before in found.items():
            before.append(read_file(lab, f"{swappiness}, run {len(before)}", swappiness, disk))
    lab.record("rounds", len(found[0]))
    for name, size in PAGED_OUT.items():
        memory = lab.probe(f"{name} paged out").map(size).fill()
        lab.drain_lru()
        lab.sample(f"{name}: before")
        memory.probe.madvise(memory.address, size, PAGEOUT)
        lab.sample(f"{name}: after")


def contradicted(found: Mapping[int, Sequence[int]]) -> bool:
    """Whether a run at a higher setting has swapped no more than one at the next lower setting."""
    return any(min(found[higher], default=1) <= max(found[lower], default=0) for higher, lower in PAIRS)


def read_file(lab: Lab, name: str, swappiness: int, directory: str) -> int:
    """A new group fills its idle memory and reads a new file, at this swappiness: the pages swapped out meanwhile."""
    lab.sysctl("vm.swappiness", swappiness)
    with lab.sandbox(name.replace(", run ", "-"), memory_max=LIMIT) as box:
        probe = lab.probe(name, box)
        fd = probe.open(f"{directory}/{name}", os.O_RDWR | os.O_CREAT).value
        probe.ftruncate(fd, FILE)       # a hole: its pages are cached and reclaimed as all clean pages are
        lab.sync()
        lab.sample(f"{name}: start")
        probe.map(IDLE).fill()
        lab.sample(f"{name}: before")
        before = lab.counter("vmstat:pswpout")
        for _ in range(READS):
            probe.read(fd, FILE)
        lab.sample(f"{name}: after")
        probe.unlink(f"{directory}/{name}")
        return (lab.counter("vmstat:pswpout") - before) // lab.page_size


def swapped(recording: Recording, name: str, since: str, until: str) -> int | None:
    before, after = (recording.counter(f"{name}: {moment}", "vmstat:pswpout") for moment in (since, until))
    return None if before is None or after is None else after - before


def runs(recording: Recording, swappiness: int, since: str, until: str) -> list[int | None]:
    return [swapped(recording, f"{swappiness}, run {run}", since, until) for run in range(recording.records.get("rounds", 0))]


def least_over_most(more: Sequence[int | None], less: Sequence[int | None]) -> int | None:
    """What the one that swapped least has over the one that swapped most of the others."""
    ours, theirs = ([one for one in found if one is not None] for found in (more, less))
    whole = ours and theirs and len(ours) == len(more) and len(theirs) == len(less)
    return min(ours) - max(theirs) if whole else None


def over(higher: int, lower: int, since: str, until: str, when: str) -> Quantity:
    return Derived(f"pages swapped out {when}: the least of all runs at {higher}, over the most at {lower}",
                   lambda recording: least_over_most(runs(recording, higher, since, until),
                                                     runs(recording, lower, since, until)), "pages")


def unasked(recording: Recording) -> int | None:
    found = [one for swappiness in SETTINGS for one in runs(recording, swappiness, "start", "before")]
    return None if not found or None in found else sum(one or 0 for one in found)


ASKED = Derived("pages swapped out of 64 MiB that were told to go, over those of 16 MiB", lambda recording:
                least_over_most(*([swapped(recording, name, "before", "after")] for name in ("more", "less"))), "pages")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap", "sysctl")),
    writes=("swappiness",),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=(Guard(Derived("pages swapped out while idle memory was filled", unasked, "pages"), Exactly(0),
                  "the idle memory must be there before the file is read"),),
    expects=tuple(
        Expect(MORE, over(higher, lower, "before", "after", "while the file was read"),
               if_true=AtLeast(1, "every run swaps more than any at the lower setting"),
               if_false=AtMost(0, "a run at the higher setting that swaps no more is enough"),
               reads_true=ASKED, reads_false=over(higher, lower, "start", "before", "while idle memory was filled"),
               says=f"The least that a run at swappiness {higher} swapped was {{value}} pages over the most that one did "
                    f"at {lower}.")
        for higher, lower in PAIRS),
    version=5,
)
