"""When memory is squeezed, is it the cold pages that are in swap afterwards?

In each of three groups two processes hold 16 MiB each. One touches its memory a hundred times a second, the other
never again. The groups are squeezed by memory.high so that a quarter of all has to go, and 3 seconds later the page
tables tell how many hot and how many cold pages are in swap. In one group the hot memory is locked and in another the
cold, so that only the other can go; where that is the hot one, it is left alone.
"""

from experiments.sections import MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Besides, Claim, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded, pages,
)
from harness.lab import NO_REQUEST, Lab

COLD = Claim(
    "swap-takes-cold-pages", "After a squeeze, with as much hot memory as cold at hand, at least 90 % of the pages in "
    "swap 3 seconds later are cold (rarely used) ones.", MEMORY,
    known=(Known(CONFIRMED, "measured on 5.10, 6.1, 6.12 and 7.2, both lists: not one hot page was in swap"),))
SIZE = 16 * MIB
LIMIT = 2 * SIZE - SIZE // 2        # half of the cold memory has to go
SECOND = 1_000_000_000
BACK = "major faults of the hot memory"


def procedure(lab: Lab) -> None:
    """Three groups with a hot and a cold process each; in two of them one of the two can't go to swap."""
    lab.swapon()
    boxes = {name: lab.sandbox(name.replace(" ", "-")) for name in ("nothing locked", "hot locked", "cold locked")}
    hot, cold = ({name: lab.probe(f"{kind}, {name}", box).map(SIZE).fill() for name, box in boxes.items()}
                 for kind in ("hot", "cold"))
    hot["hot locked"].lock()
    cold["cold locked"].lock()
    # 100 times a second at most; between rounds the other processes run. With the cold memory locked only the other can
    # go, and it must: it is left alone.
    working = {name: hot[name].probe.begin.touch(hot[name].address, SIZE, write=True, rounds=NO_REQUEST,
                                                 pause=SECOND // 100) for name in ("nothing locked", "hot locked")}
    with lab.quiet():       # on a busy host hot memory is touched less often, until it is none
        lab.hand.sleep(SECOND // 2)
        for box in boxes.values():
            box.set("memory.high", str(LIMIT))      # reclaim down to it, whoever goes past it; memory.max may kill instead
        lab.hand.sleep(3 * SECOND)
    lab.sample("3 s later", pages={f"{kind}, {name}": regions[name] for kind, regions in (("hot", hot), ("cold", cold))
                                   for name in boxes})
    for name, pending in working.items():
        hot[name].probe.run("pid")
        lab.record(f"{BACK}, {name}", pending.wait().major_faults)


def swapped(kind: str, name: str) -> Quantity:
    return Pages("3 s later", f"{kind}, {name}", "swapped")


def share(name: str) -> Quantity:
    cold, hot = swapped("cold", name), swapped("hot", name)
    return (cold * 100 / (cold + hot)).called(f"cold pages among those in swap, {name}", "%")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=4,
    needs=Needs(changes=("swap",)),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(swapped("cold", "nothing locked") + swapped("hot", "nothing locked"), AtLeast(pages(SIZE // 4)),
                  "the squeeze must have put a good part of it into swap"),),
    expects=(Expect(
        COLD, share("nothing locked"),
        if_true=AtLeast(90, "the claim names it"), if_false=AtMost(89.99, "less than it names"),
        reads_true=share("hot locked"), reads_false=share("cold locked"),
        says="Of the pages in swap {value} % were cold."),),
    # Hot pages that went are back by then, whatever chose them: how many went, these faults tell (a fault may read several).
    besides=(Besides(COLD, Recorded(f"{BACK}, nothing locked", title=BACK), AtLeast(0),
                     "Meanwhile the hot memory took {value} major faults for pages of its own that had gone to swap."),),
)
