"""Does a higher swappiness swap more when a group reads a file beside idle anonymous memory?

At swappiness 0, 60, 60 again and 100, each in a guest of its own, a group of 160 MiB holds 96 MiB of idle anonymous
memory and reads a file of 128 MiB three times. The pages swapped out meanwhile are compared between the settings; by
what the two guests at 60 differ, chance is told. A group that is squeezed harder in one guest than in the other, and
a stretch without any shortage, are the references.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import MIB, Needs
from harness.operations import RANDOM
from harness.procedure import Lab
from harness.quantities import Change, Pages, Quantity, pages

LIMIT, IDLE, FILE, ROUNDS = 160 * MIB, 96 * MIB, 128 * MIB, 3
FILLED, SQUEEZES = 80 * MIB, {"60": 48 * MIB, "100": 8 * MIB}    # the reference's memory, and what it may keep
ARMS = ("0", "60", "60 again", "100")

MORE = Claim(
    "swappiness-higher-swaps-more",
    "In a group of 160 MiB with 96 MiB of idle anonymous memory, reading a 128 MiB file three times swaps more at "
    "swappiness 60 than at 0, and more at 100 than at 60.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, get_scan_count: swappiness is the weight of anonymous memory in what is "
                            "scanned (v5.10, v6.12)", settings={"lru": "classic"}),
           Known(REFUTED, "mm/vmscan.c, isolate_folios: only the oldest generation of either kind is scanned. Memory "
                          "that a fault filled is in the youngest (mm/swap.c, folio_add_lru), what read() brings in "
                          "goes to the oldest (lru_gen_add_folio), so that never empties, and while it yields enough "
                          "get_nr_to_scan skips the aging: the idle memory never becomes old (v6.1, v6.12; on 6.12 "
                          "debugfs' lru_gen had 24,575 idle pages in the youngest and 16,168 of the file in the oldest "
                          "after each round)", settings={"lru": "mglru"})))


def procedure(lab: Lab) -> None:
    swappiness = lab.arm.split()[0]
    lab.sysctl("vm.swappiness", swappiness)
    disk = lab.mount_disk()
    lab.swapon()
    probe = lab.probe(sandbox=lab.sandbox(limit=LIMIT))
    fd = probe.open(f"{disk}/file", os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(fd, FILE)           # a hole: its pages are cached and reclaimed as all clean pages are
    if lab.settings["lru"] == "classic":
        # One page at a time: readahead makes folios of 2 MiB on ext4 (since 6.16, commit 7ac67301e82f), and then how much
        # these lists swap hangs on how often the inactive one runs empty (measured on 7.2: 1,800 to 8,300 pages at 60, 0
        # to 8,000 at 100). MGLRU swaps nothing with them; one page at a time it does on 7.2, at 60 as much as at 100.
        probe.fadvise(fd, 0, 0, RANDOM)
    lab.sync()
    idle = probe.map(IDLE).fill()
    lab.sample("filled", {"idle": idle})
    for _ in range(ROUNDS):
        probe.read(fd, FILE)
    lab.sample("read", {"idle": idle})
    # The references: what must swap (all but at 0, where nothing is asked to), what can't.
    box = lab.sandbox("reference")
    if lab.arm in SQUEEZES:
        lab.probe("reference probe", box).map(FILLED).fill()
    lab.sample("reference filled")
    if lab.arm in SQUEEZES:
        box.set("memory.max", str(SQUEEZES[lab.arm]))
    lab.sample("reference squeezed")


def swapped(since: str, until: str, more: str, less: str, what: str) -> Quantity:
    return (Change("vmstat:pswpout", since, until, more) - Change("vmstat:pswpout", since, until, less)).called(
        f"pages swapped out {what} at {more} less those at {less}")


# How many pages a shortage swaps is no exact number: it hangs on which writes to swap had ended when reclaim came by
# again. So “more” is more than by what two runs of one setting differ, in the same trial.
CHANCE = abs(swapped("filled", "read", "60 again", "60", "while the file was read")).called(
    "the difference between two runs at 60")


def more(arm: str, than: str) -> Expect:
    return Expect(
        MORE, swapped("filled", "read", arm, than, "while the file was read"),
        if_true=AtLeast(CHANCE + 1, "more than chance, as two runs at 60 show it"),
        if_false=AtMost(CHANCE, "less, as much, or more by no more than chance"),
        reads_true=swapped("reference filled", "reference squeezed", arm, than, "in a squeeze that was harder"),
        reads_false=swapped("read", "reference filled", arm, than, "without any shortage"),
        says=f"At swappiness {arm} {{value}} pages more were swapped out than at {than}.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap", "sysctl")),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    arms=ARMS,
    guards=tuple(Guard(Pages("filled", "idle", arm=arm), Exactly(pages(IDLE)), "the idle memory must be there before")
                 for arm in ARMS),
    expects=(more("60", "0"), more("100", "60")),
    version=2,
)
