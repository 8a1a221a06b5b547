"""Does a higher swappiness swap more when a group reads a file beside idle anonymous memory?

At swappiness 0, 60 and 100, each in a guest of its own, a group of 160 MiB holds 96 MiB of idle anonymous memory and
reads a file of 128 MiB three times. The pages swapped out meanwhile are compared between the settings. A group that
is squeezed harder in one guest than in the other, and a stretch without any shortage, are the references.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import MIB, Needs
from harness.procedure import Lab
from harness.quantities import Change, Pages, Quantity, pages

LIMIT, IDLE, FILE, ROUNDS = 160 * MIB, 96 * MIB, 128 * MIB, 3
REFERENCE = 32 * MIB
CHANCE = 4 * MIB        # trials of one setting differed by 300 pages at most (measured on 6.12)

MORE = Claim(
    "swappiness-higher-swaps-more",
    "In a group of 160 MiB with 96 MiB of idle anonymous memory, reading a 128 MiB file three times swaps more at "
    "swappiness 60 than at 0, and more at 100 than at 60.", RECLAIM,
    known=(Known(CONFIRMED, "measured on 6.12 (0, 9,600 and 14,100 pages); mm/vmscan.c, get_scan_count: swappiness is the "
                            "share of anonymous memory in what is scanned", settings={"lru": "classic"}),
           Known(REFUTED, "measured on 6.12: nothing is swapped at 0, 60 or 100; mm/vmscan.c, get_type_to_scan: MGLRU weighs "
                          "refaults by swappiness, and idle memory that was never reclaimed has none",
                 settings={"lru": "mglru"})))


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.swappiness", lab.arm)
    disk = lab.mount_disk()
    lab.swapon()
    probe = lab.probe(sandbox=lab.sandbox(limit=LIMIT))
    fd = probe.open(f"{disk}/file", os.O_RDWR | os.O_CREAT).value
    probe.ftruncate(fd, FILE)           # a hole: its pages are cached and reclaimed as all clean pages are
    lab.sync()
    idle = probe.map(IDLE).fill()
    lab.sample("filled", {"idle": idle})
    for _ in range(ROUNDS):
        probe.read(fd, FILE)
    lab.sample("read", {"idle": idle})
    # The references: what must swap (all but at 0, where nothing is asked to), what can't.
    box = lab.sandbox("reference")
    other = lab.probe("reference probe", box)
    other.map(2 * REFERENCE).fill()
    lab.sample("reference filled")
    if lab.arm != "0":
        box.set("memory.max", str(REFERENCE if lab.arm == "60" else REFERENCE // 2))
    lab.sample("reference squeezed")


def swapped(since: str, until: str, more: str, less: str, what: str) -> Quantity:
    return (Change("vmstat:pswpout", since, until, more) - Change("vmstat:pswpout", since, until, less)).called(
        f"pages swapped out {what} at {more} less those at {less}")


def more(arm: str, than: str) -> Expect:
    return Expect(
        MORE, swapped("filled", "read", arm, than, "while the file was read"),
        if_true=AtLeast(pages(CHANCE), "4 % of the idle memory: less is chance"),
        if_false=AtMost(pages(CHANCE) - 1, "as much, or less"),
        reads_true=swapped("reference filled", "reference squeezed", arm, than, "in a squeeze that was harder"),
        reads_false=swapped("read", "reference filled", arm, than, "without any shortage"),
        says=f"At swappiness {arm} {{value}} pages more were swapped out than at {than}.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap", "sysctl")),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    arms=("0", "60", "100"),
    guards=tuple(Guard(Pages("filled", "idle", arm=arm), Exactly(pages(IDLE)), "the idle memory must be there before")
                 for arm in ("0", "60", "100")),
    expects=(more("60", "0"), more("100", "60")),
)
