"""When does the OOM killer come in overcommit mode 1?

In mode 1 a process maps four times RAM, which is granted, and fills it until it is killed. The kills are counted
after asking, after half of what is available was filled, and at the end, and what was filled is compared with
MemAvailable and free swap. Huge pages that are set aside make RAM and what is really left differ. A group of 16 MiB
is exhausted first as reference.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known
from harness.needs import MIB, Needs
from harness.procedure import Lab
from harness.quantities import Change, Counter, Quantity, Recorded, pages
from harness.settings import Settings

EXHAUSTED = Claim(
    "oc1-oom-when-exhausted", "Mode 1: the OOM killer comes when memory is really used up.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/page_alloc.c, __alloc_pages_slowpath: __alloc_pages_may_oom once reclaim makes no "
                            "progress (v6.12); measured on 6.12"),))
SWAP, BOX, PIECE = 32 * MIB, 16 * MIB, MIB // 4
SET_ASIDE = 48              # huge pages: so much less is to be filled


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.nr_hugepages", SET_ASIDE)
    lab.swapon(size=SWAP)
    boxed = lab.probe("boxed", lab.sandbox("box", limit=BOX, swap=0))
    hog = lab.probe("hog")
    lab.sample("before")
    lab.record("filled in the box", boxed.fill_until_end(boxed.map(2 * BOX), PIECE) // lab.page_size)
    lab.sample("after the reference's kill")
    memory = hog.map(4 * lab.memory)
    lab.sample("asked")
    half = (lab.counter("meminfo:MemAvailable") + SWAP) // 2 // PIECE * PIECE
    lab.record("half", hog.fill_until_end(memory.part(0, half), PIECE) // lab.page_size)
    lab.sample("half filled")
    rest = hog.fill_until_end(memory.part(half, memory.length - half), PIECE)
    lab.record("filled", (half + rest) // lab.page_size)
    lab.sample("filled")


def kills(since: str, until: str) -> Quantity:
    return Change("vmstat:oom_kill", since, until).called(f"OOM kills from “{since}” to “{until}”", "kills")


def share(filled: str, of: Quantity | int) -> Quantity:
    return (Recorded(filled, "pages") / of).called(f"{filled}, as a share of what there is", "")


ALL = Counter("meminfo:MemAvailable", "asked") + Counter("meminfo:SwapFree", "asked")
EXPERIMENT = Experiment(
    procedure,
    rate=10,
    settings=Settings(overcommit=1),
    needs=Needs(memory=256 * MIB, changes=("sysctl", "swap"), throwaway=True),
    axes={"lru": ("classic", "mglru")},
    expects=(
        Expect(EXHAUSTED, kills("half filled", "filled"),
               if_true=AtLeast(1, "it comes"), if_false=Exactly(0, "it does not"),
               reads_true=kills("before", "after the reference's kill"), reads_false=kills("asked", "half filled"),
               says="Filling on led to {value} kill."),
        Expect(EXHAUSTED, share("filled", ALL),
               if_true=AtLeast(0.9, "used up, but for a tenth: reserves of the zones, page tables"),
               if_false=AtMost(0.89, "a tenth and more was still there"),
               reads_true=share("filled in the box", pages(BOX)), reads_false=share("half", ALL),
               says="It came when {value} of what MemAvailable and SwapFree had promised was filled."),
    ),
)
